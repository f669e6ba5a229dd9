"""Lip controls of an avatar, and the keys of its speech made anew from them: neither the encoder nor a network runs."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import bpy

from ..core.errors import ECAvatarError, JobError
from . import jobs, roots
from .late import actions, animation, arrays, files, head, head_model, job, lip_controls, mouth_rig, shape_keys

if TYPE_CHECKING:
    from ..core.types import MotionTrack

SLIDERS = ("lip_strength", "jaw_strength", "tongue_strength", "lip_open", "lower_smoothing", "upper_smoothing", "sync_offset")
DECIMALS = 4                    # a slider's value is kept to; Blender stores single precision


class ForAvatar:
    """What the operators here have in common: they work on the avatar of the active object."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Offer it for an avatar that is not being generated."""
        root = roots.root_of(context.active_object)
        if root is None:
            cls.poll_message_set("Select an avatar")
        elif generating(root):
            cls.poll_message_set("This avatar is being generated")
        return root is not None and not generating(root)


class ECAVATAR_OT_update_motion(ForAvatar, bpy.types.Operator):
    """Key this avatar's speech anew with these settings; keys that you edited are first copied to an action of their own"""

    bl_idname = "ecavatar.update_motion"
    bl_label = "Update Motion"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Bake from the job folder and key."""
        try:
            warnings = update(roots.root_of(context.active_object), dense=context.scene.ecavatar.dense_keys)
        except ECAvatarError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        for warning in warnings:
            self.report({"WARNING"}, warning)
        context.scene.frame_set(context.scene.frame_current, subframe=context.scene.frame_subframe)
        return {"FINISHED"}


class ECAVATAR_OT_reset_lip_sync(ForAvatar, bpy.types.Operator):
    """Put all settings of Lip Sync back to neutral; Update Motion then brings them into the keys"""

    bl_idname = "ecavatar.reset_lip_sync"
    bl_label = "Reset Lip Sync"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Reset them."""
        show(roots.root_of(context.active_object), lip_controls.NEUTRAL)
        return {"FINISHED"}


class ECAVATAR_OT_add_shape(ForAvatar, bpy.types.Operator):
    """Choose a mouth shape to give a gain and an offset of its own"""

    bl_idname = "ecavatar.add_shape"
    bl_label = "Add Shape"
    bl_options = {"UNDO"}
    bl_property = "shape"

    shape: bpy.props.EnumProperty(name="Shape", description="One that speech moves",
                                items=lambda _operator, _context: shapes())

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Let the user search for it by name."""
        context.window_manager.invoke_search_popup(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Add it, unless it is there already."""
        shapes = roots.root_of(context.active_object).ecavatar.lip_sync.shapes
        if self.shape not in shapes:
            shapes.add().name = self.shape
        return {"FINISHED"}


class ECAVATAR_OT_remove_shape(ForAvatar, bpy.types.Operator):
    """Take this shape's gain and offset away"""

    bl_idname = "ecavatar.remove_shape"
    bl_label = "Remove Shape"
    bl_options = {"UNDO", "INTERNAL"}

    index: bpy.props.IntProperty(name="Index", description="Which of the shapes, from 0", options={"SKIP_SAVE"})

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Remove it; one that is not there changes nothing."""
        roots.root_of(context.active_object).ecavatar.lip_sync.shapes.remove(self.index)
        return {"FINISHED"}


@cache
def shapes() -> tuple[tuple[str, str, str], ...]:
    """Return the mouth shapes that speech moves, as items of an enum; Blender wants them kept."""
    return tuple((name, name, "") for name in sorted(mouth_rig.NAMES))


def generating(root: bpy.types.Object) -> bool:
    """Whether the avatar's selected clip is being generated, or waits for that."""
    return root.ecavatar.job in jobs.folders()


def controls_of(root: bpy.types.Object) -> "lip_controls.LipControls":
    """Return the avatar's lip controls; shapes at gain 1 and offset 0 are left out."""
    settings = root.ecavatar.lip_sync
    gains = {shape.name: round(shape.gain, DECIMALS) for shape in settings.shapes}
    offsets = {shape.name: round(shape.offset, DECIMALS) for shape in settings.shapes}
    return lip_controls.LipControls(**{name: round(getattr(settings, name), DECIMALS) for name in SLIDERS},
                                    gains={name: gain for name, gain in gains.items() if gain != 1},
                                    offsets={name: offset for name, offset in offsets.items() if offset != 0})


def show(root: bpy.types.Object, controls: "lip_controls.LipControls") -> None:
    """Let the avatar's sliders and shapes show `controls`."""
    settings = root.ecavatar.lip_sync
    for name in SLIDERS:
        setattr(settings, name, getattr(controls, name))
    settings.shapes.clear()
    for name in dict.fromkeys((*controls.gains, *controls.offsets)):
        shape = settings.shapes.add()
        shape.name, shape.gain, shape.offset = name, controls.gains.get(name, 1.0), controls.offsets.get(name, 0.0)


def update(root: bpy.types.Object, *, dense: bool = False) -> list[str]:
    """Key the avatar's speech anew under its controls and return what the artist should know; dense: a key on every frame.

    Raises ECAvatarError, before anything is changed, when the job folder or the speech is gone or is not this avatar's.
    """
    motion, basis = motion_of(root), basis_of(root)
    skin = roots.parts_of(root).get("skin")
    keys = skin.data.shape_keys if skin is not None else None
    clip = root.ecavatar.number
    action = actions.our_action(keys, animation.SPEECH, clip) if keys is not None else None
    if action is None:
        raise JobError(f"the avatar's skin or its track {animation.SPEECH} is gone", root.name, "generate it again")
    controls = controls_of(root)
    weights = shape_keys.frame_weights(motion, basis=basis, fps=action[actions.STAMP]["fps"], controls=controls)
    kept = animation.rekey_speech(keys, weights, basis, clip, dense=dense)
    told = animation.edits_kept(kept)
    if animation.fused_on_mesh(keys, clip):
        told.append(animation.FUSE_AGAIN)
    return [*told, *lip_controls.closure_warnings(motion, controls, basis)]


def motion_of(root: bpy.types.Object) -> "MotionTrack":
    """Read the motion that the avatar was keyed from; raise JobError when the job folder no longer has it."""
    return arrays.to_motion(motion_path(root))


def motion_path(root: bpy.types.Object) -> Path:
    """Return where the motion lies that the avatar was keyed from; raise JobError when the job folder no longer has it."""
    folder = Path(root.ecavatar.job)
    path = folder / "motion.npz"
    if not root.ecavatar.motion:
        raise JobError("the avatar was made by another version", folder, "generate it again")
    if not path.is_file():
        raise JobError("the avatar's job folder is gone or empty", folder, "generate it again from its photo and recording")
    if files.digest(path) != root.ecavatar.motion:
        raise JobError("the job folder holds another recording's motion, or another version's", folder,
                       "generate the avatar again with its recording")
    return path


def basis_of(root: bpy.types.Object) -> "head_model.HeadBasis":
    """Load the head model that the avatar was made with."""
    folder = Path(root.ecavatar.job)
    return head_model.HeadBasis.load(head.open_pack(job.Request.read(folder).pack, root.ecavatar.head_model, folder).path("head"))


CLASSES = (ECAVATAR_OT_update_motion, ECAVATAR_OT_reset_lip_sync, ECAVATAR_OT_add_shape, ECAVATAR_OT_remove_shape)
