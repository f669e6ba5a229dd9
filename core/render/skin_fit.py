"""The paper's skin for a renderer that has Christensen and Burley's scattering only: two lobes whose difference is Jensen's dipole.

A lobe of Christensen and Burley (2015) peaks where light enters, the dipole is flat there; a narrow lobe taken from a wide one leaves
that flat top. In units of the mean free path 1 / sigma_t' the dipole's shape depends on its total reflectance R_d and on eta alone:
both distances and the narrow lobe's weight are polynomials of sqrt(R_d), fitted for one eta. How good it is: docs/skin.md.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..types import SkinParams
from .skin_optics import diffusion_profile, total_reflectance, with_reflectance

Array = NDArray[np.float64]
DEGREE = 5
LEAST, MOST = 0.02, 0.93                # total reflectances between which it is fitted
SAMPLES = 28                            # of them, even in their roots
NEAR, FAR, RADII = 0.17, 14.0, 72        # mean free paths from where light enters
RESTRAINT = 0.03                        # on the lobes' weights: the noise they add to a render, against what they add to the fit
ROUNDS = 60                             # of the fit, until it stays
FIRST_DAMPING, LEAST_DAMPING, MOST_DAMPING = 1e-2, 1e-9, 1e9
STEP = 1e-5                             # of the derivatives


@dataclass(frozen=True)
class Lobes:
    """The narrow and the wide lobe (2, 3) by colour channel: weights, which sum to R_d and of which the first is negative, and
    distances d in millimetres."""

    weights: Array
    distances: Array

    def profile(self, distance: ArrayLike) -> Array:
        """Return the sum of both lobes (..., 3), 1/mm^2, at distances (...,), mm."""
        away = np.asarray(distance, np.float64)[..., None]
        return np.asarray(sum(weight * burley(away, scale) for weight, scale in zip(self.weights, self.distances, strict=True)))


@dataclass(frozen=True)
class Fit:
    """Polynomials of t = sqrt(R_d), highest power first (DEGREE + 1,): the narrow lobe's weight relative to R_d, both distances in
    mean free paths, and sqrt(1 - alpha'), which R_d comes from."""

    weight: Array
    narrow: Array
    wide: Array
    absorbed: Array

    def lobes(self, params: SkinParams) -> Lobes:
        """Return the lobes of this skin."""
        reflectance = np.clip(total_reflectance(params), LEAST, MOST)
        root, path = np.sqrt(reflectance), 1 / (np.array(params.absorption) + np.array(params.scattering))
        weight = np.polyval(self.weight, root)
        distances = np.stack([np.polyval(self.narrow, root), np.polyval(self.wide, root)]) * path
        return Lobes(np.stack([weight, 1 - weight]) * total_reflectance(params), distances)


def burley(distance: ArrayLike, scale: ArrayLike) -> Array:
    """Return Christensen and Burley's profile R(r), 1/mm^2, of total 1, for distances r > 0 and a scale d, mm (Eq. 2 of theirs)."""
    away, spread = np.asarray(distance, np.float64), np.asarray(scale, np.float64)
    return np.asarray((np.exp(-away / spread) + np.exp(-away / (3 * spread))) / (8 * np.pi * spread * away))


def lobes_of(params: SkinParams) -> Lobes:
    """Return the two lobes that stand for the dipole of this skin."""
    return fit(params.eta).lobes(params)


@cache
def fit(eta: float) -> Fit:
    """Return the fit for one index of refraction."""
    root = np.linspace(np.sqrt(LEAST), np.sqrt(MOST), SAMPLES)
    reduced = np.array([reduced_albedo(value, eta) for value in root**2])
    found = best_lobes(root**2, reduced, eta)
    polynomials = [np.polyfit(root, values, DEGREE) for values in (found[:, 2], np.exp(found[:, 0]), np.exp(found[:, 1]),
                                                                  np.sqrt(1 - reduced))]
    return Fit(*polynomials)


def reduced_albedo(reflectance: float, eta: float) -> float:
    """Return alpha' = sigma_s' / sigma_t' of this total reflectance."""
    unit = with_reflectance(SkinParams(scattering=(1.0, 1.0, 1.0), eta=eta), np.full(3, reflectance))
    return 1 / (1 + unit.absorption[0])


def best_lobes(reflectance: Array, reduced: Array, eta: float) -> Array:
    """Return log d of the narrow lobe, of the wide one, and the narrow one's relative weight (S, 3), by Levenberg's and Marquardt's
    method for all reflectances (S,) at once; lengths are mean free paths."""
    radii = np.geomspace(NEAR, FAR, RADII)
    share = np.sqrt(radii * np.gradient(radii))                     # a ring's light grows with its radius
    wanted = np.stack([diffusion_profile(SkinParams((albedo,) * 3, (1 - albedo,) * 3, eta), radii)[:, 0] for albedo in reduced])
    wanted *= share / reflectance[:, None]
    size = np.linalg.norm(wanted, axis=1)[:, None]

    def residual(values: Array) -> Array:
        narrow, wide = (burley(radii, np.exp(values[:, [place]])) for place in (0, 1))
        weight = values[:, 2:]
        off = ((weight * narrow + (1 - weight) * wide) * share - wanted) / size
        return np.concatenate([off, RESTRAINT * weight, RESTRAINT * (1 - weight)], axis=1)

    found = np.stack([np.full(len(reduced), np.log(0.1)), np.log(0.33 + 1.5 * reflectance**1.5), reflectance - 1], axis=1)
    damping = np.full(len(reduced), FIRST_DAMPING)
    for _ in range(ROUNDS):
        off = residual(found)
        slopes = np.stack([(residual(found + STEP * axis) - off) / STEP for axis in np.eye(3)], axis=2)
        normal = np.einsum("smi,smj->sij", slopes, slopes)
        damped = normal + damping[:, None, None] * np.einsum("sii->si", normal)[:, :, None] * np.eye(3)
        tried = found - np.linalg.solve(damped, np.einsum("smi,sm->si", slopes, off)[..., None])[..., 0]
        better = (residual(tried)**2).sum(axis=1) < (off**2).sum(axis=1)
        found[better] = tried[better]
        damping = np.clip(np.where(better, damping / 4, damping * 4), LEAST_DAMPING, MOST_DAMPING)
    return found


def relative_error(found: Array, params: SkinParams, distance: Array) -> Array:
    """Return by how much a profile (N, 3) is off from the dipole's at distances (N,), mm, by channel (3,): root mean square, each ring
    by its area as in GPU Gems 3, ch. 14, relative to the dipole's."""
    wanted = diffusion_profile(params, distance)
    weight = (distance * np.gradient(distance))[:, None]
    return np.asarray(np.sqrt((weight * (found - wanted)**2).sum(axis=0) / (weight * wanted**2).sum(axis=0)))
