"""What a head looks like beyond shape and texture: strands of hair and brows, where hair grows, and the tone of the skin.

The worker works it out, so that Blender, which nobody can use meanwhile, only has to read it.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .choices import FRINGES, HAIRS, Fringe, Hair
from .errors import JobError
from .files import Arrays, read_arrays
from .head_model import HeadBasis
from .strands import NO_STRANDS, Strands
from .types import Floats, check

if TYPE_CHECKING:
    from .face_fit import Anchors

KINDS = ("hair", "brows")
STRANDS = ("points", "radius", "triangle", "weights")
LOOK_ARRAYS = ("style", "fringe", "scalp", "tone", *(f"{kind}_{name}" for kind in KINDS for name in STRANDS))


@dataclass(frozen=True)
class Look:
    """style and fringe: the hair's; hair and brows: their strands, none where the photo shows none; scalp: (V_skin,) float32 0..1, how
    much of the skin is hidden by roots where hair grows; tone: (3,) float32, linear, mean of the skin's albedo."""

    style: Hair
    fringe: Fringe
    hair: Strands
    brows: Strands
    scalp: Floats
    tone: Floats

    @classmethod
    def of(cls, head: Arrays, albedo: NDArray[np.uint8], basis: HeadBasis, anchors: "Anchors", style: Hair, fringe: Fringe) -> "Look":
        """Work it out for a head (arrays of head.npz) with an albedo (H, W, 3), sRGB, top row first."""
        from .brows import brow_hairs  # none of them for those who only read
        from .scalp import rooted
        from .skin_tone import mean_tone
        brows = brow_hairs(head["vertices"], basis, anchors, head["brow_density"], np.random.default_rng(0))
        return cls(style, fringe, styled(head, basis, style, fringe), brows if len(head["brow_colour"]) else NO_STRANDS, rooted(basis),
                   mean_tone(albedo, basis).astype(np.float32))

    def hair_as(self, style: Hair, fringe: Fringe, head: Arrays, basis: HeadBasis) -> Strands:
        """Return the strands of the hair in a `style` with a `fringe`; worked out now if they are others."""
        return self.hair if (style, fringe) == (self.style, self.fringe) else styled(head, basis, style, fringe)

    def arrays(self) -> Arrays:
        """Return look.npz."""
        strands = {f"{kind}_{name}": getattr(getattr(self, kind), name) for kind in KINDS for name in STRANDS}
        return {"style": np.array(self.style), "fringe": np.array(self.fringe), "scalp": self.scalp, "tone": self.tone, **strands}

    @classmethod
    def read(cls, path: Path, basis: HeadBasis) -> "Look":
        """Read a look.npz; raise JobError when it is damaged or does not fit the head model."""
        stored = read_arrays(path, LOOK_ARRAYS, JobError)
        try:
            style, fringe = str(stored["style"]), str(stored["fringe"])
            if style not in HAIRS or fringe not in FRINGES:
                raise ValueError("no such cut of hair")
            check("scalp", stored["scalp"], np.float32, basis.regions.shape)
            check("tone", stored["tone"], np.float32, (3,))
            hair, brows = (Strands(*(stored[f"{kind}_{name}"] for name in STRANDS)) for kind in KINDS)
            if not all(((strands.triangle >= 0) & (strands.triangle < len(basis.skin_triangles))).all() for strands in (hair, brows)):
                raise ValueError("a strand grows on none of the skin's triangles")
        except ValueError as error:
            raise JobError(f"the file does not fit the head model ({error})", path, "generate it again") from error
        return cls(style, fringe, hair, brows, stored["scalp"], stored["tone"])


def styled(head: Arrays, basis: HeadBasis, style: Hair, fringe: Fringe) -> Strands:
    """Return the strands of the hair of a head (arrays of head.npz) in a `style` with a `fringe`; none where the photo shows none."""
    if style == "NONE" or not len(head["hair_colour"]):
        return NO_STRANDS
    from .hair_styles import ABOVE_EYES, BELOW_EYES, hair_strands  # not for those who only read
    below = BELOW_EYES.get(style, float(head["hair_length"]))
    return hair_strands(head["vertices"], basis, np.random.default_rng(0), below_eyes=below,
                        above_eyes=ABOVE_EYES.get(fringe, float(head["fringe"])), volume=float(head["hair_volume"]))
