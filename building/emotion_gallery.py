"""Pictures of the emotions: the panel's thumbnails, and two sheets for the docs.

    python -m building.emotion_gallery
"""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from core.emotion.emolib import Emolib
from core.face.fit import Anchors
from core.files import digest
from core.head.model import HeadBasis
from core.types import EMOTIONS, Bytes, Emotion, Floats
from training.emolib.portraits import Portraits, Skin

ROOT = Path(__file__).resolve().parent.parent
PACK, THUMBNAILS, IMAGES = ROOT / "assets", ROOT / "ecavatar_addon" / "thumbnails", ROOT / "docs" / "images"
SIDE, COLOURS = 128, 80                 # pixels and colours of a thumbnail
TILE, QUALITY = 200, 85                 # pixels of a picture on a sheet
MODEL, TONE = "caucasian female young", "caucasian"     # who shows the thumbnails: half way from the mean head to this group
# of the sheet that compares: group, category
COMPARED: tuple[tuple[str, Emotion], ...] = (
    ("african male old", "happy"), ("asian female old", "angry"), ("caucasian male old", "fear"))
SPREAD, SEED = 0.6, 11


class Gallery:
    """The loaded pack."""

    def __init__(self) -> None:
        """Load it."""
        self.basis = HeadBasis.load(PACK / "head.npz")
        self.portraits = Portraits(self.basis, Anchors.load(PACK / "anchors.npz"))
        self.library = Emolib.load(PACK / "emolib.npz", self.basis, head_model=digest(PACK / "head.npz"))

    def skin(self, tone: str) -> Skin:
        """Return the skin of a tone."""
        return self.portraits.skin(tone, np.random.default_rng(3))

    def drawn(self, shape: Floats, weights: Floats, skin: Skin, side: int) -> Bytes:
        """Return a picture of a shape (B,) with the library's weights (K,)."""
        neutral = self.basis.neutral(shape)
        brows = self.portraits.brows(neutral, np.random.default_rng(1))
        return self.portraits.portrait(neutral, self.basis.expression(self.library.names, weights), skin, brows, side=side)

    def emotions(self) -> None:
        """Write the thumbnails, and the sheet of all categories and levels."""
        shape = self.basis.group_identity[self.basis.group_names.index(MODEL)] / 2
        skin = self.skin(TONE)
        result = Image.new("RGB", (TILE * len(EMOTIONS), TILE * 3))
        for across, category in enumerate(EMOTIONS):
            for level in (1, 2, 3):
                picture = Image.fromarray(self.drawn(shape, self.library.expression_at(category, level, shape), skin, 2 * SIDE))
                small = picture.resize((SIDE, SIDE), Image.Resampling.LANCZOS)
                small.quantize(COLOURS, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(
                    THUMBNAILS / f"{category}_{level}.png", optimize=True)
                result.paste(labelled(picture, f"{category} {level}"), (TILE * across, TILE * (level - 1)))
        result.save(IMAGES / "emolib.jpg", quality=QUALITY)

    def identities(self) -> None:
        """Write the sheet that compares the person's own shape with the retrieved one."""
        random = np.random.default_rng(SEED)
        result = Image.new("RGB", (TILE * 3 * len(COMPARED), TILE))
        for index, (group, category) in enumerate(COMPARED):
            middle = self.basis.group_identity[self.basis.group_names.index(group)]
            shape = np.clip(middle + random.normal(0, SPREAD, len(middle)), -3, 3).astype(np.float32)
            found, skin = self.library.at(category, 3, shape), self.skin(group.split()[0])
            tiles = ((shape, 0 * found.expression, "the person"), (shape, found.expression, f"{category}, own shape"),
                     (found.identity, found.expression, "as published"))
            for across, (who, weights, text) in enumerate(tiles):
                picture = Image.fromarray(self.drawn(who, weights, skin, 2 * SIDE))
                result.paste(labelled(picture, text), (TILE * (3 * index + across), 0))
        result.save(IMAGES / "emolib_identity.jpg", quality=QUALITY)


def labelled(picture: Image.Image, text: str) -> Image.Image:
    """Return the picture as a tile with its name in the corner."""
    tile = picture.resize((TILE, TILE), Image.Resampling.LANCZOS)
    ImageDraw.Draw(tile).text((6, TILE - 20), text, fill=(255, 255, 255), font=ImageFont.load_default(14), stroke_width=2,
                              stroke_fill=(0, 0, 0))
    return tile


if __name__ == "__main__":
    THUMBNAILS.mkdir(parents=True, exist_ok=True)
    IMAGES.mkdir(parents=True, exist_ok=True)
    gallery = Gallery()
    gallery.emotions()
    gallery.identities()
