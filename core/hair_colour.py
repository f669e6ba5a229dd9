"""The colour of a person's hair in the photo."""

import numpy as np
from numpy.typing import NDArray

from .face_detection import Face
from .types import Floats, Photo

FOREHEAD, CHIN = 10, 152                    # landmarks
BAND, WIDTH = (0.10, 0.30), 0.30            # where hair is looked for, in heights of the face: above the forehead, to the sides
DARKER, ENOUGH = 0.22, 0.25                 # log luminance that hair differs from the forehead by, and the share of it that counts


def hair_colour(photo: Photo, face: Face) -> tuple[int, int, int] | None:
    """Return the median colour, sRGB, of what lies above the forehead and is not like it; None when that is too little."""
    hair, _ = above_forehead(photo, face)
    if len(hair) == 0:
        return None
    red, green, blue = np.median(hair, axis=0)
    return int(red), int(green), int(blue)


def above_forehead(photo: Photo, face: Face) -> tuple[Floats, Floats]:
    """Return the colours (N, 3) of hair above the forehead, none where that is too little, and some (M, 3) of the skin below."""
    top, chin = face.landmarks[FOREHEAD, :2], face.landmarks[CHIN, :2]
    up, height = (top - chin) / np.linalg.norm(top - chin), float(np.linalg.norm(top - chin))
    across = np.array([-up[1], up[0]])
    rise, side = np.meshgrid(np.linspace(*BAND, 40), np.linspace(-WIDTH, WIDTH, 60))
    places = top + height * (rise[..., None] * up + side[..., None] * across)
    low, (rows, columns) = top - 0.12 * height * up, photo.pixels.shape[:2]
    skin = sampled(photo, low[None] + 0.03 * height * np.array([[0, 0], [1, 0], [-1, 0], [0, 1], [0, -1]]))
    inside = ((places >= 0) & (places < [columns, rows])).all(axis=-1)
    found = sampled(photo, places[inside])
    if len(found) < ENOUGH * inside.size:
        return np.zeros((0, 3), np.float32), skin
    light = np.log(found.mean(axis=1) + 8)
    hair = found[light < np.log(skin.mean() + 8) - DARKER]
    return (hair if len(hair) >= ENOUGH * len(found) else np.zeros((0, 3), np.float32)), skin


def sampled(photo: Photo, places: NDArray[np.float64]) -> Floats:
    """Return the photo's colours (N, 3) at pixels (N, 2), x and y; outside is the border."""
    height, width = photo.pixels.shape[:2]
    rows, columns = np.clip(places[:, 1].astype(int), 0, height - 1), np.clip(places[:, 0].astype(int), 0, width - 1)
    return photo.pixels[rows, columns].astype(np.float32)
