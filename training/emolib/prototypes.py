"""How each emotion shows: action units by FACS's and EMFACS's tables, in the variants that people use.

After Ekman, Friesen, Hager, FACS Investigator's Guide (2002), ch. 12, and Friesen, Ekman, EMFACS-7 (1983); the levels stand for FACS's
intensities B, C-D and E. Strengths are tuned to our head's shapes (docs/emolib.md).
"""

from dataclasses import dataclass

import numpy as np

from core.types import EMOTIONS, Emotion

from .facs import TOGETHER, UNITS, Unit, Variant, shapes

INTENSITIES = (0.44, 0.70, 1.0)             # of levels 1 to 3
HABIT, MOMENT = 0.14, 0.04                  # deviations of the logarithm of a unit's strength: between people, between one's items
UNEVEN = 0.07                               # deviation of the logarithm of left over right
STRENGTH = 0.04                             # the same of an item's intensity
FULL = 1.1                                  # of a shape, the most that a habit makes of a unit: so level 2 is not full yet
NEUTRAL_UNITS = (1, 2, 4, 6, 7, 12, 14, 15, 17, 24)
NEUTRAL_SPREAD = 0.045                      # of those units in a neutral face
NEUTRAL_LIDS = ((43, 0.06), (5, 0.0), (5, 0.07))        # of levels 1 to 3: calm lids hang a little, wakeful ones are raised

PROTOTYPES: dict[Emotion, tuple[Variant, ...]] = {
    "happy": (
        Variant(0.7, {6: Unit(0.9), 12: Unit(0.95), 25: Unit(0.9, onset=0.2), 10: Unit(0.3, onset=0.3), 16: Unit(0.3, onset=0.3),
                      26: Unit(0.2, onset=0.5, chance=0.5)}),
        Variant(0.3, {6: Unit(0.9), 12: Unit(0.95), 14: Unit(0.2, chance=0.5), 25: Unit(0.8, onset=0.6), 10: Unit(0.25, onset=0.6),
                      16: Unit(0.25, onset=0.6)})),        # lips hardly part but in the strongest
    "sad": (
        Variant(0.6, {1: Unit(1.0), 44: Unit(0.5), 15: Unit(0.85), 17: Unit(0.45), 43: Unit(0.2)}),
        Variant(0.4, {1: Unit(1.0), 44: Unit(0.4), 15: Unit(0.75), 43: Unit(0.26), 64: Unit(0.15, chance=0.5)})),
    "surprise": (
        Variant(0.8, {1: Unit(0.95), 2: Unit(0.95), 5: Unit(0.75), 25: Unit(0.2), 26: Unit(0.6)}),
        Variant(0.2, {1: Unit(1.0), 2: Unit(1.0), 5: Unit(0.85), 25: Unit(0.2), 26: Unit(0.35)})),
    "fear": (
        Variant(0.6, {1: Unit(1.0), 2: Unit(0.1), 44: Unit(1.6), 5: Unit(1.0), 20: Unit(1.0), 16: Unit(0.65), 25: Unit(0.6),
                      26: Unit(0.15)}),
        Variant(0.4, {1: Unit(1.0), 44: Unit(1.6), 5: Unit(1.0), 7: Unit(0.1), 20: Unit(1.0), 16: Unit(0.6), 25: Unit(0.5),
                      26: Unit(0.1, onset=0.3)})),
    "disgust": (
        Variant(0.6, {9: Unit(1.0), 10: Unit(0.7), 4: Unit(0.3), 7: Unit(0.3), 15: Unit(0.3), 17: Unit(0.4)}),
        Variant(0.4, {9: Unit(1.0), 10: Unit(0.9), 6: Unit(0.3), 16: Unit(0.3, onset=0.3), 25: Unit(0.3), 26: Unit(0.15)})),
    "angry": (
        Variant(0.5, {4: Unit(1.0), 5: Unit(0.6), 7: Unit(0.5), 9: Unit(0.15), 24: Unit(1.0)}),
        Variant(0.35, {4: Unit(1.0), 5: Unit(0.6), 7: Unit(0.5), 9: Unit(0.12), 23: Unit(0.9), 24: Unit(0.3), 17: Unit(0.15)}),
        Variant(0.15, {4: Unit(1.0), 5: Unit(0.65), 7: Unit(0.5), 9: Unit(0.12), 23: Unit(0.5), 24: Unit(0.4),
                       25: Unit(0.6, onset=0.3)})),
    "contempt": (
        Variant(0.7, {12: Unit(0.45, one_sided=True), 14: Unit(1.0, one_sided=True), 43: Unit(0.1)}),
        Variant(0.3, {12: Unit(0.4, one_sided=True), 14: Unit(1.0, one_sided=True), 2: Unit(0.3, other_side=True), 43: Unit(0.12)})),
}


@dataclass(frozen=True)
class Habit:
    """How one person expresses one emotion, at every level: their units; each one's strength left and right over the usual one."""

    units: dict[int, Unit]
    gains: dict[int, tuple[float, float]]

    @classmethod
    def draw(cls, category: Emotion, random: np.random.Generator) -> "Habit":
        """Return a person's habit."""
        if category == "neutral":
            units = {number: Unit(NEUTRAL_SPREAD * min(abs(random.normal()), 2.0)) for number in NEUTRAL_UNITS}
        else:
            variants = PROTOTYPES[category]
            variant = variants[random.choice(len(variants), p=[variant.share for variant in variants])]
            units = {number: unit for number, unit in variant.units.items() if random.random() < unit.chance}
        left_is_own = bool(random.random() < 0.5)
        gains = {}
        for number, unit in units.items():
            gain, uneven = factor(random, HABIT), 1.0 if number in TOGETHER else factor(random, UNEVEN / 2)
            most = FULL / max(unit.strength * max(UNITS[number].values()), 1e-6)
            pair = [min(gain * uneven, most), min(gain / uneven, most)]
            if unit.one_sided or unit.other_side:
                pair[int(left_is_own == unit.one_sided)] = 0.0
            gains[number] = (pair[0], pair[1])
        return cls(units, gains)

    def expression(self, category: Emotion, level: int, random: np.random.Generator) -> dict[str, float]:
        """Return the weights of shapes, by name, of one item of this level, 1 to 3."""
        intensity = 1.0 if category == "neutral" else INTENSITIES[level - 1] * factor(random, STRENGTH)
        strengths = {}
        for number, unit in self.units.items():
            strength = unit.at(intensity) * factor(random, MOMENT)
            left, right = self.gains[number]
            strengths[number] = (strength * left, strength * right)
        if category == "neutral":
            number, lids = NEUTRAL_LIDS[level - 1]
            strengths[number] = (lids, lids)
        return shapes(strengths)


def factor(random: np.random.Generator, deviation: float) -> float:
    """Return a factor around 1 whose logarithm has this deviation, and at most twice it: no item may be odd."""
    return float(np.exp(deviation * np.clip(random.normal(), -2, 2)))


def habits(random: np.random.Generator) -> dict[Emotion, Habit]:
    """Return how one person expresses each emotion."""
    return {category: Habit.draw(category, random) for category in EMOTIONS}
