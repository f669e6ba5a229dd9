"""What the add-on stores with an object: Object.ecavatar, what it is, how good, and its clips."""

from typing import Any

import bpy

from . import clips, roots
from .properties import ECAVATAR_PG_character, ECAVATAR_PG_emotion, ECAVATAR_PG_lip_sync, ECAVATAR_PG_performance


class ECAVATAR_PG_clip(bpy.types.PropertyGroup):
    """One recording on a head, which `name` names: where it lies, what it was made from, and its settings"""

    number: bpy.props.IntProperty(name="Number", options={"HIDDEN"}, description="Of the clip among its avatar's")
    start: bpy.props.IntProperty(
        name="Start", options=set(), get=clips.start_of, set=clips.set_start,
        description="Frame at which the clip begins; its strips and its sound move there, or to the next place where they have room")
    length: bpy.props.FloatProperty(
        name="Length", subtype="TIME_ABSOLUTE", options=set(), get=clips.length_of, description="Seconds that the clip lasts")
    job: bpy.props.StringProperty(name="Job", subtype="DIR_PATH", description="Folder this clip was generated in")
    recording: bpy.props.StringProperty(
        name="Recording", subtype="FILE_PATH", description="What it says: the file as the engine read it")
    motion: bpy.props.StringProperty(
        name="Motion", description="sha256 of the motion.npz in the job folder that its speech was keyed from")
    lip_sync: bpy.props.PointerProperty(type=ECAVATAR_PG_lip_sync, name="Lip Sync", description="Its lip controls")
    emotion: bpy.props.PointerProperty(type=ECAVATAR_PG_emotion, name="Emotion", description="Its emotions over time")
    performance: bpy.props.PointerProperty(
        type=ECAVATAR_PG_performance, name="Performance", description="Its blinks, gaze and head motion")


class ECAVATAR_PG_object(bpy.types.PropertyGroup):
    """What an object is to ECAvatar; of an avatar's root, `job`, `motion`, `lip_sync`, `emotion` and `performance` are the selected
    clip's"""

    role: bpy.props.StringProperty(
        name="Role", description='"avatar" for the root, else the part: skin, teeth_upper, ..., jaw; empty for other objects')
    home: bpy.props.StringProperty(
        name="Home", subtype="DIR_PATH", description="Of the root: folder that this avatar was first generated in")
    head_model: bpy.props.StringProperty(name="Head Model", description="Of the root: sha256 of the head model it was made with")
    hairline: bpy.props.StringProperty(
        name="Hairline", description="Of the hair: which one it was grown with, as the scalp has to be wherever it is kept")
    clips: bpy.props.CollectionProperty(
        type=ECAVATAR_PG_clip, name="Clips", description="Of the root: its recordings, in the order in which they were made")
    active_clip: bpy.props.IntProperty(
        name="Clip", options=set(), min=0, update=clips.selected,
        description="Of the root: the selected clip, which the panels show; selecting one goes to its start, unless it plays already")
    choosing: bpy.props.BoolProperty(
        name="Choosing", options={"HIDDEN", "SKIP_SAVE"}, description="Whether a clip is selected for a moment only")
    character: bpy.props.PointerProperty(
        type=ECAVATAR_PG_character, name="Own Character", description="Of a mesh of your own: how an avatar's motion plays on it")
    confidence: bpy.props.FloatProperty(
        name="Likeness", subtype="FACTOR", min=0.0, max=1.0,
        description="Of the root: how much of a likeness the photos allow, judged by their size, sharpness and sides")
    advice: bpy.props.StringProperty(
        name="Advice", description="Of the root: what would make the head better; empty when nothing would help much")

    @property
    def avatar(self) -> Any:
        """What the root of the object's avatar has here, which is where presets are put; None for other objects."""
        root = roots.root_of(self.id_data)
        return root.ecavatar if root is not None else None

    @property
    def clip(self) -> Any:
        """The selected clip."""
        return self.clips[min(self.active_clip, len(self.clips) - 1)]

    @property
    def number(self) -> int:
        """Number of the selected clip."""
        return int(self.clip.number)

    @property
    def job(self) -> str:
        """Job folder of the selected clip."""
        return str(self.clip.job)

    @job.setter
    def job(self, folder: str) -> None:
        self.clip.job = folder

    @property
    def motion(self) -> str:
        """The sha256 of the motion that the selected clip was keyed from."""
        return str(self.clip.motion)

    @motion.setter
    def motion(self, digest: str) -> None:
        self.clip.motion = digest

    @property
    def lip_sync(self) -> Any:
        """Lip controls of the selected clip."""
        return self.clip.lip_sync

    @property
    def emotion(self) -> Any:
        """Emotions of the selected clip."""
        return self.clip.emotion

    @property
    def performance(self) -> Any:
        """Blinks, gaze and head motion of the selected clip."""
        return self.clip.performance


CLASSES = (ECAVATAR_PG_clip, ECAVATAR_PG_object)


def attach() -> None:
    """Add the pointer."""
    bpy.types.Object.ecavatar = bpy.props.PointerProperty(type=ECAVATAR_PG_object)


def detach() -> None:
    """Take the pointer away."""
    del bpy.types.Object.ecavatar
