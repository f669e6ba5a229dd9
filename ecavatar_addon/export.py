"""Export of an avatar's motion for other programs (docs/export.md): files appear whole, the artist's scene stays as it was."""

import math
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any
from zipfile import BadZipFile, ZipFile

import bpy

from ..core.character import live_link
from ..core.character.mdd import write_mdd
from ..core.errors import InputError, JobError
from .animation import REST
from .export_samples import armatures_of, check_vertices, face_motion, meshes_of, sample, vertices_of, watch
from .export_stage import copy, enter, in_window, temporary_scene
from .head import Parts
from .properties import AVATAR, SCENE
from .scene import frames_per_second, to_engine

ROOM, BYTES = 24_000_000, 4             # free bytes that an export asks for, and for each number of a format that holds places
PLACES = (".abc", ".mdd")               # formats with each vertex on each frame
ADVICE = "choose a folder that is writable and has free space"


@dataclass(frozen=True)
class Export:
    """One export under way: what of, into which file, and the scene beside the artist's that holds the avatar."""

    root: bpy.types.Object
    parts: Parts
    path: Path
    stage: bpy.types.Scene
    arkit_only: bool


def export(root: bpy.types.Object, path: Path, target: bpy.types.Scene, *, frames: str = AVATAR, arkit_only: bool = False) -> None:
    """Write the motion of the avatar `root` to `path`, in the format of its ending.

    frames: AVATAR or SCENE. arkit_only: no shapes but ARKit's 52. Raises InputError for an avatar without keys or an unknown ending,
    JobError when the file cannot be written.
    """
    write = WRITERS.get(path.suffix.lower())
    if write is None:
        raise InputError(f"there is no export as {path.suffix or 'a file without an ending'}", path,
                         f"let its name end in one of {', '.join(WRITERS)}")
    parts = checked(root)
    first, last = extent(root, parts, target, frames)
    check_folder(path, (last - first + 1) * sum(map(numbers_of, parts.values())) if path.suffix.lower() in PLACES else 0)
    with temporary_scene(f"{root.name}_speech", target, first, last) as stage:
        enter(stage, root, parts)
        write(Export(root, parts, path, stage, arkit_only))


def checked(root: bpy.types.Object) -> Parts:
    """Return the avatar's meshes by role; raise InputError when they cannot be exported."""
    parts = meshes_of(root)
    skin = parts.get("skin")
    if skin is None or skin.data.shape_keys is None or len(skin.data.shape_keys.key_blocks) < 2:
        raise InputError("the avatar's skin or its shape keys are gone", root.name, "generate the avatar again")
    for part in parts.values():
        if part.mode != "OBJECT":
            raise InputError("a part of the avatar is being edited", part.name, "go back to Object Mode")
    return parts


def check_folder(path: Path, numbers: int) -> None:
    """Raise JobError unless a file of about so many numbers can be made beside `path`.

    Better said before the work than after it; and on a full disk some releases' Alembic exporter ends Blender.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=path.parent):
            free = shutil.disk_usage(path.parent).free
    except OSError as error:
        raise JobError(f"cannot write ({error.strerror or error})", path, ADVICE) from error
    if free < (needed := ROOM + BYTES * numbers):
        raise JobError(f"the export may need {needed / 1e6:.0f} MB, and {free / 1e6:.0f} MB are free", path, ADVICE)


def numbers_of(part: bpy.types.Object) -> int:
    """Return how many numbers the vertices of a mesh are as they are seen now, normals among them."""
    return 6 * len(part.evaluated_get(bpy.context.evaluated_depsgraph_get()).data.vertices)


def extent(root: bpy.types.Object, parts: Parts, target: bpy.types.Scene, frames: str) -> tuple[int, int]:
    """Return the first and the last frame to export; raise InputError when the avatar has no strips to take them from."""
    if frames == SCENE:
        return target.frame_start, target.frame_end
    animated = [owner.animation_data for owner in (parts["skin"].data.shape_keys, *armatures_of(parts)) if owner.animation_data]
    strips = [strip for animation in animated for track in animation.nla_tracks
              if not track.mute and track.name != REST for strip in track.strips]
    if not strips:
        raise InputError("the avatar has no motion in its NLA tracks", root.name, "generate it again, or export the scene's frames")
    return math.floor(min(strip.frame_start for strip in strips)), math.ceil(max(strip.frame_end for strip in strips))


@contextmanager
def whole(path: Path, name: str) -> Iterator[Path]:
    """Give a path beside `path` for Blender's exporter `name` to write to; put what it has written into place when it is complete.

    Raises JobError when the exporter fails or writes nothing.
    """
    folder = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        folder.mkdir(parents=True)
        yield folder / path.name
        written = sorted((file for file in folder.rglob("*") if file.is_file()), key=lambda file: file.name == path.name)
        if not written or written[-1].name != path.name or not written[-1].stat().st_size or broken(written[-1]):
            raise JobError(f"Blender's {name} exporter did not write the whole file", path, ADVICE)
        for file in written:                            # the main file last
            place = path.parent / file.relative_to(folder)
            place.parent.mkdir(exist_ok=True)
            with file.open("r+b") as content:
                os.fsync(content)
            file.replace(place)
    except OSError as error:
        raise JobError(f"cannot write ({error.strerror or error})", path, ADVICE) from error
    except RuntimeError as error:                       # how Blender's operators fail
        raise JobError(f"Blender's {name} exporter failed ({reason(str(error))})", path, ADVICE) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def broken(file: Path) -> bool:
    """Whether a .usdz, which the exporter calls finished on a full disk too, is not the archive it should be."""
    if file.suffix.lower() != ".usdz":
        return False
    try:
        with ZipFile(file) as archive:
            return archive.testzip() is not None
    except BadZipFile:
        return True


def reason(said: str) -> str:
    """Return the line of an operator's error that says what is wrong; of a traceback only the last line does."""
    lines = [line.strip().removeprefix("Error: ") for line in said.splitlines() if line.strip() and not line.startswith("Location:")]
    if "Traceback" in said:
        lines = [line for line in lines if re.match(r"[\w.]*Error\b", line)]
    return lines[-1] if lines else "Blender's console says why"


def by_exporter(name: str, operator: str, *, modifiers: bool = False, **options: Any) -> Callable[[Export], None]:
    """Return a writer that hands copies of the avatar to one of Blender's exporters; modifiers: keep those of the copies."""
    def write(job: Export) -> None:
        group, function = operator.split(".")
        call = getattr(getattr(bpy.ops, group), function)
        if not known(call):
            raise InputError(f"Blender's {name} exporter is switched off", "Preferences, Add-ons", "switch it on there")
        copy(job.stage, job.root, job.parts, sample(job.stage, job.root, job.parts, arkit_only=job.arkit_only), modifiers=modifiers)
        with whole(job.path, name) as path, in_window(job.stage):
            call(filepath=str(path), check_existing=False, **options)
    return write


def known(call: Any) -> bool:
    """Whether this version of Blender has the operator, and its add-on is on."""
    try:
        call.get_rna_type()
    except KeyError:
        return False
    return True


def write_numbers(job: Export) -> None:
    """Write the motion as numbers, without a mesh."""
    live_link.write(job.path, face_motion(job.stage, job.root, job.parts, arkit_only=job.arkit_only))


def write_caches(job: Export) -> None:
    """Write a point cache of the skin, and one beside it for each other part; raise InputError where a modifier adds vertices."""
    depsgraph = next(watch(job.stage))
    check_vertices(job.parts.values(), depsgraph, "a point cache")
    count = job.stage.frame_end - job.stage.frame_start + 1
    for role, part in reversed(job.parts.items()):      # the skin last
        path = job.path if role == "skin" else job.path.with_name(f"{job.path.stem}_{role}{job.path.suffix}")
        positions = (to_engine(vertices_of(part, depsgraph)) for depsgraph in watch(job.stage))
        write_mdd(path, positions, shape=(count, len(part.data.vertices)), fps=frames_per_second(job.stage))


WRITERS: dict[str, Callable[[Export], None]] = {
    ".glb": by_exporter("glTF", "export_scene.gltf", export_format="GLB", use_active_scene=True, export_animation_mode="SCENE",
                        export_anim_scene_split_object=False, export_anim_slide_to_zero=True),
    ".fbx": by_exporter("FBX", "export_scene.fbx", object_types={"EMPTY", "MESH", "ARMATURE"}, use_mesh_modifiers=False,
                        add_leaf_bones=False, bake_anim_use_nla_strips=False, bake_anim_use_all_actions=False,
                        bake_anim_simplify_factor=0.0, path_mode="COPY", embed_textures=True, apply_scale_options="FBX_SCALE_ALL"),
    **dict.fromkeys((".usdz", ".usdc"), by_exporter(
        "USD", "wm.usd_export", export_animation=True, export_shapekeys=True, export_armatures=True, export_hair=False,
        convert_world_material=False, evaluation_mode="VIEWPORT")),
    ".abc": by_exporter("Alembic", "wm.alembic_export", modifiers=True, evaluation_mode="VIEWPORT", export_hair=False,
                        export_particles=False, as_background_job=False),
    ".mdd": write_caches,
    ".csv": write_numbers,
    ".json": write_numbers,
}
