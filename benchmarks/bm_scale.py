"""Many clips, faces and images: a batch against separate runs, kills, memory and time by length, rows and items, Ray.

`python benchmarks/bm_scale.py [batch kills memory fusion rows items ray added] [--full]`: one JSON line each: name, value, unit,
machine. It is sized for two cores: separate runs are timed on 3 clips and multiplied, lengths go to ten minutes, items to 100,000, and
48 images are fitted; --full goes to an hour, ten million items (7 GB, half an hour of a core) and 2,000 images. Clips are cut from the
demo's recording, the second head is the demo's photo mirrored.
"""

import argparse
import json
import os
import platform
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import soundfile
from PIL import Image, ImageOps

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks import scale_items, scale_ray  # noqa: E402

PHOTO, SPEECH = ROOT / "assets" / "examples" / "astronaut.jpg", ROOT / "assets" / "third_party" / "beckett.wav"
CLIPS, SECONDS, SEPARATE, WORKERS = 64, 2.0, 3, 2
KILLS, HEADS_AFTER = 20, 5                      # the first kills come while the heads are fitted, which are then let be made
KILL_AFTER = 3.0, 9.0                           # seconds from the start; later kills come after up to MORE_ROWS rows and LATER
MORE_ROWS, LATER = 2, (0.0, 1.5)
LENGTHS, HOUR = (10, 120, 600), 3600
PEAK = ("import resource, sys; from core.__main__ import main; code = main(sys.argv[1:]); "
        "sys.stderr.write(f'{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}'); sys.exit(code)")

FUSED = ("import resource, sys; from pathlib import Path; from core import pipeline; from core.job import Request; "
         "from core.pack import DEFAULT, Pack; job = Path(sys.argv[1]); request = Request.read(job); "
         "pipeline.write_emotion(request, job / 'motion.npz', None, job / 'emotion.json'); "
         "pipeline.write_bake(job / 'head.npz', job / 'motion.npz', job / 'emotion.json', job / 'bake.npz', pack=Pack.open(DEFAULT), "
         "request=request, tick=lambda fraction: None); sys.stderr.write(f'{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}')")


def main() -> None:
    """Print the figures of the chosen parts."""
    parts = {"batch": batch, "kills": kills, "memory": memory, "fusion": fusion, "rows": rows, "items": items, "ray": ray,
             "added": added}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(parts)}; without any, all")
    parser.add_argument("--full", action="store_true", help="hours, not minutes")
    options = parser.parse_args()
    for name in options.parts or parts:
        with tempfile.TemporaryDirectory() as folder:
            parts[name](Path(folder), options.full)


def report(name: str, value: float, unit: str, **more: object) -> None:
    """Print one figure."""
    machine = f"{platform.machine()} {platform.system()} {os.cpu_count()} cores"
    sys.stdout.write(json.dumps({"name": name, "value": round(value, 4), "unit": unit, "machine": machine, **more}) + "\n")
    sys.stdout.flush()


def core(*arguments: object, cwd: Path = ROOT) -> float:
    """Run a command of the engine and return the seconds it took."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-m", "core", *map(str, arguments)], cwd=cwd, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def children() -> float:
    """Return the CPU seconds of all processes that were started here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def studio(folder: Path, clips: int, seconds: float) -> Path:
    """Write a table of so many clips, cut from the recording, on two heads in turn; return its path."""
    samples, rate = soundfile.read(SPEECH)
    with Image.open(PHOTO) as photo:
        photo.save(folder / "0.png")
        ImageOps.mirror(photo).save(folder / "1.png")
    lines = ["name,photo,audio"]
    for clip in range(clips):
        first = clip * (len(samples) - round(seconds * rate)) // max(clips - 1, 1)
        soundfile.write(folder / f"{clip}.wav", samples[first:first + round(seconds * rate)], rate)
        lines.append(f"clip{clip},{clip % 2}.png,{clip}.wav")
    (folder / "jobs.csv").write_text("\n".join(lines) + "\n")
    return folder / "jobs.csv"


def batch(folder: Path, full: bool) -> None:
    """A batch of CLIPS clips on two heads, on WORKERS workers, against separate runs."""
    jobs = studio(folder, CLIPS, SECONDS)
    separate = CLIPS if full else SEPARATE
    alone = [core("animate", "--photo", folder / f"{clip % 2}.png", "--audio", folder / f"{clip}.wav", "--out",
                  folder / f"alone{clip}") for clip in range(separate)]
    together = core("batch", jobs, "--out", folder / "out", "--workers", WORKERS)
    again = core("batch", jobs, "--out", folder / "out", "--workers", WORKERS)
    report("separate_run", float(np.mean(alone)), "s a clip", clips=separate)
    report("batch", together, "s", clips=CLIPS, heads=2, workers=WORKERS)
    report("batch_speedup", float(np.mean(alone)) * CLIPS / together, "x", target=2.5)
    report("batch_again", again / CLIPS, "s a row that is done")
    used = sum(path.stat().st_size / path.stat().st_nlink for path in (folder / "out").rglob("*") if path.is_file())
    report("batch_storage", used / CLIPS / 1e6, "MB a row", clip_seconds=SECONDS)


def kills(folder: Path, full: bool) -> None:
    """A batch killed at random, its workers ending with it, and started again, against one that was left alone."""
    jobs = studio(folder, 96 if full else 32, 0.5)
    core("batch", jobs, "--out", folder / "whole", "--workers", WORKERS)
    dice, seen, twice, found = random.Random(11), dict[str, int](), 0, list[int]()
    command = [sys.executable, "-m", "core", "batch", str(jobs), "--out", str(folder / "killed"), "--workers", str(WORKERS)]
    for kill in range(KILLS):
        if kill == HEADS_AFTER:
            core(*command[3:], "--only", "clip0", "clip1")
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
        if kill < HEADS_AFTER:
            ended(process, dice.uniform(*KILL_AFTER))
        else:
            wanted = len(seen) + dice.randint(0, MORE_ROWS)
            while process.poll() is None and len(list((folder / "killed").glob("[!.]*/row.json"))) < wanted:
                time.sleep(0.02)
            ended(process, dice.uniform(*LATER))
        process.send_signal(signal.SIGKILL)
        process.wait()
        twice += note_done(folder / "killed", seen)
        found.append(len(seen) if process.returncode == -signal.SIGKILL else -1)
    core(*command[3:])
    twice += note_done(folder / "killed", seen)
    same = sum(arrays_of(path) == arrays_of(folder / "killed" / path.parent.name / path.name)
               for path in sorted((folder / "whole").glob("[!.]*/*.npz")))
    total = len(list((folder / "whole").glob("[!.]*/*.npz")))
    report("kills_same_outputs", same / total, "share of files", kills=KILLS - found.count(-1), rows=len(seen),
           rows_done_at_kills=[count for count in found if count >= 0])
    report("kills_rows_made_twice", twice, "rows")
    report("kills_rows_lost", len(list((folder / "whole").glob("*/row.json"))) - len(seen), "rows")
    report("kills_left_overs", len(list((folder / "killed").glob("[!.]*/.*.part"))), "files")


def ended(process: "subprocess.Popen[bytes]", seconds: float) -> None:
    """Wait for a process to end, but no longer than so many seconds."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(seconds)


def note_done(out: Path, seen: dict[str, int]) -> int:
    """Note the records of rows that are done; return how many were written again."""
    now = {path.parent.name: path.stat().st_mtime_ns for path in out.glob("[!.]*/row.json")}
    twice = sum(name in seen and seen[name] != stamp for name, stamp in now.items())
    seen.update(now)
    return twice


def arrays_of(path: Path) -> bytes:
    """Return the content of a result, b"" if it is not there."""
    return path.read_bytes() if path.is_file() else b""


def memory(folder: Path, full: bool) -> None:
    """Peak memory and time of a whole job, its head made before, by the length of the recording."""
    samples, rate = soundfile.read(SPEECH)
    peaks: dict[int, float] = {}
    for seconds in (*LENGTHS, *((HOUR,) if full else ())):
        soundfile.write(folder / "long.wav", np.resize(samples, seconds * rate), rate)
        soundfile.write(folder / "short.wav", samples[:rate], rate)
        for audio in ("short.wav", "long.wav"):
            started, before = time.perf_counter(), children()
            command = ["animate", "--photo", str(PHOTO), "--audio", str(folder / audio), "--out", str(folder / "job")]
            run = subprocess.run([sys.executable, "-c", PEAK, *command], cwd=ROOT, check=True, capture_output=True, text=True)
        peaks[seconds] = int(run.stderr.rpartition("\n")[2]) / 1024
        taken, used = time.perf_counter() - started, children() - before
        report(f"memory_{seconds}s", peaks[seconds], "MB", seconds=round(taken, 1), cpu_seconds=round(used, 1),
               times_real_time=round(seconds / taken, 1))
    report("memory_growth_after_2_min", peaks[max(peaks)] / peaks[120] - 1, "share", target=0.2, longest=max(peaks))


def fusion(folder: Path, full: bool) -> None:
    """Peak memory and CPU seconds of the bake with emotion and speech fused on the mesh, by length: ten seconds' motion, repeated."""
    samples, rate = soundfile.read(SPEECH)
    soundfile.write(folder / "short.wav", samples[:LENGTHS[0] * rate], rate)
    core("animate", "--photo", PHOTO, "--audio", folder / "short.wav", "--out", folder, "--emotion", "happy:3", "--fusion", "harmonic")
    with np.load(folder / "motion.npz") as stored:
        motion = {name: stored[name] for name in stored.files}
    frames, peaks = len(motion["weights"]), dict[int, float]()
    for seconds in (*LENGTHS, *((HOUR,) if full else ())):
        times = -(-seconds // LENGTHS[0])
        np.savez(folder / "motion.npz", **{name: np.concatenate([values] * times) if values.ndim and len(values) == frames else values
                                           for name, values in motion.items()})
        before = children()
        run = subprocess.run([sys.executable, "-c", FUSED, folder], cwd=ROOT, check=True, capture_output=True, text=True)
        peaks[seconds] = int(run.stderr.rpartition("\n")[2]) / 1024
        report(f"fusion_memory_{seconds}s", peaks[seconds], "MB", cpu_seconds=round(children() - before, 1))
    report("fusion_memory_growth_after_2_min", peaks[max(peaks)] / peaks[120] - 1, "share", target=0.2, longest=max(peaks))


def rows(folder: Path, full: bool) -> None:
    """Seconds a row by the number of rows that share all stages: what the batch itself costs."""
    for count in (10, 100, *((1000,) if full else ())):
        jobs = studio(folder, 1, 0.5)
        jobs.write_text("name,photo,audio\n" + "".join(f"row{index},0.png,0.wav\n" for index in range(count)))
        core("batch", jobs, "--out", folder / "out", "--only", "row0", "--workers", WORKERS)
        before = children()
        report(f"rows_{count}", core("batch", jobs, "--out", folder / "out", "--workers", WORKERS) / count, "s a row",
               cpu_seconds=round(children() - before, 2))
        shutil.rmtree(folder / "out")


def items(folder: Path, full: bool) -> None:
    """Time, memory and storage of retrieval by the number of items of a cell, exact and by FAISS, with FAISS's recall."""
    scale_items.measure(folder, report, scale_items.FULL if full else scale_items.SIZES)


def ray(folder: Path, full: bool) -> None:
    """Ray on this machine against the plain builder, on Parquet files of the demo's photo at different sizes."""
    import pyarrow
    from pyarrow import parquet

    from training.emolib import scale
    count = 2000 if full else 48
    (folder / "images").mkdir()
    table = []
    for index in range(count):
        with Image.open(PHOTO) as photo:
            photo.resize((400 + index % 16, 400)).save(folder / "image.jpg")
        content = (folder / "image.jpg").read_bytes()
        table.append({"name": f"{index}.jpg", "image": content, "category": "sad", "arousal": index / count})
    parquet.write_table(pyarrow.Table.from_pylist(table), folder / "images" / "a.parquet", row_group_size=max(count // 8, 1))
    seconds = {}
    for runner in ("local", "ray"):
        started = time.perf_counter()
        assert scale.build(folder / "images", folder / runner, runner=runner, workers=1) == []
        seconds[runner] = time.perf_counter() - started
    started = time.perf_counter()
    assert scale.build(folder / "images", folder / "ray", runner="ray", workers=1) == []          # all done: what Ray itself takes
    idle = time.perf_counter() - started
    same = [path.read_bytes() == (folder / "ray" / path.relative_to(folder / "local")).read_bytes()
            for path in (folder / "local").rglob("*") if path.is_file()]
    report("ray_same_files", sum(same) / len(same), "share", files=len(same))
    report("ray_overhead", seconds["ray"] / seconds["local"] - 1, "share", images=count, plain_seconds=round(seconds["local"], 1))
    report("ray_start", idle, "s")
    report("ray_overhead_without_start", (seconds["ray"] - idle) / seconds["local"] - 1, "share", target=0.15)
    report("fit", seconds["local"] / count, "s an image", memory_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)


def added(folder: Path, full: bool) -> None:
    """What Ray itself costs at 2,000 images."""
    scale_ray.measure(folder, report)


if __name__ == "__main__":
    main()
