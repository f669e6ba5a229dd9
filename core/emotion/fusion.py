"""Emotion and speech in one face (paper Sec. 4.3): M_emo and M_lip -> M_face on the mesh.

Eq. 2-6 compare vertices of models of one person. Here all are offsets from that person's neutral head: the differences in the losses,
and so their minimiser, are the same as for absolute vertices, since each of those holds the neutral head once, and what is learnt of
expressions does not depend on whose they are. An M_emo of another identity (the paper's M_emori) is neutral head + offsets, too.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..head.model import REGIONS, HeadBasis
from ..head.skin_surface import Doubles, mouth_bag, skin_edges, surface_distance
from ..types import Bytes, Floats, Fusing, Integers
from .motion import SPEECH_ONLY

W_LIP, W_EMO = 0.35, 0.65               # w1 and w2 of Eq. 3
SHARES = {"lips": 0.0, "chin": W_EMO / (W_LIP + W_EMO), "face": 1.0, "other": 0.0}      # of M_emo in the minimiser of Eq. 6
# metres along the skin, from its border, within which a region is free to pass over into its neighbour
REACH = {"lips": 0.0, "chin": 0.02, "face": 0.02, "other": 0.022}
MOUTH_PARTS = {"teeth_upper": "upper", "teeth_lower": "lower", "tongue": "lower"}       # and the lip that they are seated behind
STEPS, PRECISION = 1500, 1e-4             # of the conjugate gradients
EMOTION_PARTS = ("lashes", "eye_left", "eye_right")
SkinBlend = Callable[[Floats, Floats], Floats]
Jaw = Literal["speech", "emotion"]


def fusion_regions(basis: HeadBasis) -> Bytes:
    """Return the regions (V_skin,) of FuNet's losses: Fig. 5, and the mouth's lining, which FLAME lacks, as lips.

    The lining is a mouth structure: it goes with the teeth of M_lip, not with the cheeks.
    """
    regions = basis.regions.copy()
    regions[mouth_bag(basis, skin_edges(basis.skin_triangles)) > 0] = REGIONS.index("lips")
    return regions


def region_shares(regions: Bytes) -> Floats:
    """Return how much of M_emo is in the minimiser of Eq. 6 at each vertex (V,), 0..1."""
    return np.array([SHARES[name] for name in REGIONS], np.float32)[regions]


def region_blend(lip: Floats, emo: Floats, regions: Bytes) -> Floats:
    """Return the minimiser (..., V, 3) of Eq. 6 for M_lip and M_emo (..., V, 3), regions (V,).

    The terms share no vertex, so each has its own: lip; (w1 lip + w2 emo) / (w1 + w2); emo; lip.
    """
    return blend(lip, emo, region_shares(regions))


def blend(lip: Floats, emo: Floats, shares: Floats) -> Floats:
    """Return lip + shares (emo - lip), (..., V, 3), metres, of M_lip and M_emo (..., V, 3) by shares (V,), 0..1."""
    return np.asarray(lip + shares[:, None] * (emo - lip), np.float32)


def harmonic_shares(basis: HeadBasis, regions: Bytes, *, reach: dict[str, float] = REACH) -> Floats:
    """Return the shares (V_skin,) of `region_shares` with smooth passages instead of steps where regions meet.

    Well inside a region the share is that of Eq. 6. Within `reach` of its border it is free, and biharmonic: it minimises the squared
    Laplacian over the skin, so that neither the share nor its slope has a step (Botsch and Kobbelt 2004). Lips are not free.
    """
    edges = skin_edges(basis.skin_triangles)
    points = basis.vertices[basis.part("skin").vertices]
    shares = region_shares(regions).astype(np.float64)
    free = np.zeros(len(points), bool)
    for index, name in enumerate(REGIONS):
        border = edges[(regions[edges] == index).sum(axis=1) == 1]
        outside = np.unique(border[regions[border] != index]).astype(np.int32)
        if len(outside):
            free |= (regions == index) & (surface_distance(points, edges, outside) <= reach[name])
    return np.clip(biharmonic(shares, free, points, edges), 0, 1).astype(np.float32)


def biharmonic(values: Doubles, free: NDArray[np.bool_], points: Floats, edges: Integers) -> Doubles:
    """Return the values (V,) of which the free ones (V,) minimise the squared Laplacian; edges (E, 2) count by 1 / length.

    By conjugate gradients.
    """
    first, second = edges.T
    weight = 1 / np.maximum(np.linalg.norm(points[first] - points[second], axis=1), 1e-6)
    total = np.bincount(edges.ravel(), np.repeat(weight, 2), len(points))

    def around(column: Doubles) -> Doubles:
        sums = (np.bincount(one, weight * column[other], len(points)) for one, other in ((first, second), (second, first)))
        return np.asarray(sum(sums), np.float64)

    def squared(column: Doubles) -> Doubles:
        bent = column - around(column) / total
        return np.where(free, bent - around(bent / total), 0)

    result = values.astype(np.float64)
    residual = -squared(result)
    direction, energy = residual.copy(), float(residual @ residual)
    goal = PRECISION**2 * energy
    for _ in range(STEPS):
        if energy <= goal:
            break
        moved = squared(direction)
        step = energy / float(direction @ moved)
        result += step * direction
        residual -= step * moved
        before, energy = energy, float(residual @ residual)
        direction = residual + energy / before * direction
    return result


def offsets_of(basis: HeadBasis, weights: Floats) -> Floats:
    """Return the offsets (T, V, 3), metres, of the head's shapes with weights (T, K), correctives included."""
    extra = basis.corrective_weights(basis.expression_names, weights)
    used = np.flatnonzero(extra.any(axis=0))
    return np.asarray(np.tensordot(weights, basis.expressions, 1)
                      + np.tensordot(extra[:, used], basis.corrective_basis[used].astype(np.float32), 1), np.float32)


def felt_weights(emotion: Floats, speech: Floats, basis: HeadBasis, *, jaw: Jaw = "speech") -> Floats:
    """Return the weights (T, K) of M_emo for an expression and what is spoken (T, K).

    jaw: "emotion" is the expression as it was retrieved (Sec. 4.1), its own jaw included. "speech": M_emo has the jaw of M_lip, whose
    lower teeth it gets, and none of the shapes that speech alone moves; the two then differ by the expression only.
    """
    if jaw == "emotion":
        return np.clip(emotion, 0, 1)
    names = basis.expression_names
    spoken = np.array([name.startswith("jaw") for name in names])
    kept = np.array([not name.startswith(SPEECH_ONLY) for name in names])
    return np.asarray(np.clip(emotion * kept + speech * spoken, 0, 1), np.float32)


@dataclass(frozen=True)
class Fusion:
    """Fuses whole heads: skin by `skin`, (M_lip, M_emo) -> M'_face; teeth, tongue and lining of M_lip; lashes and eyes of M_emo."""

    basis: HeadBasis
    skin: SkinBlend

    @classmethod
    def make(cls, basis: HeadBasis, method: Fusing, *, network: SkinBlend | None = None) -> "Fusion":
        """Return a fusion by `method`; raise ValueError for "network" without one (core/emotion/funet.py), and for "shapes"."""
        regions = fusion_regions(basis)
        if method == "shapes":
            raise ValueError("shape weights are not fused on the mesh (core/emotion/motion.py)")
        if method == "network":
            if network is None:
                raise ValueError("fusion by the network needs a network")
            return cls(basis, network)
        shares = region_shares(regions) if method == "region" else harmonic_shares(basis, regions)
        return cls(basis, lambda lip, emo: blend(lip, emo, shares))

    def __call__(self, lip: Floats, emo: Floats) -> Floats:
        """Return the offsets M_face (..., V, 3), metres, of M_lip and M_emo (..., V, 3): one frame or a sequence."""
        skin = self.basis.part("skin").vertices
        result = lip.copy()
        result[..., skin, :] = self.skin(lip[..., skin, :], emo[..., skin, :])
        for name in EMOTION_PARTS:
            part = self.basis.part(name).vertices
            result[..., part, :] = emo[..., part, :]
        return seat(result, lip, self.basis)


def seat(fused: Floats, lip: Floats, basis: HeadBasis) -> Floats:
    """Return M_face (..., V, 3) with the mouth parts of M_lip behind the lips of `fused`, as far as in M_lip.

    Bone does not follow skin: a part only gives way, backwards, by as much as the lip in front of it is further back than in M_lip.
    """
    result = fused.copy()
    for name, side in MOUTH_PARTS.items():
        line = basis.inner_lip_upper if side == "upper" else basis.inner_lip_lower
        back = np.minimum((fused[..., line, 2] - lip[..., line, 2]).mean(axis=-1), 0)
        part = basis.part(name).vertices
        result[..., part, :] = lip[..., part, :]
        result[..., part, 2] += back[..., None]
    return result
