"""One avatar from one job result: head, materials, animation, scene; made again, it is brought up to date. Further clips."""

from pathlib import Path

import bpy

from ..core.arrays import to_keys, to_performance
from ..core.bake.few_keys import FewKeys
from ..core.errors import InputError, PackError
from ..core.files import digest
from ..core.hair.look import Look
from ..core.head.model import HeadBasis
from ..core.head.mouth_atlas import laid_out
from ..core.job import JobResult
from . import animation, clips, emotion, hair, head, lights, lip_sync, performance, roots, scene, skin


def import_avatar(result: JobResult, target: bpy.types.Scene, told: list[str] | None = None, *,
                  as_asked: bool = False) -> bpy.types.Object:
    """Put the avatar of `result` into the scene and return its root; what the artist should know is added to `told`.

    New hair is worn as the scene's settings are now, or, `as_asked`, as they were when the job was asked for.

    An avatar with a clip of the same job folder is brought up to date where it stands, and the clip where it lies, if there are
    others. Nothing is changed before `result` has been read whole. Raises PackError when the head model it was made with is not there.
    """
    pack = head.open_pack(result.pack, result.head_model, result.folder)
    basis = laid_out(HeadBasis.load(pack.path("head")))
    look, few = Look.read(result.look, basis), keys_of(result, target)
    root = head.find_root(result.folder, target)
    if root is None:
        root = head.add_root(result.folder, target)
        root.location = scene.free_place(target, root)
    index = clips.place_of(root, result.folder)
    if not len(root.ecavatar.clips):
        clips.add(root, result.folder)
    elif index is not None:
        clips.select(root, index)
    elif root.ecavatar.job != str(result.folder):               # its own clip was removed: it replaces the selected one
        scene.remove_sound(Path(root.ecavatar.job), scene.scenes_of(root))
        root.ecavatar.job = str(result.folder)
    parts = head.furnish(root, result, basis)
    if told is not None:
        told += lost(root, parts)
    root.ecavatar.confidence, root.ecavatar.advice = float(result.head["confidence"]), str(result.head["advice"])
    skin.apply(parts, result, basis, look)
    hair.apply(root, parts["skin"], result, basis, look, cut=look.cut if as_asked else hair.wanted(target))
    animation.follow_skin(parts, result)
    root.ecavatar.head_model = result.head_model
    span = clips.span_of(root, root.ecavatar.number) if len(root.ecavatar.clips) > 1 else None
    play(root, result, basis, target, told, wanted=round(span[0]) if span is not None else target.frame_start, few=few)
    lights.furnish(target, root)
    return root


def add_clip(root: bpy.types.Object, result: JobResult, target: bpy.types.Scene, told: list[str] | None = None, *,
             frame: int | None = None) -> None:
    """Let the avatar `root` speak the recording of `result` too, from `frame` on or after its last clip; the head is not touched.

    What the artist should know is added to `told`. Raises, before anything is changed, PackError when the job was made with another
    head model, InputError when it is a clip of the avatar already, JobError when the avatar's skin or neck is gone, or its keys
    do not fit.
    """
    if result.head_model != root.ecavatar.head_model:
        raise PackError("the job was made with another head model than the avatar", result.folder, "generate it again")
    if clips.place_of(root, result.folder) is not None:
        raise InputError("this job is a clip of the avatar already", result.folder, "copy the folder to use it twice")
    parts = performance.checked(root)
    basis = HeadBasis.load(head.open_pack(result.pack, result.head_model, result.folder).path("head"))
    fps, few = float(result.bake["fps"]), keys_of(result, target)
    after = round(clips.last_frame(root) + clips.PAUSE * fps) + 1 if clips.spans(root) else target.frame_start
    clips.add(root, result.folder)
    head.add_fused(parts, result, basis, root.ecavatar.number)
    play(root, result, basis, target, told, wanted=after if frame is None else frame, few=few)


def keys_of(result: JobResult, target: bpy.types.Scene) -> FewKeys | None:
    """Return the few keys that the worker made, if it did and the scene has few; raise JobError when they do not fit."""
    return None if target.ecavatar.dense_keys else to_keys(result.folder / "bake.npz")


def lost(root: bpy.types.Object, parts: head.Parts) -> list[str]:
    """Return what the artist should know of other clips, whose keys are gone with a skin or neck that was just made anew."""
    others = [clip.name for clip in root.ecavatar.clips if clip.number != root.ecavatar.number]
    anew = [owner for owner in (parts["skin"].data.shape_keys, parts[roots.NECK]) if owner.animation_data is None]
    told = f"the skin or the neck is new and lacks the keys of: {', '.join(others)}; Clips; Generate Again"
    return [told] if others and anew else []


def play(root: bpy.types.Object, result: JobResult, basis: HeadBasis, target: bpy.types.Scene, told: list[str] | None, *,
         wanted: int, few: FewKeys | None) -> None:
    """Key the motion of `result` for the selected clip from frame `wanted` on, or where the others leave room, and let it sound.

    few: its keys, where they were made already.
    """
    avatar, parts = root.ecavatar, head.parts_of(root)
    length, number = len(result.bake["weights"]), avatar.number
    clips.arrange(root, ease=0.0)               # so that strips have room
    start = clips.free_place(root, length, wanted, fps=float(result.bake["fps"]), but=number)
    said = [f"there is no room at frame {wanted}, so the clip begins at frame {start}"] if start != wanted else []
    avatar.motion = digest(result.folder / "motion.npz")
    clips.note_recording(avatar.clip, result.audio)
    lip_sync.show(root, result.controls)
    emotion.show(root, result.felt, result.emotions)
    emotion.belong(root, Path(result.audio))
    said += animation.apply(root, parts, result, basis, start=start, dense=target.ecavatar.dense_keys, few=few)
    performance.show(root, result.take)
    said += performance.apply(root, parts, to_performance(result.bake), start=start)
    clips.arrange(root)
    if told is not None:
        told += said
    last = start + length - 1
    ends = [clips.last_frame(other) for other in target.objects if roots.root_of(other) == other]
    scene.play(target, root, result, start=start, last=round(max(last, *ends)))
