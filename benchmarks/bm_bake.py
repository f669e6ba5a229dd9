"""Figures of the keys that an artist gets: `python benchmarks/bm_bake.py [--clips N] [--only keys|import]`.

One JSON line each: name, value, unit, machine. At 24, 25, 30 and 60 frames a second: how far the few Bezier keys move the mesh from
the dense bake, keys a second of speech, and how many times fewer than one a frame for each shape that moves; under emotions, how far
speech, emotion and lips as keyed are from all of them dense, and keys a second of what keeps the lips in sync. At 24, 30 and 60: LCA
of N labelled clips under dense and under few keys (../shared, skipped where it is not there). Seconds to bake 10 s and 5 min of speech
in the worker, which makes the few keys, and to import them, dense keys beside, the .blend's size, and milliseconds that the scene
takes to show another frame, with hair and brows and without, and seconds to change the emotion of one window. Targets: .2 mm, 6 times,
.01 of LCA; import .5 s and 4 s; change 2 s. It needs bpy.
"""

import argparse
import json
import logging
import os
import platform
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
os.environ.setdefault("BLENDER_USER_RESOURCES", tempfile.mkdtemp())

import bpy  # noqa: E402

from benchmarks.addon_package import load_addon  # noqa: E402
from benchmarks.bm_lipsync import SHARED, load_metric  # noqa: E402
from benchmarks.labelled_speech import LabelledClip, read_timit  # noqa: E402
from core.bake.key_error import Layers  # noqa: E402
from core.bake.key_reduction import reduce_keys  # noqa: E402
from core.bake.shape_keys import frame_weights, lips_beside, lips_under  # noqa: E402
from core.emotion.emolib import Emolib  # noqa: E402
from core.emotion.motion import emotion_curves  # noqa: E402
from core.files import digest  # noqa: E402
from core.head.model import HeadBasis  # noqa: E402
from core.head.mouth import gap, jaw_angle, measure_mouth  # noqa: E402
from core.job import Request  # noqa: E402
from core.messages import silent  # noqa: E402
from core.pipeline import animate  # noqa: E402
from core.speech.audio import read_audio  # noqa: E402
from core.speech.encoder import RATE, SpeechEncoder  # noqa: E402
from core.speech.lipsync import LipNetwork, animate_lips  # noqa: E402
from core.types import AudioClip, Emotion, EmotionTrack, EmotionWindow, Floats, MotionTrack  # noqa: E402

PHOTO, SPEECH = ROOT / "assets" / "examples" / "astronaut.jpg", ROOT / "assets" / "third_party" / "beckett.wav"
RATES, LIPSYNC_RATES = (24.0, 25.0, 30.0, 60.0), (24.0, 30.0, 60.0)
LONG = 30                       # times that the recording of 10 s is repeated for 5 min
PLAYED = 100                    # frames whose display is timed
BLOCK = 64                      # frames whose vertices are worked out at once
PARTS = ("skin", "teeth_upper", "teeth_lower", "tongue")
FELT: tuple[Emotion, ...] = ("happy", "angry", "sad", "surprise")        # one after the other, at level 3


def few(weights: Floats, basis: HeadBasis, fps: float, layers: Layers | None = None) -> tuple[Floats, int]:
    """Return the weights (T, K) that the few keys amount to, and how many these are; layers: others that they are added to."""
    opening = gap(basis, basis.expression_names, weights if layers is None else layers.meant)
    keyed = reduce_keys(weights, basis, opening=opening, fps=fps, layers=layers)
    result = np.zeros_like(weights)
    for place, keys in keyed.items():
        result[:, place] = keys.at(np.arange(len(weights), dtype=np.float64))
    return result, sum(len(keys.points) for keys in keyed.values())


def mesh_error(first: Floats, second: Floats, basis: HeadBasis) -> Floats:
    """Return by how far vertices of skin, teeth and tongue are apart, (T, V) metres."""
    extra = [basis.corrective_weights(basis.expression_names, weights) for weights in (first, second)]
    off = np.hstack([first - second, extra[0] - extra[1]])
    rows = np.concatenate([np.arange(len(basis.vertices))[basis.part(part).vertices] for part in PARTS])
    used = np.flatnonzero(off.any(axis=0))
    shapes = np.concatenate([basis.expression_basis, basis.corrective_basis])[used][:, rows].astype(np.float32)
    flat = shapes.reshape(len(used), -1)
    return np.concatenate([np.linalg.norm((off[begin:begin + BLOCK, used] @ flat).reshape(-1, *shapes.shape[1:]), axis=2)
                           for begin in range(0, len(off), BLOCK)])


def tell(name: str, value: Any, unit: str) -> None:
    """Print one figure."""
    machine = f"{platform.machine()} {platform.system()} {os.cpu_count()} cores, Blender {bpy.app.version_string}"
    sys.stdout.write(json.dumps({"name": f"bake_{name}", "value": value, "unit": unit, "machine": machine}) + "\n")
    sys.stdout.flush()


def tell_keys(clips: list[MotionTrack], name: str, basis: HeadBasis) -> dict[float, list[tuple[Floats, Floats]]]:
    """Tell error and count of the keys of some motions together; return, by frame rate, the dense weights of each and what is left."""
    found: dict[float, list[tuple[Floats, Floats]]] = {}
    for fps in RATES:
        errors, count, frames, seconds = [], 0, 0, 0.0
        found[fps] = []
        for motion in clips:
            weights = frame_weights(motion, basis=basis, fps=fps)
            reduced, keys = few(weights, basis, fps)
            found[fps].append((weights, reduced))
            errors.append(1000 * mesh_error(reduced, weights, basis))
            count, frames, seconds = count + keys, frames + int(weights.any(axis=0).sum()) * len(weights), seconds + len(weights) / fps
        tell(f"mesh_error_{name}_{fps:.0f}fps", [round(float(np.concatenate(errors).mean()), 4),
                                                  round(max(float(error.max()) for error in errors), 4)], "mm, mean and maximum")
        tell(f"keys_{name}_{fps:.0f}fps", [round(count / seconds, 1), round(frames / count, 2)], "a second, times fewer than dense")
    return found


def tell_emotion(motion: MotionTrack, basis: HeadBasis) -> None:
    """Tell how far all layers as keyed are from all of them dense, and how many keys the lips need."""
    emolib = Emolib.load(ROOT / "assets" / "emolib.npz", basis, head_model=digest(ROOT / "assets" / "head.npz"))
    for fps in RATES:
        speech = frame_weights(motion, basis=basis, fps=fps)
        seconds = len(speech) / fps
        cuts = np.linspace(0, seconds, len(FELT) + 1)
        track = EmotionTrack(tuple(EmotionWindow(float(start), float(end), name, 3.0) for start, end, name in
                                   zip(cuts[:-1], cuts[1:], FELT, strict=True)), 0.4)
        emotion = emotion_curves(track, np.zeros(len(basis.identity_basis), np.float32), emolib=emolib, basis=basis)
        felt = emotion.at((np.arange(len(speech)) / fps).astype(np.float32))
        lips = lips_under(emotion, speech, basis=basis, fps=fps)
        meant, beside = np.clip(speech + felt + lips, 0, 1), few(speech, basis, fps)[0] + felt
        wanted = lips_beside(lips, basis, meant=speech + felt + lips, shown=beside, felt=felt)
        added, keys = few(wanted, basis, fps, Layers(beside, meant))
        off = 1000 * mesh_error(np.clip(beside + added, 0, 1), meant, basis)
        tell(f"mesh_error_emotion_{fps:.0f}fps", [round(float(off.mean()), 4), round(float(off.max()), 4)], "mm, mean and maximum")
        tell(f"keys_emotion_lips_{fps:.0f}fps", round(keys / seconds, 1), "a second")


def tell_lipsync(clips: list[LabelledClip], keyed: dict[float, list[tuple[Floats, Floats]]], basis: HeadBasis) -> None:
    """Tell LCA under dense and under few keys; keyed: of the clips, as `tell_keys` returns it."""
    metric, names = load_metric(), tuple(basis.expression_names)
    for fps in LIPSYNC_RATES:
        pooled = []
        for way in (0, 1):
            scores = []
            for clip, shown in zip(clips, [both[way] for both in keyed[fps]], strict=True):
                mouth = measure_mouth(basis, MotionTrack(names, shown, fps, jaw_angle(basis, names, shown)))
                scores.append(metric.score(clip.phones, mouth.opening, fps, {"round": mouth.rounding, "labdent": mouth.labiodental}))
            pooled.append(metric.aggregate(scores, groups=[clip.speaker for clip in clips]))
        tell(f"lca_{fps:.0f}fps", [round(float(found["LCA"]), 4) for found in pooled], f"dense and few keys, {len(clips)} clips")


def tell_import(speech: Path, name: str) -> None:
    """Tell seconds of the import into an empty file, with few and with dense keys, and the file's size."""
    from ecavatar.core.job import read_result  # type: ignore[import-not-found]
    from ecavatar.ecavatar_addon.avatar import import_avatar  # type: ignore[import-not-found]
    from ecavatar.ecavatar_addon.roots import parts_of  # type: ignore[import-not-found]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "job-00000000"
        Request(str(PHOTO), str(speech), fps=24.0, few_keys=True).write(folder)
        seconds = json.loads(animate(folder, report=silent).read_text(encoding="utf-8"))["seconds"]
        tell(f"worker_{name}", seconds["bake"], "s that the worker bakes, few keys included")
        for kind, dense in (("few", False), ("dense", True)):
            bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
            target: Any = bpy.context.scene
            target.ecavatar.dense_keys = dense
            result = read_result(folder)
            started, used = time.perf_counter(), time.process_time()
            root = import_avatar(result, target)
            tell(f"import_{name}_{kind}_keys", [round(time.perf_counter() - started, 2), round(time.process_time() - used, 2)],
                 "s, and s of processors")
            tell_playback(target, [parts_of(root)[role] for role in ("hair", "brows")], f"playback_{name}_{kind}_keys")
            bpy.ops.wm.save_as_mainfile(filepath=str(Path(temporary) / f"{kind}.blend"), compress=False)
            tell(f"blend_{name}_{kind}_keys", round((Path(temporary) / f"{kind}.blend").stat().st_size / 2**20, 2), "MiB")
            windows = root.ecavatar.emotion.windows
            window = windows[len(windows) // 2]
            other = "surprise" if window.category != "surprise" else "sad"      # the same one would change nothing
            started, used = time.perf_counter(), time.process_time()
            window.category = other
            tell(f"edit_{name}_{kind}_keys", [round(time.perf_counter() - started, 2), round(time.process_time() - used, 2)],
                 "s, and s of processors, for another emotion in one window")


def tell_playback(target: Any, strands: list[Any], name: str) -> None:
    """Tell how long the scene takes to show one frame after another, with everything and without the objects of hair."""
    for kind, hidden in (("", False), ("_bald", True)):
        for hair in strands:
            hair.hide_viewport = hidden
        target.frame_set(0)
        started, used = time.perf_counter(), time.process_time()
        for frame in range(1, PLAYED + 1):
            target.frame_set(frame)
        tell(name + kind, [round(1000 * (now - before) / PLAYED, 2) for now, before in ((time.perf_counter(), started),
                                                                                       (time.process_time(), used))],
             "ms a frame, and ms of processors")
    for hair in strands:
        hair.hide_viewport = False


def main() -> None:
    """Print one JSON line a figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=40, help="labelled clips, every other of ../shared/data/timit_dev")
    parser.add_argument("--only", choices=("keys", "import"), help="keys and lip sync, or import and playback in Blender")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO)
    if options.only != "import":
        tell_all_keys(options.clips)
    if options.only != "keys":
        tell_all_imports()


def tell_all_keys(count: int) -> None:
    """Tell the figures of keys, of `count` labelled clips too."""
    basis = HeadBasis.load(ROOT / "assets" / "head.npz")
    encoder = SpeechEncoder.load(ROOT / "assets" / "third_party" / "moonshine_tiny_encoder.ort")
    network = LipNetwork.load(ROOT / "assets" / "lip_network.onnx")
    beckett = animate_lips(read_audio(SPEECH), encoder=encoder, network=network, basis=basis)
    tell_keys([beckett], "beckett", basis)
    tell_emotion(beckett, basis)
    if (SHARED / "bench" / "lipsync_metric.py").is_file():
        clips = list(read_timit(SHARED / "data" / "timit_dev"))[::2][:count]
        motions = [animate_lips(AudioClip(clip.samples.astype(np.float32), RATE), encoder=encoder, network=network, basis=basis)
                   for clip in clips]
        tell_lipsync(clips, tell_keys(motions, "timit_dev", basis), basis)
    else:
        logging.info("without LCA: the labelled recordings and the metric of ../shared are not here")


def tell_all_imports() -> None:
    """Tell the figures of what Blender imports."""
    package = load_addon()
    package.register()
    tell_import(SPEECH, "10s")
    with tempfile.TemporaryDirectory() as temporary:
        samples, rate = soundfile.read(SPEECH)
        soundfile.write(Path(temporary) / "long.wav", np.tile(samples, LONG), rate)
        tell_import(Path(temporary) / "long.wav", "5min")
    package.unregister()


if __name__ == "__main__":
    main()
