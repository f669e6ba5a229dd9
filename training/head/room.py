"""Room for the teeth: the skin of lips and mouth bag is kept out of teeth and gums, the outside of the lips goes along."""

from dataclasses import dataclass

import numpy as np

from .crop import Indices
from .lips import LipLine, spread
from .loops import Topology
from .source import Array
from .teeth import ARCH_DEPTH, HALF_WIDTHS, MM, arch_path

FRONT = 1.15 * MM               # how far crowns and gums stand out of the arch's outer line at most
ROUND = 1.2 * MM                # radius of the corner between front and edge
BASES = (17.0 * MM, 14.5 * MM)  # upper, lower; from the edge to where the gum has ended
BEHIND = 9.0 * MM               # no lip goes farther behind the front of the teeth than this
REACH = 0.0042                  # metres: how far a push spreads over the skin (one standard deviation)
NEAR = 0.024                    # metres from where the lips touch: what may be pushed, besides the mouth bag
FLESH, FLESH_FROM = 0.0025, 0.008       # metres of flesh left in front of the teeth, so far from where the lips touch; none there
ROUNDS, LEAST = 14, 2e-5        # pushes one after another; metres below which nothing is pushed
SMOOTH_ROUNDS = 10              # of these, whose moves are evened out over neighbours, so that the lips' rims do not fold
STATIONS = 72                   # points along half an arch
SIDES = 0.35                    # of the way from upper to lower lip over which a push spreads from one to the other


@dataclass(frozen=True)
class Seat:
    """Where an arch sits: a point of its own axes (teeth.py) comes to origin + scale * turn @ point."""

    upper: bool
    origin: Array
    scale: float
    turn: Array

    @classmethod
    def fit(cls, local: Array, placed: Array, *, upper: bool) -> "Seat":
        """Find the seat that takes an arch's own vertices (V, 3) to where they are, metres (Umeyama 1991)."""
        first, second = local - local.mean(axis=0), placed - placed.mean(axis=0)
        left, sizes, right = np.linalg.svd(second.T @ first)
        turn = left @ np.diag([1, 1, np.linalg.det(left @ right)]) @ right
        scale = float(sizes.sum() / (first**2).sum())
        return cls(upper, placed.mean(axis=0) - scale * turn @ local.mean(axis=0), scale, turn)

    def placed(self, local: Array) -> Array:
        """Return where points (V, 3) of the arch's own axes are, metres."""
        return self.origin + self.scale * local @ self.turn.T

    def pushes(self, points: Array, gap: Array) -> Array:
        """Return the shortest moves (N, 3) that take points (N, 3) out of the arch, `gap` (N,) metres off it: forwards, or past its
        edge."""
        local = (points - self.origin) @ self.turn / self.scale
        path, normals = outline(self.upper)
        plan = np.abs(local[:, [0]]) * [1, 0] + local[:, [2]] * [0, 1]
        nearest = np.argmin(((plan[:, None] - path[None]) ** 2).sum(axis=2), axis=1)
        normal = normals[nearest]
        ahead = ((plan - path[nearest]) * normal).sum(axis=1)
        above = local[:, 1] * (1 if self.upper else -1)                          # from the edge towards the gum
        front, edge = ahead - FRONT + ROUND, ROUND - above
        corner = (front > 0) & (edge > 0)
        distance = np.where(corner, np.hypot(front, edge), np.maximum(front, edge)) - ROUND
        slopes = np.where(corner[:, None], np.column_stack([front, edge]) / np.maximum(np.hypot(front, edge), 1e-9)[:, None],
                          np.where((front > edge)[:, None], [1.0, 0.0], [0.0, 1.0]))
        held = (ahead > -BEHIND) & (above < BASES[0 if self.upper else 1]) & (local[:, 2] > -ARCH_DEPTH)
        length = np.where(held, np.clip(gap / self.scale - distance, 0, None), 0)[:, None] * slopes
        side = np.where(local[:, 0] < 0, -1.0, 1.0)
        outward, towards_edge = normal * length[:, [0]], length[:, 1] * (-1 if self.upper else 1)
        moves = np.column_stack([side * outward[:, 0], towards_edge, outward[:, 1]])
        return self.scale * moves @ self.turn.T


def outline(upper: bool) -> tuple[Array, Array]:
    """Return points (P, 2) in x and z along the left half of an arch's outer line, and its normals."""
    path = arch_path(HALF_WIDTHS[0 if upper else 1])
    path = path[np.linspace(0, len(path) - 1, STATIONS).astype(int), 1:]
    tangent = np.gradient(path, axis=0)
    normal = np.column_stack([-tangent[:, 1], tangent[:, 0]])
    return path, normal / np.linalg.norm(normal, axis=1, keepdims=True)


class MouthRoom:
    """Pushes skin out of the teeth."""

    def __init__(self, topology: Topology, quads: Indices, line: LipLine, head: Array, follow_jaw: Array) -> None:
        """Prepare for skins with this topology; head: (V, 3) a typical one; follow_jaw: (V,) 0 upper lip .. 1 lower."""
        contact = np.concatenate([line.upper, line.lower, line.corners])
        self.lining = inside(topology, contact, len(head))
        distance = np.sqrt([((head[contact] - point) ** 2).sum(axis=1).min() for point in head])
        self.near = np.union1d(self.lining, np.flatnonzero(distance < NEAR))
        self.head, self.follow, self.in_bag = head[self.near], follow_jaw[self.near], np.isin(self.near, self.lining)
        self.flesh = np.where(self.in_bag, 0, FLESH * np.clip(distance[self.near] / FLESH_FROM, 0, 1))
        self.quads = np.searchsorted(self.near, quads[np.isin(quads, self.near).all(axis=1)])

    def cleared(self, skin: Array, seats: list[Seat], gap: float, *, lining: bool = False) -> Array:
        """Return the skin (V, 3) out of all seats by `gap`, metres; lining: nothing but the mouth bag moves."""
        start, total = skin[self.near], np.zeros_like(self.head)
        for turn in range(ROUNDS):
            moves = np.zeros_like(self.head)
            for seat in seats:
                moves = longer(moves, self.pushes(start + total, seat, gap + self.flesh))
            pushed = np.flatnonzero(((moves**2).sum(axis=1) > LEAST**2) & (self.in_bag | (not lining)))
            if len(pushed) == 0:
                break
            share = spread(self.head, pushed, REACH)
            share *= np.exp(-(((self.follow[:, None] - self.follow[pushed]) / SIDES) ** 2))
            spread_moves = share @ moves[pushed]
            spread_moves[pushed] = longer(spread_moves[pushed], moves[pushed])
            total += spread_moves * (self.in_bag[:, None] if lining else 1)
            if turn < SMOOTH_ROUNDS and not lining:
                total = 0.5 * total + 0.5 * self.around(total)
        result = skin.copy()
        result[self.near] += total
        return result

    def around(self, moves: Array) -> Array:
        """Return the mean of the moves (N, 3) of each near vertex's faces."""
        middles = moves[self.quads].mean(axis=1)
        count = np.maximum(np.bincount(self.quads.ravel(), minlength=len(moves)), 1)
        corners = self.quads.ravel()
        total = [np.bincount(corners, np.repeat(middles[:, axis], 4), len(moves)) for axis in range(3)]
        return np.column_stack(total) / count[:, None]

    def pushes(self, skin: Array, seat: Seat, gap: Array) -> Array:
        """Return the moves (N, 3) that one seat asks of the vertices near it (N, 3): for themselves and for their faces' middles."""
        moves = seat.pushes(skin, gap)
        middles = seat.pushes(skin[self.quads].mean(axis=1), gap[self.quads].mean(axis=1))
        order = np.argsort((middles**2).sum(axis=1))
        for corner in range(4):
            wanted = np.zeros_like(skin)
            wanted[self.quads[order, corner]] = middles[order]                      # of several the longest is written last
            moves = longer(moves, wanted)
        return moves


def longer(first: Array, second: Array) -> Array:
    """Return of each two moves (N, 3) the longer one."""
    return np.where(((second**2).sum(axis=1) > (first**2).sum(axis=1))[:, None], second, first)


def inside(topology: Topology, contact: Indices, count: int) -> Indices:
    """Return the vertices of the mouth bag: the smaller of the two pieces that the lips' touching line cuts the skin into."""
    barrier = set(map(int, contact))
    pieces, seen = [], set(barrier)
    for start in range(count):
        if start in seen:
            continue
        piece, front = [], [start]
        seen.add(start)
        while front:
            vertex = front.pop()
            piece.append(vertex)
            fresh = topology.neighbours[vertex] - seen
            seen |= fresh
            front.extend(fresh)
        pieces.append(piece)
    return np.sort(min(pieces, key=len))
