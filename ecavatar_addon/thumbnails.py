"""Pictures of the emotions, CATEGORY_LEVEL.png, for the panel; where there are none it does with words."""

from pathlib import Path

import bpy
import bpy.utils.previews

from ..core.choices import EMOTIONS, MOST_LEVEL, Emotion

FOLDER = Path(__file__).parent / "thumbnails"
CELLS: tuple[tuple[Emotion, int], ...] = tuple((category, level) for category in EMOTIONS for level in range(1, MOST_LEVEL + 1))

pictures: bpy.utils.previews.ImagePreviewCollection | None = None
faces: list[tuple[str, str, str, int, int]] = []        # items of an enum; Blender wants them kept


def load(folder: Path = FOLDER) -> None:
    """Load those that are in the folder."""
    global pictures  # noqa: PLW0603 -- one collection a Blender, freed when the add-on is disabled
    pictures = bpy.utils.previews.new()
    for category, level in CELLS:
        path = folder / f"{category}_{level}.png"
        if path.is_file():
            pictures.load(path.stem, str(path), "IMAGE")
    faces[:] = [(f"{category}:{level}", f"{category.capitalize()} {level}", f"Show this emotion: {category}, level {level}",
                 icon(category, level), number) for number, (category, level) in enumerate(CELLS)]


def free() -> None:
    """Free them."""
    global pictures  # noqa: PLW0603
    faces.clear()
    if pictures is not None:
        bpy.utils.previews.remove(pictures)
    pictures = None


def complete() -> bool:
    """Whether every emotion and level has its picture."""
    return pictures is not None and len(pictures) == len(CELLS)


def icon(category: str, level: float) -> int:
    """Return the picture of an emotion, at the nearest level from 1 on, as Blender numbers icons; 0 where there is none."""
    name = f"{category}_{nearest(level)}"
    return pictures[name].icon_id if pictures is not None and name in pictures else 0


def nearest(level: float) -> int:
    """Return the level that a picture shows best."""
    return max(round(level), 1)
