"""What the parts of a head are made of, in the terms of the paper's skin (Sec. 4.4)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..pictures.colours import GUMS, TEETH, TONGUE
from ..types import SkinParams
from .skin_optics import dot, specular, transmittance, unmasked, with_reflectance

Array = NDArray[np.float64]
SKIN = SkinParams()             # its absorption is set by the photo's tone
# scattering: dentine's behind a thin enamel (Fried et al. 1995), mucous membrane as skin; absorption by the tone below
ENAMEL = SkinParams(scattering=(2.2, 2.3, 2.5), eta=1.5, roughness=0.16, specular=0.30)
WET = SkinParams(roughness=0.18, specular=0.30)
MATTER: Mapping[str, tuple[SkinParams, tuple[float, float, float]]] = {      # and total diffuse reflectance, linear
    "teeth": (ENAMEL, TEETH),
    "gums": (WET, GUMS),
    "tongue": (replace(WET, roughness=0.28), TONGUE),
}
EYE = SkinParams(eta=1.376, roughness=0.05)             # below its cornea: light passes in and out by Fresnel's equations
EYE_REFLECTANCE = (0.70, 0.66, 0.62)                    # what an eye gives back to the skin around
LIPS = replace(SKIN, roughness=0.22, specular=0.24)       # moister than the skin around
COSINES = 33                    # steps of the table of what a surface mirrors of even surroundings


@dataclass(frozen=True)
class Gloss:
    """A surface's shine, and what it mirrors of even surroundings by the cosine of the view (COSINES,)."""

    params: SkinParams
    mirrored: Array

    @classmethod
    def of(cls, params: SkinParams) -> "Gloss":
        """Integrate the shine of `params` over the hemisphere."""
        return cls(params, np.array([hemispherical(params, cosine) for cosine in np.linspace(0, 1, COSINES)]))

    def around(self, cosine: Array) -> Array:
        """Return the share (N,) of even surroundings mirrored to a view at these cosines (N,)."""
        return np.interp(cosine, np.linspace(0, 1, COSINES), self.mirrored)

    def shine(self, normal: Array, light: Array, view: Array) -> Array:
        """Return the specular term of Eq. 9 times the light's cosine (...,) of unit vectors (..., 3)."""
        return shine(self.params, normal, light, view)


def shine(params: SkinParams, normal: Array, light: Array, view: Array) -> Array:
    """Return the specular term of Eq. 9, less what facets hide, times the light's cosine (...,) of unit vectors (..., 3)."""
    lit, seen = dot(normal, light), dot(normal, view)
    masking = unmasked(lit, params.roughness) * unmasked(seen, params.roughness)
    return np.asarray(specular(params, normal, light, view) * masking * np.maximum(lit, 0))


def hemispherical(params: SkinParams, cosine: float, steps: int = 96) -> float:
    """Return the directional albedo of the shine: its integral over all directions of light, times their cosine."""
    up = (np.arange(steps) + 0.5) / steps
    turn = np.pi * up
    flat = np.sqrt(1 - up**2)[:, None]
    light = np.stack([flat * np.cos(turn), flat * np.sin(turn), np.repeat(up[:, None], steps, axis=1)], axis=2)
    view = np.array([np.sqrt(max(1 - cosine**2, 0)), 0, max(cosine, 1e-6)])
    values = shine(params, np.array([0.0, 0.0, 1.0]), light, view)
    return float(2 * np.pi * values.mean())


def passing(params: SkinParams, cosine: Array) -> Array:
    """Return F_t (N,) of Eq. 10 through a rough surface: by the facets that are met at this cosine (N,) to its normal.

    A smooth surface lets nothing out at grazing angles, and would draw a dark line around every outline. The facets of one of
    roughness m lean towards whoever looks: their mean cosine there is about m.
    """
    met = np.sqrt(params.roughness**2 + (1 - params.roughness**2) * np.clip(cosine, 0, 1)**2)
    return transmittance(met, params.eta)


def params_of(material: str, tone: Array) -> SkinParams:
    """Return the optics of a material; tone: (3,) the skin's mean albedo in the photo, linear, taken for its R_d."""
    if material == "skin":
        return with_reflectance(SKIN, tone)
    params, reflectance = MATTER[material]
    return with_reflectance(params, np.array(reflectance))
