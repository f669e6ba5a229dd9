"""How hair is to be cut and worn: what the artist chose, or leaves to the photo."""

from dataclasses import astuple, dataclass

from ..choices import HAIRCUT, Fringe, Hair, Hairline, Parting, Waves

LATER = {"hairline": "PHOTO"}   # of look.npz, and head.npz, which those of before lack
HEAD_LATER = LATER | {"hair_sides": ()}     # of head.npz


@dataclass(frozen=True)
class Haircut:
    """style: its length, or how it is tied; fringe; parting: at which side of the person; waves: straight to coily; hairline: how far
    it has gone back."""

    style: Hair = "PHOTO"
    fringe: Fringe = "PHOTO"
    parting: Parting = "PHOTO"
    waves: Waves = "PHOTO"
    hairline: Hairline = "PHOTO"

    @property
    def known(self) -> bool:
        """Whether there are such a style, fringe, parting, waves and hairline."""
        return all(isinstance(one, str) and one in those for one, those in zip(astuple(self), HAIRCUT.values(), strict=True))
