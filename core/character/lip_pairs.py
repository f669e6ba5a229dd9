"""Where the lips of somebody else's head meet, found by what its keys move, and how far each key parts them."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ..types import Floats
from .shape_sources import DIRECT, GAP_MM

JAW = "jawOpen"
# shares of the way that the jaw key moves what it moves most: what goes along is lower lip, what stays is upper lip; how near they lie
LOWER, UPPER, NEAR = 0.5, 0.12, 0.08
CLOSED = 0.3                    # share of the way mouthClose moves its most, from which a vertex is lip, and not tooth or tongue
MIDDLE = 0.8                    # share of the farthest way among lower lips: the corners go less far
MOST = 1000                     # vertices of the lower lip that are looked at, from one corner to the other: enough for a mean
Pairs = tuple[NDArray[np.int64], NDArray[np.int64]]


def find_pairs(rest: Floats, jaw: Floats, closing: Floats) -> Pairs | None:
    """Return which vertices of the lower and of the upper lip (P,) meet in the middle of the mouth, at most MOST; None where lips
    cannot be told.

    rest: (V, 3) in any unit; jaw, closing: (V, 3), by how much the keys that open the jaw and shut the lips move them.
    """
    way, shut = (np.linalg.norm(offsets, axis=1) for offsets in (jaw, closing))
    farthest = way.max(initial=0)
    lower = np.flatnonzero((way > LOWER * farthest) & (shut > CLOSED * shut.max(initial=0)))
    if not len(lower):
        return None
    reach = NEAR * farthest
    low, high = rest[lower].min(axis=0) - reach, rest[lower].max(axis=0) + reach
    upper = np.flatnonzero((way < UPPER * farthest) & ((rest > low) & (rest < high)).all(axis=1))
    if not len(upper):
        return None
    along = int(np.ptp(rest[lower], axis=0).argmax())
    lower, upper = (side[np.argsort(rest[side, along], kind="stable")] for side in (lower, upper))
    lower = lower[::-(-len(lower) // MOST)]
    nearest, distance = nearest_among(rest[upper], rest[lower], along, reach)
    meeting = distance < reach
    if not meeting.any():
        return None
    meeting &= way[lower] > MIDDLE * way[lower[meeting]].max()
    return lower[meeting], upper[nearest[meeting]]


def nearest_among(places: Floats, asked: Floats, along: int, reach: float) -> tuple[NDArray[np.int64], Floats]:
    """Return which of the places (U, 3) is nearest to each one asked for (P, 3), and how far away it is: infinity where none is within
    `reach`. The places rise along an axis, so that few of them are compared, and one after another: meshes have a million vertices.
    """
    nearest, distance = np.zeros(len(asked), np.int64), np.full(len(asked), np.inf, np.float32)
    begin, end = (np.searchsorted(places[:, along], asked[:, along] + way) for way in (-reach, reach))
    for number in np.flatnonzero(end > begin):
        square = np.square(places[begin[number]:end[number]] - asked[number]).sum(axis=1)
        nearest[number] = begin[number] + square.argmin()
        distance[number] = np.sqrt(square.min())
    return nearest, distance


def gaps_of(pairs: Pairs, offsets: Callable[[str], Floats], keys: tuple[str, ...], jaw: str) -> Floats:
    """Return by how much each of the `keys` at 1 parts the lips (M,), in millimetres of our head: the jaws open equally far.

    offsets: gives a key's offsets (V, 3); jaw: the key that opens the jaw, and says which way is open.
    """
    lower, upper = pairs
    opened = offsets(jaw)
    down = (opened[lower] - opened[upper]).mean(axis=0)
    found = [float((moved[lower] - moved[upper]).mean(axis=0) @ down) for moved in map(offsets, keys)]
    return np.asarray(GAP_MM[JAW] * np.array(found) / (down @ down), np.float32)


def gaps_of_ours(sources: tuple[str, ...]) -> Floats:
    """Return by how many millimetres keys that show `sources` as our head does part the lips (M,); 0 for what is no mean of shapes."""
    return np.array([sum(GAP_MM.get(shape, 0.0) for shape in DIRECT.get(source, {})) for source in sources], np.float32)
