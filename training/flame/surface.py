"""What FLAME's masks and weights say of its skin: regions, where the lips meet, chin and ear of Sec. 3.4."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.errors import InputError
from core.head.model import REGIONS
from core.head.neck import spread_from
from core.head.skin_surface import skin_edges

from .model import JAW, Flame, points_of

LOWER = 0.5                     # of the jaw's weight from which skin goes with the jaw
RINGS = 4                       # rings around the mouth's opening in which the lips' contact is looked for
NEAR = 0.02                     # metres between the mouth's opening and the inner lips' landmarks
CHIN, EAR = 8, 16               # iBUG landmarks: the chin, and beside the left ear
CHIN_REACH, EAR_REACH = 0.012, 0.02     # metres around them in which the points of Sec. 3.4 are looked for
STILL = 0.05                    # the most weight of the jaw of a point that does not move with it
INNER = slice(60, 68)           # iBUG landmarks of the inner lips
Array = NDArray[np.float64]
Places = NDArray[np.int64]


@dataclass(frozen=True)
class Surface:
    """FLAME's skin: vertices (N,) of FLAME's V; points (N, 3), metres; triangles (F, 3) into them; jaw (N,) weights of the jaw;
    regions (N,) places in REGIONS; lower (N,): whether a lip is the lower one."""

    vertices: Places
    points: Array
    triangles: NDArray[np.int32]
    jaw: Array
    regions: NDArray[np.uint8]
    lower: NDArray[np.bool_]


@dataclass(frozen=True)
class LipRing:
    """Where the lips meet: upper and lower (L,) from the right to the left, facing each other; corners (2,) right, left; ring (R,) all
    of it."""

    upper: Places
    lower: Places
    corners: Places
    ring: Places


def skin_of(flame: Flame, masks: dict[str, Places]) -> Surface:
    """Return FLAME without its eyeballs."""
    eyes = np.zeros(len(flame.template), bool)
    eyes[np.concatenate([masks["left_eyeball"], masks["right_eyeball"]])] = True
    kept = np.flatnonzero(~eyes)
    place = np.full(len(eyes), -1)
    place[kept] = np.arange(len(kept))
    triangles = place[flame.triangles]
    triangles = triangles[(triangles >= 0).all(axis=1)].astype(np.int32)
    jaw = flame.weights[kept, JAW]
    return Surface(kept, flame.template[kept], triangles, jaw, regions_of(flame, masks)[kept], jaw > LOWER)


def regions_of(flame: Flame, masks: dict[str, Places]) -> NDArray[np.uint8]:
    """Return the regions (V,) of FuNet's losses (paper Fig. 5) for all of FLAME, the eyeballs "other".

    FLAME has no mask of the chin: it is what of the face goes with the jaw, below the lips' middle.
    """
    regions = np.full(len(flame.template), REGIONS.index("other"), np.uint8)
    for name in ("face", "eye_region", "forehead", "nose"):
        regions[masks.get(name, np.zeros(0, np.int64))] = REGIONS.index("face")
    lips = masks["lips"]
    height = flame.template[lips, 1].mean()
    chin = (regions == REGIONS.index("face")) & (flame.weights[:, JAW] > LOWER) & (flame.template[:, 1] < height)
    regions[chin] = REGIONS.index("chin")
    regions[lips] = REGIONS.index("lips")
    regions[np.concatenate([masks["left_eyeball"], masks["right_eyeball"]])] = REGIONS.index("other")
    return regions


def lip_ring(surface: Surface, inner: Array) -> LipRing:
    """Return where the lips meet: of the rings around the mouth's opening the one whose upper and lower half lie nearest.

    inner: (8, 3) landmarks of the inner lips. Raises InputError where the mesh has no opening there.
    """
    edges = skin_edges(surface.triangles)
    opening = mouth_opening(surface, inner)
    reached = np.zeros(len(surface.points), bool)
    reached[opening] = True
    best, least = LipRing(opening, opening, opening[:2], opening), np.inf
    ring = opening
    for _ in range(RINGS):
        found = halves(surface, ring)
        apart = np.inf
        if len(found.upper) > 2:
            apart = float(np.abs(surface.points[found.upper, 1] - surface.points[found.lower, 1]).mean())
        if apart < least:
            best, least = found, apart
        wider = reached.copy()
        wider[edges[reached[edges].any(axis=1)]] = True
        ring, reached = np.flatnonzero(wider & ~reached), wider
    return best


def mouth_opening(surface: Surface, inner: Array) -> Places:
    """Return the vertices of the border of the skin around the mouth; raise InputError where there is none near the inner lips."""
    sides = np.sort(np.concatenate([surface.triangles[:, [one, (one + 1) % 3]] for one in range(3)]), axis=1)
    sides, count = np.unique(sides, axis=0, return_counts=True)
    border = sides[count == 1]
    left = np.zeros(len(surface.points), bool)
    left[border] = True
    while left.any():
        loop = spread_from(np.arange(len(left)) == int(np.argmax(left)), border)
        if np.linalg.norm(surface.points[loop].mean(axis=0) - inner.mean(axis=0)) < NEAR:
            return np.flatnonzero(loop)
        left &= ~loop
    raise InputError("the head has no opening between the lips near its landmarks", "landmark embedding",
                     "choose the embedding that belongs to this FLAME model")


def halves(surface: Surface, ring: Places) -> LipRing:
    """Return a ring (R,) as upper and lower half; each vertex of the upper one has the lower one nearest across."""
    across = surface.points[ring, 0]
    corners = ring[[int(across.argmin()), int(across.argmax())]]
    rest = np.setdiff1d(ring, corners)
    upper, lower = (rest[surface.lower[rest] == side] for side in (False, True))
    upper = upper[np.argsort(surface.points[upper, 0])]
    if not len(lower) or not len(upper):
        return LipRing(upper[:0], lower[:0], corners, ring)
    facing = np.abs(surface.points[upper, 0][:, None] - surface.points[lower, 0][None]).argmin(axis=1)
    return LipRing(upper, lower[facing], corners, ring)


def chin_and_ear(flame: Flame, surface: Surface, corners: NDArray[np.int32], weights: Array) -> tuple[int, int]:
    """Return the chin's point P and the point Q below the left ear (Sec. 3.4), FLAME's vertices: of those around the landmarks, which
    corners and weights (68, 3) give, the pair whose segment turns most like the jaw itself."""
    marks = points_of(flame.template, corners, weights)
    points = surface.points
    below = marks[EAR] - [0, EAR_REACH / 2, 0]
    chins = np.flatnonzero((np.linalg.norm(points - marks[CHIN], axis=1) < CHIN_REACH) & (surface.jaw > 1 - STILL))
    ears = np.flatnonzero((np.linalg.norm(points - below, axis=1) < EAR_REACH) & (surface.jaw < STILL) & (points[:, 0] > 0))
    chins = chins if len(chins) else np.array([np.argmin(np.linalg.norm(points - marks[CHIN], axis=1))])
    ears = ears if len(ears) else np.array([np.argmin(np.linalg.norm(points - below, axis=1) + surface.jaw)])
    pose = np.zeros((len(flame.parents), 3))
    pose[JAW, 0] = opened = 0.2
    posed = flame.posed(flame.template, pose)[surface.vertices]
    turned = angle(points[chins][:, None], points[ears][None]) - angle(posed[chins][:, None], posed[ears][None])
    chin, ear = np.unravel_index(int(np.abs(turned - opened).argmin()), turned.shape)
    return int(surface.vertices[chins[chin]]), int(surface.vertices[ears[ear]])


def angle(chin: Array, ear: Array) -> Array:
    """Return the direction, radians, of the segment from ear to chin (..., 3) in the yoz plane."""
    segment = chin - ear
    return np.asarray(np.arctan2(segment[..., 1], segment[..., 2]))
