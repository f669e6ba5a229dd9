"""Action units of the face (FACS) as weights of the head model's shapes.

The numbers are those of Ekman, Friesen, Hager, Facial Action Coding System (2002). A unit on both sides is written once; its shapes'
names then get "Left" and "Right".
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

# what each unit does at full strength; shapes that have sides are named without them
UNITS: dict[int, dict[str, float]] = {
    1: {"browInnerUp": 1.0},                                            # inner brow raiser
    2: {"browOuterUp": 1.0},                                            # outer brow raiser
    4: {"browDown": 1.0, "noseSneer": 0.15},                            # brow lowerer
    5: {"eyeWide": 1.0},                                                # upper lid raiser
    6: {"cheekSquint": 1.0, "eyeSquint": 0.35},                         # cheek raiser
    7: {"eyeSquint": 1.0},                                              # lid tightener
    9: {"noseSneer": 1.0, "browDown": 0.2, "cheekSquint": 0.2},         # nose wrinkler
    10: {"mouthUpperUp": 1.0, "noseSneer": 0.2},                        # upper lip raiser
    12: {"mouthSmile": 1.0},                                            # lip corner puller
    14: {"mouthDimple": 1.0, "mouthPress": 0.25},                       # dimpler
    15: {"mouthFrown": 1.0},                                            # lip corner depressor
    16: {"mouthLowerDown": 1.0},                                        # lower lip depressor
    17: {"mouthShrugLower": 1.0, "mouthShrugUpper": 0.35},              # chin raiser
    20: {"mouthStretch": 1.0, "mouthFrown": 0.45},                      # lip stretcher: ours alone hardly draws the corners down
    22: {"mouthFunnel": 1.0},                                           # lip funneler
    # our mouthPress draws the corners up and out: the rolls press the lips, the stretch and the frown keep the corners down
    23: {"mouthPress": 0.2, "mouthRollUpper": 0.3, "mouthRollLower": 0.25, "mouthPucker": 0.12, "mouthFrown": 0.3},    # lip tightener
    24: {"mouthPress": 0.35, "mouthRollUpper": 0.3, "mouthRollLower": 0.3, "mouthStretch": 0.3, "mouthFrown": 0.35},   # lip presser
    25: {"mouthLowerDown": 0.4, "mouthUpperUp": 0.2},                   # lips part
    26: {"jawOpen": 0.6},                                               # jaw drop
    43: {"eyeBlink": 1.0},                                              # lids droop, eyes closed
    44: {"browDown": 0.5},                                              # brow gatherer: what of 4 works against a raised inner brow
    64: {"eyeLookDown": 1.0},                                           # eyes down
}
SIDES = ("Left", "Right")
MIDDLE = frozenset(("browInnerUp", "mouthShrugLower", "mouthShrugUpper", "mouthFunnel", "mouthRollLower", "mouthRollUpper",
                    "mouthPucker", "jawOpen"))          # shapes without sides
TOGETHER = frozenset((43, 64))                          # units that move both eyes alike


@dataclass(frozen=True)
class Unit:
    """A unit's part in an expression.

    strength: at the greatest intensity, 0..1; onset: the intensity, 0..1, from which it takes part; chance: that a person shows it;
    one_sided: on the person's chosen side only; other_side: on the other one only.
    """

    strength: float
    onset: float = 0.0
    chance: float = 1.0
    one_sided: bool = False
    other_side: bool = False

    def at(self, intensity: float) -> float:
        """Return the unit's strength in an expression of this intensity, 0..1 or a little more."""
        return self.strength * max(intensity - self.onset, 0.0) / (1 - self.onset)


@dataclass(frozen=True)
class Variant:
    """One way to express an emotion: units by number; share: how many people do it so."""

    share: float
    units: Mapping[int, Unit] = field(default_factory=dict)


def shapes(units: Mapping[int, tuple[float, float]]) -> dict[str, float]:
    """Return the weights of shapes, 0..1, by full names, for units with a strength on the left and on the right.

    What several units do to one shape is added up; a shape without sides takes the mean of both.
    """
    weights: dict[str, float] = {}
    for number, strengths in units.items():
        for shape, gain in UNITS[number].items():
            if shape in MIDDLE:
                weights[shape] = weights.get(shape, 0.0) + gain * sum(strengths) / 2
                continue
            for side, strength in zip(SIDES, strengths, strict=True):
                weights[shape + side] = weights.get(shape + side, 0.0) + gain * strength
    return {name: min(max(weight, 0.0), 1.0) for name, weight in weights.items()}
