"""How far a head can be trusted, from what the photos show, and what would make it better.

What turning and blur cost was measured on own heads, drawn and fitted again: at 45 degrees, or blurred by 9 pixels in 280, the fit is
hardly better than the mean head. A small face costs no shape, only skin. Nobody's own likeness is measured here.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .detection import SMALLEST_FACE, STEEP_YAW, Face

SMALLEST_LOSS = 0.6                             # what the smallest face that is taken loses; it falls with the face's area
SHARP, STEEPNESS = 0.015, 3                     # sharpness (Face) from which nothing is lost; the power by which less of it counts
FRONTAL = 15.0                                  # degrees of turning up to which nothing is lost; at STEEP_YAW all is
BARE = 0.48                                     # share of the face's skin that a frontal photo of a bare face shows
GOOD_FIT, BAD_FIT = 1.5, 4.5                    # per cent of reprojection error: nothing lost, all lost
SIDE_VIEW = 20.0                                # degrees from which a photo shows the profile
ONE_VIEW = 0.85                                 # what photos from the front alone leave open: the profile
ENOUGH = 0.95                                   # a share from which there is nothing to advise


@dataclass(frozen=True)
class Confidence:
    """Shares 0..1 of the best photo: pose (frontal), size, sharpness, visible (bare skin), fit; and profile (another side is seen)."""

    pose: float
    size: float
    sharpness: float
    visible: float
    fit: float
    profile: float

    @property
    def overall(self) -> float:
        """Return one figure 0..1: the product."""
        return float(np.prod([self.pose, self.size, self.sharpness, self.visible, self.fit, self.profile]))

    @property
    def advice(self) -> str:
        """Return what would help most, for the user; "" when nothing would help much."""
        hints = {"pose": "add a photo from the front", "size": "use a photo with a larger face", "sharpness": "use a sharper photo",
                 "visible": "use a photo without glasses, and with the hair out of the face",
                 "fit": "use photos of one person with a relaxed, closed mouth",
                 "profile": "add a photo from the side, up to 45 degrees"}
        worst = min(hints, key=lambda name: float(getattr(self, name)))
        return hints[worst] if getattr(self, worst) < ENOUGH else ""


def confidence(faces: Sequence[Face], *, visible: float, reprojection_percent: Sequence[float]) -> Confidence:
    """Return the confidence in a head made from these photos.

    visible: 0..1 how much of the face's skin they show; reprojection_percent: of the fit in each.
    """
    yaws = np.abs([face.yaw for face in faces])
    turned = bool((yaws > SIDE_VIEW).any()) and len(faces) > 1
    size = max(SMALLEST_FACE, *(face.size for face in faces))
    return Confidence(
        pose=falling(float(yaws.min()), FRONTAL, STEEP_YAW), size=1 - SMALLEST_LOSS * (SMALLEST_FACE / size) ** 2,
        sharpness=min(max(face.sharpness for face in faces) / SHARP, 1.0) ** STEEPNESS, visible=min(visible / BARE, 1.0) ** 0.5,
        fit=falling(float(np.mean(reprojection_percent)), GOOD_FIT, BAD_FIT), profile=1.0 if turned else ONE_VIEW)


def falling(value: float, good: float, bad: float) -> float:
    """Return 1 at `good` and better, 0 at `bad` and worse."""
    return float(np.clip((bad - value) / (bad - good), 0.0, 1.0))
