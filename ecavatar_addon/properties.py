"""What the add-on stores in a .blend: Scene.ecavatar (the inputs) and Object.ecavatar (what an object is, and how good)."""

import bpy

# from Blender 4.5 on a path beside the .blend ("//...") must be declared
PATH_OPTIONS = {"ANIMATABLE", "PATH_SUPPORTS_BLEND_RELATIVE"} if bpy.app.version >= (4, 5, 0) else {"ANIMATABLE"}


class ECAVATAR_PG_photo(bpy.types.PropertyGroup):
    """One further photo of the person"""

    path: bpy.props.StringProperty(
        name="Photo", subtype="FILE_PATH", options=PATH_OPTIONS,
        description="The same person from another side, up to 45 degrees, or from the front")


class ECAVATAR_PG_scene(bpy.types.PropertyGroup):
    """Inputs of the next avatar"""

    photo: bpy.props.StringProperty(
        name="Photo", subtype="FILE_PATH", options=PATH_OPTIONS,
        description="One face, looking at the camera, mouth closed, even light")
    more_photos: bpy.props.CollectionProperty(
        type=ECAVATAR_PG_photo, name="Further Photos",
        description="Up to four further photos of the same person")
    audio: bpy.props.StringProperty(
        name="Speech", subtype="FILE_PATH", options=PATH_OPTIONS,
        description="A recording of one voice: WAV, FLAC, OGG, MP3, or anything Blender can play")
    hair: bpy.props.BoolProperty(
        name="Hair and Brows", default=True,
        description="Give the head short hair and brows in the photo's colours, objects that can be groomed or deleted")


class ECAVATAR_PG_object(bpy.types.PropertyGroup):
    """What an object is to ECAvatar"""

    role: bpy.props.StringProperty(
        name="Role", description='"avatar" for the root, else the part: skin, teeth_upper, ..., jaw; empty for other objects')
    job: bpy.props.StringProperty(
        name="Job", subtype="DIR_PATH", description="Folder this avatar was generated in")
    confidence: bpy.props.FloatProperty(
        name="Likeness", subtype="FACTOR", min=0.0, max=1.0,
        description="Of the root: how much of a likeness the photos allow, judged by their size, sharpness and sides")
    advice: bpy.props.StringProperty(
        name="Advice", description="Of the root: what would make the head better; empty when nothing would help much")


CLASSES = (ECAVATAR_PG_photo, ECAVATAR_PG_scene, ECAVATAR_PG_object)


def attach() -> None:
    """Add the pointers."""
    bpy.types.Scene.ecavatar = bpy.props.PointerProperty(type=ECAVATAR_PG_scene)
    bpy.types.Object.ecavatar = bpy.props.PointerProperty(type=ECAVATAR_PG_object)


def detach() -> None:
    """Take the pointers away."""
    del bpy.types.Object.ecavatar
    del bpy.types.Scene.ecavatar
