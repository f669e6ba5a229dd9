"""Pairs to train FuNet on: speaking mouths x expressions of Emolib, on heads whose identities the test does not have.

The paper pairs VOCASET's frames with AffectNet's faces at random. Here the speech is of our own lip rig, driven by chance within what
the lip network says (channels in 0..1), and the expressions are Emolib's, at any strength.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.emotion.emolib import Emolib
from core.emotion.fusion import Jaw, felt_weights, offsets_of
from core.head.lids import Lids
from core.head.model import HeadBasis
from core.speech.articulation import CHANNELS
from core.speech.mouth_rig import pose
from core.types import Floats

TESTED = 10                     # every tenth item of Emolib, and its person, is for the test
SPREAD = 0.7                    # deviations of the identities
SILENT, QUIET = 0.15, 0.6       # share of frames with lips at rest; share of channels at 0 in the others
WEAKEST = 0.2                   # least strength of an expression
POSE_ONLY = ("eyeBlink", "eyeLook")     # shapes that the add-on moves by itself: a little of them makes the eyes' surroundings known


@dataclass(frozen=True)
class Pairs:
    """Draws pairs: bases of several heads, speech and expressions for them."""

    heads: tuple[HeadBasis, ...]
    emolib: Emolib
    items: NDArray[np.int64]
    jaws: tuple[Jaw, ...] = ("speech",)

    @classmethod
    def make(cls, basis: HeadBasis, emolib: Emolib, *, test: bool, heads: int, jaws: tuple[Jaw, ...] = ("speech",)) -> "Pairs":
        """Return pairs of `heads` people, the test's or the training's, with lids that fit them."""
        items = np.flatnonzero((np.arange(len(emolib.category)) % TESTED == 0) == test)
        rng = np.random.default_rng(1 if test else 0)
        identities = np.clip(rng.normal(0, SPREAD, (heads, len(basis.identity_basis))), *basis.identity_bounds.T)
        lids = Lids(basis)
        return cls(tuple(lids.fit(basis.neutral(one.astype(np.float32))) for one in identities), emolib, items, jaws)

    def draw(self, count: int, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Return M_lip and M_emo (count, N, 3), metres, of one person's skin."""
        basis = self.heads[rng.integers(len(self.heads))]
        skin = basis.part("skin").vertices
        speech = spoken(basis, count, rng)
        emotion = np.zeros_like(speech)
        strength = rng.uniform(WEAKEST, 1, (count, 1))
        chosen = self.emolib.expression[rng.choice(self.items, count)].astype(np.float32)
        emotion[:, basis.indices(self.emolib.names)] = strength * chosen
        for index, name in enumerate(basis.expression_names):
            if name.startswith(POSE_ONLY):
                emotion[:, index] += rng.uniform(0, 1, count) * (rng.random(count) < 0.1)
        jaw = self.jaws[rng.integers(len(self.jaws))]
        pair = offsets_of(basis, speech)[:, skin], offsets_of(basis, felt_weights(emotion, speech, basis, jaw=jaw))[:, skin]
        return torch.from_numpy(pair[0]), torch.from_numpy(pair[1])


def spoken(basis: HeadBasis, count: int, rng: np.random.Generator) -> Floats:
    """Return the weights (count, K) of mouths that speak at random."""
    channels = rng.uniform(0, 1, (count, len(CHANNELS))) * (rng.random((count, len(CHANNELS))) > QUIET)
    channels[:, CHANNELS.index("aperture")] = rng.uniform(0, 1, count) ** 1.5 * (rng.random(count) > 0.25)
    channels[:, CHANNELS.index("jaw")] = np.clip(channels[:, CHANNELS.index("aperture")] + rng.normal(0, 0.25, count), 0, 1)
    channels *= rng.random((count, 1)) > SILENT
    names, weights = pose(channels.astype(np.float32), basis)
    result = np.zeros((count, len(basis.expression_names)), np.float32)
    result[:, basis.indices(names)] = weights
    return result
