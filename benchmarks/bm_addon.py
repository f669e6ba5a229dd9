"""What the enabled extension costs an artist who does not use it: at the start of Blender, and whenever its tab is drawn.

`python benchmarks/bm_addon.py`: one JSON line each: name, value, unit, machine. Budgets (the design): 50 ms, 1 ms. The start is
measured in processes of their own, from the import of the extension to the end of its registration, with its byte code at hand and
numpy loaded, as Blender's own add-ons load it. `_cpu` is processor time, which other work on the machine disturbs less. Drawing is
measured with a layout that takes everything and does nothing: what Blender's widgets cost is not ours.
"""

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
os.environ.setdefault("BLENDER_USER_RESOURCES", tempfile.mkdtemp())

import bpy  # noqa: E402
import numpy as np  # noqa: E402

from benchmarks.addon_package import load_addon  # noqa: E402

STARTS, DRAWS = 7, 200


class Anything:
    """A layout, and whatever it returns: takes every call and attribute."""

    def __getattr__(self, _name: str) -> Any:
        return self

    def __call__(self, *_: Any, **__: Any) -> Any:
        """Return itself."""
        return self

    def __iter__(self) -> Iterator[Any]:
        """Yield header and body of a closed panel."""
        return iter((self, None))


def main() -> None:
    """Print one JSON line a figure; with --start, the cost of one start in this process."""
    if sys.argv[1:] == ["--start"]:
        bpy.ops.wm.read_homefile(use_factory_startup=True)
        before, used = time.perf_counter(), time.process_time()
        load_addon().register()
        sys.stdout.write(json.dumps([time.perf_counter() - before, time.process_time() - used]) + "\n")
        sys.stdout.flush()
        os._exit(0)                     # the module's own end takes seconds
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    starts = [json.loads(subprocess.run([sys.executable, __file__, "--start"], env=environment, capture_output=True, text=True,
                                        check=True).stdout.splitlines()[-1]) for _ in range(STARTS + 1)][1:]
    wall, used = np.median(np.array(starts), axis=0) * 1e3
    machine = f"{platform.machine()} {platform.system()} {os.cpu_count()} cores, Blender {bpy.app.version_string}"
    report("addon_start", float(wall), machine)
    report("addon_start_cpu", float(used), machine)
    load_addon().register()
    user = Path(tempfile.mkdtemp())
    setattr(bpy.utils, "extension_path_user", lambda _package, path="", **_: str(user / path))  # noqa: B010 -- ours is no extension here
    for name, milliseconds in draw_costs().items():
        report(f"addon_draw_{name}", milliseconds, machine)
    sys.stdout.flush()
    os._exit(0)


def draw_costs() -> dict[str, float]:
    """Return milliseconds to draw the tab without inputs, and with a photo, a recording and further files chosen."""
    panel, context = SimpleNamespace(layout=Anything()), bpy.context
    panels = [getattr(bpy.types, name) for name in dir(bpy.types) if name.startswith("ECAVATAR_PT_")]
    tops = [cls for cls in panels if "presets" not in cls.__name__ and not getattr(cls, "bl_parent_id", "")]

    def draw() -> None:
        for cls in tops:
            cls.draw(panel, context)

    scene: Any = context.scene
    settings = scene.ecavatar
    found = {"empty": cost(draw)}
    settings.photo = str(ROOT / "assets" / "examples" / "astronaut.jpg")
    settings.audio = str(ROOT / "assets" / "third_party" / "beckett.wav")
    for _ in range(4):
        settings.more_photos.add().path = settings.photo
    found["chosen"] = cost(draw)
    return found


def cost(run: Any) -> float:
    """Return the median of DRAWS runs, milliseconds."""
    times = []
    for _ in range(DRAWS):
        started = time.perf_counter()
        run()
        times.append(time.perf_counter() - started)
    return statistics.median(times) * 1e3


def report(name: str, value: float, machine: str) -> None:
    """Print one figure, in milliseconds."""
    sys.stdout.write(json.dumps({"name": name, "value": round(value, 3), "unit": "ms", "machine": machine}) + "\n")


if __name__ == "__main__":
    main()
