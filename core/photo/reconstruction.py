"""Photos -> neutral head with texture (paper Sec. 3.2 and 4): detect, fit, set the expression to zero, unproject."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ..choices import Hairline, Parting, Waves
from ..errors import InputError
from ..face.confidence import Confidence, confidence
from ..face.detection import Face, FaceDetector
from ..face.fit import Anchors, Sight, fit, landmarks68
from ..head.lids import Lids
from ..head.model import HeadBasis
from ..head.silhouette import NO_SIDES
from ..types import Floats, HeadModel, Photo
from .brow_look import BrowLook, brow_look
from .eye_look import iris_colour, white_of_eye
from .forehead import fringe_end
from .hair_colour import hair_colour, seen_hair
from .hair_grain import Grain
from .hair_length import hair_length
from .hair_parting import parting
from .hair_sides import hair_sides
from .hair_volume import hair_volume
from .hair_waves import waves
from .hairline import hairline
from .layer import View
from .texture import texture

SMILE_SHAPES = ("mouthSmileLeft", "mouthSmileRight", "jawOpen")
STRONG_EXPRESSION = 0.45
Reaches = tuple[float, float, Floats, float, Parting, Waves, Hairline]
UNSEEN: Reaches = (0.0, 0.0, NO_SIDES, 0.0, "PHOTO", "PHOTO", "PHOTO")
MISFIT = 4.5                    # per cent of reprojection error: not the same person, or not fitted


@dataclass(frozen=True)
class Reconstruction:
    """The head; what each photo shows of it, the most frontal one first; how far it can be trusted; what the user should know; the
    colours of eyes and hair, how far hair reaches below the eyes, stands off the head, and its fringe ends above the eyes
    (metres, 0 none), its parting, waves and hairline ("PHOTO" where they are not seen), and the brows."""

    head: HeadModel
    sights: tuple[Sight, ...]
    confidence: Confidence
    warnings: tuple[str, ...]
    iris_colour: tuple[int, int, int]
    white_of_eye: tuple[int, int, int]
    hair_colour: tuple[int, int, int] | None
    hair_length: float
    hair_volume: float
    hair_sides: Floats
    fringe: float
    hair_parting: Parting
    hair_waves: Waves
    hairline: Hairline
    brows: BrowLook

    @property
    def reprojection_percent(self) -> float:
        """Mean landmark error over all photos, in per cent of the inter-ocular distance."""
        return float(np.mean([sight.reprojection_percent for sight in self.sights]))


class PhotoError(InputError):
    """One of several photos cannot be used; index: which."""

    def __init__(self, index: int, error: InputError) -> None:
        """Take over the error's message."""
        super().__init__(error.what, error.where, error.advice)
        self.index = index


def reconstruct(photos: Sequence[Photo], *, basis: HeadBasis, anchors: Anchors, detector: FaceDetector,
                tick: Callable[[float], None]) -> Reconstruction:
    """Reconstruct the person of one to five photos, the largest face of each, without expression.

    Raises PhotoError when no face of a photo can be used.
    """
    faces = [detected(detector, index, photo) for index, photo in enumerate(photos)]
    order = sorted(range(len(photos)), key=lambda index: abs(faces[index].yaw))             # the most frontal one first
    photos, faces = [photos[index] for index in order], [faces[index] for index in order]
    tick(0.1)
    found = fit(faces, [(photo.pixels.shape[1], photo.pixels.shape[0]) for photo in photos], basis=basis, anchors=anchors)
    tick(0.3)
    rested = found.neutral(basis)
    neutral = Lids(basis).seated(rested, landmarks68(rested, anchors))
    views = [View(photo, face, neutral + basis.expression(basis.expression_names, found.rest + sight.expression)
                  - basis.expression(basis.expression_names, found.rest), sight.camera)
             for photo, face, sight in zip(photos, faces, found.sights, strict=True)]
    hair, bare = seen_hair(photos[0], faces[0], views[0].head, camera=views[0].camera, basis=basis)
    brows = brow_look(photos[0], faces[0])
    tone = brows.colour if hair is None else hair_colour(hair)
    skin = texture(views, neutral, basis=basis, anchors=anchors, tick=lambda share: tick(0.3 + 0.7 * share))
    trust = confidence(faces, visible=skin.visible, reprojection_percent=[sight.reprojection_percent for sight in found.sights])
    head = HeadModel(neutral, landmarks68(neutral, anchors), found.identity, found.rest, skin.albedo)
    told = notes(photos, faces, found.sights, order, basis)
    iris, white = iris_colour(photos[0], faces[0]), white_of_eye(photos[0], faces[0], skin.tone)
    return Reconstruction(head, found.sights, trust, told, iris, white, tone,
                          *(UNSEEN if hair is None else reaches(views[0], hair, bare, basis)), brows)


def reaches(view: View, hair: Floats, skin: Floats, basis: HeadBasis) -> Reaches:
    """Return how far below the eyes hair reaches in a photo, how far it stands off the head, and how far above the eyes a fringe ends,
    metres, 0 where there is none; and where it is parted, how it waves and how far its line has gone back, "PHOTO" where not seen.

    hair: (N, 3), skin: (M, 3) colours of them in it.
    """
    length = hair_length(view.photo, view.face, hair=hair, skin=skin, camera=view.camera)
    grain = Grain.of(view.photo, view.head, hair=hair, skin=skin, camera=view.camera, basis=basis)
    return (length, hair_volume(view.photo, view.head, hair=hair, skin=skin, camera=view.camera, basis=basis),
            hair_sides(view.photo, view.head, hair=hair, skin=skin, camera=view.camera, basis=basis),
            fringe_end(view.photo, view.head, hair=hair, skin=skin, camera=view.camera, basis=basis), parting(grain),
            waves(grain, length), hairline(view.photo, view.head, hair=hair, skin=skin, camera=view.camera, basis=basis))


def detected(detector: FaceDetector, index: int, photo: Photo) -> Face:
    """Return the largest face; raise PhotoError where there is none to use."""
    try:
        return detector.detect(photo)
    except InputError as error:
        raise PhotoError(index, error) from error


def notes(photos: Sequence[Photo], faces: Sequence[Face], sights: Sequence[Sight], order: Sequence[int],
          basis: HeadBasis) -> tuple[str, ...]:
    """Return what the user should know about the photos, by the numbers the user gave them where there are several."""
    told = []
    smile = basis.indices(SMILE_SHAPES)
    for photo, face, sight, index in zip(photos, faces, sights, order, strict=True):
        texts = list(photo.warnings + face.warnings)
        if len(photos) > 1:
            texts = [text for text in texts if not text.startswith("the face is turned")]       # that is what it is for
            if sight.reprojection_percent > MISFIT:
                texts.append("the face does not fit the other photos: is it the same person?")
        if sight.expression[smile].max() > STRONG_EXPRESSION and index == order[0]:
            texts.append("the person smiles or opens the mouth: a photo with a relaxed, closed mouth gives a better head")
        told += [(index, f"photo {index + 1}: {text}" if len(photos) > 1 else text) for text in texts]
    return tuple(text for _, text in sorted(told, key=lambda one: one[0]))
