"""Where the face net's landmarks lie on our heads: python -m training.head.anchors --head H --task T --out assets/anchors.npz.

Our own sampled heads are drawn with simple shading, the net finds its landmarks in the pictures, and each landmark is
traced back to the surface; the median over heads is the anchor.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.camera import Camera, turn
from core.errors import InputError
from core.face_detection import LANDMARKS, FaceDetector
from core.files import write_arrays
from core.head_model import MATERIALS, HeadBasis
from core.raster import Coverage, rasterise, vertex_normals
from core.types import Bytes, Floats, Photo

SIDE, FOCAL, DISTANCE = 512, 1100.0, 0.62
UPPER_LIP = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)      # inner contour, right corner to left corner
LOWER_LIP = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)
IRISES = {"eye_right": range(468, 473), "eye_left": range(473, 478)}
COLOURS = {"skin": (205, 160, 135), "lips": (175, 95, 90), "eye": (235, 235, 235), "iris": (70, 50, 35), "lashes": (40, 30, 25),
           "teeth": (230, 225, 210), "gums": (180, 100, 100), "tongue": (180, 90, 90), "brow": (80, 60, 50)}


def colours(basis: HeadBasis) -> Floats:
    """Return a plain colour for each vertex (V, 3) of the model: skin, lips, brows, eyes with an iris."""
    result = np.tile(np.array(COLOURS["skin"], np.float32), (len(basis.vertices), 1))
    for face_material, quad in zip(basis.material, basis.quads, strict=True):
        name = MATERIALS[face_material]
        if name != "skin":
            result[quad] = COLOURS[name]
    skin = basis.part("skin").vertices
    result[skin][basis.regions == 0] = COLOURS["lips"]
    raised = np.abs(basis.expression(("browOuterUpLeft", "browOuterUpRight", "browInnerUp"), np.ones(3, np.float32))[skin][:, 1])
    eyes = basis.vertices[basis.part("eye_left").vertices].mean(axis=0)
    height = basis.vertices[skin][:, 1] - eyes[1]
    brow = (raised > 0.004) & (height > 0.018) & (height < 0.027) & (np.abs(basis.vertices[skin][:, 0]) > 0.012)
    result[skin][brow] = COLOURS["brow"]
    for eye in ("eye_left", "eye_right"):
        part = basis.part(eye).vertices
        points = basis.vertices[part]
        front = points[:, 2] > points[:, 2].max() - 0.002
        result[part] = np.where(front[:, None], COLOURS["iris"], COLOURS["eye"])
    return result


def picture(basis: HeadBasis, vertices: Floats, camera: Camera, colour: Floats, light: NDArray[np.float64]) -> tuple[Bytes, Coverage]:
    """Return a shaded picture (SIDE, SIDE, 3) of a head, and the coverage of its triangles."""
    triangles = np.concatenate([basis.quads[:, [0, 1, 2]], basis.quads[:, [0, 2, 3]]])
    covered = rasterise(camera.project(vertices), triangles, width=SIDE, height=SIDE)
    shade = np.clip(vertex_normals(vertices, triangles) @ light, 0, 1)[:, None] * 0.65 + 0.4
    image = covered.interpolate(triangles, np.clip(colour * shade, 0, 255))
    image[covered.triangle < 0] = (150, 160, 170)
    return np.clip(image, 0, 255).astype(np.uint8), covered


def trace(basis: HeadBasis, detector: FaceDetector, *, heads: int, random: np.random.Generator) -> Floats:
    """Return where each landmark falls on the mean head, one row per detected head (n, 478, 3), NaN where off the head."""
    triangles = np.concatenate([basis.quads[:, [0, 1, 2]], basis.quads[:, [0, 2, 3]]])
    colour, rows = colours(basis), []
    for _ in range(heads):
        vertices = basis.neutral(random.normal(size=len(basis.identity_basis)).astype(np.float32) * 0.9)
        yaw, pitch = random.uniform(-0.3, 0.3), random.uniform(-0.15, 0.15)
        rotation = turn(np.array([0, yaw, 0.0])) @ turn(np.array([pitch, 0, 0.0]))
        camera = Camera(rotation, np.array([0, 0, DISTANCE]), FOCAL, (SIDE / 2, SIDE / 2))
        light = np.array([random.uniform(-0.6, 0.6), random.uniform(0, 0.6), 1.0])
        image, covered = picture(basis, vertices, camera, colour, light / np.linalg.norm(light))
        try:
            face = detector.detect(Photo(image))
        except InputError:
            continue
        column, row = (np.clip(face.landmarks[:, axis].astype(int), 0, SIDE - 1) for axis in (0, 1))
        hit, weights = covered.triangle[row, column], covered.weights[row, column]
        points = np.einsum("nk,nkc->nc", weights, basis.vertices[triangles[np.maximum(hit, 0)]])
        points[hit < 0] = np.nan
        rows.append(points)
    return np.stack(rows)


def project(points: Floats, vertices: Floats, triangles: NDArray[np.int32]) -> tuple[NDArray[np.int32], Floats]:
    """Return the nearest point of the surface to each point (N, 3): triangle vertices (N, 3) and barycentric weights."""
    corners = vertices[triangles].astype(np.float64)
    centres = corners.mean(axis=1)
    chosen, weights = [], []
    for point in points:
        near = np.argsort(((centres - point) ** 2).sum(axis=1))[:24]
        first, edge1, edge2 = corners[near, 0], corners[near, 1] - corners[near, 0], corners[near, 2] - corners[near, 0]
        gram = np.stack([np.stack([(edge1 * edge1).sum(1), (edge1 * edge2).sum(1)], 1),
                         np.stack([(edge1 * edge2).sum(1), (edge2 * edge2).sum(1)], 1)], 1) + 1e-14 * np.eye(2)
        right = np.stack([((point - first) * edge1).sum(1), ((point - first) * edge2).sum(1)], 1)
        shares = np.clip(np.linalg.solve(gram, right[..., None])[..., 0], 0, 1)
        shares /= np.maximum(shares.sum(axis=1, keepdims=True), 1)
        bary = np.column_stack([1 - shares.sum(axis=1), shares])
        reached = np.einsum("nk,nkc->nc", bary, corners[near])
        best = int(np.argmin(((reached - point) ** 2).sum(axis=1)))
        chosen.append(triangles[near[best]])
        weights.append(bary[best])
    return np.array(chosen, np.int32), np.array(weights, np.float32)


def build(head: Path, task: Path, out: Path, *, heads: int = 60, seed: int = 3) -> dict[str, float]:
    """Write the anchors and return figures."""
    basis, detector = HeadBasis.load(head), FaceDetector.load(task)
    traced = trace(basis, detector, heads=heads, random=np.random.default_rng(seed))
    anchors = np.nanmedian(traced[:, :468], axis=0)
    scatter = np.nanmedian(np.linalg.norm(traced[:, :468] - anchors, axis=2), axis=0)
    anchors = symmetric(anchors)
    vertices, weights = project(anchors, basis.vertices, outer_skin(basis))
    for names, line in ((UPPER_LIP, basis.inner_lip_upper), (LOWER_LIP, basis.inner_lip_lower)):
        along = np.linspace(0, len(line) + 1, len(names))[1:-1] - 1
        for name, place in zip(names[1:-1], along, strict=True):
            low = int(np.clip(np.floor(place), 0, len(line) - 2))
            vertices[name] = [line[low], line[low + 1], line[low + 1]]
            weights[name] = [1 - (place - low), place - low, 0]
    for name, corner in zip((78, 308), basis.lip_corners, strict=True):
        vertices[name], weights[name] = corner, (1, 0, 0)
    irises = np.zeros((LANDMARKS - 468, 3), np.int32)
    for eye, places in IRISES.items():
        part = basis.part(eye).vertices
        irises[np.array(places) - 468] = part.start + int(np.argmax(basis.vertices[part][:, 2]))
    write_arrays(out, {"landmark_vertices": np.concatenate([vertices, irises]),
                       "landmark_weights": np.concatenate([weights, np.tile(np.array([1, 0, 0], np.float32), (len(irises), 1))])})
    return {"heads": heads, "detected": len(traced), "median scatter mm": 1e3 * float(np.median(scatter))}


def outer_skin(basis: HeadBasis) -> NDArray[np.int32]:
    """Return the skin's triangles that face forward or sideways outside (no mouth bag, no sockets)."""
    triangles = basis.skin_triangles
    centres = basis.vertices[triangles].mean(axis=1)
    corners = basis.vertices[triangles]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    outwards = (normals * (centres - [0, 0, -0.02])).sum(axis=1) > 0
    return triangles[outwards]


def symmetric(anchors: Floats) -> Floats:
    """Return anchors whose left and right partners (nearest to each other's mirror image) mirror each other."""
    mirrored = anchors * [-1, 1, 1]
    partner = np.argmin(((anchors[:, None] - mirrored[None]) ** 2).sum(axis=2), axis=1)
    mutual = partner[partner] == np.arange(len(anchors))
    averaged = (anchors + mirrored[partner]) / 2
    return np.where(mutual[:, None], averaged, anchors)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("head", "task", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    options = parser.parse_args()
    sys.stdout.write(json.dumps(build(options.head, options.task, options.out)) + "\n")
