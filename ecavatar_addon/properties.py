"""What the add-on stores in a .blend: Scene.ecavatar (the inputs) and Object.ecavatar (what an object is)."""

import bpy


class ECAVATAR_PG_scene(bpy.types.PropertyGroup):
    """Inputs of the next avatar"""

    photo: bpy.props.StringProperty(
        name="Photo", subtype="FILE_PATH",
        description="One face, looking at the camera, mouth closed, even light")
    audio: bpy.props.StringProperty(
        name="Speech", subtype="FILE_PATH",
        description="A recording of one voice: WAV, FLAC, OGG, MP3, or anything Blender can play")
    hair: bpy.props.BoolProperty(
        name="Short Hair", default=True,
        description="Give the head short hair in the photo's colour, an object that can be groomed or deleted")


class ECAVATAR_PG_object(bpy.types.PropertyGroup):
    """What an object is to ECAvatar"""

    role: bpy.props.StringProperty(
        name="Role", description='"avatar" for the root, else the part: skin, teeth_upper, ..., jaw; empty for other objects')
    job: bpy.props.StringProperty(
        name="Job", subtype="DIR_PATH", description="Folder this avatar was generated in")


CLASSES = (ECAVATAR_PG_scene, ECAVATAR_PG_object)


def attach() -> None:
    """Add the pointers."""
    bpy.types.Scene.ecavatar = bpy.props.PointerProperty(type=ECAVATAR_PG_scene)
    bpy.types.Object.ecavatar = bpy.props.PointerProperty(type=ECAVATAR_PG_object)


def detach() -> None:
    """Take the pointers away."""
    del bpy.types.Object.ecavatar
    del bpy.types.Scene.ecavatar
