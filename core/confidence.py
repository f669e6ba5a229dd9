"""How far a head can be trusted, from what the photos show, and what would make it better."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .face_detection import Face

GOOD_SIZE, GOOD_SHARPNESS = 400.0, 0.02         # pixels of the face, sharpness (Face), from which more does not help
FRONTAL, STEEP = 10.0, 60.0                     # degrees of turning: up to the first nothing is lost, at the second all
GOOD_FIT, BAD_FIT = 1.2, 4.0                    # per cent of reprojection error: nothing lost, all lost
SIDE_VIEW = 20.0                                # degrees from which a photo shows the profile
ONE_VIEW = 0.85                                 # what photos from the front alone leave open: the profile


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
        """Return what would help most, for the user."""
        hints = {"pose": "add a photo from the front", "size": "use a photo with a larger face", "sharpness": "use a sharper photo",
                 "visible": "use a photo without glasses, and with the hair out of the face",
                 "fit": "use photos of one person with a relaxed, closed mouth",
                 "profile": "add a photo from the side, up to 45 degrees"}
        return hints[min(hints, key=lambda name: float(getattr(self, name)))]


def confidence(faces: Sequence[Face], *, visible: float, reprojection_percent: Sequence[float]) -> Confidence:
    """Return the confidence in a head made from these photos.

    visible: 0..1 how much of the face's skin they show; reprojection_percent: of the fit in each.
    """
    yaws = np.abs([face.yaw for face in faces])
    turned = bool((yaws > SIDE_VIEW).any()) and len(faces) > 1
    return Confidence(
        pose=falling(float(yaws.min()), FRONTAL, STEEP), size=min(max(face.size for face in faces) / GOOD_SIZE, 1.0) ** 0.5,
        sharpness=min(max(face.sharpness for face in faces) / GOOD_SHARPNESS, 1.0) ** 0.5, visible=visible**0.5,
        fit=falling(float(np.mean(reprojection_percent)), GOOD_FIT, BAD_FIT), profile=1.0 if turned else ONE_VIEW)


def falling(value: float, good: float, bad: float) -> float:
    """Return 1 up to `good`, 0 from `bad` on."""
    return float(np.clip((bad - value) / (bad - good), 0.0, 1.0))
