"""The pictures of docs/skin.md from what the benchmark has left: `python -m building.skin_pictures FIGURES.json PICTURES`.

FIGURES.json holds the lines that benchmarks/bm_skin.py prints; PICTURES is the folder it was given with --pictures.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
SIZE, MARGIN, QUALITY = (460, 340), 44, 88
TILE = 240
COLOURS = ((200, 40, 40), (30, 140, 60), (40, 70, 200))
DECADES = (-4, 0)                       # powers of ten that a plot shows, 1/mm^2
FARTHEST = 8.0                          # millimetres


def plot(title: str, profile: dict[str, Any]) -> Image.Image:
    """Return a slab's profiles: the dipole as lines, Cycles as dots, by channel; millimetres across, logarithm of 1/mm^2 up."""
    picture = Image.new("RGB", SIZE, "white")
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(13)
    width, height = SIZE[0] - 2 * MARGIN, SIZE[1] - 2 * MARGIN

    def place(distance: float, value: float) -> tuple[float, float]:
        up = (np.log10(max(value, 1e-9)) - DECADES[0]) / (DECADES[1] - DECADES[0])
        return MARGIN + distance / FARTHEST * width, MARGIN + (1 - up) * height

    for power in range(DECADES[0], DECADES[1] + 1):
        level = place(0, 10.0**power)[1]
        draw.line([(MARGIN, level), (MARGIN + width, level)], fill=(225, 225, 225))
        draw.text((4, level - 8), f"1e{power}", fill="black", font=font)
    for distance in range(0, 9, 2):
        draw.text((place(distance, 1)[0] - 4, MARGIN + height + 6), str(distance), fill="black", font=font)
    draw.text((MARGIN, 12), f"{title}: lines the dipole, dots Cycles; 1/mm^2 over mm", fill="black", font=font)
    for channel, colour in enumerate(COLOURS):
        lines, dots = ([(distance, row[channel]) for distance, row in zip(profile["mm"], profile[name], strict=True)
                        if row[channel] > 10.0 ** DECADES[0]] for name in ("dipole", "cycles"))
        draw.line([place(*point) for point in lines], fill=colour, width=2)
        for point in dots:
            across, up = place(*point)
            draw.ellipse([across - 3, up - 3, across + 3, up + 3], outline=colour, width=2)
    return picture


def beside(pictures: Sequence[Image.Image]) -> Image.Image:
    """Return pictures of one size in a row."""
    return Image.fromarray(np.hstack([np.asarray(picture.convert("RGB")) for picture in pictures]))


def rows(pictures: Sequence[Image.Image]) -> Image.Image:
    """Return pictures of one width below one another."""
    stacked: NDArray[np.uint8] = np.vstack([np.asarray(picture.convert("RGB")) for picture in pictures])
    return Image.fromarray(stacked)


def tile(path: Path, *, share: float = 1.0, high: float = 0.5) -> Image.Image:
    """Return a square of a picture in the size of a tile: its share of the shorter side, and how far down it lies, 0 to 1."""
    with Image.open(path) as picture:
        side = round(share * min(picture.size))
        left, top = (picture.width - side) // 2, round((picture.height - side) * high)
        return picture.convert("RGB").crop((left, top, left + side, top + side)).resize((TILE, TILE), Image.Resampling.LANCZOS)


def pair(path: Path) -> Image.Image:
    """Return reference and Cycles side by side, cut to the head."""
    with Image.open(path) as picture:
        side = picture.height
        halves = [picture.convert("RGB").crop((start + side // 5, side // 10, start + side - side // 5, side - side // 5))
                  for start in (0, side)]
    return beside([half.resize((TILE, TILE * half.height // half.width), Image.Resampling.LANCZOS) for half in halves])


def main(figures: Path, folder: Path) -> None:
    """Write all that the figures and the folder have something for."""
    values = {line["name"]: line["value"] for line in map(json.loads, figures.read_text().splitlines())}
    if "skin_slab" in values:
        beside([plot(name, values["skin_slab"][f"{name}, profile"]) for name in ("skin1", "skin2")]).save(
            IMAGES / "skin_slab.jpg", quality=QUALITY)
    heads = [folder / f"head_{name}.png" for name in ("studio", "window", "rim")]
    if all(path.is_file() for path in heads):
        beside([pair(path) for path in heads]).save(IMAGES / "skin_reference.jpg", quality=QUALITY)
    tones = sorted(folder.glob("tone_*_photo.png"))
    if tones:
        photos = beside([tile(path, share=0.5, high=0.0) if "demo" in path.name else tile(path) for path in tones])
        rendered = beside([tile(path.with_name(path.name.replace("_photo", "")), share=0.7, high=0.45) for path in tones])
        rows([photos, rendered]).save(IMAGES / "skin_tones.jpg", quality=QUALITY)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
