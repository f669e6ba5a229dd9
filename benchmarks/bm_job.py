"""Seconds of the main job for a ten-second clip, by stage (previews, which are a part of the look's, by themselves too), of its
import into Blender and of an update of its motion.

`python benchmarks/bm_job.py`: one JSON line each: name, value, unit, machine. Budgets (the design): photo 10 s, audio stages 20
times real time, worker start 1.5 s, import and bake 2 s. It needs the environment of build.py, with bpy.
"""

import json
import os
import platform
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
os.environ.setdefault("BLENDER_USER_RESOURCES", tempfile.mkdtemp())

import bpy  # noqa: E402

from benchmarks.addon_package import load_addon  # noqa: E402
from core.job import PREVIEWS, Request, read_result  # noqa: E402
from core.messages import silent  # noqa: E402
from core.pack import Pack  # noqa: E402
from core.pipeline import animate, write_previews  # noqa: E402
from core.speech.audio import read_audio  # noqa: E402

PHOTO, SPEECH = ROOT / "assets" / "examples" / "astronaut.jpg", ROOT / "assets" / "third_party" / "beckett.wav"
RUNS = 3


def main() -> None:
    """Print one JSON line a figure, the median of RUNS runs."""
    clip = read_audio(SPEECH).duration
    package = load_addon()
    from ecavatar.core.job import read_result as read_for_addon  # type: ignore[import-not-found]
    from ecavatar.ecavatar_addon.avatar import import_avatar  # type: ignore[import-not-found]
    from ecavatar.ecavatar_addon.lip_sync import update  # type: ignore[import-not-found]
    package.register()
    stages = "head", "previews", "look", "speech", "emotion", "bake"
    found: dict[str, list[float]] = {name: [] for name in (*stages, "import", "update")}
    for _ in range(RUNS):
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary) / "job-00000000"
            Request(str(PHOTO), str(SPEECH), few_keys=True).write(folder)
            manifest = json.loads(animate(folder, report=silent).read_text(encoding="utf-8"))
            for stage, seconds in manifest["seconds"].items():
                found[stage].append(seconds)
            assert read_result(folder).warnings
            pack = Pack.open()
            started = time.perf_counter()
            write_previews(folder / "head.npz", [Path(temporary) / name for name in PREVIEWS], look=folder / "look.npz", pack=pack)
            found["previews"].append(time.perf_counter() - started)
            bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
            started = time.perf_counter()
            root = import_avatar(read_for_addon(folder), bpy.context.scene)
            found["import"].append(time.perf_counter() - started)
            root.ecavatar.lip_sync.jaw_strength = 1.2
            started = time.perf_counter()
            update(root)
            found["update"].append(time.perf_counter() - started)
    package.unregister()
    machine = f"{platform.machine()} {platform.system()} {os.cpu_count()} cores, Blender {bpy.app.version_string}"
    for name, seconds in found.items():
        report(f"job_{name}", round(statistics.median(seconds), 3), "s", machine)
    report("job_speech_times_real_time", round(clip / statistics.median(found["speech"]), 1), "x", machine)


def report(name: str, value: float, unit: str, machine: str) -> None:
    """Print one figure."""
    sys.stdout.write(json.dumps({"name": name, "value": value, "unit": unit, "machine": machine}) + "\n")


if __name__ == "__main__":
    main()
