"""What a smile does to mouth, cheeks and nose, as measured on people.

The source's face unit is drawn: it lifts the corners of the mouth twice as far as it draws them apart, and the whole lower lip by 7
mm, so that a fit puts half of a real smile's width, and the lip that stayed below, into the person: faces photographed smiling got
wide mouths with thick lips. smile_moves.npz holds how far the landmarks of people move (smile_moves.py); here the unit is moved by
what it lacks there, spread smoothly over the skin. How far it goes forward and back stays the source's.
"""

from pathlib import Path

import numpy as np

from core.errors import InputError
from core.face.fit import OUTLINE, Anchors
from core.files import read_arrays

from .average import POINTS, kernel
from .brows import smoothstep
from .source import Array

SIDES = ("mouthSmileLeft", "mouthSmileRight")
FILE = Path(__file__).with_name("smile_moves.npz")
EYES = (33, 133, 362, 263)      # landmarks: their corners
BELOW, FADED = 0.016, 0.010     # metres below the eyes: from where landmarks count, and nothing moves
REACH, RIDGE = 0.012, 0.15      # metres; how much of what is lacking is left where landmarks disagree
STILL = 2e-5                    # metres: skin to which less is added stays as it is, since hair on skin that no shape moves only turns
SIDE = 0.012                    # metres from the symmetry plane: over which one side's smile goes over into the other's


def measured() -> Array:
    """Return how far the landmarks (468, 2) move to the person's left and up in a whole smile of both sides, metres."""
    return np.asarray(read_arrays(FILE, ("moves",), InputError)["moves"], np.float64)


def as_measured(left: Array, right: Array, skin: Array, anchors: Anchors, scale: float = 1.0) -> tuple[Array, Array]:
    """Return the offsets (N, 3) of smiles of the left and of the right side which together move the landmarks as measured.

    left, right: (N, 3) offsets of the source's; skin: (N, 3) at rest, on which the landmarks lie at `anchors`; metres, of which people
    have `scale` times as many.
    """
    face = np.einsum("lk,lkc->lc", anchors.weights[:POINTS], skin[anchors.vertices[:POINTS]])
    eyes = face[list(EYES), 1].mean()
    used = np.setdiff1d(np.flatnonzero(face[:, 1] < eyes - BELOW), OUTLINE)
    own = np.einsum("lk,lkc->lc", anchors.weights[used], (left + right)[anchors.vertices[used]])[:, :2]
    lack = measured()[used] / scale - own
    weights = np.linalg.solve(kernel(face[used], face[used], REACH) + RIDGE * np.eye(len(used)), lack)
    added = (kernel(skin, face[used], REACH) @ weights) * smoothstep((eyes - FADED - skin[:, 1]) / (BELOW - FADED))[:, None]
    added = np.column_stack([added, np.zeros(len(skin))])                       # neither forward nor back
    added[np.linalg.norm(added, axis=1) < STILL] = 0
    share = ((1 + np.tanh(skin[:, 0] / SIDE)) / 2)[:, None]
    return left + share * added, right + (1 - share) * added
