"""Locks: strands that grow near each other keep together, the more so the nearer to their tips, and lie over or under other locks."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

TIPS = 1.4                      # power of the way along a strand with which it comes to its lock

# of hair that hangs: how deep, 0 to 1 and a little more, the inmost to the outermost locks lie; by how much strands of one differ;
# share of strands that lie below them, to fill the gaps, how deep and how closely; how closely the others keep together, and how soon
LIFT, WITHIN, BELOW, LOW, LOOSE, CLOSE, SOON = (0.15, 1.15), 0.12, 0.25, 0.40, 0.30, (0.80, 0.97), 0.50

Array = NDArray[np.float64]
Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Locks:
    """leader: (N,) the strand that each of N follows, and how closely: close (N,); depth: (N,) 0 the inmost .. 1 the outermost."""

    leader: Indices
    depth: Array
    close: Array

    @classmethod
    def of(cls, places: Array, count: int, random: np.random.Generator) -> "Locks":
        """Choose `count` locks for strands rooted at places (N, 3)."""
        leader, each = leaders(places, count, random), len(places)
        lift = (LIFT[0] + (LIFT[1] - LIFT[0]) * random.uniform(0, 1, each))[leader] - WITHIN * random.uniform(0, 1, each)
        below = (random.uniform(0, 1, each) < BELOW) & (leader != np.arange(each))
        depth = np.where(below, LOW * random.uniform(0, 1, each), np.clip(lift, 0, 1))
        return cls(leader, depth, np.where(below, LOOSE, random.uniform(*CLOSE, each)))


def leaders(places: Array, count: int, random: np.random.Generator) -> Indices:
    """Return for places (N, 3) the nearest of `count` of them that are drawn by chance (N,): the strand that each follows."""
    drawn = random.choice(len(places), min(count, len(places)), replace=False)
    square = (places[drawn] ** 2).sum(axis=1)
    nearest = [(square - 2 * block @ places[drawn].T).argmin(axis=1) for block in np.array_split(places, len(places) // 1024 + 1)]
    return np.asarray(drawn[np.concatenate(nearest)])


def gathered(strands: Array, leader: Indices, share: Array, power: float = TIPS) -> Array:
    """Return the strands (N, P, 3) drawn by a `share` (N,) towards the ones (N,) they follow, more so towards their tips."""
    along = np.linspace(0, 1, strands.shape[1])[None, :, None] ** power
    reach = np.linalg.norm(np.diff(strands, axis=1), axis=2).sum(axis=1)
    fitting = np.minimum(1, reach / np.maximum(reach[leader], 1e-6))[:, None, None] ** 0.5      # short ones stay behind
    return np.asarray(strands + share[:, None, None] * fitting * along * (strands[leader] - strands))
