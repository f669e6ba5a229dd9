"""Locks: strands that grow near each other keep together, the more so the nearer to their tips."""

import numpy as np
from numpy.typing import NDArray

TIPS = 1.4                      # power of the way along a strand with which it comes to its lock

Array = NDArray[np.float64]
Indices = NDArray[np.int64]


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
