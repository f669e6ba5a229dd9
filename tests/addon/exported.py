"""Exported files, read again by Blender's importers or by hand."""

import json
import struct
from contextlib import contextmanager

import bpy
import numpy as np
from ecavatar.ecavatar_addon.export_samples import vertices_of

IMPORTERS = {".glb": "import_scene.gltf", ".fbx": "import_scene.fbx", ".usdz": "wm.usd_import", ".usdc": "wm.usd_import",
             ".abc": "wm.alembic_import"}


def seen(part, frame):
    """Vertices (V, 3) of an object in the world on a frame of the window's scene."""
    bpy.context.scene.frame_set(frame)
    return vertices_of(part, bpy.context.evaluated_depsgraph_get())


def at_rest(part):
    points = np.empty(3 * len(part.data.vertices), np.float32)
    part.data.vertices.foreach_get("co", points)
    return points.reshape(-1, 3)


@contextmanager
def imported(path):
    """Objects of a file, by name, in an empty scene with the frame rate of the window's."""
    window, before = bpy.context.window, bpy.context.scene
    scene = bpy.data.scenes.new("imported")
    scene.render.fps, scene.render.fps_base = before.render.fps, before.render.fps_base
    window.scene = scene
    group, name = IMPORTERS[path.suffix].split(".")
    try:
        getattr(getattr(bpy.ops, group), name)(filepath=str(path))
        yield {found.name: found for found in scene.objects}
    finally:
        window.scene = before


def nearest(points, others):
    """For each of the points (N, 3) the place of the nearest of the others (M, 3), which must be a twin of it."""
    from mathutils.kdtree import KDTree
    tree = KDTree(len(others))
    for place, other in enumerate(others):
        tree.insert(other, place)
    tree.balance()
    found = [tree.find(point) for point in points]
    assert max(distance for _, _, distance in found) < 1e-5
    return np.array([place for _, place, _ in found])


def read_glb(path):
    """JSON of a GLB, and a function that gives the values of an accessor that is not sparse."""
    content = path.read_bytes()
    assert content[:4] == b"glTF" and struct.unpack_from("<I", content, 8)[0] == len(content)
    length = struct.unpack_from("<I", content, 12)[0]
    scene, binary = json.loads(content[20:20 + length]), content[28 + length:]

    def values(index):
        accessor = scene["accessors"][index]
        view = scene["bufferViews"][accessor["bufferView"]]
        assert accessor["componentType"] == 5126                # float32
        width = {"SCALAR": 1, "VEC3": 3, "VEC4": 4}[accessor["type"]]
        start = view.get("byteOffset", 0) + accessor.get("byteOffset", 0)
        return np.frombuffer(binary, "<f4", accessor["count"] * width, start).reshape(accessor["count"], width)
    return scene, values
