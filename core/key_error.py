"""How far keys that differ from the weights move the mesh, where too far, and whose fault it is."""

import numpy as np
from numpy.typing import NDArray

from .head_model import HeadBasis
from .mouth import central_pairs
from .types import Floats

Places = NDArray[np.int64]
LIMIT = 0.0002                  # metres that a vertex may be off in any frame, all shapes together
CERTAIN = 0.99                  # share of a limit that is used, since Blender counts in single precision
OPENED = 2e-6                   # metres that touching lips may be further apart
CHUNK = 128                     # frames whose vertices are looked at together


class MeshError:
    """What errors of the curves (C, T) of shapes do to a head; of the correctives too."""

    def __init__(self, weights: Floats, basis: HeadBasis, moving: Places, member: Places, *, limit: float, share: float) -> None:
        """weights: (T, K); moving: (S,) places of the shapes that move; member: (S,) which curve each follows; share: of `limit`."""
        self.weights, self.basis, self.moving, self.member, self.limit = weights, basis, moving, member, CERTAIN * limit
        offsets = basis.expressions[moving]
        follows = (np.arange(member.max() + 1)[:, None] == member).astype(np.float32)
        curves = np.tensordot(follows, offsets, 1)
        distances = np.linalg.norm(curves, axis=2)
        self.reach = distances.max(axis=1)                                      # (C,) metres that a curve at 1 moves a vertex
        self.tolerance = share * limit / np.maximum(self.reach, 1e-6)           # (C,)
        self.before = basis.corrective_weights(basis.expression_names, weights)
        used = np.isin(basis.corrective_pairs, moving)
        self.extra = np.flatnonzero(used.any(axis=1))
        correctives = basis.corrective_basis[self.extra].astype(np.float32)
        each = np.zeros(len(basis.expression_names), np.float32)
        each[moving] = self.tolerance[member]
        bound = each[basis.corrective_pairs[self.extra, 0]] + np.abs(basis.corrective_gains[self.extra]) * each[
            basis.corrective_pairs[self.extra, 1]]
        furthest = self.tolerance @ distances + bound @ np.linalg.norm(correctives, axis=2)
        watched = np.flatnonzero(furthest > self.limit)                         # no other vertex can be off by more
        self.offsets = np.concatenate([offsets, correctives])[:, watched].transpose(2, 0, 1).copy()      # (3, S + C', W)
        upper, lower = (np.concatenate([offsets, correctives])[:, side, 1].mean(axis=1) for side in central_pairs(basis))
        self.parting = upper - lower                                            # (S + C',) metres of the lips' gap
        self.seen = np.full((len(curves), len(weights)), np.inf, np.float32)    # the differences looked at last
        self.bad = np.ones(len(weights), bool)                                  # frames in which they were too large

    def missing(self, difference: Floats, room: Floats) -> Places:
        """Return at which places of the curves, one after the other, a key is missing; none where all is well.

        difference: (C, T) by which the curves are off; room: (T,) metres by which the lips may be further apart there.
        """
        off = self.off(difference)
        furthest, direction = self.furthest(off, self.bad | (difference != self.seen).any(axis=0))
        opened = off @ self.parting - np.maximum(room, OPENED)
        apart, opening = furthest > self.limit, opened > 0
        excess = np.maximum(np.where(apart, furthest / self.limit, 0), np.where(opening, 1 + opened / self.limit, 0))
        self.seen, self.bad = difference, excess > 0
        around = np.lib.stride_tricks.sliding_window_view(np.pad(excess, 2), 5).max(axis=1)
        worst = np.flatnonzero((excess > 0) & (excess == around))
        count = len(self.moving)
        shares = np.where(opening[worst, None], off[worst, :count] * self.parting[:count], direction[worst])
        by_curve = np.zeros((len(worst), len(difference)), np.float32)
        np.add.at(by_curve.T, self.member, shares.T)
        by_curve[difference.T[worst] == 0] = -np.inf
        guilty = by_curve.argmax(axis=1)
        return np.unique(guilty * difference.shape[1] + worst)

    def off(self, difference: Floats) -> Floats:
        """Return by how much shapes and correctives are off, (T, S + C')."""
        shown = self.weights.copy()
        shown[:, self.moving] += difference[self.member].T
        after = self.basis.corrective_weights(self.basis.expression_names, shown)
        return np.concatenate([difference[self.member].T, (after - self.before)[:, self.extra]], axis=1)

    def furthest(self, off: Floats, changed: NDArray[np.bool_]) -> tuple[Floats, Floats]:
        """Return by how far the worst vertex is off, (T,) metres, and the share of each shape in it, (T, S) metres.

        Zero where it cannot be further off than allowed, or where nothing has `changed` (T,).
        """
        frames, count = len(off), len(self.moving)
        distance, shares = np.zeros(frames, np.float32), np.zeros((frames, count), np.float32)
        bound = np.abs(off) @ np.linalg.norm(self.offsets, axis=0).max(axis=1, initial=0)
        doubtful = np.flatnonzero((bound > self.limit) & changed)
        for begin in range(0, len(doubtful), CHUNK):
            some = doubtful[begin:begin + CHUNK]
            moved = [off[some] @ offsets for offsets in self.offsets]           # three of (T', W)
            squares = sum(axis * axis for axis in moved)
            worst = squares.argmax(axis=1)
            rows = np.arange(len(some))
            distance[some] = np.sqrt(squares[rows, worst])
            towards = np.stack([axis[rows, worst] for axis in moved], axis=1) / np.maximum(distance[some], 1e-12)[:, None]
            shares[some] = off[some, :count] * np.einsum("ast,ta->ts", self.offsets[:, :count, worst], towards)
        return distance, shares
