"""Which pixels of the photo show the face's bare skin: not hair, clothes, background, eyes or the inside of the mouth.

Worked out in an upright square around the head. Skin is what resembles the cheeks and the nose in colour and smoothness,
and is reached from the face's middle without crossing anything else; brows, lips and beard lie in the core, which is
taken as it is.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..pictures.raster import rasterise
from ..pictures.sampling import bilinear, crop
from ..types import Floats, Photo
from .detection import LEFT_EYE, RIGHT_EYE, Face, pyramid

SIDE = 640                          # pixels of the square
SPAN = 0.42                         # metres the square shows
RAYS, DISTANCES = 720, 400
SURE = (116, 187, 164, 411, 345, 6)                                     # cheeks and nose: skin in any photo
CORE = (226, 53, 52, 65, 55, 8, 285, 295, 282, 283, 446, 345, 411, 431, 262, 152, 32, 211, 187, 116)
BROWS = ((70, 63, 105, 66, 107, 55, 65, 52, 53, 46), (300, 293, 334, 296, 336, 285, 295, 282, 283, 276))
NOSE_TIP, BRIDGE_SIDES, BRIDGE_ENDS = (5, 4), (193, 417), (8, 197)
EYES = ((130, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7),
        (359, 466, 388, 387, 386, 385, 384, 398, 362, 382, 381, 380, 374, 373, 390, 249))
MOUTH = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95)
LIPS = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146)
LASHES_MM, LIP_LINE_MM, EDGE_MM = 2.6, 1.0, 3.2         # what is left out around eyes, lips' contact, and any edge
MARGIN_MM, BROW_MM = 5.0, 0.7       # how far hair throws its shadow; by how much brows are wider than their landmarks
LIP_EDGE = 0.35                     # of a lip's height, inside its edges: what lies there may be skin, teeth or the mouth's dark
STRAND_MM, STRAND_EDGE_MM = 4.0, 0.8        # half the width of what counts as narrow, its soft edge
STRAND, FRAME, HAIR = 0.28, 0.13, 1.1       # log luminance below what is around: anything narrow, frames; below the cheeks: hair
FRAME_BRIDGE = 0.19                 # the same of what crosses the bridge of the nose if it is a frame: frowns have less
PATCH_MM = 11.0                     # skin around the core is only taken in patches twice as wide as this
LIDS_MM, RING_MM = 4.5, 8.0         # around the eyes: where lids and make-up may be dark, and how far glasses are looked for
DARK_GLASSES, DARK_LENS = 1.0, 0.4  # log luminance below the cheeks': a ring around both eyes, and a pixel of the lens
LEAST_SPREAD = np.array([0.30, 0.050, 0.055, 0.55], np.float32)     # log luminance, log R/G, log G/B, log roughness
BRIGHT_SPREAD = 0.22
LIMIT, SOFTNESS = 3.2, 0.5          # robust deviations at which likeness is a half, and over which it falls

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class SkinMask:
    """share: (SIDE, SIDE) float32, 0..1; margin: (SIDE, SIDE) float32, 1 along hair and outline, 0 well inside;
    colour: (SIDE, SIDE, 3) float32, the skin's colour blurred over skin only, 0..255; lips: (3,) float32, the lips' typical
    colour; centre, side (photo's pixels) and angle (radians) of the square."""

    share: Floats
    margin: Floats
    colour: Floats
    lips: Floats
    centre: tuple[float, float]
    side: float
    angle: float

    @property
    def pixel(self) -> float:
        """How much of the face a pixel of the photo shows, metres."""
        return SPAN / self.side

    def at(self, pixels: Floats) -> tuple[Floats, Floats, Floats]:
        """Return share (N,), margin (N,) and blurred colour (N, 3) at the photo's pixels (N, 2)."""
        places = square_places(pixels, self.centre, self.side, self.angle)
        layers = np.concatenate([self.share[..., None], self.margin[..., None], self.colour], axis=2)
        values = bilinear(layers, places[:, 0], places[:, 1])
        inside = ((places >= 0) & (places < SIDE)).all(axis=1)
        return values[:, 0] * inside, values[:, 1], values[:, 2:]


def find_skin(photo: Photo, face: Face, pixels_per_metre: float) -> SkinMask:
    """Return where the photo shows the skin of `face`."""
    eyes = face.landmarks[LEFT_EYE, :2] - face.landmarks[RIGHT_EYE, :2]
    angle, side = float(np.arctan2(eyes[1], eyes[0])), SPAN * pixels_per_metre
    middle = face.landmarks[list(SURE), :2].mean(axis=0)
    centre = (float(middle[0]), float(middle[1]))
    pixels = crop(pyramid(photo.pixels), *centre, side, angle, SIDE)
    landmarks = square_places(face.landmarks[:, :2], centre, side, angle)
    millimetre = SIDE / SPAN / 1000
    brows = grown(inside_polygon(landmarks[list(BROWS[0])]) | inside_polygon(landmarks[list(BROWS[1])]), round(BROW_MM * millimetre))
    core = inside_polygon(landmarks[list(CORE)]) | brows
    likeness = np.maximum(skin_likeness(pixels, inside_polygon(landmarks[list(SURE)]), millimetre), core)
    share = np.minimum(likeness, reachable(likeness, landmarks[list(SURE)].mean(axis=0)))
    radius = round(PATCH_MM * millimetre)
    patch = widened(-widened(-np.clip(3 * share - 1, 0, 1), radius), radius)            # grey opening: no slivers between locks
    share = np.maximum(patch, core) * inside_photo(photo, centre, side, angle)
    share = np.where(grown(share < 0.5, round(EDGE_MM * millimetre)), 0.0, share)
    share = np.minimum(share, np.clip(2 * blurred(share, EDGE_MM * millimetre) - 1, 0, 1))
    share = np.maximum(share, blurred(brows.astype(np.float32), 0.5 * millimetre))      # dark as they are, brows have no edge
    margin = np.clip(2 - 2 * blurred(share, MARGIN_MM * millimetre), 0, 1) * (1 - blurred(core.astype(np.float32), 2 * millimetre))
    openings = [grown(outlined(landmarks[list(line)]), round(width * millimetre))
                for line, width in ((EYES[0], LASHES_MM), (EYES[1], LASHES_MM), (MOUTH, LIP_LINE_MM))]
    outer, inner = landmarks[list(LIPS)], landmarks[list(MOUTH)]
    heart = inside_polygon(outer + LIP_EDGE * (inner - outer)) & ~outlined(inner + LIP_EDGE * (outer - inner)) & (share > 0.5)
    strange = strands(pixels, landmarks, brows, millimetre) | dark_lenses(pixels, landmarks, millimetre)
    strange = grown(strange, round(STRAND_EDGE_MM * millimetre))
    share = share * (1 - blurred(strange.astype(np.float32), 0.4 * millimetre))
    share = share * (1 - blurred(np.logical_or.reduce(openings).astype(np.float32), 0.4 * millimetre))
    wide = blurred(share, millimetre)
    colour = blurred(pixels * share[..., None], millimetre) / np.maximum(wide, 1e-4)[..., None]
    return SkinMask(share.astype(np.float32), margin.astype(np.float32), colour.astype(np.float32), lip_colour(pixels, heart),
                    centre, side, angle)


def square_places(pixels: Floats, centre: tuple[float, float], side: float, angle: float) -> Floats:
    """Return where the photo's pixels (N, 2) lie in the square, in its pixels."""
    cosine, sine = np.cos(angle), np.sin(angle)
    offsets = pixels - np.array(centre)
    return np.asarray((offsets @ np.array([[cosine, -sine], [sine, cosine]]) / side + 0.5) * SIDE, np.float32)


def inside_photo(photo: Photo, centre: tuple[float, float], side: float, angle: float) -> Floats:
    """Return 1 where the square's pixels lie in the photo, else 0 (SIDE, SIDE)."""
    ones = [np.ones((*photo.pixels.shape[:2], 1), np.uint8)]
    return (crop(ones, *centre, side, angle, SIDE)[..., 0] > 0).astype(np.float32)


def skin_likeness(pixels: Floats, sure: Mask, millimetre: float) -> Floats:
    """Return 0..1 for each pixel (SIDE, SIDE): how much colour and smoothness are those of the pixels that are `sure`."""
    smooth = blurred(pixels, 0.8 * millimetre) + 6
    light = np.log(smooth.mean(axis=2))
    down, across = np.gradient(np.log(pixels.mean(axis=2) + 6))
    rough = np.log(blurred(np.hypot(down, across), 2 * millimetre) + 0.004)
    features = np.stack([light, np.log(smooth[..., 0] / smooth[..., 1]), np.log(smooth[..., 1] / smooth[..., 2]), rough], axis=2)
    middle = np.median(features[sure], axis=0)
    spread = np.maximum(1.4826 * np.median(np.abs(features[sure] - middle), axis=0), LEAST_SPREAD)
    offsets = (features - middle) / spread
    offsets[..., 0] = np.where(offsets[..., 0] > 0, offsets[..., 0] * spread[0] / max(spread[0] / 2, BRIGHT_SPREAD), offsets[..., 0])
    offsets[..., 3] = np.maximum(offsets[..., 3], 0)                    # smoother than the cheeks is skin as well
    distance = np.sqrt((offsets**2).sum(axis=2))
    return np.asarray(1 / (1 + np.exp(np.clip((distance - LIMIT) / SOFTNESS, -30, 30))), np.float32)


def strands(pixels: Floats, landmarks: Floats, brows: Mask, millimetre: float) -> Mask:
    """Return what is narrow and clearly darker than what lies around it, or far darker than the cheeks, above the tip of the
    nose (SIDE, SIDE): frames of glasses and hair, but not brows and lids (grey closing). Where a frame crosses the bridge of
    the nose, fainter lines count."""
    light = np.log(blurred(pixels, 0.3 * millimetre).mean(axis=2) + 6)
    radius = round(STRAND_MM * millimetre)
    depth = -widened(-widened(light, radius), radius) - light
    lids = [grown(inside_polygon(landmarks[list(line)]), round(LIDS_MM * millimetre)) for line in EYES]
    kept = grown(brows, round(STRAND_EDGE_MM * millimetre)) | lids[0] | lids[1]
    kept[int(np.clip(landmarks[list(NOSE_TIP), 1].mean(), 0, SIDE)):] = True
    (left, right), (top, bottom) = (np.clip(np.sort(landmarks[list(pair), axis]), 0, SIDE).astype(int)
                                    for axis, pair in ((0, BRIDGE_SIDES), (1, BRIDGE_ENDS)))
    bridge = float(np.median(depth[top:bottom, left:right].max(axis=0))) if bottom > top and right > left else 0.0
    hair = light < np.median(light[inside_polygon(landmarks[list(SURE)])]) - HAIR
    return ((depth > (FRAME if bridge > FRAME_BRIDGE else STRAND)) | hair) & ~kept


def dark_lenses(pixels: Floats, landmarks: Floats, millimetre: float) -> Mask:
    """Return what dark glasses cover (SIDE, SIDE): nothing unless the surroundings of both eyes are far darker than the cheeks."""
    light = np.log(blurred(pixels, 0.8 * millimetre).mean(axis=2) + 6)
    light -= np.median(light[inside_polygon(landmarks[list(SURE)])])
    eyes = [inside_polygon(landmarks[list(line)]) for line in EYES]
    rings = [grown(eye, round(RING_MM * millimetre)) & ~grown(eye, round(LASHES_MM * millimetre)) for eye in eyes]
    if max(float(np.median(light[ring])) if ring.any() else 0.0 for ring in rings) > -DARK_GLASSES:
        return np.zeros(light.shape, bool)
    dark = light < -DARK_LENS
    dark[int(np.clip(landmarks[list(NOSE_TIP), 1].mean(), 0, SIDE)):] = False
    return dark


def widened(image: Floats, radius: int) -> Floats:
    """Return the greatest value (H, W) within about `radius` pixels (an octagon)."""
    for step in range(radius):
        padded = np.pad(image, 1, mode="edge")
        rows = np.maximum(padded[:-2, 1:-1], padded[2:, 1:-1])
        image = np.maximum.reduce([image, rows, padded[1:-1, :-2], padded[1:-1, 2:]])
        if step % 2:
            image = np.maximum.reduce([image, padded[:-2, :-2], padded[2:, 2:], padded[:-2, 2:], padded[2:, :-2]])
    return image


def reachable(likeness: Floats, middle: Floats) -> Floats:
    """Return the least likeness met on the straight way from `middle` (x, y) to each pixel; what is narrower than 3
    degrees does not block."""
    turns = np.arange(RAYS) * (2 * np.pi / RAYS)
    reach = np.arange(DISTANCES) * (0.75 * SIDE / DISTANCES)
    column, row = middle[0] + np.cos(turns)[:, None] * reach, middle[1] + np.sin(turns)[:, None] * reach
    rays = bilinear(likeness[..., None], column, row)[..., 0]
    rays = np.mean([np.roll(rays, step, axis=0) for step in range(-6, 7)], axis=0)
    rays = np.minimum.accumulate(rays, axis=1)
    down, across = np.mgrid[:SIDE, :SIDE] + 0.5
    angle = np.mod(np.arctan2(down - middle[1], across - middle[0]), 2 * np.pi) * (RAYS / (2 * np.pi))
    distance = np.hypot(down - middle[1], across - middle[0]) * (DISTANCES / (0.75 * SIDE))
    wrapped = np.concatenate([rays, rays[:1]])
    return bilinear(wrapped[..., None], distance.astype(np.float32) + 0.5, angle.astype(np.float32) + 0.5)[..., 0]


def lip_colour(pixels: Floats, where: Mask) -> Floats:
    """Return the median colour (3,) of the pixels but for the quarter that is least like lips, which are redder than skin and less
    yellow; of all where there are none."""
    chosen = pixels[where] if where.sum() > 20 else pixels.reshape(-1, 3)
    redness = np.log(chosen + 6) @ np.array([2.0, -3.0, 1.0])
    return np.asarray(np.median(chosen[redness >= np.quantile(redness, 0.25)], axis=0), np.float32)


def inside_polygon(corners: Floats) -> Mask:
    """Return which pixels (SIDE, SIDE) lie in a polygon (N, 2) that is star-shaped about its middle."""
    count = len(corners)
    points = np.concatenate([corners, corners.mean(axis=0)[None]])
    ring = np.arange(count, dtype=np.int32)
    triangles = np.stack([ring, np.roll(ring, -1), np.full(count, count, np.int32)], axis=1)
    return rasterise(points, triangles, width=SIDE, height=SIDE).triangle >= 0


def outlined(corners: Floats) -> Mask:
    """Return the polygon's inside together with its outline: a closed mouth has no inside."""
    result = inside_polygon(corners)
    for share in np.linspace(0, 1, 24, endpoint=False):
        points = (corners * (1 - share) + np.roll(corners, -1, axis=0) * share).astype(int)
        points = points[((points >= 0) & (points < SIDE)).all(axis=1)]
        result[points[:, 1], points[:, 0]] = True
    return result


def grown(mask: Mask, radius: int) -> Mask:
    """Return the mask with everything within about `radius` pixels of it."""
    for step in range(radius):
        padded = np.pad(mask, 1)
        cross = padded[:-2, 1:-1] | padded[2:, 1:-1] | padded[1:-1, :-2] | padded[1:-1, 2:] | mask
        if step % 2:                                                    # every second time the corners too: an octagon
            cross |= padded[:-2, :-2] | padded[2:, 2:] | padded[:-2, 2:] | padded[2:, :-2]
        mask = cross
    return mask


def blurred(image: Floats, deviation: float) -> Floats:
    """Return the image (H, W) or (H, W, C) under a Gaussian blur of `deviation` pixels (three box means)."""
    radius = max(round((np.sqrt(4 * deviation**2 + 1) - 1) / 2), 1)
    for _ in range(3):
        for axis in (0, 1):
            edge = [(radius + 1, radius) if axis == one else (0, 0) for one in range(image.ndim)]
            total = np.cumsum(np.pad(image, edge, mode="edge"), axis=axis, dtype=np.float64)
            width = 2 * radius + 1
            upper, lower = [slice(None)] * image.ndim, [slice(None)] * image.ndim
            upper[axis], lower[axis] = slice(width, None), slice(None, -width)
            image = ((total[tuple(upper)] - total[tuple(lower)]) / width).astype(np.float32)
    return image
