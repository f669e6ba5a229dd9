"""Lip-sync figures of the committed network: `python benchmarks/bm_lipsync.py [--all] [--manners] [--peers]`.

One JSON line a data set, condition, head and frame rate: name, values, unit, clips, machine. Curves are measured on the mesh:
of the default head, with --all also of a head fitted to the example photo and of two invented people. --manners: also
whispered, sung, shouted and fast. --peers measures what else is installed (lip_peers.py) on the same clips. Data and metric lie
in ../shared (data/README.md there), which a user's clone does not have: then it says so and stops. Anchors: Rhubarb 1.14 without
text LCA .865 raw, .932 aligned; loudness envelope .796; frozen mouth .5.
"""

import argparse
import importlib.util
import json
import logging
import platform
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.labelled_speech import (  # noqa: E402
    Change,
    LabelledClip,
    babble,
    music,
    read_emodb,
    read_timit,
    room,
    telephone,
    white,
)
from benchmarks.lip_peers import Curve, installed  # noqa: E402
from benchmarks.speaking_manners import MANNERS, fast  # noqa: E402
from core.bake.shape_keys import frame_weights  # noqa: E402
from core.face.detection import FaceDetector  # noqa: E402
from core.face.fit import Anchors  # noqa: E402
from core.head.model import HeadBasis  # noqa: E402
from core.head.mouth import jaw_angle, measure_mouth  # noqa: E402
from core.photo.reconstruction import reconstruct  # noqa: E402
from core.pictures.image import read_photo  # noqa: E402
from core.speech.encoder import RATE, SpeechEncoder  # noqa: E402
from core.speech.lipsync import LipNetwork, animate_lips  # noqa: E402
from core.types import AudioClip, Floats, MotionTrack  # noqa: E402

SHARED = ROOT.parent / "shared"
FIGURES = ("LCA", "LCA_tol33", "BCR", "FCV", "FCC", "AUC_place", "AUC_round", "AUC_fv", "onset_absmed_ms", "onset_ms",
           "release_ms", "offset_xc_ms", "OVR", "SIL", "jitter", "n_clips", "n_bilabial", "n_nonlabial")
EMODB_EVERY = 4


def at_rate(track: MotionTrack, fps: float, basis: HeadBasis) -> MotionTrack:
    """Return the track on the frames of a scene."""
    names, weights = tuple(basis.expression_names), frame_weights(track, basis=basis, fps=fps)
    return MotionTrack(names, weights, fps, jaw_angle(basis, names, weights))


def measure(metric: ModuleType, clips: Iterable[LabelledClip], animate: Callable[[Floats], MotionTrack], basis: HeadBasis,
            change: Change, fps: float, neutral: Floats | None) -> dict[str, Any]:
    """Score every clip's curves on the mesh and pool them; adds real-time factor and the gap's 95th percentile."""
    scores, speakers, gaps = [], [], []
    seconds = spent = 0.0
    for clip in clips:
        sound = change(clip.samples)
        started = time.perf_counter()
        track = animate(sound)
        spent += time.perf_counter() - started
        seconds += len(clip.samples) / RATE
        mouth = measure_mouth(basis, track if fps == track.fps else at_rate(track, fps, basis), neutral)
        gaps.append(np.quantile(mouth.opening, 0.95))
        extra = {"round": mouth.rounding, "labdent": mouth.labiodental}
        scores.append(metric.score(clip.phones, mouth.opening, fps, extra))
        speakers.append(clip.speaker)
    pooled = metric.aggregate(scores, groups=speakers)
    return {**pooled_figures(pooled, FIGURES), "gap_p95_mm": round(1000 * float(np.mean(gaps)), 2),
            "times_real_time": round(seconds / spent, 1)}


def measure_peer(metric: ModuleType, clips: Iterable[LabelledClip], curve: Curve, change: Change) -> dict[str, Any]:
    """Score a peer's openness curve, which has no mesh."""
    pairs = [(clip, curve(change(clip.samples))) for clip in clips]
    pooled = metric.aggregate([metric.score(clip.phones, openness, 60.0) for clip, openness in pairs],
                              groups=[clip.speaker for clip, _ in pairs])
    return pooled_figures(pooled, [name for name in FIGURES if name not in ("AUC_round", "AUC_fv")])


def pooled_figures(pooled: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Return the figures that are told, with the interval of LCA."""
    return {**{name: round(float(pooled[name]), 4) for name in names}, "LCA_ci": [round(bound, 3) for bound in pooled["LCA_ci"]]}


def heads(basis: HeadBasis, pack: Path) -> dict[str, Floats | None]:
    """Return neutral heads (V, 3): the default one (None), one fitted to the example photo, two drawn from the model."""
    fitted = reconstruct([read_photo(pack / "examples" / "astronaut.jpg")], basis=basis, anchors=Anchors.load(pack / "anchors.npz"),
                         detector=FaceDetector.load(pack / "third_party" / "face_landmarker.task"), tick=lambda fraction: None)
    found: dict[str, Floats | None] = {"default": None, "astronaut": fitted.head.neutral}
    for seed in (1, 2):
        identity = np.random.default_rng(seed).normal(0, 0.7, len(basis.identity_basis)).astype(np.float32)
        found[f"invented_{seed}"] = basis.neutral(np.clip(identity, *basis.identity_bounds.T))
    return found


def load_metric() -> ModuleType:
    """Import ../shared/bench/lipsync_metric.py."""
    spec = importlib.util.spec_from_file_location("lipsync_metric", SHARED / "bench" / "lipsync_metric.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def parse() -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pack", type=Path, default=ROOT / "assets")
    parser.add_argument("--network", type=Path, help="another lip network than the pack's")
    parser.add_argument("--all", action="store_true", help="also noises, rooms, frame rates, heads and German emotional speech")
    parser.add_argument("--manners", action="store_true", help="also whispered, sung, shouted and fast")
    parser.add_argument("--peers", action="store_true", help="also what else is installed")
    return parser.parse_args()


def tell(name: str, values: dict[str, Any]) -> None:
    """Print one JSON line."""
    line = {"name": f"lipsync_{name}", "values": values, "unit": "see bench/lipsync_metric.py", "clips": values.pop("n_clips"),
            "machine": f"{platform.machine()} {platform.system()}"}
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def conditions(options: argparse.Namespace, clips: list[LabelledClip]) -> dict[str, Change]:
    """Return what is done to the sound, by name."""
    changes: dict[str, Change] = {"timit_dev": np.asarray}
    if options.all:
        changes.update(white10db=white, babble10db=babble([clip.samples for clip in clips]), music10db=music, telephone=telephone,
                       room=room)
    return changes | (MANNERS if options.manners else {})


def main() -> None:
    """Print one JSON line for each data set and condition."""
    options = parse()
    logging.basicConfig(level=logging.INFO)
    if not (SHARED / "bench" / "lipsync_metric.py").is_file():
        logging.info("skipped: the labelled recordings and the metric of ../shared are not here")
        return
    metric = load_metric()
    basis = HeadBasis.load(options.pack / "head.npz")
    encoder = SpeechEncoder.load(options.pack / "third_party" / "moonshine_tiny_encoder.ort")
    network = LipNetwork.load(options.network or options.pack / "lip_network.onnx")
    timit = list(read_timit(SHARED / "data" / "timit_dev"))

    def animate(samples: Floats) -> MotionTrack:
        return animate_lips(AudioClip(samples.astype(np.float32), RATE), encoder=encoder, network=network, basis=basis)

    def run(name: str, clips: list[LabelledClip], *, change: Change = np.asarray, fps: float = 60.0, neutral: Floats | None = None
            ) -> None:
        tell(name, measure(metric, clips, animate, basis, change, fps, neutral))

    for condition, change in conditions(options, timit).items():
        run(condition, timit, change=change)
    if options.all:
        run("emodb", list(read_emodb(SHARED / "data" / "emodb", EMODB_EVERY)))
        for head, neutral in heads(basis, options.pack).items():
            for fps in (24.0, 30.0, 60.0):
                run(f"timit_dev_{head}_{fps:.0f}fps", timit, fps=fps, neutral=neutral)
    if options.manners:
        run("timit_dev_fast", [fast(clip) for clip in timit])
    for peer, curve in installed() if options.peers else ():
        tell(f"timit_dev_peer_{peer}", measure_peer(metric, timit, curve, np.asarray))


if __name__ == "__main__":
    main()
