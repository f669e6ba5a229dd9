"""Simple pictures of heads for tests and benchmarks: coloured by vertex, one light."""

import numpy as np
from numpy.typing import NDArray

from core.face.camera import Camera
from core.face.fit import Anchors
from core.face.skin_mask import BROWS
from core.head.model import MATERIALS, HeadBasis
from core.pictures.raster import Coverage, rasterise, vertex_normals
from core.pictures.sampling import bilinear
from core.types import Bytes, Floats

SIDE, FOCAL, DISTANCE = 512, 1100.0, 0.62
BROW_WIDTH = 0.004              # metres around the brow's landmarks
COLOURS = {"skin": (205, 160, 135), "lips": (175, 95, 90), "eye": (235, 235, 235), "iris": (70, 50, 35), "teeth": (230, 225, 210),
           "gums": (180, 100, 100), "tongue": (180, 90, 90), "brow": (80, 60, 50)}


def colours(basis: HeadBasis, anchors: Anchors, tone: tuple[int, int, int] = COLOURS["skin"]) -> Floats:
    """Return a plain colour for each vertex (V, 3) of the model: skin of this tone, lips, brows, eyes with an iris."""
    result = np.tile(np.array(tone, np.float32), (len(basis.vertices), 1))
    for face_material, quad in zip(basis.material, basis.quads, strict=True):
        name = MATERIALS[face_material]
        if name not in ("skin", "lashes"):          # strips of lashes would be black bands: they are mostly gaps
            result[quad] = COLOURS[name]
    skin = basis.part("skin").vertices
    result[skin][basis.regions == 0] = np.array(COLOURS["lips"]) * np.array(tone) / COLOURS["skin"]
    brows = anchors.points(basis.vertices)[np.concatenate(BROWS)]
    near = np.linalg.norm(basis.vertices[skin][:, None] - brows[None], axis=2).min(axis=1) < BROW_WIDTH
    result[skin][near] = COLOURS["brow"]
    for eye in ("eye_left", "eye_right"):
        part = basis.part(eye).vertices
        points = basis.vertices[part]
        front = points[:, 2] > points[:, 2].max() - 0.002
        result[part] = np.where(front[:, None], COLOURS["iris"], COLOURS["eye"])
    return result


def picture(basis: HeadBasis, vertices: Floats, camera: Camera, colour: Floats, light: NDArray[np.float64],
            albedo: Bytes | None = None) -> tuple[Bytes, Coverage]:
    """Return a shaded picture (SIDE, SIDE, 3) of a head, and the coverage of its triangles; albedo: of the skin, on its UVs."""
    triangles = np.concatenate([basis.quads[:, [0, 1, 2]], basis.quads[:, [0, 2, 3]]])
    covered = rasterise(camera.project(vertices), triangles, width=SIDE, height=SIDE)
    shade = np.clip(vertex_normals(vertices, triangles) @ light, 0, 1)[:, None] * 0.65 + 0.4
    image = covered.interpolate(triangles, np.clip(colour * shade, 0, 255))
    if albedo is not None:
        count = len(basis.quads)
        seen = (covered.triangle >= 0) & (basis.material[covered.triangle % count] == MATERIALS.index("skin"))
        corners = np.concatenate([basis.quad_uv[:, [0, 1, 2]], basis.quad_uv[:, [0, 2, 3]]])[covered.triangle[seen]]
        place = np.einsum("nk,nkc->nc", covered.weights[seen], basis.uv[corners]) * [1, -1] + [0, 1]
        size = np.array(albedo.shape[1::-1])
        skin = bilinear(albedo, *(place * size).astype(np.float32).T)
        image[seen] = skin * covered.interpolate(triangles, shade)[seen]
    image[covered.triangle < 0] = (150, 160, 170)
    return np.clip(image, 0, 255).astype(np.uint8), covered
