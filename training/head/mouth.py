"""The mouth on a head: where arches and tongue sit, and shapes in which neither comes through lips or cheeks."""

import numpy as np

from .correctives import Corrective, named
from .jaw import Jaw
from .room import MouthRoom, Seat
from .source import Array
from .teeth import Arch

LOWER_SEAT = np.array([0.0, 0.0025, -0.0026])       # metres from the upper incisors' edge to the lower ones': overbite, overjet
RESTING_GAP, MOVING_GAP = 0.0013, 0.0011            # metres between the teeth and the skin at rest, and in a shape at weight 1
MOVERS = ("mouth", "jaw", "cheekPuff", "noseSneer", "tongueOut")
OUT_OPENING = 0.3                                   # of jawOpen that tongueOut brings along when the jaw is shut
ROLLED = {"mouthRollUpper": 0.55}                   # of the source's shape: more has no room before the teeth
# shapes that need other room together than alone; the second one's weight at which it is made for them; metres to the teeth, which
# the lower lip touches in f and v
TOGETHER = ((("mouthSmileLeft", "mouthSmileRight"), "jawOpen", 0.3, MOVING_GAP), (("mouthRollLower",), "jawOpen", 0.13, 0.0))
TONGUE_ASIDE = 0.8                                  # of the jaw's way to a side: the upper teeth hold the tongue back
SPLIT = 0.004                                       # metres: over which a move passes from the left side's shape to the right one's
Parts = dict[str, slice]
Shapes = dict[str, Array]


def seats(upper: Array, scale: float) -> list[Seat]:
    """Return the seats of both arches at rest, the upper incisors' edge at `upper` (3,), metres."""
    return [Seat(True, upper, scale, np.eye(3)), Seat(False, upper + LOWER_SEAT, scale, np.eye(3))]


def seats_on(head: Array, arches: dict[str, Arch], part: Parts) -> list[Seat]:
    """Return the seats of both arches on a head (V, 3) in any pose."""
    return [Seat.fit(arch.vertices, head[part[name]], upper=name == "teeth_upper") for name, arch in arches.items()]


def going_along(part: str, shape: str) -> float:
    """Return how much of what a shape of the source does to teeth and tongue a part of the mouth does."""
    return TONGUE_ASIDE if part == "tongue" and shape in ("jawLeft", "jawRight") else 1.0


def opened_for_tongue(shapes: Shapes, mean: Array, part: Parts, jaw: Jaw) -> Corrective:
    """Let tongueOut open the jaw a little, or the tongue would have to go through shut teeth; return what takes that back again
    as far as jawOpen opens it."""
    out, opening = shapes["tongueOut"], np.zeros_like(mean)
    opening[part["skin"]] = OUT_OPENING * shapes["jawOpen"][part["skin"]]
    for lower in ("teeth_lower", "tongue"):
        there = mean[part[lower]] + out[part[lower]]
        opening[part[lower]] = jaw.turned(there, OUT_OPENING * jaw.full_angle) - there
    out += opening
    return named("tongueOut", "jawOpen", -opening, 0.5 / OUT_OPENING)


class Clearance:
    """Keeps the skin of shapes off the teeth of the mean head (V, 3)."""

    def __init__(self, mean: Array, part: Parts, arches: dict[str, Arch], room: MouthRoom) -> None:
        """Prepare for shapes on this head."""
        self.mean, self.part, self.arches, self.room = mean, part, arches, room
        self.drawn: Shapes = {}                     # what the source's skin does (V_skin, 3)

    def moves(self, offsets: Array, gap: float = MOVING_GAP) -> Array:
        """Return the moves (V_skin, 3) that keep the skin `gap` metres off the teeth where an expression's offsets (V, 3) bring
        both."""
        posed = self.mean + offsets
        skin = posed[self.part["skin"]]
        return self.room.cleared(skin, seats_on(posed, self.arches, self.part), gap) - skin

    def keep_out(self, shapes: Shapes) -> None:
        """Change all shapes around the mouth but mouthClose, which needs an open jaw."""
        for name, offsets in shapes.items():
            offsets *= ROLLED.get(name, 1.0)
            self.drawn[name] = offsets[self.part["skin"]].copy()
            if name.startswith(MOVERS) and name != "mouthClose":
                offsets[self.part["skin"]] += self.moves(offsets)

    def settle(self, shapes: Shapes, correctives: list[Corrective]) -> None:
        """Change or add the correctives of the shapes that need other room together than alone: each by itself has been kept off the
        teeth, and the sum of that is too much here, too little there."""
        skin = self.part["skin"]
        for firsts, second, weight, gap in TOGETHER:
            own = {one.first: one for one in correctives if one.first in firsts and one.second == second}
            for first in set(firsts) - set(own):
                own[first] = named(first, second, np.zeros_like(self.mean), 1 / weight)
                correctives.append(own[first])
            offsets = weight * shapes[second] + sum(
                shapes[first] + min(own[first].gain * weight, 1) * own[first].offsets for first in firsts)
            twice = weight * (self.drawn[second] - shapes[second][skin])
            twice = twice + sum(self.drawn[first] - shapes[first][skin] for first in firsts)
            offsets[skin] += twice
            moves = twice + self.moves(offsets, gap)
            left = 1 / (1 + np.exp(-self.mean[skin, 0] / SPLIT))[:, None]
            for first in firsts:
                share = {"Left": left, "Right": 1 - left}.get(first.removeprefix("mouthSmile"), 1.0)
                own[first].offsets[skin] += share * moves
