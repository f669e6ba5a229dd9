"""How hair is to be cut and worn: what the artist chose, or leaves to the photo."""

from dataclasses import astuple, dataclass

from ..choices import HAIRCUT, Fringe, Hair, Parting, Waves


@dataclass(frozen=True)
class Haircut:
    """style: its length; fringe; parting: at which side of the person; waves: straight to coily."""

    style: Hair = "PHOTO"
    fringe: Fringe = "PHOTO"
    parting: Parting = "PHOTO"
    waves: Waves = "PHOTO"

    @property
    def known(self) -> bool:
        """Whether there are such a style, fringe, parting and waves."""
        return all(isinstance(one, str) and one in those for one, those in zip(astuple(self), HAIRCUT.values(), strict=True))
