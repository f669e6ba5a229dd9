"""Which way hair runs in a photo: its picture seen straight from the front, and the grain of its texture there."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..face.camera import Camera
from ..head.model import HeadBasis
from ..pictures.sampling import bilinear, halve
from ..types import Floats, Photo
from .hair_colour import of_people
from .hair_length import Likeness

STEP = 0.00125                              # metres between places of the picture
ASIDE, ABOVE, BELOW = 0.150, 0.160, 0.150   # metres that it shows to each side, above and below the eyes
DEPTH = -0.030                              # metres behind the eyes of the plane that it is taken on: where most hair seen is
COARSEST = 0.0028                           # metres of a photo's pixel from which on single locks cannot be told
FINE, LOCKS = 1.0, 2.5                      # places over which light is evened before, and its slopes after
INSIDE = 4                                  # places that hair's edge is left alone by: it runs along the outline, not the hair

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Grain:
    """x, y: (H, W) metres to the person's left and above the eyes; hair: (H, W), what is hair, and inside: well within it, nothing
    where the photo is too coarse; across, up: (H, W) the doubled direction in which hair runs, a unit vector times how plain it is."""

    x: Array
    y: Array
    hair: Mask
    inside: Mask
    across: Array
    up: Array

    @property
    def step(self) -> float:
        """Metres from place to place."""
        return STEP

    @classmethod
    def of(cls, photo: Photo, head: Floats, *, hair: Floats, skin: Floats, camera: Camera, basis: HeadBasis) -> "Grain":
        """Look at the hair around a head (V, 3) as the camera saw it; hair: (N, 3), skin: (M, 3) colours of them in this photo."""
        y, x = np.meshgrid(np.arange(ABOVE, -BELOW, -STEP), np.arange(-ASIDE, ASIDE, STEP), indexing="ij")
        eyes = np.mean([head[basis.part(eye).vertices].mean(axis=0) for eye in ("eye_left", "eye_right")], axis=0)
        pixels = camera.project(eyes + np.stack([x, y, np.full_like(x, DEPTH)], axis=-1))
        pixel = float(np.median(pixels[..., 2])) / camera.focal
        if len(hair) == 0 or pixel > COARSEST or not of_people(np.median(hair, axis=0)):
            nothing = np.zeros(x.shape, bool)
            return cls(x, y, nothing, nothing, np.zeros_like(x), np.zeros_like(x))
        image, places = photo.pixels, pixels[..., :2]
        while pixel < STEP / 1.5:
            image, places, pixel = halve(image), places / 2, 2 * pixel
        found = bilinear(image, places[..., 0], places[..., 1]).astype(np.float64)
        within = ((places >= 0) & (places < image.shape[1::-1])).all(axis=-1)
        alike = Likeness(hair, skin).of(found.astype(np.float32)) & within
        alike = evened(alike.astype(np.float64), LOCKS) > 0.5           # single pixels of another colour are strands of it, too
        inside = evened(alike.astype(np.float64), INSIDE / 2) > 0.97
        return cls(x, y, alike, inside, *directions(np.log(found.sum(axis=-1) + 24.0)))


def directions(light: Array) -> tuple[Array, Array]:
    """Return the doubled direction (H, W), across and up, along which light (H, W) changes least, by its structure tensor."""
    smooth = evened(light, FINE)
    down, across = np.gradient(smooth)
    first, second, both = (evened(value, LOCKS) for value in (across * across, down * down, -across * down))
    total = np.maximum(first + second, 1e-9)
    return (second - first) / total, -2 * both / total


def evened(image: Array, spread: float) -> Array:
    """Return the image (H, W) blurred by a Gauss curve of that many places."""
    reach = int(np.ceil(2.5 * spread))
    shares = np.exp(-0.5 * (np.arange(-reach, reach + 1) / spread) ** 2)
    shares /= shares.sum()
    for axis in (0, 1):
        padded = np.pad(image, [(reach, reach) if one == axis else (0, 0) for one in (0, 1)], mode="edge")
        image = sum((share * np.take(padded, np.arange(place, place + image.shape[axis]), axis=axis)
                     for place, share in enumerate(shares)), np.zeros_like(image))
    return image
