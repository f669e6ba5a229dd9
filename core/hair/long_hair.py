"""Hair to the chin or below the shoulders: strands that lie over the cranium, parted, and hang down past ears and neck in locks.

A plain layered cut without a fringe, so that a person with long hair does not come back with a crew cut, not the photo's own cut.
Strands walk over the cranium as short hair does (core/hair/short_hair.py) and fall freely from where it bends under.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..choices import Hairline, Waves
from ..head.model import HeadBasis
from ..head.scalp import CRANIUM, FRINGE, RADII, Scalp, ended
from ..types import Floats
from .curls import HANGING, curled
from .locks import SOON, Indices, Locks, gathered
from .short_hair import CROPS, ROOT_RADIUS, STRANDS, TIP_RADIUS, Cut, rooted
from .strands import Strands

POINTS, STEP = 16, 0.008                    # of a strand; metres between the places it walks over before
PARTING = 0.36                              # of the cranium's half width, aside of the middle
HAIRLINE, ROUND = (0.45, 0.25), 2.4         # depth on the unit cranium from and over which hair goes around the forehead; how strongly
ASIDE, DOWN, BACK = 1.5, 1.0, 0.15          # how strongly hair goes away from the parting, down, and out of the face
HANG = 0.02                                 # height on the unit cranium below which hair hangs freely
# metres that the outermost strands stand off at the sides where nothing else is known, and bounds; on top
VOLUME, VOLUMES, CROWN, HIGHER = 0.016, (0.012, 0.030), 0.020, 0.9         # the last: of full hair's volume
TOP = (0.50, 0.90)                          # heights on the unit cranium over which the one turns into the other
GATHER_BACK, GATHER_SIDE = 2.4, 1.6         # how fast hanging hair comes in towards the neck, at the back and the sides, 1/metre
NECK, NECK_ROOM = np.array([0.0, 0.0, -0.085]), 0.068       # its axis, and metres that hanging hair keeps from it
EAR_ROOM = 0.004, 0.012                     # metres that hair passes outside the ears
EAR_SLOPE, EAR_BEFORE = np.array([0.0, 0.030, 0.028]), 0.010            # metres around the ears over which hair rises onto them
EAR_FROM, FALL = 0.045, 0.60                # metres aside from where hair is thought to lie over ears; how fast it comes in again
FACE_HALF, FACE_BACK, FACE_UP = 0.052, -0.055, 0.02         # metres: what is surely face or throat, aside, behind and above the eyes
EAR_ABOVE, SIDEBURN = 0.004, 0.020          # metres above the ears below which hair before them stays short: so long
# metres behind the eyes where hair ends at the temples; off the skin there; by which it flares behind, and higher than above the eyes
BESIDE, EDGE_ROOM, FLARE, FLARED = 0.012, 0.002, 1.5, (0.045, 1.2)
# metres that hair falls forward onto the temples; that share fades out behind; from where above the eyes, and over which
FORWARD, FORWARD_OVER, FORWARD_FROM = 0.012, 0.030, (0.055, 0.045)
EVEN = 3                                    # times a strand is smoothed after it went around ears and face
# metres that the outermost come in at their ends, more the fuller the hair; above the ends where that begins
UNDER, FULLER, UNDER_FROM = 0.012, 0.9, 0.060
LAYERS, GRADED = 0.026, 0.16                # metres by which the outermost strands end above the inmost; and fall to the back
NAPE, BEHIND = 0.102, (-0.050, 0.080)       # metres below the eyes that hair reaches behind at least; from where, over which
BLUNT, EVENLY, LAYERED = 0.12, 0.25, 0.110  # share of all that: in one line; else at least; all so far below the eyes
LEAST = 0.018                               # metres that every strand goes down
LOCKS = 240                                 # strands end together in so many of them
RAGGED, TAPER = 0.007, 0.038                # metres by which locks, and strands within one, end unevenly
SWEPT, EDGE = 0.14, 0.008                   # by which the front edge leans back on its way down; metres over which strands form it
WILD, UNRULY, THICK = 0.10, 0.05, 1.25
TANGLED, NEAR, FOR = 4.0, 0.013, 6          # times as wild start strands that are rooted so near a parting, metres; for so many steps
LOW, RISE = 0.7, 0.040                      # by which those lie lower; metres over which hair rises from the skin
SUNK = 0.004                                # metres below the skin at which a strand ends instead of being pushed out

Array = NDArray[np.float64]


def long_hair(neutral: Floats, basis: HeadBasis, random: np.random.Generator, *, below_eyes: float, volume: float = 0.0,
              side: float = 1.0, waves: Waves = "STRAIGHT", blunt: bool = False, hairline: Hairline = "FULL",
              count: int = STRANDS) -> Strands:
    """Return at most `count` strands on the head `neutral` (V, 3), which end about `below_eyes` metres below the eyes; fewer and of
    more points the more they curl.

    volume: metres that they stand off, 0 as on most people; side: of the parting, as in core/hair/short_hair.py; blunt: whether they
    end in one line instead of layers.
    """
    scalp, curl = Scalp.of(neutral, basis), HANGING.get(waves)
    number, share, thick = (round(POINTS * curl.points), curl.count, curl.thick) if curl is not None else (POINTS, 1.0, 1.0)
    roots, triangle, weights, mean, edge = rooted(neutral, basis, random, round(share * count), hairline=hairline,
                                                  parted=side * PARTING * RADII[0])
    cut = Cut.of(mean, edge, random, CROPS["STRAIGHT"])
    locks = Locks.of(mean, LOCKS, random)
    lock, depth = locks.leader, locks.depth.copy()
    uneven = BLUNT if blunt else float(np.clip(below_eyes / LAYERED, EVENLY, 1))
    end = scalp.eyes[1] - below_eyes + uneven * (ragged(lock, random) + LAYERS * (depth - 0.5))
    depth[end > roots[:, 1] - LEAST] = 0.0                              # the nape's and the sides' lie on the skin
    beside = (roots[:, 1] < scalp.ears[:, 1].max() + EAR_ABOVE) & (roots[:, 2] > scalp.ears[:, 2].mean())
    depth[beside], end[beside] = 0.0, np.maximum(end[beside], roots[beside, 1] - SIDEBURN)
    steps = int((max(below_eyes, NAPE) + 0.26) / STEP)
    full = float(np.clip(volume, *VOLUMES)) if volume > 0 else VOLUME
    path = cleared(forward(Walk(scalp, depth, full, side, random).paths(roots, cut, steps), scalp), scalp, depth)
    end = end + uneven * GRADED * (path[:, -1, 2] - NECK[2]).clip(-0.08, 0.08)
    behind = np.clip((BEHIND[0] - path[:, -1, 2]) / BEHIND[1], 0, 1)
    end = np.minimum(end - max(NAPE - below_eyes, 0) * behind, roots[:, 1] - LEAST)
    points = resampled(turned_under(path, end, depth * (UNDER + FULLER * max(full - VOLUME, 0))), end, number)
    grown = np.linalg.norm(points[:, -1] - points[:, 0], axis=1) > 0.5 * LEAST
    points = gathered(gathered(points, cut.clump, 0.6 * cut.gather), lock, locks.close, SOON)
    if curl is not None:
        points = curled(points, lock, curl, random)
    points = cleared(points, scalp, depth, 0.0 if curl is None else curl.radius)
    pushed = np.where(points[..., 1:2] > CRANIUM[1], scalp.outside(points, 0.0006), points)    # below it that leads through the neck
    points, left = ended(pushed, within(points, scalp) | (np.linalg.norm(pushed - points, axis=2) > SUNK))
    grown &= left
    radius = THICK * thick * np.linspace(ROOT_RADIUS, 1.5 * TIP_RADIUS, number)[None] * cut.thickness[:, None]
    return Strands(points[grown].astype(np.float32), radius[grown].astype(np.float32), triangle[grown],
                   weights[grown].astype(np.float32))


def ragged(lock: Indices, random: np.random.Generator) -> Array:
    """Return by how much, metres, strands end above or below where they should: locks unevenly, and the strands of each, whose `lock`
    (N,) is its longest, so that it ends in a point."""
    within = TAPER * random.uniform(0, 1, len(lock)) ** 1.5
    within[np.unique(lock)] = 0
    return np.asarray(random.normal(0, RAGGED, len(lock))[lock] + within - within.mean())


def within(points: Array, scalp: Scalp) -> NDArray[np.bool_]:
    """Return which points (..., 3) lie in the face or the throat: strands of the fringe that went down there instead of aside."""
    x, y, z = np.moveaxis(points, -1, 0)
    return np.asarray((np.abs(x) < FACE_HALF) & (z > FACE_BACK) & (y < scalp.eyes[1] + FACE_UP))


@dataclass(frozen=True)
class Walk:
    """How strands run over one head; depth: (N,) 0 the inmost .. 1 the outermost; volume: metres that those stand off at the sides;
    side: of the parting."""

    scalp: Scalp
    depth: Array
    volume: float
    side: float
    random: np.random.Generator

    def paths(self, roots: Array, cut: Cut, steps: int) -> Array:
        """Return the places (N, steps, 3) from roots (N, 3) on, STEP metres apart, metres."""
        place = (roots - CRANIUM) / RADII
        place /= np.linalg.norm(place, axis=1, keepdims=True)
        wild = self.random.normal(0, WILD, place.shape)[cut.clump] + self.random.normal(0, UNRULY, place.shape)
        wild *= [-1.0 if self.side < 0 else 1.0, 1.0, 1.0]              # so that one side is the other's mirror image
        off = roots - self.scalp.skin(place)
        line = np.hypot(roots[:, 0] - self.side * PARTING * RADII[0], np.clip(TOP[0] - place[:, 1], 0, None) * RADII[1])
        near = np.exp(-((line / NEAR) ** 2))
        tangled, depth = TANGLED * near[:, None], self.depth * (1 - LOW * near)         # or the scalp would lie bare along it
        points, lying = [roots], np.arange(len(roots))
        for step in range(1, steps):
            share = min(1.0, step * STEP / RISE)
            following = self.fallen(points[-1], wild)
            here, along = place[lying], self.flow(place[lying]) + wild[lying] * (1 + tangled[lying] * max(0, 1 - step / FOR))
            along -= (along * here).sum(axis=1, keepdims=True) * here
            here = here + along * (STEP / np.maximum(np.linalg.norm(along * RADII, axis=1, keepdims=True), 1e-9))
            here /= np.linalg.norm(here, axis=1, keepdims=True)
            normal = here / RADII
            normal /= np.linalg.norm(normal, axis=1, keepdims=True)
            high = np.clip((here[:, 1] - TOP[0]) / (TOP[1] - TOP[0]), 0, 1)
            height = (self.volume + (max(CROWN, HIGHER * self.volume) - self.volume) * high) * depth[lying] * (1 - (1 - share) ** 2)
            following[lying] = self.scalp.skin(here) + off[lying] * (1 - share) + normal * height[:, None]
            points.append(following)
            place[lying] = here
            lying = lying[here[:, 1] >= HANG]
        return np.stack(points, axis=1)

    def flow(self, place: Array) -> Array:
        """Return where hair at `place` (N, 3) on the unit cranium is combed to (N, 3)."""
        x, y, z = place.T
        top = np.clip((y - 0.35) / 0.5, 0, 1)
        front = np.clip((z + 0.5) / 0.8, 0, 1)                          # the parting ends at the crown
        hairline = np.clip((z - HAIRLINE[0]) / HAIRLINE[1], 0, 1)           # it goes around the forehead
        aside = (ASIDE * top * front + ROUND * hairline) * np.tanh((x - self.side * PARTING) / 0.03)
        back = -BACK * np.clip((z + 0.2) / 0.8, 0, 1)
        behind = -0.8 * top * (1 - front)                               # from the crown straight back and down
        return np.stack([aside, np.full(len(place), -DOWN), back + behind], axis=1)

    def fallen(self, points: Array, wild: Array) -> Array:
        """Return where hair hanging at points (N, 3) goes on."""
        x, _, z = (points - NECK).T
        out = np.maximum(np.hypot(x, z), 1e-6)
        at_back = np.clip(-z / out, 0, 1)
        inward = STEP * (GATHER_SIDE + (GATHER_BACK - GATHER_SIDE) * at_back)
        inward = np.minimum(inward, np.clip(1 - NECK_ROOM / out, 0, None))          # not into the neck
        return points + np.stack([-inward * x, np.full(len(points), -STEP), -inward * z * at_back], axis=1) \
            + 0.12 * STEP * wild * [1, 0, 1]


def forward(paths: Array, scalp: Scalp) -> Array:
    """Return paths (N, P, 3) that fall forward onto the temples."""
    low = np.clip((scalp.eyes[1] + FORWARD_FROM[0] - paths[..., 1]) / FORWARD_FROM[1], 0, 1)
    behind = np.clip(scalp.eyes[2] - BESIDE - FORWARD - paths[..., 2], 0, None)
    moved = paths.copy()
    moves = FORWARD * low * low * (3 - 2 * low) * np.exp(-(behind / FORWARD_OVER) ** 2)
    moved[..., 2] += np.clip(moves - moves[:, :1], 0, None)             # roots stay
    return moved


def cleared(paths: Array, scalp: Scalp, depth: Array, slack: float = 0.0) -> Array:
    """Return paths (N, P, 3) that pass outside the ears and beside the face; the roots stay.

    slack: metres that curls take up: strands may come so much nearer to the face, and keep their turns.
    """
    result = paths.copy()
    room = EAR_ROOM[0] + (EAR_ROOM[1] - EAR_ROOM[0]) * depth[:, None]
    low, high = scalp.ears.min(axis=0), scalp.ears.max(axis=0)
    middle, half = (low + high) / 2, (high - low) / 2 + EAR_SLOPE
    temple, before = scalp.half_width(scalp.eyes[2] - BESIDE), half[2] - EAR_SLOPE[2] + EAR_BEFORE
    for _ in range(EVEN if slack == 0 else 1):
        x, y, z = np.moveaxis(result, 2, 0)
        behind = scalp.eyes[2] - BESIDE + 2 * slack - EDGE * depth[:, None] - SWEPT * np.clip(scalp.eyes[1] + FRINGE - y, 0, 0.12)
        result[..., 2] = np.where(y < scalp.eyes[1] + FRINGE + 0.015, np.minimum(z, behind), z)
        aside = np.abs(x)
        long = (z - middle[2]) / np.where(z > middle[2], before, half[2])
        bulge = np.clip(1 - ((y - middle[1]) / half[1]) ** 2, 0, 1) * np.clip(1 - long**2, 0, 1)
        outermost = np.where(x > 0, high[0], -low[0]) + room
        aside += np.where((aside > EAR_FROM) & (depth[:, None] > 0), np.maximum(outermost - aside, 0) * np.minimum(1.5 * bulge, 1), 0)
        fall = FALL * (y[:, :1] - y)                                        # what hangs over an ear comes in slowly below it
        kept = np.maximum.accumulate(np.where(y < middle[1], aside + fall, 0), axis=1) - fall
        aside = np.where(aside > EAR_FROM, np.maximum(aside, kept), aside)
        flared = temple + EDGE_ROOM + FLARE * np.clip(scalp.eyes[2] - BESIDE - z, 0, None) \
            + FLARED[1] * np.clip(y - scalp.eyes[1] - FLARED[0], 0, None)
        result[..., 0] = np.sign(x) * np.minimum(aside, flared)
        if slack == 0:
            result[:, 1:-1] = 0.25 * result[:, :-2] + 0.5 * result[:, 1:-1] + 0.25 * result[:, 2:]
        result[:, 0] = paths[:, 0]
    return result


def turned_under(paths: Array, end: Array, under: Array) -> Array:
    """Return paths (N, P, 3) that come in by `under` (N,) metres towards the neck before their ends at the heights `end` (N,)."""
    near = np.clip(1 - (paths[..., 1:2] - end[:, None, None]) / UNDER_FROM, 0, 1)
    near -= near[:, :1]                                                 # roots stay
    out = (paths - NECK) * [1, 0, 1]
    out /= np.maximum(np.linalg.norm(out, axis=2, keepdims=True), 1e-9)
    return np.asarray(paths - under[:, None, None] * np.clip(near, 0, 1)**2 * out)


def resampled(paths: Array, end: Array, points: int) -> Array:
    """Return paths (N, P, 3) as so many points each, evenly spaced, down to the heights `end` (N,)."""
    steps = np.linalg.norm(np.diff(paths, axis=1), axis=2)
    steps[paths[:, 1:, 1] < end[:, None]] = 0                           # below the end nothing is walked
    along = np.concatenate([np.zeros((len(paths), 1)), steps.cumsum(axis=1)], axis=1)
    wanted = np.linspace(0, 1, points)[None] * along[:, -1:]
    low = np.clip((along[:, None, :] < wanted[..., None]).sum(axis=2) - 1, 0, paths.shape[1] - 2)
    rows = np.arange(len(paths))[:, None]
    span = np.maximum(along[rows, low + 1] - along[rows, low], 1e-9)
    share = np.clip((wanted - along[rows, low]) / span, 0, 1)[..., None]
    return paths[rows, low] * (1 - share) + paths[rows, low + 1] * share
