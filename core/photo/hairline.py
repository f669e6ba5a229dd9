"""How far a person's hairline has gone back in the photo."""

import numpy as np
from numpy.typing import NDArray

from ..choices import Hairline
from ..face.camera import UPRIGHT, Camera
from ..head.model import HeadBasis
from ..head.scalp import behind_line
from ..pictures.raster import vertex_normals
from ..types import Floats, Photo
from .forehead import PLACES
from .hair_colour import of_people, sampled
from .hair_length import Likeness

ROWS = np.arange(0.0, 0.0521, 0.004)        # metres behind the front of a full hairline, the foremost first: the rows' edges
MIDDLE, TEMPLES = (0.0, 0.016), (0.026, 0.046)      # metres aside of the two places that are looked at
ABOVE = 0.072                               # metres up on the mean head: below are the sides
LIFT, FACING = 0.003, 0.20                  # metres off the skin where hair is looked for; cosine to the camera
HALF, LEAST_SEEN = 0.5, 8                   # share of places that makes a row, and all behind it, hair; places of a row
# metres behind that line where hair begins at the temples, and how much farther than in the middle: foreheads differ in height
BACK, FAR_BACK, FARTHER = 0.020, 0.030, 0.008
SEEN = 0.044                                # metres up to which the head has to be seen

Array = NDArray[np.float64]


def hairline(photo: Photo, head: Floats, *, hair: Floats, skin: Floats, camera: Camera, basis: HeadBasis) -> Hairline:
    """Return how far the hairline has gone back, "PHOTO" where that cannot be seen, "FULL" where it has not, as at a high forehead.
    Where no hair is seen at all above the forehead, it may be as pale as the skin, and nothing is said.

    head: (V, 3) as the camera saw it; hair: (N, 3), skin: (M, 3) colours of them in this photo (hair_colour.seen_hair).
    """
    if len(hair) == 0 or not of_people(np.median(hair, axis=0)):
        return "PHOTO"
    mean, places = top(head, camera, basis)
    pixels = camera.project(places)[:, :2]
    inside = ((pixels >= 0) & (pixels < photo.pixels.shape[1::-1])).all(axis=1)
    alike, way, aside = Likeness(hair, skin).of(sampled(photo, pixels)), behind_line(mean), np.abs(mean[:, 0])
    middle, temples = (begins(way[chosen], alike[chosen]) for chosen in (inside & (aside >= low) & (aside < high)
                                                                         for low, high in (MIDDLE, TEMPLES)))
    if temples < BACK or temples - middle < FARTHER:
        return "FULL"
    if np.isnan(middle) or np.isnan(temples):
        return "PHOTO"
    return "RECEDING" if temples >= FAR_BACK else "TEMPLES"


def begins(way: Array, alike: NDArray[np.bool_]) -> float:
    """Return how far behind the line hair begins, metres, of places that lie so far behind it (N,) and are `alike` (N,) hair or not;
    NaN where too few or none are."""
    row = np.digitize(way, ROWS) - 1
    kept = (row >= 0) & (row < len(ROWS) - 1)
    seen, found = (np.bincount(row[kept], weights, len(ROWS) - 1) for weights in (None, alike[kept].astype(np.float64)))
    rows = np.flatnonzero(seen >= LEAST_SEEN)
    if len(rows) == 0 or ROWS[rows[-1] + 1] < SEEN or (np.diff(rows) > 1).any() or rows[0] > 0:
        return np.nan
    seen, found = seen[rows], found[rows]
    behind = found[::-1].cumsum()[::-1] / seen[::-1].cumsum()[::-1]
    hair = np.flatnonzero((found >= HALF * seen) & (behind >= HALF))
    return float(ROWS[hair[0]]) if len(hair) else np.nan


def top(head: Floats, camera: Camera, basis: HeadBasis) -> tuple[Array, Array]:
    """Return places on top of the head that face the camera: on the mean head (N, 3), and just off a head (V, 3) (N, 3), metres."""
    triangles, part = basis.skin_triangles, basis.part("skin").vertices
    mean, skin = basis.vertices[part].astype(np.float64), head[part].astype(np.float64)
    normals = vertex_normals(skin.astype(np.float32), triangles)
    placed = camera.place(skin)
    facing = -((normals @ (UPRIGHT @ camera.rotation).T) * placed / np.linalg.norm(placed, axis=1, keepdims=True)).sum(axis=1)
    chosen = triangles[((mean[:, 1] > ABOVE) & (facing > FACING))[triangles].all(axis=1)]
    first, second = (np.einsum("pk,fkc->fpc", PLACES, points[chosen]).reshape(-1, 3) for points in (mean, skin + LIFT * normals))
    return first, second
