"""How far down a person's hair falls over the forehead in the photo."""

import numpy as np
from numpy.typing import NDArray

from ..face.camera import UPRIGHT, Camera
from ..head.model import HeadBasis
from ..pictures.raster import vertex_normals
from ..types import Floats, Photo
from .hair_colour import of_people, sampled
from .hair_length import Likeness

# of the forehead on the mean head, metres: above the eyes from the brows up to the hairline, aside, in front of the ears
LOW, HIGH, ASIDE, FRONT = 0.020, 0.072, 0.042, 0.0
ROWS = np.arange(0.024, 0.069, 0.003)       # metres above the eyes, the lowest first: their lower and upper edges
MIDDLE = 0.035                              # metres aside that count
HALF = 0.5                                  # share of a row, and of all rows above it, that makes them hair
FREE = 0.050                                # metres above the eyes: hair that ends higher is no fringe, but a low hairline
LIFT, FACING = 0.004, 0.3                   # metres off the skin where hair is looked for; cosine to the camera
PLACES = np.array([(i, j, 5 - i - j) for i in range(6) for j in range(6 - i)]) / 5          # looked at on each triangle
LEAST_SEEN = 8                              # places of a row

Array = NDArray[np.float64]


def fringe_end(photo: Photo, head: Floats, *, hair: Floats, skin: Floats, camera: Camera, basis: HeadBasis) -> float:
    """Return how far above the eyes a fringe ends, metres; 0 where the forehead is free or nothing can be said.

    head: (V, 3) as the camera saw it; hair: (N, 3), skin: (M, 3) colours of them in this photo (hair_colour.seen_hair). What has a
    colour that no one's hair has is a hat.
    """
    if len(hair) == 0 or not of_people(np.median(hair, axis=0)):
        return 0.0
    places, above = forehead(head, camera, basis)
    pixels = camera.project(places)[:, :2]
    inside = ((pixels >= 0) & (pixels < photo.pixels.shape[1::-1])).all(axis=1)
    above, alike = above[inside], Likeness(hair, skin).of(sampled(photo, pixels[inside]))
    row = np.digitize(above, ROWS) - 1
    kept = (row >= 0) & (row < len(ROWS) - 1)
    seen, found = (np.bincount(row[kept], weights, len(ROWS) - 1) for weights in (None, alike[kept].astype(np.float64)))
    if (seen < LEAST_SEEN).any():
        return 0.0
    share = found / seen
    over = found[::-1].cumsum()[::-1] / seen[::-1].cumsum()[::-1]
    covered = np.flatnonzero((share >= HALF) & (over >= HALF))
    if len(covered) == 0 or ROWS[covered[0]] >= FREE:
        return 0.0
    return float(ROWS[covered[0]])


def forehead(head: Floats, camera: Camera, basis: HeadBasis) -> tuple[Array, Array]:
    """Return places (N, 3) just off the forehead of a head (V, 3) that face the camera, and how far above the eyes (N,), metres."""
    triangles, eyes = basis.skin_triangles, [basis.part(name).vertices for name in ("eye_left", "eye_right")]
    mean = basis.vertices[triangles].mean(axis=1)
    height = mean[:, 1] - np.mean([basis.vertices[part].mean(axis=0)[1] for part in eyes])
    chosen = (height > LOW) & (height < HIGH) & (np.abs(mean[:, 0]) < ASIDE) & (mean[:, 2] > FRONT)
    skin = head[basis.part("skin").vertices].astype(np.float64)
    normals = vertex_normals(skin.astype(np.float32), triangles)
    placed = camera.place(skin)
    facing = -((normals @ (UPRIGHT @ camera.rotation).T) * placed / np.linalg.norm(placed, axis=1, keepdims=True)).sum(axis=1)
    chosen &= (facing > FACING)[triangles].all(axis=1)
    places = np.einsum("pk,fkc->fpc", PLACES, (skin + LIFT * normals)[triangles[chosen]]).reshape(-1, 3)
    middle = np.mean([head[part].mean(axis=0) for part in eyes], axis=0)
    places = places[np.abs(places[:, 0] - middle[0]) < MIDDLE]
    return places, places[:, 1] - middle[1]
