"""The paper's skin (Sec. 4.4, Eq. 7-10) as functions: how light that enters spreads (Jensen's dipole), and how the surface shines.

Lengths are millimetres; arrays end with the three colour channels, linear Rec. 709. Sources: Jensen, Marschner, Levoy, Hanrahan 2001
(dipole, skin1, skin2); Kelemen and Szirmay-Kalos 2001 as used for skin in GPU Gems 3, ch. 14 (shine); Schlick 1994; Beckmann and
Spizzichino 1963.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..types import SkinParams

Array = NDArray[np.float64]
SKIN1 = SkinParams()                                                                                    # Jensen et al. 2001, table
SKIN2 = SkinParams(scattering=(1.09, 1.59, 1.79), absorption=(0.013, 0.070, 0.145))
PRESETS = {"skin1": SKIN1, "skin2": SKIN2}
NORMAL_REFLECTANCE = 0.028              # Fresnel of skin seen straight on, F0 of Schlick's formula
LEAST_ALBEDO, MOST_ALBEDO = 0.004, 0.95  # what total_reflectance is inverted for


def boundary(eta: float) -> float:
    """Return A = (1 + F_dr) / (1 - F_dr), how much a surface with this index of refraction mirrors from inside."""
    inside = -1.440 / eta**2 + 0.710 / eta + 0.668 + 0.0636 * eta
    return (1 + inside) / (1 - inside)


def transport(params: SkinParams) -> Array:
    """Return sigma_tr = sqrt(3 sigma_a (sigma_a + sigma_s')) (3,), 1/mm: how fast light fades with the way it goes."""
    absorption, scattering = np.array(params.absorption), np.array(params.scattering)
    return np.sqrt(3 * absorption * (absorption + scattering))


def diffusion_profile(params: SkinParams, distance: ArrayLike) -> Array:
    """Return R_d(r) (..., 3), 1/mm^2, of distances (...,), mm, between where light enters and where it leaves (Eq. 10)."""
    absorption, scattering = np.array(params.absorption), np.array(params.scattering)
    extinction = absorption + scattering
    fade, depth = transport(params), 1 / extinction
    squared = np.square(np.asarray(distance, np.float64))[..., None]
    total = np.zeros(np.broadcast_shapes(squared.shape, (3,)))
    for height in (depth, depth * (1 + 4 * boundary(params.eta) / 3)):          # the source below the surface, its mirror above
        way = np.sqrt(squared + height**2)
        total += height * (fade * way + 1) * np.exp(-fade * way) / way**3
    return total * scattering / extinction / (4 * np.pi)


def total_reflectance(params: SkinParams) -> Array:
    """Return R_d (3,), the share of entered light that leaves again: the profile's integral over the plane."""
    absorption, scattering = np.array(params.absorption), np.array(params.scattering)
    return reflectance_of(scattering / (absorption + scattering), params.eta)


def reflectance_of(albedo: ArrayLike, eta: float) -> Array:
    """Return R_d of the reduced albedo alpha' = sigma_s' / sigma_t' (any shape)."""
    reduced = np.asarray(albedo, np.float64)
    steep = np.sqrt(3 * (1 - reduced))
    return reduced / 2 * (1 + np.exp(-4 / 3 * boundary(eta) * steep)) * np.exp(-steep)


def with_reflectance(params: SkinParams, reflectance: ArrayLike) -> SkinParams:
    """Return skin of the same sigma_s' whose absorption gives this total reflectance (3,): a photo's tone in the paper's terms."""
    wanted = np.clip(np.asarray(reflectance, np.float64), LEAST_ALBEDO, MOST_ALBEDO)
    low, high = np.zeros(3), np.ones(3)
    for _ in range(60):                                                         # R_d rises with alpha'
        middle = (low + high) / 2
        below = reflectance_of(middle, params.eta) < wanted
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    reduced, scattering = (low + high) / 2, np.array(params.scattering)
    red, green, blue = (float(value) for value in scattering * (1 / reduced - 1))
    return replace(params, absorption=(red, green, blue))


def schlick(cosine: ArrayLike, normal: float = NORMAL_REFLECTANCE) -> Array:
    """Return the Fresnel reflectance at this cosine between light and half-angle vector."""
    return np.asarray(normal + (1 - normal) * (1 - np.clip(cosine, 0, 1)) ** 5, np.float64)


def transmittance(cosine: ArrayLike, eta: float) -> Array:
    """Return F_t = 1 - F_r of unpolarised light at a smooth surface, from outside (Fresnel's equations)."""
    outside = np.clip(np.asarray(cosine, np.float64), 0, 1)
    inside = np.sqrt(1 - (1 - outside**2) / eta**2)
    parallel = (eta * outside - inside) / (eta * outside + inside)
    perpendicular = (outside - eta * inside) / (outside + eta * inside)
    return 1 - (parallel**2 + perpendicular**2) / 2


def beckmann(cosine: ArrayLike, roughness: float) -> Array:
    """Return D = exp(-tan^2 / m^2) / (m^2 cos^4) of the cosine between normal and half-angle vector; 0 from behind.

    Without 1 / pi, as the paper's source has it; rho_s takes that up.
    """
    up = np.clip(np.asarray(cosine, np.float64), 1e-4, 1)
    density = np.exp((1 - 1 / up**2) / roughness**2) / (roughness**2 * up**4)
    return np.asarray(np.where(np.asarray(cosine) > 0, density, 0.0))


def unmasked(cosine: ArrayLike, roughness: float) -> Array:
    """Return Smith's G1: which share of Beckmann's facets is seen or lit from this cosine to the normal (Walter et al. 2007, Eq. 27).

    Eq. 9 leaves it out, and where light grazes towards the eye would give back many times what falls in.
    """
    up = np.clip(np.asarray(cosine, np.float64), 1e-4, 1)
    slope = np.minimum(up / (roughness * np.sqrt(np.maximum(1 - up**2, 1e-8))), 1.6)
    return np.asarray(np.minimum((3.535 * slope + 2.181 * slope**2) / (1 + 2.276 * slope + 2.577 * slope**2), 1))


def specular(params: SkinParams, normal: Array, light: Array, view: Array) -> Array:
    """Return rho_s D F / (h . h), h = light + view unnormalised (Eq. 9), of unit vectors (..., 3).

    The result (...,) is without the light's cosine.
    """
    half = light + view
    squared = np.maximum(dot(half, half), 1e-12)
    direction = half / np.sqrt(squared)[..., None]
    share = beckmann(dot(normal, direction), params.roughness) * schlick(dot(light, direction))
    lit = (dot(normal, light) > 0) & (dot(normal, view) > 0)
    return np.where(lit, params.specular * share / squared, 0.0)


def dot(first: Array, second: Array) -> Array:
    """Return the scalar products (...,) of vectors (..., 3)."""
    return np.asarray(np.einsum("...k,...k->...", first, second))
