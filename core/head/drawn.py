"""What is drawn instead of modelled: the lashes' hairs on their strips, and the eye. Linear Rec. 709."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..pictures.colours import Colour, encoded, linear
from ..types import Bytes

LASH: Colour = (0.010, 0.007, 0.006)
LASH_LINE = 0.12, 0.24              # of the lashes' length: where the line of their roots ends
LASH_SIZE = (64, 512)               # pixels of the lashes' image, high and wide
EYE_SIDE, EYE_CONE = 512, 60        # pixels of the eye's image, and the angle it shows to each side
PUPIL, IRIS = 7.4, 21.0             # degrees from the eye's axis: an iris of 11.7 mm, .19 of the pupils' distance as in photos
# what lids, lashes and brows leave of the light on the white, beside the iris and from so many degrees on, and on all of the eye above
# its axis: in photos of seven people whites are a third as bright as cheeks, and two times as bright in themselves
SHADED, SHADED_TO = (0.78, 0.48), 48.0
UNDER_LID, UNDER_LID_FROM_TO = 0.55, (-2.0, 24.0)


def lash_opacity(random: np.random.Generator) -> NDArray[np.float32]:
    """Return the opacity LASH_SIZE of hairs from root (bottom) to tip: the lower lid's below, the denser upper lid's above.

    Where they are rooted, hairs stand so close that they draw one line.
    """
    height, width = LASH_SIZE
    opacity = np.zeros(LASH_SIZE, np.float32)
    columns = np.arange(width)
    ends = np.clip(np.minimum(columns / width / 0.1, (1 - columns / width) / 0.2), 0, 1)       # no line where the lids meet
    for first, hairs, longest, thick, line in ((0, 50, 0.9, 0.9, 0.35), (height // 2, 110, 1.0, 1.3, 0.95)):
        roots = (np.arange(hairs) + random.uniform(0.2, 0.8, hairs)) * width / hairs
        lengths = longest * random.uniform(0.6, 1.0, hairs) * np.sin(np.pi * np.clip(roots / width, 0.08, 0.9)) ** 0.4
        leans = (roots / width - 0.35) * width * 0.05 + random.normal(0, 2.0, hairs)
        for row in range(height // 2):
            share = row / (height // 2)
            reach = np.clip(1 - share / lengths, 0, 1) ** 0.6
            distance = np.abs(columns[:, None] - (roots + leans * share ** 1.5))
            root = line * (1 - smooth(np.array(share), *LASH_LINE)) * ends
            opacity[first + row] = np.maximum(np.clip((thick * reach + 0.5) * (reach > 0) - distance, 0, 1).max(axis=1), root)
    return opacity


def eye_colours(iris: NDArray[np.float64], white: NDArray[np.float64], random: np.random.Generator) -> NDArray[np.float32]:
    """Return the eye (EYE_SIDE, EYE_SIDE, 4), linear: pupil, iris with radial fibres and a dark rim, and the white.

    iris: (3,) linear colour of its middle; white: (3,) of its white. The square shows EYE_CONE degrees from the axis to each side.
    """
    steps = (np.arange(EYE_SIDE) + 0.5) / EYE_SIDE * 2 - 1
    across, up = np.meshgrid(steps, steps)
    angle = np.hypot(across, up) * EYE_CONE
    share, fibres = np.clip((angle - PUPIL) / (IRIS - PUPIL), 0, 1), np.zeros(angle.shape)
    seen = (share > 0) & (share < 1)                            # elsewhere they have no strength
    turn, out = np.arctan2(up[seen], across[seen]), 0.15 * angle[seen]
    fibres[seen] = sum(random.uniform(0.05, 0.11) * np.sin(count * turn + random.uniform(0, 6) + out)
                       for count in random.integers(20, 90, 9))
    brightness = (1.25 - 0.35 * share + fibres * np.sin(np.pi * share)) * (1 - 0.65 * smooth(share, 0.78, 1.0))
    colour = np.minimum(iris[None, None] * np.maximum(brightness, 0.1)[..., None], 0.9)
    shaded = SHADED[0] + (SHADED[1] - SHADED[0]) * smooth(angle, IRIS, SHADED_TO)
    white = white * (1 - np.array([0.02, 0.18, 0.22]) * smooth(angle, IRIS, SHADED_TO)[..., None]) * shaded[..., None]
    colour = colour + (white - colour) * smooth(angle, IRIS - 1.0, IRIS + 2.0)[..., None]
    colour = colour * np.maximum(smooth(angle, PUPIL - 0.6, PUPIL + 0.6), 0.004)[..., None]
    colour *= 1 - (1 - UNDER_LID) * smooth(EYE_CONE * up, *UNDER_LID_FROM_TO)[..., None]
    return np.concatenate([colour, np.ones((EYE_SIDE, EYE_SIDE, 1))], axis=2).astype(np.float32)


def eye_image(iris: Bytes, white: Bytes) -> Bytes:
    """Return the eye, sRGB (EYE_SIDE, EYE_SIDE, 3), top row first; iris and white: their sRGB colours (3,)."""
    colours = eye_colours(linear(iris), linear(white), np.random.default_rng(0))[::-1, :, :3]
    return (255 * encoded(colours) + 0.5).astype(np.uint8)


def smooth(values: NDArray[Any], low: float, high: float) -> NDArray[np.float64]:
    """Return 0 below `low`, 1 above `high`, smoothly between."""
    share = np.clip((values - low) / (high - low), 0, 1)
    return share * share * (3 - 2 * share)
