"""What a head looks like beyond shape and texture: strands of hair and brows, where hair grows, the tone of the skin, the light in its
mouth, and pictures of it for views that know no shader.

The worker works it out, so that Blender, which nobody can use meanwhile, only has to read it.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..choices import HAIRLINES, Hairline
from ..errors import JobError
from ..files import Arrays, png, read_arrays
from ..head.drawn import eye_image
from ..head.model import HeadBasis
from ..head.mouth_atlas import laid_out
from ..head.mouth_light import mouth_image, mouth_light
from ..head.solid_view import made_of, solid_skin
from ..pictures.colours import linear
from ..types import Floats, check
from .haircut import LATER, Haircut
from .shades import at_roots
from .strands import NO_STRANDS, Strands

if TYPE_CHECKING:
    from ..face.fit import Anchors

KINDS = ("hair", "brows")
STRANDS = ("points", "radius", "triangle", "weights")
CUT = ("style", "fringe", "parting", "waves")
PICTURES = ("mouth", "eye", "skin")
PNG = b"\x89PNG\r\n\x1a\n"        # how such a file begins
# what files of before lack
FOR_SOLID: Arrays = {"light": np.zeros((0, 3), np.float32), "skin_of": np.array(""), **dict.fromkeys(PICTURES, np.zeros(0, np.uint8))}
CHOSEN, BARE = ("SHORT", "BROWS"), ("RECEDING", "BALDING")              # fringes of one's own choice; hairlines without one
LOOK_ARRAYS = (*CUT, "scalp", "tone", *(f"{kind}_{name}" for kind in KINDS for name in STRANDS))


@dataclass(frozen=True)
class Look:
    """cut: the hair's; hair and brows: their strands, none where the photo shows none; scalp: (V_skin,) float32 0..1, how
    much of the skin is hidden by roots where hair grows; tone: (3,) float32, linear, mean of the skin's albedo; light: (V, 3) float32
    of `mouth_light`; mouth, eye and skin: PNG files of `mouth_image`, `eye_image` and `solid_skin`, empty in files of
    before, the skin's also where no hair grows; skin_of: what it shows, by `made_of`."""

    cut: Haircut
    hair: Strands
    brows: Strands
    scalp: Floats
    tone: Floats
    light: Floats
    mouth: bytes = b""
    eye: bytes = b""
    skin: bytes = b""
    skin_of: str = ""

    @classmethod
    def of(cls, head: Arrays, albedo: NDArray[np.uint8], basis: HeadBasis, anchors: "Anchors", cut: Haircut, *,
           picture: str) -> "Look":
        """Work it out for a head (arrays of head.npz) with an albedo (H, W, 3), sRGB, top row first; picture: its file's sha256."""
        from ..photo.skin_tone import mean_tone
        from .brows import brow_hairs  # none of them for those who only read
        brows = brow_hairs(head["vertices"], basis, anchors, head["brow_density"], np.random.default_rng(0))
        scalp, light = covered(head, basis, cut), mouth_light(basis)
        mouth, eye = png(mouth_image(laid_out(basis), light)), png(eye_image(head["iris_colour"], head["white_of_eye"]))
        look = cls(cut, styled(head, basis, cut), brows if len(head["brow_colour"]) else NO_STRANDS, scalp,
                   mean_tone(albedo, basis).astype(np.float32), light, mouth, eye)
        if cut.style == "NONE" or not len(head["hair_colour"]):
            return look
        roots = at_roots(linear(head["hair_colour"]))
        return replace(look, skin=png(solid_skin(albedo, basis, scalp=scalp, roots=roots, light=light)),
                       skin_of=made_of(picture, basis, scalp=scalp, roots=roots, light=light))

    def hair_as(self, cut: Haircut, head: Arrays, basis: HeadBasis) -> Strands:
        """Return the strands of the hair with such a `cut`; worked out now if they are others."""
        return self.hair if cut == self.cut else styled(head, basis, cut)

    def scalp_as(self, cut: Haircut, head: Arrays, basis: HeadBasis) -> Floats:
        """Return how much of the skin (V_skin,) roots hide with such a `cut`; worked out now if they hide another share."""
        return self.scalp if cut == self.cut else covered(head, basis, cut)

    def arrays(self) -> Arrays:
        """Return look.npz."""
        strands = {f"{kind}_{name}": getattr(getattr(self, kind), name) for kind in KINDS for name in STRANDS}
        worn = {name: np.array(getattr(self.cut, name)) for name in (*CUT, *LATER)}
        pictures = {name: np.frombuffer(getattr(self, name), np.uint8) for name in PICTURES}
        return {**worn, "scalp": self.scalp, "tone": self.tone, "light": self.light, **strands, **pictures,
                "skin_of": np.array(self.skin_of)}

    @classmethod
    def read(cls, path: Path, basis: HeadBasis) -> "Look":
        """Read a look.npz; raise JobError when it is damaged or does not fit the head model."""
        stored = read_arrays(path, LOOK_ARRAYS, JobError, later={**LATER, **FOR_SOLID})
        try:
            named: list[Any] = [str(stored[name]) for name in (*CUT, *LATER)]             # whether there are such is asked below
            cut = Haircut(*named)
            if not cut.known:
                raise ValueError("no such cut of hair")
            check("scalp", stored["scalp"], np.float32, basis.regions.shape)
            check("tone", stored["tone"], np.float32, (3,))
            light = stored["light"] if stored["light"].size else mouth_light(basis)
            check("light", light, np.float32, basis.vertices.shape)
            for name in PICTURES:
                check(name, stored[name], np.uint8, (None,))
            mouth, eye, shown = (stored[name].tobytes() for name in PICTURES)
            if not all(file.startswith(PNG) for file in (mouth, eye, shown) if file):
                raise ValueError("a picture is no PNG file")
            if bool(shown) != bool(str(stored["skin_of"])):
                raise ValueError("the skin's picture and what it was drawn of do not go together")
            hair, brows = (Strands(*(stored[f"{kind}_{name}"] for name in STRANDS)) for kind in KINDS)
            if not all(((strands.triangle >= 0) & (strands.triangle < len(basis.skin_triangles))).all() for strands in (hair, brows)):
                raise ValueError("a strand grows on none of the skin's triangles")
        except ValueError as error:
            raise JobError(f"the file does not fit the head model ({error})", path, "generate it again") from error
        return cls(cut, hair, brows, stored["scalp"], stored["tone"], light, mouth, eye, shown, str(stored["skin_of"]))


def styled(head: Arrays, basis: HeadBasis, cut: Haircut) -> Strands:
    """Return the strands of the hair of a head (arrays of head.npz) with such a `cut`; none where the photo shows none."""
    if cut.style == "NONE" or not len(head["hair_colour"]):
        return NO_STRANDS
    from .outline import told
    from .short_hair import CROPS  # not for those who only read
    from .styles import ABOVE_EYES, BELOW_EYES, SIDE, hair_strands
    below = BELOW_EYES.get(cut.style, float(head["hair_length"]))
    parting, waves = (str(head[f"hair_{name}"]) if chosen == "PHOTO" else chosen
                      for name, chosen in (("parting", cut.parting), ("waves", cut.waves)))
    return hair_strands(head["vertices"], basis, np.random.default_rng(0), below_eyes=below,
                        above_eyes=ABOVE_EYES.get(cut.fringe, float(head["fringe"])), volume=float(head["hair_volume"]),
                        sides=told(head["hair_sides"]), style=cut.style, hairline=hairline_of(head, cut),
                        side=SIDE.get(parting, SIDE["LEFT"]), waves=next((kind for kind in CROPS if kind == waves), "STRAIGHT"))


def hairline_of(head: Arrays, cut: Haircut) -> Hairline:
    """Return how far the hairline of a head (arrays of head.npz) with such a `cut` has gone back."""
    seen = str(head["hairline"]) if cut.hairline == "PHOTO" else cut.hairline
    if cut.hairline == "PHOTO" and cut.fringe in CHOSEN and seen in BARE:
        return "TEMPLES"                # a fringe that is chosen needs hair, whatever the photo seems to show
    return next((one for one in HAIRLINES if one == seen != "PHOTO"), "FULL")


def covered(head: Arrays, basis: HeadBasis, cut: Haircut) -> Floats:
    """Return how much of the skin (V_skin,) roots hide where hair grows on a head (arrays of head.npz) with such a `cut`."""
    from ..head.scalp import rooted  # not for those who only read
    return rooted(basis, hairline_of(head, cut))
