"""One avatar from one job result: head, materials, animation, scene; generating again brings it up to date in place."""

from pathlib import Path

import bpy

from ..core.arrays import to_performance
from ..core.face_fit import Anchors
from ..core.files import digest
from ..core.head_model import HeadBasis
from ..core.job import JobResult
from . import animation, emotion, hair, head, lights, lip_sync, performance, scene, skin


def import_avatar(result: JobResult, target: bpy.types.Scene, told: list[str] | None = None) -> bpy.types.Object:
    """Put the avatar of `result` into the scene and return its root; what the artist should know is added to `told`.

    An avatar of the same job folder is brought up to date where it stands. Nothing is changed before `result` has been read whole.
    Raises PackError when the head model it was made with is not there.
    """
    pack = head.open_pack(result.pack, result.head_model, result.folder)
    basis = HeadBasis.load(pack.path("head"))
    root = head.find_root(result.folder, target)
    if root is None:
        root = head.add_root(result.folder, target)
        root.location = scene.free_place(target, root)
    parts = head.furnish(root, result, basis)
    root.ecavatar.confidence, root.ecavatar.advice = float(result.head["confidence"]), str(result.head["advice"])
    skin.apply(parts, result, basis)
    hair.apply(root, parts["skin"], result, basis, Anchors.load(pack.path("anchors")), wanted=target.ecavatar.hair)
    root.ecavatar.motion, root.ecavatar.head_model = digest(result.folder / "motion.npz"), result.head_model
    lip_sync.show(root, result.controls)
    emotion.show(root, result.felt, result.emotions)
    emotion.belong(root, Path(result.audio))
    said = animation.apply(root, parts, result, basis, start=target.frame_start, dense=target.ecavatar.dense_keys)
    performance.show(root, result.take)
    said += performance.apply(root, parts, to_performance(result.bake), start=target.frame_start)
    if told is not None:
        told += said
    scene.play(target, root, result)
    lights.furnish(target, root)
    return root
