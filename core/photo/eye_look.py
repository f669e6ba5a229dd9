"""Colours of a person's eyes in a photo: the irises', and how white their whites are."""

import numpy as np

from ..face.detection import Face
from ..face.skin_mask import EYES
from ..pictures.colours import WHITE_OF_EYE, encoded, linear
from ..pictures.polygons import within
from ..types import Floats, Photo
from .shading import LUMINANCE

IRISES = ((468, 469, 471), (473, 474, 476))        # centre and two points of each iris's rim
CHEEKS = (50, 101, 117, 205, 280, 330, 346, 425)
ENOUGH = 60                     # pixels of white in both eyes, below which a photo says nothing about them
BRIGHTEST = 85                  # percentile of the whites: lids and lashes shade the rest
SHADE = 1.25                    # how much brighter the white is than it looks below the lids
LEAST, USUAL = 1.6, 2.2         # times the skin's luminance: whites may be so bright at least, and where nothing is known
DARKEST = 0.3                   # of an eyeball's white


def iris_colour(photo: Photo, face: Face) -> tuple[int, int, int]:
    """Return the irises' median colour, sRGB: a ring between pupil and rim, its brightest (glints) and darkest left out."""
    height, width = photo.pixels.shape[:2]
    found = []
    for centre, left, right in IRISES:
        middle = face.landmarks[centre, :2]
        radius = float(np.linalg.norm(face.landmarks[left, :2] - face.landmarks[right, :2])) / 2
        angles = np.linspace(0, 2 * np.pi, 48, endpoint=False)
        angles = angles[np.abs(np.sin(angles)) < 0.75]                   # lids cover top and bottom
        for share in (0.5, 0.62, 0.74):
            x, y = middle[0] + share * radius * np.cos(angles), middle[1] + share * radius * np.sin(angles)
            rows, columns = np.clip(y.astype(int), 0, height - 1), np.clip(x.astype(int), 0, width - 1)
            found.append(photo.pixels[rows, columns])
    colours = np.concatenate(found).astype(np.float32)
    brightness = colours.sum(axis=1)
    middle_half = (brightness >= np.percentile(brightness, 20)) & (brightness <= np.percentile(brightness, 70))
    red, green, blue = np.median(colours[middle_half], axis=0)
    return int(red), int(green), int(blue)


def white_of_eye(photo: Photo, face: Face, tone: Floats) -> tuple[int, int, int]:
    """Return the colour of the whites, sRGB: an eyeball's, but no brighter beside the skin than in the photo.

    tone: (3,) the skin's plain tone, sRGB 0..255. A face in the shade becomes a dark face, in which full whites would glare.
    """
    skin, white = float(linear(np.asarray(tone)) @ LUMINANCE), np.array(WHITE_OF_EYE)
    seen = brightness_of_whites(photo, face)
    most = skin * (USUAL if seen is None else max(LEAST, SHADE * seen))
    red, green, blue = 255 * encoded(white * np.clip(most / float(white @ LUMINANCE), DARKEST, 1.0))
    return round(red), round(green), round(blue)


def brightness_of_whites(photo: Photo, face: Face) -> float | None:
    """Return the luminance of the whites over the cheeks' in a photo, None where too few pixels show them."""
    height, width = photo.pixels.shape[:2]
    landmarks = face.landmarks[:, :2].astype(np.float64)
    found = []
    for rim, (centre, left, right) in zip(EYES, IRISES, strict=True):
        low = np.clip(np.floor(landmarks[list(rim)].min(axis=0)).astype(int), 0, (width - 1, height - 1))
        high = np.clip(np.ceil(landmarks[list(rim)].max(axis=0)).astype(int) + 1, low + 1, (width, height))
        part = photo.pixels[low[1]:high[1], low[0]:high[0]]
        rows, columns = np.mgrid[low[1]:high[1], low[0]:high[0]]
        radius = float(np.linalg.norm(landmarks[left] - landmarks[right])) / 2
        off = np.hypot(columns - landmarks[centre, 0], rows - landmarks[centre, 1]) > 1.1 * radius
        places = np.column_stack([columns.ravel(), rows.ravel()]).astype(np.float64)
        found.append(part[off & within(places, landmarks[list(rim)]).reshape(off.shape)])
    whites = np.concatenate(found)
    places = np.clip(landmarks[list(CHEEKS)].astype(int), 0, (width - 1, height - 1))
    skin = float(np.median(linear(photo.pixels[places[:, 1], places[:, 0]]) @ LUMINANCE))
    if len(whites) < ENOUGH or skin <= 0:
        return None
    return float(np.percentile(linear(whites) @ LUMINANCE, BRIGHTEST)) / skin
