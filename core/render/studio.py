"""Camera and lights as data, for this renderer and for Blender's scene alike: both photograph the same studio.

World of the engine: metres, +Y up, face towards +Z, the person's left at +X, origin at the avatar's root. Powers are Blender's: W of
radiant flux, which a flat one-sided lamp sends out by Lambert's law. Colours are linear Rec. 709.
"""

from dataclasses import dataclass
from typing import Literal

Place = tuple[float, float, float]
Colour = tuple[float, float, float]
WHITE: Colour = (1.0, 1.0, 1.0)
LightName = Literal["studio", "window", "rim"]


@dataclass(frozen=True)
class AreaLight:
    """A rectangular lamp at `place` that shines towards `at`: power in W, width and height in metres, height upwards."""

    name: str
    place: Place
    power: float
    width: float
    height: float
    at: Place = (0.0, 0.0, 0.0)
    colour: Colour = WHITE


@dataclass(frozen=True)
class PointLight:
    """A lamp without extent that shines to all sides: power in W."""

    name: str
    place: Place
    power: float
    colour: Colour = WHITE


@dataclass(frozen=True)
class Studio:
    """Lights, and the radiance of the surroundings, W/(m2 sr) per channel: the world's background colour times its strength.

    backdrop: what is seen behind the head; it gives no light.
    """

    name: str
    lights: tuple[AreaLight | PointLight, ...]
    surroundings: Colour = (0.0, 0.0, 0.0)
    backdrop: Colour = (0.05, 0.05, 0.05)


@dataclass(frozen=True)
class PortraitCamera:
    """A camera at `place` that looks at `at`, upright; lens and sensor in millimetres, of a square picture."""

    place: Place = (0.0, 0.02, 0.95)
    at: Place = (0.0, -0.005, 0.0)
    lens: float = 85.0
    sensor: float = 36.0


CAMERA = PortraitCamera()
STUDIO = Studio("studio", (AreaLight("key", (-0.7, 0.6, 1.0), 16.0, 0.5, 0.5), AreaLight("fill", (0.9, 0.1, 0.9), 6.0, 0.8, 0.8),
                           AreaLight("rim", (0.5, 0.6, -0.8), 10.0, 0.4, 0.4)))
WINDOW = Studio("window", (AreaLight("window", (1.5, 0.35, 0.75), 28.0, 1.0, 1.4, colour=(0.88, 0.94, 1.0)),),
                surroundings=(0.10, 0.088, 0.076))
RIM = Studio("rim", (AreaLight("rim left", (0.75, 0.25, -0.55), 14.0, 0.25, 0.8, colour=(1.0, 0.93, 0.84)),
                     AreaLight("rim right", (-0.75, 0.25, -0.55), 14.0, 0.25, 0.8, colour=(0.84, 0.92, 1.0)),
                     AreaLight("front", (-0.25, 0.4, 1.2), 2.5, 0.8, 0.8)))
STUDIOS: dict[LightName, Studio] = {"studio": STUDIO, "window": WINDOW, "rim": RIM}
