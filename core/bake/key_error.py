"""How far keys that differ from the weights move the mesh, where too far, and whose fault it is."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..head.model import HeadBasis
from ..head.mouth import central_pairs
from ..types import Floats

Places = NDArray[np.int64]
LIMIT = 0.0002                  # metres that a vertex, and the lips' gap, may be off in any frame, all shapes together
CERTAIN = 0.99                  # share of a limit that is used, since Blender counts in single precision
OPENED = 2e-6                   # metres that touching lips may be further apart
APART = 4                       # frames at least between two at which errors are looked at together
ENOUGH = 1.02                   # times the excess that is taken off an error
LEAST = 0.02                    # share of an error below which it is not worth keeping
MOST = 0.98                     # share that is left of one at most
CHUNK = 128                     # frames whose vertices are looked at together


@dataclass(frozen=True)
class Layers:
    """Other layers that keys are added to: `shown` (T, K), what these amount to as they are keyed, and `meant` (T, K), what all
    layers together should amount to; the sum is held within 0..1."""

    shown: Floats
    meant: Floats

    def part(self, frames: slice) -> "Layers":
        """Return the same on these frames alone."""
        return Layers(self.shown[frames], self.meant[frames])

    def off(self, weights: Floats) -> Floats:
        """Return by how much shapes are off, (T, K), once `weights` (T, K) are added."""
        return np.asarray(np.clip(self.shown + weights, 0, 1) - self.meant, np.float32)


class MeshError:
    """What errors of the curves (C, T) of shapes do to a head, together with those of other layers; of the correctives too."""

    def __init__(self, weights: Floats, basis: HeadBasis, moving: Places, member: Places, *, limit: float, share: float,
                 layers: Layers | None) -> None:
        """weights: (T, K); moving: (S,) places of the shapes that move; member: (S,) which curve each follows; share: of `limit`."""
        self.weights, self.basis, self.moving, self.member, self.limit = weights, basis, moving, member, CERTAIN * limit
        self.layers, self.meant = layers, weights if layers is None else layers.meant
        beside = np.flatnonzero(layers.off(weights).any(axis=0)) if layers is not None else moving
        self.places = np.concatenate([moving, np.setdiff1d(beside, moving)])    # (P,) of all shapes that may be off
        offsets = basis.expressions[self.places]
        distances = distances_of(basis, moving, member)
        self.tolerance = share * limit / np.maximum(distances.max(axis=1), 1e-6)        # (C,)
        self.before = basis.corrective_weights(basis.expression_names, self.meant)
        used = np.isin(basis.corrective_pairs, self.places)
        self.extra = np.flatnonzero(used.any(axis=1))
        correctives = basis.corrective_basis[self.extra].astype(np.float32)
        each = np.zeros(len(basis.expression_names), np.float32)                # by how much a shape can be off
        each[moving] = self.tolerance[member]
        if layers is not None:
            each += np.abs(layers.off(weights)).max(axis=0)
        bound = each[basis.corrective_pairs[self.extra, 0]] + np.abs(basis.corrective_gains[self.extra]) * each[
            basis.corrective_pairs[self.extra, 1]]
        furthest = bound @ np.linalg.norm(correctives, axis=2)
        furthest += self.tolerance @ distances if layers is None else each[self.places] @ np.linalg.norm(offsets, axis=2)
        watched = np.flatnonzero(furthest > self.limit)                         # no other vertex can be off by more
        self.offsets = np.concatenate([offsets, correctives])[:, watched].transpose(2, 0, 1).copy()      # (3, P + C', W)
        upper, lower = (np.concatenate([offsets, correctives])[:, side, 1].mean(axis=1) for side in central_pairs(basis))
        self.parting = upper - lower                                            # (P + C',) metres of the lips' gap
        self.bad = np.ones(len(weights), bool)                                  # frames in which the differences were too large
        self.seen = np.zeros((len(distances), len(weights)), np.float32)        # and those that were looked at last
        off = self.off(self.seen)
        alone, gap = self.furthest(off, self.bad)[0], off @ self.parting        # what no key of these shapes mends
        self.far, self.wide = (np.maximum(most, self.limit) + np.clip(most - self.limit, 0, self.limit)
                               for most in (alone, np.abs(gap)))
        self.parted = np.maximum(gap, 0) + OPENED

    def too_far(self, difference: Floats, room: Floats) -> tuple[Places, Floats]:
        """Return at which places of the curves (P,), one after the other, the difference is too large, and what share (P,) of it may
        stay; none where all is well. Where other layers alone are too far off, it may add to that as much as they are beyond the
        limit, and the limit at most.

        difference: (C, T) by which the curves are off; room: (T,) metres by which the lips may be further apart there.
        """
        off = self.off(difference)
        furthest, direction = self.furthest(off, self.bad | (difference != self.seen).any(axis=0))
        gap = off @ self.parting                            # two lips that are off the opposite way are off by twice as much
        parted = np.maximum(gap - np.maximum(room, self.parted), np.abs(gap) - self.wide)
        excess = np.where(difference.any(axis=0), np.maximum(furthest - self.far, parted), 0)
        self.seen, self.bad = difference, excess > 0
        around = np.lib.stride_tricks.sliding_window_view(np.pad(excess, APART), 2 * APART + 1).max(axis=1)
        worst = np.flatnonzero((excess > 0) & (excess == around))
        count = len(self.moving)
        lips = np.sign(gap[worst, None]) * off[worst, :count] * self.parting[:count]
        shares = np.where((parted == excess)[worst, None], lips, direction[worst])
        by_curve = np.zeros((len(worst), len(difference)), np.float32)
        np.add.at(by_curve.T, self.member, shares.T)
        by_curve[difference.T[worst] == 0] = -np.inf
        guilty = (by_curve / np.bincount(self.member)).argmax(axis=1)           # a key costs one for each shape that follows
        most = by_curve[np.arange(len(worst)), guilty]
        left = 1 - ENOUGH * excess[worst] / np.maximum(most, 1e-12)
        return guilty * difference.shape[1] + worst, np.where(left < LEAST, 0, np.minimum(left, MOST)).astype(np.float32)

    def off(self, difference: Floats) -> Floats:
        """Return by how much shapes and correctives are off, (T, P + C')."""
        keyed = self.weights.copy()
        keyed[:, self.moving] += difference[self.member].T
        off = difference[self.member].T if self.layers is None else self.layers.off(keyed)[:, self.places]
        shown = keyed if self.layers is None else np.clip(self.layers.shown + keyed, 0, 1)
        after = self.basis.corrective_weights(self.basis.expression_names, shown)
        return np.concatenate([off, (after - self.before)[:, self.extra]], axis=1)

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


def distances_of(basis: HeadBasis, moving: Places, member: Places) -> Floats:
    """Return by how many metres a curve at 1 moves each vertex, (C, V); moving, member: as MeshError takes them."""
    follows = (np.arange(member.max() + 1)[:, None] == member).astype(np.float32)
    return np.asarray(np.linalg.norm(np.tensordot(follows, basis.expressions[moving], 1), axis=2))


def misplaced(shown: Floats, meant: Floats, basis: HeadBasis) -> NDArray[np.bool_]:
    """Return in which frames (T,) a vertex is further than LIMIT from where it is meant to be; shown, meant: (T, K) weights."""
    extra = [basis.corrective_weights(basis.expression_names, weights) for weights in (shown, meant)]
    off = np.hstack([shown - meant, extra[0] - extra[1]])
    places = np.flatnonzero(off.any(axis=0))
    offsets = np.concatenate([basis.expressions, basis.corrective_basis])[places].astype(np.float32)
    sizes, distances = np.abs(off[:, places]), np.linalg.norm(offsets, axis=2)
    limit = CERTAIN * LIMIT
    watched = np.flatnonzero(sizes.max(axis=0, initial=0) @ distances > limit)          # no other vertex can be off by more
    result = np.zeros(len(off), bool)
    doubtful = np.flatnonzero(sizes @ distances.max(axis=1, initial=0) > limit)
    for begin in range(0, len(doubtful), CHUNK):
        some = doubtful[begin:begin + CHUNK]
        moved = [off[np.ix_(some, places)] @ offsets[:, watched, axis] for axis in range(3)]
        result[some] = sum(axis * axis for axis in moved).max(axis=1, initial=0) > limit**2
    return result
