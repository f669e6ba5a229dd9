"""What the add-on stores in a .blend: Scene.ecavatar (the inputs), and the settings that an avatar's clips and characters have."""

from typing import Any

import bpy

from ..core.character.shape_sources import MOST_STRENGTH, SOURCES
from ..core.choices import (
    AUTO,
    EMOTIONS,
    HEARD,
    HEARING_RANGES,
    LIP_NEUTRAL,
    LIP_RANGES,
    MOST_LEVEL,
    MOST_TAKES,
    SENSITIVITY,
    TRANSITION,
    WINDOW,
)
from . import clips, haircuts, takes, thumbnails
from .late import emotion, reader, writer

AVATAR, SCENE = "AVATAR", "SCENE"       # which frames are exported: those of the avatar's strips, or the scene's
OPTIONS = ("format", "frames", "arkit_only")            # of Scene.ecavatar.export, as they are drawn

# from Blender 4.5 on a path beside the .blend ("//...") must be declared
CATEGORIES = tuple((name, name.capitalize(), f"Show this emotion: {name}") for name in EMOTIONS)
FORMATS = (
    (".glb", "glTF (.glb)", "Meshes with shapes and one animation, for browsers, viewers and game engines"),
    (".fbx", "FBX (.fbx)", "Meshes with shapes and one animation, for game engines and animation programs"),
    (".usdz", "USD (.usdz)", "Meshes with blend shapes and animation in one file; a name that ends in .usdc keeps images beside it"),
    (".abc", "Alembic (.abc)", "Meshes with the place of every vertex on every frame, modifiers included"),
    (".mdd", "Point Cache (.mdd)", "The place of every vertex on every frame, a file for each part, for a mesh that is there already"),
    (".csv", "ARKit Weights (.csv)", "Weights of ARKit's 52 shapes and turns of head and eyes, in the columns of Live Link Face"),
    (".json", "Weights (.json)", "Weights of all shapes and turns of head and eyes"))
PLACINGS = (
    (clips.REPLACE, "Replaces Selected", "The recording takes the place of the head's selected clip"),
    (clips.AFTER, "After the Last", "The recording follows the head's last clip after a pause in which the face comes to rest"),
    (clips.PLAYHEAD, "At the Playhead", "The recording begins at the current frame, or where the clips after it leave room"))
LEVEL = "How strongly it is felt: 1 lightly, 2 clearly, 3 strongly, or anything between; 0 leaves the face at rest"
PATH_OPTIONS = {"ANIMATABLE", "PATH_SUPPORTS_BLEND_RELATIVE"} if bpy.app.version >= (4, 5, 0) else {"ANIMATABLE"}


def slider(control: str, name: str, description: str, **options: Any) -> Any:
    """Return a property for one of the lip controls, with its range and neutral value; its animation would do nothing."""
    low, high = LIP_RANGES[control]
    return bpy.props.FloatProperty(name=name, description=description, min=low, max=high, options=set(), precision=3, step=1,
                                   default=options.pop("default", LIP_NEUTRAL.get(control, 0.0)), **options)


def hearing(setting: str, name: str, description: str, **options: Any) -> Any:
    """Return a property for one of the emotion settings, with its range and usual value; its animation would do nothing."""
    low, high = HEARING_RANGES[setting]
    usual = {"window": WINDOW, "transition": TRANSITION, "sensitivity": SENSITIVITY}[setting]
    return bpy.props.FloatProperty(name=name, description=description, min=low, max=high, options=set(), step=10,
                                   default=usual, **options)


class ECAVATAR_PG_photo(bpy.types.PropertyGroup):
    """One further photo of the person"""

    path: bpy.props.StringProperty(
        name="Photo", subtype="FILE_PATH", options=PATH_OPTIONS,
        description="The same person from another side, up to 45 degrees, or from the front")


class ECAVATAR_PG_recording(bpy.types.PropertyGroup):
    """One further recording of the voice"""

    path: bpy.props.StringProperty(
        name="Recording", subtype="FILE_PATH", options=PATH_OPTIONS,
        description="The same person speaking, calmly if there is a choice")


class ECAVATAR_PG_export(bpy.types.PropertyGroup):
    """How avatars are exported"""

    format: bpy.props.EnumProperty(
        name="Format", items=FORMATS, options=set(), description="What the file holds and who reads it; the file's ending says it too")
    frames: bpy.props.EnumProperty(
        name="Frames", options=set(), description="Which frames are exported",
        items=((AVATAR, "Avatar's", "From the first to the last strip of the avatar's NLA tracks"),
               (SCENE, "Scene's", "The scene's frame range")))
    arkit_only: bpy.props.BoolProperty(
        name="ARKit Shapes Only", options=set(),
        description="Leave out the tongue's and the corrective shapes: for programs that know the 52 of ARKit and no others")


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
    voices: bpy.props.CollectionProperty(
        type=ECAVATAR_PG_recording, name="Further Recordings",
        description="Further recordings of the same voice, so that its manner is not taken for an emotion")
    emotion: bpy.props.EnumProperty(
        name="Emotion", items=((AUTO, "Heard in the Voice", "Hear in the recording what is felt, and when; "
                                                                "the network that hears is for non-commercial work"), *CATEGORIES),
        description="What the face shows; it can be changed window by window afterwards")
    emotion_level: bpy.props.FloatProperty(
        name="Level", min=0.0, max=MOST_LEVEL, default=2.0, step=10, precision=1, options=set(), description=LEVEL)
    pack: bpy.props.StringProperty(
        name="Model Pack", options=set(), description="Name of the installed model pack to use; empty for the one of the extension")
    hair: bpy.props.EnumProperty(
        name="Hair", default="PHOTO", items=haircuts.HAIR,
        description="Hair and brows in the photo's colours, objects that can be groomed or deleted. An avatar keeps the hair it has; "
                    "delete it and generate again to get another")
    fringe: bpy.props.EnumProperty(
        name="Fringe", default="PHOTO", items=haircuts.FRINGE,
        description="Hair over the forehead, of the next avatar")
    parting: bpy.props.EnumProperty(
        name="Parting", default="PHOTO", items=haircuts.PARTING,
        description="Where the hair of the next avatar is parted")
    waves: bpy.props.EnumProperty(
        name="Waves", default="PHOTO", items=haircuts.WAVES,
        description="How straight or curly the hair of the next avatar is")
    hairline: bpy.props.EnumProperty(
        name="Hairline", default="PHOTO", items=haircuts.HAIRLINE,
        description="How far the hairline of the next avatar has gone back")
    placing: bpy.props.EnumProperty(
        name="New Clip", items=PLACINGS, options=set(), description="Where the recording goes on a head that is there already")
    dense_keys: bpy.props.BoolProperty(
        name="Dense Keys", default=False, options=set(),
        description="Put a key on every frame instead of a few Bezier keys. Generate and Update Motion use it")
    export: bpy.props.PointerProperty(type=ECAVATAR_PG_export, name="Export", description="How avatars are exported")


class ECAVATAR_PG_shape(bpy.types.PropertyGroup):
    """Gain and offset of one mouth shape, which `name` names"""

    gain: slider("gains", "Gain", "Factor of the shape's weight", default=1.0)
    offset: slider("offsets", "Offset", "What is added to the shape's weight", default=0.0)


class ECAVATAR_PG_lip_sync(bpy.types.PropertyGroup):
    """Lip controls of an avatar; Update Motion brings them into its keys"""

    lip_strength: slider("lip_strength", "Lip Strength", "How far the lips move; p, b and m stay shut", subtype="FACTOR")
    jaw_strength: slider("jaw_strength", "Jaw Strength", "How far the jaw opens; p, b and m stay shut", subtype="FACTOR")
    tongue_strength: slider("tongue_strength", "Tongue Strength", "How far the tongue moves", subtype="FACTOR")
    lip_open: slider("lip_open", "Lip-Open Offset", "How much further apart the lips are while they are open: 0.1 is 1.3 mm")
    lower_smoothing: slider("lower_smoothing", "Smoothing Lower", "Seconds over which jaw, lower lip and tongue are smoothed; lips "
                            "that touch keep touching", subtype="TIME_ABSOLUTE")
    upper_smoothing: slider("upper_smoothing", "Smoothing Upper", "Seconds over which the raising of the upper lip, cheeks and brows "
                            "are smoothed", subtype="TIME_ABSOLUTE")
    sync_offset: slider("sync_offset", "Sync Offset", "Seconds by which the motion comes after the sound; below zero, before it",
                        subtype="TIME_ABSOLUTE")
    shapes: bpy.props.CollectionProperty(type=ECAVATAR_PG_shape, name="Shapes", description="Mouth shapes with a gain and offset")


class ECAVATAR_PG_emotion_window(bpy.types.PropertyGroup):
    """What is felt from start to end; any change keys the emotion anew"""

    start: bpy.props.FloatProperty(
        name="Start", subtype="TIME_ABSOLUTE", min=0.0, options=set(), step=10, update=writer(emotion, "edge_changed"),
        description="Second of the recording from which this is felt; the window before ends there")
    end: bpy.props.FloatProperty(
        name="End", subtype="TIME_ABSOLUTE", min=0.0, options=set(), step=10, update=writer(emotion, "edge_changed"),
        description="Second of the recording up to which this is felt; the window after starts there")
    category: bpy.props.EnumProperty(
        name="Emotion", items=CATEGORIES, options=set(), update=writer(emotion, "window_changed"), description="What is felt")
    level: bpy.props.FloatProperty(
        name="Level", min=0.0, max=MOST_LEVEL, default=2.0, step=10, precision=1, options=set(),
        update=writer(emotion, "window_changed"), description=LEVEL)
    face: bpy.props.EnumProperty(
        name="Face", items=lambda _window, _context: thumbnails.faces, options=set(),
        get=reader(emotion, "face_of"), set=writer(emotion, "choose_face"),
        description="What is felt, and how strongly, chosen by its picture")
    locked: bpy.props.BoolProperty(
        name="Lock", options=set(), description="Keep this window when the emotions are heard again; what you change is locked")
    probabilities: bpy.props.FloatVectorProperty(
        name="Probabilities", size=len(HEARD), min=0.0, max=1.0, options=set(),
        description=f"How likely the voice sounds {', '.join(HEARD)}; all zero where it was not heard")


class ECAVATAR_PG_emotion(bpy.types.PropertyGroup):
    """Emotions of an avatar over time"""

    strength: bpy.props.FloatProperty(
        name="Strength", subtype="FACTOR", min=0.0, max=1.5, default=1.0, options=set(), update=writer(emotion, "strength_changed"),
        description="How much of all emotions is shown, at once; 0 is the speech alone")
    windows: bpy.props.CollectionProperty(type=ECAVATAR_PG_emotion_window, name="Emotions", description="From first to last")
    active: bpy.props.IntProperty(
        name="Emotion", options=set(), update=writer(emotion, "active_changed"), description="Select it to see its face at its time")
    transition: hearing("transition", "Transition", "Seconds on both sides of an edge over which one emotion passes into the next",
                        subtype="TIME_ABSOLUTE", update=writer(emotion, "transition_changed"))
    window: hearing("window", "Window", "Seconds that a passage of one emotion lasts, about; Hear Again uses it",
                    subtype="TIME_ABSOLUTE")
    sensitivity: hearing("sensitivity", "Sensitivity", "How readily an emotion is believed: at 0 only what is sure, else neutral; "
                         "Hear Again uses it", subtype="FACTOR")
    level_by: bpy.props.EnumProperty(
        name="Level By", options=set(), description="What a heard emotion's level is taken from; Hear Again uses it",
        items=(("strength", "Strength", "How strong the voice sounds"),
               ("probability", "Probability", "How sure the emotion is, as in the paper")))
    fusion: bpy.props.EnumProperty(
        name="Fusion", options=set(), description="How emotion and speech become one face; Generate uses it",
        items=(("shapes", "Shapes", "In shape weights: the mouth shows the emotion, too, and edits of it are keyed at once"),
               ("harmonic", "Mesh", "On the mesh: lips as spoken, the face around them as felt, smooth passages between"),
               ("network", "FuNet", "On the mesh, by the paper's network"),
               ("region", "Regions", "On the mesh, each region of the face by itself: the minimum of the network's loss")))
    duration: bpy.props.FloatProperty(name="Duration", options={"HIDDEN"}, description="Of the recording, seconds")
    recording: bpy.props.StringProperty(
        name="Recording", options={"HIDDEN"}, description="sha256 of the recording that the windows belong to")
    showing: bpy.props.BoolProperty(
        name="Showing", options={"HIDDEN", "SKIP_SAVE"}, description="Whether windows are being written, and not to be keyed yet")
    said: bpy.props.StringProperty(
        name="Said", options={"HIDDEN", "SKIP_SAVE"}, description="What the artist should know of the last change")


def group_strength(group: str) -> Any:
    """Return a property for the strength of a group of shapes."""
    return bpy.props.FloatProperty(name=group.capitalize(), description=f"How far the {group} of your character moves",
                                   subtype="FACTOR", min=0.0, max=MOST_STRENGTH, default=1.0, options=set())


class ECAVATAR_PG_key(bpy.types.PropertyGroup):
    """What the shape key that `name` names shows"""

    source: bpy.props.StringProperty(
        name="Source", options=set(), search=lambda _self, _context, _text: SOURCES, search_options=set(),
        description="What this shape key shows: a shape of the avatar, the mean of both sides, a viseme, an emotion; or nothing")
    strength: bpy.props.FloatProperty(
        name="Strength", description="Factor of this key's weight", min=0.0, max=MOST_STRENGTH, default=1.0, options=set(), step=10)
    enabled: bpy.props.BoolProperty(name="Enabled", description="Move this shape key", default=True, options=set())


class ECAVATAR_PG_character(bpy.types.PropertyGroup):
    """How an avatar's motion plays on a mesh of the artist's own"""

    avatar: bpy.props.PointerProperty(
        type=bpy.types.Object, name="Avatar", poll=lambda _self, candidate: candidate.ecavatar.role == "avatar",
        description="The avatar whose motion this mesh plays; if empty, the scene's only one")
    job: bpy.props.StringProperty(
        name="Job Folder", subtype="DIR_PATH", options=PATH_OPTIONS,
        description="A finished job folder to take the motion from, where no avatar is chosen")
    keys: bpy.props.CollectionProperty(type=ECAVATAR_PG_key, name="Shape Keys", description="Of this mesh, and what they show")
    active: bpy.props.IntProperty(name="Shape Key", options=set(), description="The selected row")
    convention: bpy.props.StringProperty(name="Names", options={"HIDDEN"}, description="Whose names the keys have")
    mouth: group_strength("mouth")
    jaw: group_strength("jaw")
    tongue: group_strength("tongue")
    eyes: group_strength("eyes")
    brows: group_strength("brows")
    cheeks: group_strength("cheeks")


def strength(name: str, description: str) -> Any:
    """Return a property for how much of a part of the performance is shown."""
    return bpy.props.FloatProperty(name=name, subtype="FACTOR", min=0.0, max=1.5, default=1.0, options=set(), description=description,
                                   update=takes.strength_changed)


class ECAVATAR_PG_performance(bpy.types.PropertyGroup):
    """What an avatar does besides speaking"""

    blinks: strength("Blinks", "How far the lids close in blinks, at once; 0 is none")
    gaze: strength("Gaze", "How far the eyes look away, and turn against the head to keep the viewer in sight, at once; 0 is a stare")
    head_motion: strength("Head Motion", "How far the head nods, turns and tilts, at once; 0 holds it still")
    take: bpy.props.IntProperty(
        name="Seed", min=0, max=MOST_TAKES - 1, options=set(), update=takes.take_changed,
        description="Which of the possible blinks, glances and head motions of this recording")
    keyed: bpy.props.IntProperty(name="Keyed", options={"HIDDEN"}, description="The seed that the keys were made with")
    showing: bpy.props.BoolProperty(
        name="Showing", options={"HIDDEN", "SKIP_SAVE"}, description="Whether the settings are being written, and not to be keyed yet")
    said: bpy.props.StringProperty(
        name="Said", options={"HIDDEN", "SKIP_SAVE"}, description="What the artist should know of the last change")


CLASSES = (ECAVATAR_PG_photo, ECAVATAR_PG_recording, ECAVATAR_PG_export, ECAVATAR_PG_scene, ECAVATAR_PG_shape, ECAVATAR_PG_lip_sync,
           ECAVATAR_PG_emotion_window, ECAVATAR_PG_emotion, ECAVATAR_PG_key, ECAVATAR_PG_character, ECAVATAR_PG_performance)


def attach() -> None:
    """Add the pointer."""
    bpy.types.Scene.ecavatar = bpy.props.PointerProperty(type=ECAVATAR_PG_scene)


def detach() -> None:
    """Take the pointer away."""
    del bpy.types.Scene.ecavatar
