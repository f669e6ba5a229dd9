"""Exported files, read again by Blender's importers or by hand."""

import json
import struct
from contextlib import contextmanager

import bpy
import numpy as np
from ecavatar.ecavatar_addon.export_samples import vertices_of
from ecavatar.ecavatar_addon.export_stage import datablocks
from mathutils.kdtree import KDTree

IMPORTERS = {".glb": ("import_scene.gltf", {}), ".fbx": ("import_scene.fbx", {"anim_offset": 0.0}), ".usdz": ("wm.usd_import", {}),
             ".usdc": ("wm.usd_import", {}), ".abc": ("wm.alembic_import", {})}
FIRST, LAST = 61, 73            # frames of the scene that an avatar is told to export
EXACT = 2e-6                    # metres: float32 places, matrices taken apart and put together, percentages in FBX


def seen(part, frame):
    """Vertices (V, 3) of an object in the world on a frame of the window's scene."""
    bpy.context.scene.frame_set(frame)
    return vertices_of(part, bpy.context.evaluated_depsgraph_get())


@contextmanager
def imported(path):
    """Meshes of a file in an empty scene with the frame rate of the window's."""
    window, before = bpy.context.window, bpy.context.scene
    scene = bpy.data.scenes.new("imported")
    scene.render.fps, scene.render.fps_base = before.render.fps, before.render.fps_base
    window.scene = scene
    name, options = IMPORTERS[path.suffix]
    group, function = name.split(".")
    try:
        getattr(getattr(bpy.ops, group), function)(filepath=str(path), **options)
        yield [found for found in scene.objects if found.type == "MESH"]
    finally:
        window.scene = before


def twins(points, others):
    """For each of the points (N, 3) the place of that of the others (M, 3) which lies where it does; some formats split vertices."""
    tree = KDTree(len(others))
    for place, other in enumerate(others):
        tree.insert(other, place)
    tree.balance()
    found = [tree.find(point) for point in points]
    assert max(distance for _, _, distance in found) < EXACT
    return np.array([place for _, place, _ in found])


def read_glb(path):
    """The JSON of a GLB, and a function that gives the values of an accessor."""
    content = path.read_bytes()
    assert content[:4] == b"glTF" and struct.unpack_from("<I", content, 8)[0] == len(content)
    length = struct.unpack_from("<I", content, 12)[0]
    file, binary = json.loads(content[20:20 + length]), content[28 + length:]

    def values(index):
        accessor = file["accessors"][index]
        view = file["bufferViews"][accessor["bufferView"]]
        assert accessor["componentType"] == 5126 and "sparse" not in accessor          # float32
        width = {"SCALAR": 1, "VEC3": 3, "VEC4": 4}[accessor["type"]]
        start = view.get("byteOffset", 0) + accessor.get("byteOffset", 0)
        return np.frombuffer(binary, "<f4", accessor["count"] * width, start).reshape(accessor["count"], width)
    return file, values


def state(folder):
    """What an export must leave as it was: the file's datablocks, what the window shows, what is selected, every value, the folder."""
    window, active = bpy.context.window, bpy.context.view_layer.objects.active
    values = [[block.value for block in keys.key_blocks] for keys in bpy.data.shape_keys]
    places = [(found.name, tuple(map(tuple, found.matrix_world)), found.select_get(), found.mode, found.users)
              for found in bpy.data.objects]
    return (sorted(f"{type(found).__name__} {found.name}" for _, found in datablocks()), window.scene, window.view_layer,
            window.scene.frame_current, active, values, places, sorted(path.name for path in folder.iterdir()))


def bend(parts):
    """Let the neck turn the head, more than it does by itself."""
    pose = parts["neck"].pose.bones["head"]
    for frame, angle in ((FIRST, 0.0), (LAST, 0.3)):
        pose.rotation_euler = (angle, angle / 2, 0)
        pose.keyframe_insert("rotation_euler", frame=frame)
