"""Lip-sync figures of the committed network: `python benchmarks/bm_lipsync.py [--pack assets] [--noise]`.

One JSON line a data set and condition: name, values, unit, clips, machine. Curves are measured on the mesh of the
default head. Data and metric lie in ../shared (data/README.md there), which a user's clone does not have: then it says
so and stops. Anchors: Rhubarb 1.14 without text LCA .865 raw, .932 aligned; loudness envelope .796; frozen mouth .5.
"""

import argparse
import csv
import importlib.util
import json
import logging
import platform
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import soundfile

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from core.bake import frame_weights  # noqa: E402
from core.head_model import HeadBasis  # noqa: E402
from core.lipsync import LipNetwork, animate_lips  # noqa: E402
from core.mouth import jaw_angle, measure_mouth  # noqa: E402
from core.speech_encoder import RATE, SpeechEncoder  # noqa: E402
from core.types import AudioClip, Floats, MotionTrack  # noqa: E402

SHARED = ROOT.parent / "shared"
FIGURES = ("LCA", "LCA_tol33", "BCR", "FCV", "FCC", "AUC_place", "AUC_round", "AUC_fv", "onset_absmed_ms", "onset_ms",
           "release_ms", "offset_xc_ms", "OVR", "SIL", "jitter", "n_clips", "n_bilabial", "n_nonlabial")
# EMO-DB's SAMPA-like labels; x is a closure, !x its release, xasp its aspiration
EMODB = {"a": "aa", "I": "ih", "E": "eh", "e": "ey", "i": "iy", "o": "ow", "O": "ao", "U": "uh", "u": "uw", "y": "uw",
         "Y": "uh", "9": "er", "2": "er", "@": "ax", "6": "ax", "4": "ax", "aI": "ay", "aU": "aw", "OY": "oy",
         "i6": "iy", "E6": "eh", "S": "sh", "C": "sh", "x": "hh", "X": "hh", "L": "l", "h": "hh", "H": "hh", "j": "y",
         "N": "ng", "R": "r", "B": "pcl", "D": "dh", "?": "q", ".": "sil", "(": "sil", "_t": "tcl", "_d": "dcl",
         "_p": "pcl", "_b": "bcl",
         **{stop: f"{stop}cl" for stop in "pbtdkg"}, **{f"!{stop}": stop for stop in "pbtdkg"},
         **{f"{stop}asp": "hh" for stop in "pbtdkg"}, **{label: label for label in ("m", "n", "f", "v", "s", "z", "l")}}


@dataclass(frozen=True)
class LabelledClip:
    """One recording (N,) at 16 kHz with its phones [(start_s, end_s, label)]."""

    speaker: str
    samples: Floats
    phones: list[tuple[float, float, str]]


def read_timit(folder: Path) -> Iterator[LabelledClip]:
    """Yield the clips of data/timit_dev."""
    with (folder / "index.csv").open(encoding="utf-8") as index:
        for row in csv.DictReader(index):
            samples, _ = soundfile.read(folder / f"{row['id']}.flac", dtype="float32")
            values = json.loads((folder / f"{row['id']}.json").read_text(encoding="utf-8"))
            yield LabelledClip(row["speaker"], samples, [tuple(phone) for phone in values["phones"]])


def read_emodb(folder: Path, every: int) -> Iterator[LabelledClip]:
    """Yield every so many clips of data/emodb; its label files give the START of each phone."""
    for path in sorted(folder.glob("*.flac"))[::every]:
        labels = folder / "phones" / f"{path.stem}xx.lablaut"
        if not labels.exists():
            continue
        samples, _ = soundfile.read(path, dtype="float32")
        starts = emodb_starts(labels.read_text(encoding="latin-1"))
        end = len(samples) / RATE
        times = [min(time, end) for time, _ in starts] + [end]
        phones = [(begin, stop, label) for begin, stop, (_, label) in zip(times, times[1:], starts, strict=False)
                  if stop > begin]
        if phones:
            phones.insert(0, (0.0, phones[0][0], "sil"))
            yield LabelledClip(path.stem[:2], samples, phones)


def emodb_starts(text: str) -> list[tuple[float, str]]:
    """Return (start_s, label) of a label file; lines that only add a diacritic (+..., -...) continue the phone."""
    starts = []
    for line in text.partition("#\n")[2].splitlines():
        fields = line.split()
        if len(fields) >= 3 and fields[2][0] not in "+-":
            starts.append((float(fields[0]), EMODB.get(fields[2], "ax")))
    return starts


def add_white_noise(samples: Floats, ratio_db: float) -> Floats:
    """Mix in white noise at a signal-to-noise ratio in dB over the clip."""
    noise = np.random.default_rng(0).normal(size=len(samples))
    return np.asarray(samples + noise * np.sqrt(np.mean(samples ** 2)) * 10 ** (-ratio_db / 20), np.float32)


def at_rate(track: MotionTrack, fps: float, basis: HeadBasis) -> MotionTrack:
    """Return the track on the frames of a scene."""
    names, weights = tuple(basis.expression_names), frame_weights(track, basis=basis, fps=fps)
    return MotionTrack(names, weights, fps, jaw_angle(basis, names, weights))


def measure(metric: ModuleType, clips: Iterator[LabelledClip], animate: Callable[[Floats], MotionTrack],
            basis: HeadBasis, change: Callable[[Floats], Floats], fps: float) -> dict[str, Any]:
    """Score every clip's curves on the mesh and pool them; adds real-time factor and the gap's 95th percentile."""
    scores, speakers, gaps = [], [], []
    seconds = spent = 0.0
    for clip in clips:
        started = time.perf_counter()
        track = animate(change(clip.samples))
        spent += time.perf_counter() - started
        seconds += len(clip.samples) / RATE
        mouth = measure_mouth(basis, track if fps == track.fps else at_rate(track, fps, basis))
        gaps.append(np.quantile(mouth.opening, 0.95))
        extra = {"round": mouth.rounding, "labdent": mouth.labiodental}
        scores.append(metric.score(clip.phones, mouth.opening, fps, extra))
        speakers.append(clip.speaker)
    pooled = metric.aggregate(scores, groups=speakers)
    values = {name: round(float(pooled[name]), 4) for name in FIGURES}
    return {**values, "LCA_ci": [round(bound, 3) for bound in pooled["LCA_ci"]],
            "gap_p95_mm": round(1000 * float(np.mean(gaps)), 2),
            "times_real_time": round(seconds / spent, 1)}


def load_metric() -> ModuleType:
    """Import ../shared/bench/lipsync_metric.py."""
    spec = importlib.util.spec_from_file_location("lipsync_metric", SHARED / "bench" / "lipsync_metric.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main() -> None:
    """Print one JSON line for each data set and condition."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pack", type=Path, default=ROOT / "assets")
    parser.add_argument("--network", type=Path, help="another lip network than the pack's")
    parser.add_argument("--all", action="store_true", help="also noise, 24 frames a second and German emotional speech")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO)
    if not (SHARED / "bench" / "lipsync_metric.py").is_file():
        logging.info("skipped: the labelled recordings and the metric of ../shared are not here")
        return
    metric = load_metric()
    basis = HeadBasis.load(options.pack / "head.npz")
    encoder = SpeechEncoder.load(options.pack / "third_party" / "moonshine_tiny_encoder.ort")
    network = LipNetwork.load(options.network or options.pack / "lip_network.onnx")

    def animate(samples: Floats) -> MotionTrack:
        return animate_lips(AudioClip(samples.astype(np.float32), RATE), encoder=encoder, network=network, basis=basis)

    def run(name: str, clips: Iterator[LabelledClip], *, change: Callable[[Floats], Floats] = lambda samples: samples,
            fps: float = 60.0) -> None:
        values = measure(metric, clips, animate, basis, change, fps)
        line = {"name": f"lipsync_{name}", "values": values, "unit": "see bench/lipsync_metric.py",
                "clips": values.pop("n_clips"),
                "machine": f"{platform.machine()} {platform.system()}"}
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()

    data = SHARED / "data"
    run("timit_dev", read_timit(data / "timit_dev"))
    if options.all:
        run("timit_dev_24fps", read_timit(data / "timit_dev"), fps=24.0)
        run("timit_dev_white10db", read_timit(data / "timit_dev"),
            change=lambda samples: add_white_noise(samples, 10.0))
        run("emodb", read_emodb(data / "emodb", 4))


if __name__ == "__main__":
    main()
