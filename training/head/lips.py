"""Close the lips: the inner rims of upper and lower lip meet along one curve, for every identity."""

from dataclasses import dataclass

import numpy as np

from .crop import Indices
from .source import Array

GATHERING, GATHERING_FORWARD, GATHERING_REACH = 0.22, 0.0035, 0.008     # of the mouth's half width; metres; metres
REACH = 0.0045                  # metres: how far the correction spreads over the lips (one standard deviation)


@dataclass(frozen=True)
class LipLine:
    """The rims that touch: vertex indices from the right to the left corner, one row each, and the corners."""

    upper: Indices
    lower: Indices
    corners: Indices

    @classmethod
    def from_half_loop(cls, half: list[int], mirror: Indices, vertices: Array) -> "LipLine":
        """Build it from a half loop (upper midline -> left corner -> lower midline) and the mirror map (V,)."""
        corner = int(np.argmax(vertices[half, 0]))
        upper, lower = np.array(half[:corner]), np.array(half[:corner:-1])
        both = [np.concatenate([mirror[side[:0:-1]], side]) for side in (upper, lower)]
        return cls(both[0], both[1], np.array([mirror[half[corner]], half[corner]]))

    def gathered(self, head: Array) -> Array:
        """Return offsets (V, 3) that draw the mouth of a head (V, 3) together: its corners inwards and forwards."""
        line = head[np.concatenate([self.corners[:1], self.upper, self.corners[1:]])]
        near = np.exp(-((head[:, None] - line[None]) ** 2).sum(axis=2).min(axis=1) / (2 * GATHERING_REACH**2))
        width = np.abs(line[:, 0]).max()
        share = np.clip(head[:, 0] / width, -1.2, 1.2)
        return near[:, None] * np.column_stack([-GATHERING * width * share, np.zeros(len(head)), GATHERING_FORWARD * np.abs(share)])

    def meeting(self, head: Array) -> tuple[Array, Array]:
        """Return the vertical moves (upper, lower) that bring both rims onto the curve half way between them."""
        moves = []
        for own, other in ((self.upper, self.lower), (self.lower, self.upper)):
            line = np.concatenate([self.corners[:1], other, self.corners[1:]])
            order = np.argsort(head[line, 0])
            facing = np.interp(head[own, 0], head[line[order], 0], head[line[order], 1])
            moves.append((facing - head[own, 1]) / 2)
        return moves[0], moves[1]

    def partners(self, head: Array) -> Indices:
        """Return for each upper lip vertex the lower one of a head (V, 3) that faces it (nearest in x)."""
        distance = np.abs(head[self.upper, 0][:, None] - head[self.lower, 0][None])
        return self.lower[np.argmin(distance, axis=1)]


class LipCloser:
    """Spreads the closing moves of a lip line smoothly over the lips around it."""

    def __init__(self, line: LipLine, vertices: Array, follow_jaw: Array) -> None:
        """Prepare for heads with this topology; vertices: (V, 3) a typical head; follow_jaw: (V,) 0 upper .. 1 lower."""
        self.line = line
        self.share = [spread(vertices, line.upper) * (1 - follow_jaw)[:, None], spread(vertices, line.lower) * follow_jaw[:, None]]

    def close(self, head: Array) -> Array:
        """Return the head (V, 3) with lips that meet."""
        head = head.copy()
        for _ in range(6):
            for share, moves in zip(self.share, self.line.meeting(head), strict=True):
                head[:, 1] += share @ moves
        return head

    def seal(self, head: Array) -> Array:
        """Return the head (V, 3) with lips that meet where they were apart; where they press into each other they still do."""
        head = head.copy()
        for _ in range(6):
            upper, lower = self.line.meeting(head)
            for share, moves in zip(self.share, (np.minimum(upper, 0), np.maximum(lower, 0)), strict=True):
                head[:, 1] += share @ moves
        return head

    def gap(self, head: Array) -> float:
        """Return the largest distance between the rims, metres."""
        return float(max(2 * np.abs(moves).max() for moves in self.line.meeting(head)))


def spread(vertices: Array, line: Indices, reach: float = REACH) -> Array:
    """Return (V, L): how much of each line vertex's move every vertex takes, 1 on the line, fading within `reach`, metres."""
    squared = ((vertices[:, None] - vertices[line][None]) ** 2).sum(axis=2)
    nearest = squared.min(axis=1, keepdims=True)
    weight = np.exp(-(squared - nearest) / (2 * (reach / 3) ** 2))
    return weight / weight.sum(axis=1, keepdims=True) * np.exp(-nearest / (2 * reach**2))


def mirror_map(vertices: Array) -> Indices:
    """Return for each vertex the one across the symmetry plane (the nearest to its mirror image)."""
    mirrored = vertices * [-1, 1, 1]
    blocks = [np.argmin(((vertices[None] - block[:, None]) ** 2).sum(axis=2), axis=1)
              for block in np.array_split(mirrored, max(len(vertices) // 256, 1))]
    return np.concatenate(blocks)
