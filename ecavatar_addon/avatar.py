"""One avatar from one job result: head, materials, animation, scene; generating again replaces it in place."""

from pathlib import Path

import bpy
from mathutils import Matrix

from ..core.head_model import HeadBasis
from ..core.job import JobResult
from ..core.pack import DEFAULT, Pack
from . import animation, head, scene, skin


def import_avatar(result: JobResult, target: bpy.types.Scene) -> bpy.types.Object:
    """Put the avatar of `result` into the scene and return its root.

    An avatar of the same job folder is replaced where it stands; nothing is changed before `result` has been read whole.
    Raises PackError when the head model it was made with is not there.
    """
    pack = Pack.open(Path(result.pack) if result.pack else DEFAULT)
    basis = HeadBasis.load(pack.path("head"))
    root = head.find_root(result.folder, target)
    moved = Matrix()                                        # where the artist has put the skin, relative to the root
    if root is None:
        root = head.add_root(result.folder, target)
        root.location = scene.free_place(target, root)
    else:
        moved = head.parts_of(root)["skin"].matrix_basis.copy() if "skin" in head.parts_of(root) else moved
        head.clear(root)
    parts = head.add_parts(root, result, basis)
    parts["skin"].matrix_basis = moved
    skin.apply(parts, result, basis)
    animation.apply(root, parts, result, start=target.frame_start)
    scene.play(target, root, result)
    scene.light(target, root)
    return root
