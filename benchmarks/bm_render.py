"""Seconds of the reference renderer for frames of 512 pixels, and how near its hierarchical evaluation is to brute force.

`python benchmarks/bm_render.py [JOB]`: one JSON line each: name, value, unit, machine. JOB: a finished job; without one, the demo's is
made. "First" is from opening the job to its first picture; what depends on the person only is then in memory. Budgets (the design):
6 s a frame after the first on two cores; 1 % of brute force (Jensen and Buhler 2002), over the visible vertices that are not dark.
"""

import json
import os
import platform
import statistics
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from core.job import Request, read_result  # noqa: E402
from core.messages import silent  # noqa: E402
from core.pack import Pack  # noqa: E402
from core.pipeline import animate  # noqa: E402
from core.render.frame import Settings, render, vertex_light  # noqa: E402
from core.render.portrait import MILLIMETRES, Portrait  # noqa: E402
from core.render.rays import Rays  # noqa: E402
from core.render.studio import CAMERA, STUDIO  # noqa: E402
from core.render.subsurface import exitance  # noqa: E402

PHOTO, SPEECH = ROOT / "assets" / "examples" / "astronaut.jpg", ROOT / "assets" / "third_party" / "beckett.wav"
RUNS = 3
DARK = 0.02                     # of the greatest radiant exitance: what is darker counts as black
ASKED = 40                      # every so many visible vertices are asked for by brute force


def main() -> None:
    """Print one JSON line a figure."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(sys.argv[1]) if len(sys.argv) > 1 else made(Path(temporary) / "job")
        started = time.perf_counter()
        portrait = Portrait.of(read_result(folder), Pack.open())
        report("render_prepare", round(time.perf_counter() - started, 2), "s")
        render(portrait, 0, Settings())
        report("render_first_frame_512", round(time.perf_counter() - started, 2), "s")
        walls, works = [], []
        for number in range(1, RUNS + 1):
            wall, work = time.perf_counter(), time.process_time()
            render(portrait, min(number * 10, portrait.poser.frames - 1), Settings())
            walls.append(time.perf_counter() - wall)
            works.append(time.process_time() - work)
    report("render_frame_512", round(statistics.median(walls), 2), "s")
    report("render_frame_512_cpu", round(statistics.median(works), 2), "s of one core")
    hierarchy(portrait)


def made(folder: Path) -> Path:
    """Make the demo's job in a folder and return it."""
    Request(str(PHOTO), str(SPEECH)).write(folder)
    animate(folder, report=silent)
    return folder


def hierarchy(portrait: Portrait) -> None:
    """Report the error of the hierarchical evaluation on the skin of the lit head, and how many points it has."""
    points, normals = portrait.surface.posed(portrait.poser.at(0))
    light = vertex_light(portrait, points, normals, STUDIO, Rays(points, portrait.surface.triangles), np.random.default_rng(0))
    skin, matter = portrait.surface.vertices(0), portrait.matter[0]
    brightness = light.irradiance.max(axis=1) / light.irradiance.max()
    assert matter is not None
    facing = (normals[skin] * (np.array(CAMERA.place) - points[skin])).sum(axis=1) > 0
    at = points[skin][facing][::ASKED] * MILLIMETRES
    gathered = partial(exitance, matter.profile, matter.octree, at, points=points[skin] * MILLIMETRES,
                       area=portrait.surface.areas(points)[skin] * MILLIMETRES**2, irradiance=light.irradiance[skin],
                       lit=brightness[skin][facing][::ASKED])
    exact = gathered(error=0.0)
    off = np.abs(gathered() - exact) / np.maximum(exact, DARK * exact.max(axis=0))
    report("render_points", len(points[skin]), "points on the skin")
    report("render_hierarchy_greatest_error", round(100 * float(off.max()), 3), "% of brute force")
    report("render_hierarchy_mean_error", round(100 * float(off.mean()), 4), "% of brute force")


def report(name: str, value: float, unit: str) -> None:
    """Print one figure."""
    machine = f"{platform.machine()} {platform.system()} {os.cpu_count()} cores"
    sys.stdout.write(json.dumps({"name": name, "value": value, "unit": unit, "machine": machine}) + "\n")


if __name__ == "__main__":
    main()
