"""What an avatar shows on each frame: weights of its shapes, places of its parts, bones, vertices; whatever animates them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import bpy
import numpy as np
from numpy.typing import NDArray

from ..core.bake.face_motion import FaceMotion, angles, turn
from ..core.character.live_link import ARKIT
from ..core.errors import InputError
from ..core.types import Floats
from .head import EYES, OBJECTS, Parts, parts_of
from .scene import frames_per_second, to_engine

Matrices = NDArray[np.float64]
FIXED = "teeth_upper"           # the part that turns as the skull does


@dataclass(frozen=True)
class Weights:
    """Shapes of one mesh and what they weigh: names K; values: (T, K) float32, 0 where a shape is muted."""

    names: tuple[str, ...]
    values: Floats


@dataclass(frozen=True)
class Pose:
    """An armature over time: matrices (T, 4, 4) relative to the root; bones: name -> (T, 4, 4) relative to its rest."""

    matrices: Matrices
    bones: dict[str, Matrices]


@dataclass(frozen=True)
class Samples:
    """An avatar on T frames: roots (T, 4, 4) in the world; by role of its meshes, their places (T, 4, 4) relative to the root and
    their weights; poses of its armatures."""

    frames: NDArray[np.int64]
    roots: Matrices
    matrices: dict[str, Matrices]
    weights: dict[str, Weights]
    poses: dict[bpy.types.Object, Pose]


def meshes_of(root: bpy.types.Object) -> Parts:
    """Return the avatar's meshes by role: neither its hair, which few formats hold, nor its pivots."""
    found = parts_of(root)
    return {role: found[role] for role in OBJECTS if role in found}


def armatures_of(parts: Parts) -> tuple[bpy.types.Object, ...]:
    """Return the armatures that bend the parts."""
    found = (modifier.object for part in parts.values() for modifier in part.modifiers
             if modifier.type == "ARMATURE" and modifier.show_viewport)
    return tuple(dict.fromkeys(armature for armature in found if armature is not None))


def watch(scene: bpy.types.Scene) -> Iterator[bpy.types.Depsgraph]:
    """Go through the frames of a scene; give what can be seen on each. The objects themselves keep their values."""
    for frame in range(scene.frame_start, scene.frame_end + 1):
        scene.frame_set(frame)
        depsgraph = scene.view_layers[0].depsgraph
        if depsgraph is None:
            raise RuntimeError("a scene that was evaluated has no dependency graph")
        yield depsgraph


def sample(scene: bpy.types.Scene, root: bpy.types.Object, parts: Parts, *, arkit_only: bool) -> Samples:
    """Return what the avatar shows on the frames of `scene`, which holds it; arkit_only: leave out all shapes but ARKit's 52."""
    armatures = armatures_of(parts)
    held = {role: names for role, part in parts.items() if (names := shapes_of(part, arkit_only=arkit_only))}
    roots, places, bent = [], [], []
    values: dict[str, list[Floats]] = {role: [] for role in held}
    for depsgraph in watch(scene):
        world = np.array(root.evaluated_get(depsgraph).matrix_world)
        relative = np.linalg.inv(world)
        roots.append(world)
        places.append([relative @ np.array(part.evaluated_get(depsgraph).matrix_world) for part in (*parts.values(), *armatures)])
        bent.append([bones_of(armature.evaluated_get(depsgraph)) for armature in armatures])
        for role, names in held.items():
            values[role].append(weights_of(parts[role], names, depsgraph))
    matrices = np.array(places)
    poses = {armature: Pose(matrices[:, len(parts) + place], {name: np.array([frame[place][name] for frame in bent])
                                                             for name in bent[0][place]})
             for place, armature in enumerate(armatures)}
    return Samples(np.arange(scene.frame_start, scene.frame_end + 1), np.array(roots),
                   {role: matrices[:, place] for place, role in enumerate(parts)},
                   {role: Weights(names, np.array(values[role])) for role, names in held.items()}, poses)


def shapes_of(part: bpy.types.Object, *, arkit_only: bool) -> tuple[str, ...]:
    """Return the names of a mesh's shape keys, without that at rest."""
    keys = part.data.shape_keys
    return tuple(block.name for block in keys.key_blocks[1:] if block.name in ARKIT or not arkit_only) if keys is not None else ()


def weights_of(part: bpy.types.Object, names: tuple[str, ...], depsgraph: bpy.types.Depsgraph) -> Floats:
    """Return the weights (K,) of these shapes of a mesh as they are seen."""
    blocks = part.data.shape_keys.evaluated_get(depsgraph).key_blocks
    return np.array([0.0 if blocks[name].mute else blocks[name].value for name in names], np.float32)


def bones_of(armature: bpy.types.Object) -> dict[str, Matrices]:
    """Return how far each bone of an evaluated armature is from its rest (4, 4), constraints and drivers included."""
    return {bone.name: np.array(armature.convert_space(pose_bone=bone, matrix=bone.matrix, from_space="POSE", to_space="LOCAL"))
            for bone in armature.pose.bones}


def vertices_of(part: bpy.types.Object, depsgraph: bpy.types.Depsgraph) -> Floats:
    """Return the vertices (V, 3) of a mesh as they are seen, in Blender's world."""
    seen = part.evaluated_get(depsgraph)
    mesh = seen.to_mesh()
    points = np.empty(3 * len(mesh.vertices), np.float32)
    mesh.vertices.foreach_get("co", points)
    world = np.array(seen.matrix_world)
    seen.to_mesh_clear()
    return (points.reshape(-1, 3) @ world[:3, :3].T + world[:3, 3]).astype(np.float32)


def face_motion(scene: bpy.types.Scene, root: bpy.types.Object, parts: Parts, *, arkit_only: bool) -> FaceMotion:
    """Return the motion of the avatar's face on the frames of `scene`, which holds it; turns of missing parts are 0."""
    names = shapes_of(parts["skin"], arkit_only=arkit_only)
    weights, turns = [], []
    turning = [parts.get(role) for role in (FIXED, *EYES)]
    rest = [rest_of(part) for part in turning]
    check_vertices(filter(None, turning), next(watch(scene)), "a measure of its turning")
    for depsgraph in watch(scene):
        weights.append(weights_of(parts["skin"], names, depsgraph))
        world = np.array(root.evaluated_get(depsgraph).matrix_world)[:3, :3]
        skull, *eyes = (turn(to_engine(before), to_engine(vertices_of(part, depsgraph) @ np.linalg.inv(world).T))
                        if part is not None else None for before, part in zip(rest, turning, strict=True))
        turned = (skull, *(eye if eye is None or skull is None else skull.T @ eye for eye in eyes))
        turns.append([angles(matrix) if matrix is not None else (0.0, 0.0, 0.0) for matrix in turned])
    head, left, right = np.array(turns, np.float32).transpose(1, 0, 2)
    return FaceMotion(names, np.array(weights), frames_per_second(scene), head, left, right)


def check_vertices(parts: Iterable[bpy.types.Object], depsgraph: bpy.types.Depsgraph, what: str) -> None:
    """Raise InputError where a mesh is seen with other vertices than it has, which `what` cannot follow."""
    for part in parts:
        if len(vertices_of(part, depsgraph)) != len(part.data.vertices):
            raise InputError(f"a modifier changes the number of vertices, which {what} cannot follow", part.name,
                             "hide the modifier in the viewport")


def rest_of(part: bpy.types.Object | None) -> Floats:
    """Return the vertices (V, 3) of a mesh at rest, in its own frame."""
    points = np.empty(3 * len(part.data.vertices) if part is not None else 0, np.float32)
    if part is not None:
        part.data.vertices.foreach_get("co", points)
    return points.reshape(-1, 3)
