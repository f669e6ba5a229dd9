"""The colour of a person's hair in the photo."""

import numpy as np
from numpy.typing import NDArray

from ..face.camera import UPRIGHT, Camera
from ..face.detection import Face
from ..head.model import HeadBasis
from ..head.scalp import inside_hairline
from ..pictures.raster import vertex_normals
from ..types import Floats, Photo

FOREHEAD, CHIN = 10, 152                    # landmarks
CHEEKS = ((50, 101, 205), (280, 330, 425))  # the person's right ones first
FRINGE = 0.70                               # of the cheeks' brightness: whatever is darker above the eyes is no bare skin
# metres inside the hairline, and off the skin, where hair is looked for; cosine to the camera
INSIDE, HEIGHT, FACING = 0.012, 0.003, 0.3
DARKER, PALER, ENOUGH = 0.22, 0.10, 0.30    # by which hair differs from the forehead: log luminance, log red/green; share that has to
LEAST_SEEN = 12                             # places
# log red/green and log green/blue of people's hair: beyond them lies a hat or the light, not hair
WARMTH, YELLOW = (-0.02, 0.50), (-0.04, 0.60)
SLACK = 0.10                                # by which the light may move them


def hair_colour(hair: Floats) -> tuple[int, int, int] | None:
    """Return the median colour, sRGB, of hair (N, 3), held among people's; None when there is none."""
    if len(hair) == 0:
        return None
    red, green, blue = np.log(np.maximum(np.median(hair, axis=0), 4.0))
    red, blue = green + np.clip(red - green, *WARMTH), green - np.clip(green - blue, *YELLOW)
    return int(np.exp(red)), int(np.exp(green)), int(np.exp(blue))


def of_people(colour: Floats) -> bool:
    """Return whether a colour (3,) has a hue that people's hair has, or comes close to it."""
    red, green, blue = np.log(np.maximum(colour, 4.0))
    return bool(WARMTH[0] - SLACK < red - green < WARMTH[1] + SLACK and YELLOW[0] - SLACK < green - blue < YELLOW[1] + SLACK)


def seen_hair(photo: Photo, face: Face, head: Floats, *, camera: Camera, basis: HeadBasis) -> tuple[Floats | None, Floats]:
    """Return the colours (N, 3) of hair on the scalp of a head (V, 3) that the camera sees, none where that is too little, None where
    the photo ends below it; and some (M, 3) of the forehead.

    The scalp is where hair must be if there is any: looking above the forehead one meets the wall behind the person.
    """
    skin = basis.part("skin").vertices
    triangles = basis.skin_triangles
    normals = vertex_normals(head[skin], triangles)
    placed = camera.place(head)[skin]
    facing = -((normals @ (UPRIGHT @ camera.rotation).T) * placed / np.linalg.norm(placed, axis=1, keepdims=True)).sum(axis=1)
    chosen = (inside_hairline(basis.vertices[skin]) > INSIDE) & (facing > FACING)
    above = head[skin] + HEIGHT * normals
    between = above[triangles[chosen[triangles].all(axis=1)]].mean(axis=1)
    places = camera.project(np.concatenate([above[chosen], between]))[:, :2]
    bare = forehead(photo, face)
    inside = ((places >= 0) & (places < photo.pixels.shape[1::-1])).all(axis=1)
    if inside.sum() < LEAST_SEEN:
        return None, bare
    found = sampled(photo, places[inside])
    typical = np.median(bare, axis=0) + 8
    darker = np.log(typical.mean()) - np.log(found.mean(axis=1) + 8)
    paler = np.log(typical[0] / typical[1]) - np.log((found[:, 0] + 8) / (found[:, 1] + 8))
    unlike = np.maximum(darker / DARKER, paler / PALER)
    hair = unlike > 1
    if hair.sum() < ENOUGH * len(found):
        return np.zeros((0, 3), np.float32), bare
    if np.median(darker[hair]) < DARKER:
        hair = unlike >= np.median(unlike[hair])                        # through the rest of pale hair skin shines
    return found[hair], bare


def forehead(photo: Photo, face: Face) -> Floats:
    """Return some colours (M, 3) of the forehead, or of the cheeks where a fringe covers it."""
    top, chin = face.landmarks[FOREHEAD, :2], face.landmarks[CHIN, :2]
    height = float(np.linalg.norm(top - chin))
    low = top - 0.12 * (top - chin)
    bare = sampled(photo, low[None] + 0.03 * height * np.array([[0, 0], [1, 0], [-1, 0], [0, 1], [0, -1]]))
    cheeks = sampled(photo, face.landmarks[[place for side in CHEEKS for place in side], :2])
    return cheeks if bare.mean() < FRINGE * np.median(cheeks.mean(axis=1)) else bare


def sampled(photo: Photo, places: NDArray[np.floating]) -> Floats:
    """Return the photo's colours (N, 3) at pixels (N, 2), x and y; outside is the border."""
    height, width = photo.pixels.shape[:2]
    rows, columns = np.clip(places[:, 1].astype(int), 0, height - 1), np.clip(places[:, 0].astype(int), 0, width - 1)
    return photo.pixels[rows, columns].astype(np.float32)
