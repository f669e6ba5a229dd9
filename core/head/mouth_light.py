"""How much light of the surroundings comes through the lips to what lies in an open mouth, for views that cast no shadows."""

import numpy as np
from numpy.typing import NDArray

from ..pictures.colours import GUMS, TEETH, TONGUE, encoded
from ..pictures.raster import rasterise, vertex_normals
from ..types import Bytes, Floats
from .model import HeadBasis
from .mouth_atlas import BANDS, faces_of
from .skin_surface import from_contact, in_mouth, skin_edges
from .uv_image import padded

# a mouth that is open as in loud speech, with the lips off the teeth as in a smile
OPEN = {"jawOpen": 0.35, "mouthSmileLeft": 0.3, "mouthSmileRight": 0.3, "mouthUpperUpLeft": 0.3, "mouthUpperUpRight": 0.3,
        "mouthLowerDownLeft": 0.2, "mouthLowerDownRight": 0.2}
FLOOR = np.array([0.11, 0.06, 0.055])       # of the light outside, what mucous membrane passes on everywhere
FULL = 0.75                     # form factor from which a place is as light as one outside
SOFT = np.array([0.8, 1.0, 1.05])           # power of the share of that: light goes to and fro, the red of it most
RIM = 0.010                     # metres inside the lips over which their light becomes that of the mouth
SIDE = 512                      # pixels of the image
COLOURS = {"teeth": TEETH, "gums": GUMS, "tongue": TONGUE}

Array = NDArray[np.float64]


def mouth_light(basis: HeadBasis) -> Floats:
    """Return how much of the light outside arrives in an open mouth at each vertex (V, 3), by channel; 1 where it is not in the mouth.

    The opening shines evenly: its form factor is that of its outline (Lambert 1760, Photometria).
    """
    names = tuple(OPEN)
    vertices = basis.vertices + basis.expression(names, np.array(list(OPEN.values()), np.float32))
    triangles = np.concatenate([basis.quads[:, [0, 1, 2]], basis.quads[:, [0, 2, 3]]])
    outline = vertices[np.concatenate([basis.inner_lip_lower, basis.inner_lip_upper[::-1]])].astype(np.float64)
    skin, edges = basis.part("skin").vertices, skin_edges(basis.skin_triangles)
    inside = np.zeros(len(vertices))
    for part in {part for part, _ in BANDS} & set(basis.part_names):
        inside[basis.part(part).vertices] = 1
    inside[skin] = in_mouth(basis, edges) * np.clip(from_contact(basis, edges) / RIM, 0, 1)
    deep = np.flatnonzero(inside)
    seen = form_factor(vertices[deep].astype(np.float64), vertex_normals(vertices, triangles)[deep].astype(np.float64), outline)
    shade = FLOOR + (1 - FLOOR) * np.clip(seen[:, None] / FULL, 0, 1)**SOFT
    light = np.ones((len(vertices), 3))
    light[deep] += inside[deep, None] * (shade - 1)
    return np.asarray(light, np.float32)


def form_factor(points: Array, normals: Array, outline: Array) -> Array:
    """Return the form factor (V,) of a surface within an outline (N, 3), clockwise as seen from points (V, 3) of unit normals (V, 3);
    what lies below a point's horizon counts negative."""
    total = np.zeros(len(points))
    rays = outline[:, None] - points                                                    # (N, V, 3)
    rays /= np.maximum(np.linalg.norm(rays, axis=2, keepdims=True), 1e-9)
    for first, second in zip(rays, np.roll(rays, -1, axis=0), strict=True):
        across = np.cross(first, second)
        sine = np.linalg.norm(across, axis=1)
        angle = np.arctan2(sine, (first * second).sum(axis=1))
        total += angle / np.maximum(sine, 1e-9) * (across * normals).sum(axis=1)
    return total / (2 * np.pi)


def mouth_image(basis: HeadBasis, light: Floats) -> Bytes:
    """Return teeth, gums and tongue in that light (V, 3), sRGB (SIDE, SIDE, 3), top row first, in the UVs of `laid_out` models."""
    image, covered = np.zeros((SIDE, SIDE, 3), np.float32), np.zeros((SIDE, SIDE), bool)
    flat = basis.uv * [1, -1] * SIDE + [0, SIDE]
    for part, material in BANDS:
        faces = faces_of(basis, part, material)
        if not len(faces):
            continue
        corners, places = (np.concatenate([of[faces][:, [0, 1, 2]], of[faces][:, [0, 2, 3]]]) for of in (basis.quads, basis.quad_uv))
        points = np.zeros((len(flat), 3))
        points[:, :2], points[places, 2] = flat, -light[corners].sum(axis=2)      # where two lie on each other, the lighter is shown
        shown = rasterise(points, places, width=SIDE, height=SIDE)
        here = shown.triangle >= 0
        values = np.einsum("nk,nkc->nc", shown.weights[here], light[corners[shown.triangle[here]]])
        image[here], covered = 255 * encoded(values * COLOURS[material]), covered | here
    return padded(image, covered)
