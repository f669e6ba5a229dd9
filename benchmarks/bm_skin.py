"""Figures of the skin in Cycles: `python benchmarks/bm_skin.py [slab] [highlight] [head] [tones] [--samples N] [--size N]`.

One JSON line each: name, values, unit, target, machine. Targets are those of issue 8. It needs bpy, scikit-image for two of them.
- slab: a thin beam on a flat slab, seen in Cycles, against the dipole: root mean square of the difference over 0.2-8 mm relative to
  the dipole's, by channel, each ring by its area (as GPU Gems 3, ch. 14) and each millimetre alike; and the total reflectance.
- highlight: a sphere in the sun from five sides: peak and full width at half of it against the paper's specular term.
- head: the demo's head under the same light and camera in Cycles and in the reference renderer: mean CIEDE2000 on skin, SSIM.
- tones: three photos (the demo's, two drawn heads) made into heads and seen in even light, as the photo's light is taken out to an
  even one of mean 1: CIEDE2000 of the mean colour at twelve places of the skin, render against photo.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
os.environ.setdefault("BLENDER_USER_RESOURCES", tempfile.mkdtemp())

import bpy  # noqa: E402

from benchmarks.skin_stage import Slab, Sphere, skin_material  # noqa: E402
from core.render.skin_optics import PRESETS, SKIN1, diffusion_profile, specular, total_reflectance, transmittance  # noqa: E402
from core.types import SkinParams  # noqa: E402

Array = NDArray[np.float64]
EDGES = np.geomspace(0.2, 8.0, 17)      # millimetres, of the rings
SIDE = 40                               # pixels of the picture of a point
ANGLES = (0, 30, 60, 90, 120)           # degrees between light and view
SPHERE_PIXELS = 512
TARGETS = {"slab": "<= 0.10", "highlight": "<= 0.10", "head": "CIEDE2000 <= 4, SSIM >= 0.93", "tones": "CIEDE2000 <= 6"}


def dipole_rings(params: SkinParams) -> Array:
    """Return the means of the dipole over the rings (N, 3), through a smooth surface in and out, straight."""
    rings = []
    for inner, outer in pairwise(EDGES):
        radii = np.linspace(inner, outer, 42)
        middle = (radii[1:] + radii[:-1]) / 2
        rings.append((diffusion_profile(params, middle) * middle[:, None]).sum(axis=0) / middle.sum())
    return np.array(rings) * transmittance(1.0, params.eta) ** 2


def slab(samples: int) -> dict[str, Any]:
    """Return the errors of both measured skins."""
    values: dict[str, Any] = {}
    for name, params in PRESETS.items():
        bench = Slab(SIDE, samples)
        material, _ = skin_material(params, Oiliness=0.0)
        found, wanted = bench.profile(material, EDGES), dipole_rings(params)
        for label, weight in (("by area", np.diff(EDGES**2)), ("by radius", np.diff(EDGES))):
            errors = np.sqrt((weight[:, None] * (found - wanted)**2).sum(axis=0) / (weight[:, None] * wanted**2).sum(axis=0))
            values[f"{name}, {label}"] = errors.round(4).tolist()
        bench.shine_on(0.0, 1e6)
        total = bench.seen(material) / bench.seen_white()
        values[f"{name}, total reflectance over R_d"] = (total / total_reflectance(params)).round(4).tolist()
        values[f"{name}, profile"] = {"mm": np.sqrt(EDGES[1:] * EDGES[:-1]).round(4).tolist(), "cycles": found.tolist(),
                                      "dipole": wanted.tolist()}
    return values


def half_width(places: Array, values: Array) -> float:
    """Return the full width at half of the peak, between pixels."""
    inside = np.flatnonzero(values >= values.max() / 2)
    ends = []
    for within, beyond in ((inside[0], inside[0] - 1), (inside[-1], inside[-1] + 1)):
        if not 0 <= beyond < len(values):
            ends.append(places[within])
            continue
        share = (values.max() / 2 - values[beyond]) / (values[within] - values[beyond])
        ends.append(places[beyond] + share * (places[within] - places[beyond]))
    return float(ends[1] - ends[0])


def highlight() -> dict[str, Any]:
    """Return how far peak and width are off at each angle, relative, and the angle between the peaks."""
    material_of = lambda: skin_material(SKIN1)          # noqa: E731 -- a new file forgets the last one's materials
    values: dict[str, Any] = {"peak": [], "width": [], "degrees apart": []}
    for angle in np.radians(ANGLES):
        ball = Sphere(SPHERE_PIXELS, 16)
        material, node = material_of()
        node.inputs["Albedo"].default_value = (0.0, 0.0, 0.0, 1.0)          # nothing comes from below
        ball.wear(material)
        found = ball.shine(float(angle))
        normal = np.stack([np.sin(ball.normals), np.cos(ball.normals), np.zeros(SPHERE_PIXELS)], axis=1)
        light, view = np.array([np.sin(angle), np.cos(angle), 0.0]), np.array([0.0, 1.0, 0.0])
        wanted = specular(SKIN1, normal, np.broadcast_to(light, normal.shape), np.broadcast_to(view, normal.shape))
        wanted = wanted * np.maximum(normal @ light, 0)
        values["peak"].append(round(float(found.max() / wanted.max() - 1), 4))
        values["width"].append(round(half_width(ball.normals, found) / half_width(ball.normals, wanted) - 1, 4))
        values["degrees apart"].append(round(float(np.degrees(ball.normals[found.argmax()] - ball.normals[wanted.argmax()])), 2))
    return values


def tell(name: str, values: dict[str, Any]) -> None:
    """Print one figure."""
    machine = f"{platform.machine()} {platform.system()} {os.cpu_count()} cores, Blender {bpy.app.version_string}"
    sys.stdout.write(json.dumps({"name": f"skin_{name}", "value": values, "unit": "relative" if name in ("slab", "highlight") else "",
                                 "target": TARGETS[name], "machine": machine}) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Tell the wanted figures, or all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("figures", nargs="*", help=f"some of {', '.join(TARGETS)}")
    parser.add_argument("--samples", type=int, default=256, help="of the slab")
    parser.add_argument("--size", type=int, default=256, help="pixels of the head's pictures")
    parser.add_argument("--pictures", type=Path, help="folder for the pictures that are compared")
    options = parser.parse_args()
    if options.pictures is not None:
        options.pictures.mkdir(parents=True, exist_ok=True)
    for name in options.figures or TARGETS:
        if name == "slab":
            tell(name, slab(options.samples))
        elif name == "highlight":
            tell(name, highlight())
        else:
            from benchmarks import skin_heads
            tell(name, getattr(skin_heads, name)(size=options.size, folder=options.pictures))


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)                 # Blender's module may hang while Python ends, once an add-on was registered
