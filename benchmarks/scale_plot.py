"""Draw bm_scale.py's figures: `python benchmarks/scale_plot.py LINES.jsonl ... --out docs/images/scale.png`.

Time against the recording's length, the batch's rows and Emolib's size, and memory against length and size; both axes are
logarithmic, and a grey line shows what grows in proportion. The last figure of a name counts.
"""

import argparse
import json
import math
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from training.emolib.retrieval import CLUSTERED_FROM  # noqa: E402

Points = list[tuple[float, float]]
Font = ImageFont.ImageFont | ImageFont.FreeTypeFont
FINE = 2                                                # drawn so much larger, then reduced: smooth lines
WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 560, 400, 78, 64, 44, 56
INK, PALE, GRID, PAPER = (40, 44, 52), (150, 154, 162), (228, 230, 234), (255, 255, 255)
COLOURS = ((31, 97, 171), (214, 96, 28), (34, 139, 87), (150, 68, 160))


@dataclass(frozen=True)
class Panel:
    """title; axes: what is across and what is up; curves by name."""

    title: str
    axes: tuple[str, str]
    curves: dict[str, Points]


def figures(paths: Iterable[Path]) -> dict[str, dict[str, Any]]:
    """Return the figures of files of JSON lines by name; lines that are none are left out."""
    lines = (line for path in paths for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("{"))
    return {str(one["name"]): one for one in map(json.loads, lines)}


def curve(found: dict[str, dict[str, Any]], pattern: str, entry: str = "value", *, times_size: bool = False) -> Points:
    """Return (size, figure) of all names that fit the pattern, whose group is the size."""
    points = [(float(match[1]), float(one[entry])) for name, one in found.items()
              if (match := re.fullmatch(pattern, name)) and one.get(entry)]
    return sorted((size, value * size if times_size else value) for size, value in points)


def panels(found: dict[str, dict[str, Any]]) -> list[Panel]:
    """Return what is drawn."""
    length, size = "recording, seconds", "items of a cell of Emolib"
    built = [point for point in curve(found, r"items_(\d+)_faiss", "build_cpu_seconds") if point[0] >= CLUSTERED_FROM]
    return [
        Panel("Time by length", (length, "CPU seconds"), {
            "job, head made before": curve(found, r"memory_(\d+)s", "cpu_seconds"),
            "bake fused on the mesh": curve(found, r"fusion_memory_(\d+)s", "cpu_seconds")}),
        Panel("Time by rows", ("rows of a batch that share all stages", "CPU seconds"), {
            "all rows": curve(found, r"rows_(\d+)", "cpu_seconds")}),
        Panel("Time of a retrieval", (size, "CPU milliseconds"), {
            "exact": curve(found, r"items_(\d+)_exact"), "FAISS, recall@1 >= .99": curve(found, r"items_(\d+)_faiss")}),
        Panel("Memory by length", (length, "MB, peak of the process"), {
            "job, head made before": curve(found, r"memory_(\d+)s"), "bake fused on the mesh": curve(found, r"fusion_memory_(\d+)s")}),
        Panel("Building the index", (size, "CPU seconds"), {"FAISS's clusters": built}),
        Panel("Memory and disk of the index", (size, "MB"), {
            "peak while built": curve(found, r"items_(\d+)_faiss", "peak_mb"),
            "on disk": [(count, value / 1e6) for count, value in curve(found, r"items_(\d+)_storage", times_size=True)]})]


def decades(values: Sequence[float]) -> tuple[int, int]:
    """Return the powers of ten that hold the values, at least one decade."""
    low, high = math.floor(math.log10(min(values)) + 1e-9), math.ceil(math.log10(max(values)) - 1e-9)
    return low, max(high, low + 1)


def draw(panel: Panel, font: Font, title: Font) -> Image.Image:
    """Return the picture of one panel."""
    image = Image.new("RGB", (WIDTH * FINE, HEIGHT * FINE), PAPER)
    pen = ImageDraw.Draw(image)
    points = [point for curve_points in panel.curves.values() for point in curve_points]
    across, up = decades([x for x, _ in points]), decades([y for _, y in points])

    def at(x: float, y: float) -> tuple[float, float]:
        right = (math.log10(x) - across[0]) / (across[1] - across[0])
        above = (math.log10(y) - up[0]) / (up[1] - up[0])
        return (LEFT + right * (WIDTH - LEFT - RIGHT)) * FINE, (HEIGHT - BOTTOM - above * (HEIGHT - TOP - BOTTOM)) * FINE

    pen.text((LEFT * FINE, 12 * FINE), panel.title, INK, title)
    for power in range(across[0], across[1] + 1):
        pen.line([at(10**power, 10**up[0]), at(10**power, 10**up[1])], GRID, FINE)
        pen.text((at(10**power, 1)[0], (HEIGHT - BOTTOM + 6) * FINE), spelled(power), INK, font, anchor="ma")
    for power in range(up[0], up[1] + 1):
        pen.line([at(10**across[0], 10**power), at(10**across[1], 10**power)], GRID, FINE)
        pen.text(((LEFT - 8) * FINE, at(1, 10**power)[1]), spelled(power), INK, font, anchor="rm")
    pen.text(((LEFT + WIDTH - RIGHT) / 2 * FINE, (HEIGHT - 26) * FINE), panel.axes[0], INK, font, anchor="ma")
    pen.text((LEFT * FINE, (TOP - 22) * FINE), panel.axes[1], INK, font)
    proportional(pen, points, at, (across, up))
    for index, (name, curve_points) in enumerate(panel.curves.items()):
        colour = COLOURS[index]
        pen.line([at(*point) for point in curve_points], colour, 2 * FINE, joint="curve")
        for point in curve_points:
            x, y = at(*point)
            pen.ellipse([x - 4 * FINE, y - 4 * FINE, x + 4 * FINE, y + 4 * FINE], colour)
        pen.text(((WIDTH - RIGHT) * FINE, (12 + 18 * index) * FINE), name, colour, font, anchor="ra")
    return image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)


def proportional(pen: ImageDraw.ImageDraw, points: Points, at: Any, bounds: tuple[tuple[int, int], tuple[int, int]]) -> None:
    """Draw what grows in proportion, through the highest first point, inside the bounds."""
    (low, high), (bottom, top) = bounds
    first = max(points, key=lambda point: (-point[0], point[1]))
    shift = math.log10(first[1]) - math.log10(first[0])
    begin, end = max(low, bottom - shift), min(high, top - shift)
    if begin < end:
        pen.line([at(10**begin, 10**(begin + shift)), at(10**end, 10**(end + shift))], PALE, FINE)


def spelled(power: int) -> str:
    """Return a power of ten as people write it."""
    return f"{10**power:,}" if power >= 0 else f"{10.0**power:.{-power}f}".lstrip("0")


def main() -> None:
    """Draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lines", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    font, title = ImageFont.load_default(13 * FINE), ImageFont.load_default(17 * FINE)
    drawn = [draw(panel, font, title) for panel in panels(figures(options.lines)) if any(panel.curves.values())]
    sheet = Image.new("RGB", (3 * WIDTH, -(-len(drawn) // 3) * HEIGHT), PAPER)
    for index, image in enumerate(drawn):
        sheet.paste(image, (index % 3 * WIDTH, index // 3 * HEIGHT))
    sheet.quantize(64).save(options.out, optimize=True)


if __name__ == "__main__":
    main()
