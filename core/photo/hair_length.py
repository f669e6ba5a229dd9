"""How far a person's hair reaches down in the photo."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..face.camera import Camera
from ..face.detection import LEFT_EYE, RIGHT_EYE, Face
from ..types import Floats, Photo
from .hair_colour import CHIN, FOREHEAD, sampled

FACE_HEIGHT = 0.185                 # metres from the hairline's middle landmark to the chin, of people
SIDES = ((234, 93, 132, 58, 172), (454, 323, 361, 288, 397))        # outline from beside the eyes down to the jaw's corners
BESIDE, FAR = (0.05, 0.22), (0.60, 0.85)    # where hair is looked for beside that outline, and where there must be none; face heights
BEHIND, TILTED = 0.065, 0.35        # metres that hair hangs behind the eyes; for each of them a bent head moves it at most
STEP, LOWEST = 0.02, 1.5            # of the rows looked at, and the lowest of them; face heights below the eyes
HALF, BACKGROUND = 0.45, 0.5        # share of a row that makes it hair; of the far places that makes it background of hair's colour
CROWN, BORDER = 0.6, 4              # face heights above the eyes from where, and how many outermost places, show what is behind
GAP = 3                             # rows without hair that are passed over: a lock, a shadow, an earring
TURNED = 15.0                       # degrees from which one side alone can tell: the other is hidden
SHORTEST, HANGING = 0.010, 0.8      # metres; face heights below the eyes from where on one side tells: so far down hair only hangs
LEAST = 0.08                        # face heights below the eyes down to which hair is seen beside the face unless it is short
DARKER, LIGHTER, CHROMA = 1.3, 0.6, 0.17    # log luminance and log chroma by which hair differs from its typical colour at most
WARMER = np.array([0.2, 0.5])       # of log red/green and green/blue for each log of luminance that is lost: shadows are warm

Array = NDArray[np.float64]


def hair_length(photo: Photo, face: Face, *, hair: Floats, skin: Floats, camera: Camera) -> float:
    """Return how far below the eyes hair reaches beside the face, metres; 0 where it leaves the ears free or nothing can be said.

    hair: (N, 3), skin: (M, 3) colours of them in this photo (hair_colour.seen_hair).
    """
    if len(hair) == 0:
        return 0.0
    frame = Frame.of(face)
    likeness = Likeness(hair, skin)
    reached = [reach(photo, frame.rows(side)[0], likeness) for side in (0, 1)]
    longer = max(low if before_another(photo, frame, side, low, likeness) else 0.0 for side, low in enumerate(reached))
    free = longer < LEAST or (min(reached) < LEAST and longer < HANGING and abs(face.yaw) < TURNED)
    bent = float(np.clip(-camera.rotation[1, 2] / camera.rotation[1, 1], -TILTED, TILTED))
    return 0.0 if free else max(FACE_HEIGHT * longer + BEHIND * bent, SHORTEST)


@dataclass(frozen=True)
class Frame:
    """The upright face, pixels. eyes: (2,) their middle; up, across: (2,) unit vectors; height; outlines: (2, 5, 2)."""

    eyes: Array
    up: Array
    across: Array
    height: float
    outlines: Array

    @classmethod
    def of(cls, face: Face) -> "Frame":
        """Take the frame from the landmarks."""
        marks = face.landmarks[:, :2].astype(np.float64)
        top, chin = marks[FOREHEAD], marks[CHIN]
        up = (top - chin) / np.linalg.norm(top - chin)
        return cls((marks[LEFT_EYE] + marks[RIGHT_EYE]) / 2, up, np.array([-up[1], up[0]]), float(np.linalg.norm(top - chin)),
                   np.stack([marks[list(side)] for side in SIDES]))

    def rows(self, side: int) -> tuple[Array, Array]:
        """Return places beside the face (R, S, 2), rows from the eyes down, and those far out (R, S, 2)."""
        levels = np.arange(0, LOWEST, STEP)
        return self.beside(side, levels, BESIDE), self.beside(side, levels, FAR)

    def behind(self, side: int, photo: Photo) -> Array:
        """Return the outermost places beside and above the temple that the photo shows (N, 2), where hair hardly reaches."""
        places = self.beside(side, np.arange(-CROWN, LEAST, STEP), (BESIDE[1], FAR[1]))
        inside = ((places >= 0) & (places < photo.pixels.shape[1::-1])).all(axis=2)
        outermost = inside & ((inside[:, ::-1].cumsum(axis=1) <= BORDER)[:, ::-1])
        return places[outermost & (inside.sum(axis=1) >= 2 * BORDER)[:, None]]

    def beside(self, side: int, levels: Array, reach: tuple[float, float]) -> Array:
        """Return places (R, S, 2) at `levels` (R,) below the eyes and so far outside the face's outline, face heights."""
        relative = (self.outlines[side] - self.eyes) / self.height
        down, aside = -relative @ self.up, relative @ self.across
        sign = np.sign(aside.mean())
        out = sign * (np.interp(levels, down, aside * sign)[:, None] + np.arange(*reach, STEP / 2)[None])
        return np.asarray(self.eyes + self.height * (out[..., None] * self.across - levels[:, None, None] * self.up))


@dataclass(frozen=True)
class Likeness:
    """What is hair rather than anything else. hair: (N, 3), skin: (M, 3) colours of them in this photo."""

    hair: Floats
    skin: Floats

    def of(self, colours: Floats) -> NDArray[np.bool_]:
        """Return which colours (..., 3) are like hair, and less like skin."""
        typical, bare = features(np.median(self.hair, axis=0)), features(np.median(self.skin, axis=0))
        off, other = features(colours) - typical, features(colours) - bare
        dark = np.clip(-off[..., :1], 0, None)
        warm = np.clip(off[..., 1:], 0, None)
        off[..., 1:] -= np.minimum(warm, WARMER * dark)                 # what a shadow explains
        limits = np.concatenate([np.where(off[..., :1] < 0, DARKER, LIGHTER), np.full_like(off[..., 1:], CHROMA)], axis=-1)
        near = np.linalg.norm(off / limits, axis=-1)
        return np.asarray((np.abs(off) < limits).all(axis=-1) & (near < np.linalg.norm(other / limits, axis=-1)))


def features(colours: Floats) -> Array:
    """Return log luminance, log red/green and log green/blue (..., 3)."""
    red, green, blue = np.moveaxis(np.asarray(colours, np.float64) + 12, -1, 0)
    return np.stack([np.log(red + green + blue), np.log(red / green), np.log(green / blue)], axis=-1)


def reach(photo: Photo, beside: Array, likeness: Likeness) -> float:
    """Return how far down, in face heights, rows (R, S, 2) show hair without a break from the eyes on."""
    last, missed = -1, 0
    for row, share in enumerate(of_hair(photo, beside, likeness)):
        if share >= HALF:
            last, missed = row, 0
        else:
            missed += 1
            if missed > GAP:
                break
    return (last + 1) * STEP


def before_another(photo: Photo, frame: Frame, side: int, down: float, likeness: Likeness) -> bool:
    """Return whether what lies behind hair that reaches so far `down`, face heights, is another colour: far out, or, in a photo that
    ends before, outermost beside the temple."""
    far = of_hair(photo, frame.rows(side)[1], likeness)[: round(down / STEP)]
    if len(far) == 0 or np.isnan(far).mean() <= BACKGROUND:
        return len(far) > 0 and bool(np.nanmean(far) <= BACKGROUND)
    behind = frame.behind(side, photo)
    return len(behind) > 0 and bool(likeness.of(sampled(photo, behind)).mean() <= BACKGROUND)


def of_hair(photo: Photo, places: Array, likeness: Likeness) -> Array:
    """Return the share (R,) of places (R, S, 2) that show hair, NaN where most of them lie outside the photo."""
    height, width = photo.pixels.shape[:2]
    inside = ((places >= 0) & (places < [width, height])).all(axis=-1)
    alike = likeness.of(sampled(photo, places.reshape(-1, 2))).reshape(inside.shape) & inside
    return np.where(inside.mean(axis=1) > 0.5, alike.sum(axis=1) / np.maximum(inside.sum(axis=1), 1), np.nan)
