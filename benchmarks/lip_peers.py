"""What others do with the same recordings: Rhubarb (if on PATH), pocketsphinx's phone loop (if installed), the loudness."""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import soundfile

from core.speech.encoder import RATE
from core.speech.log_mel import FRAME_RATE, level
from core.types import Floats

Curve = Callable[[Floats], Floats]
# openness of Rhubarb's mouth cues, from its own drawings
CUES = {"A": 0.0, "B": 0.25, "C": 0.55, "D": 1.0, "E": 0.6, "F": 0.25, "G": 0.15, "H": 0.5, "X": 0.0}
OPENNESS = {"AA": 1, "AE": .95, "AO": .8, "AW": .9, "AY": .95, "AH": .6, "EH": .65, "EY": .5, "ER": .4, "OW": .55, "OY": .6, "IY": .3,
            "IH": .35, "UW": .25, "UH": .35, "P": 0, "B": 0, "M": 0, "F": .15, "V": .15, "W": .2, "SIL": 0, "+SPN+": 0, "+NSN+": 0}


def loudness(samples: Floats) -> Floats:
    """The mouth opens with the level: nothing 30 dB below the loudest frame."""
    frames = int(np.ceil(len(samples) / RATE * FRAME_RATE)) + 1
    decibels = level(samples, frames)
    return np.asarray(np.clip(1 + (decibels - decibels.max()) / 30, 0, 1), np.float32)


def spans_to_curve(spans: list[tuple[float, float]], seconds: float) -> Floats:
    """Return openness at 60 frames a second of (start_s, openness) spans, over 50 ms from one to the next."""
    frames = int(np.ceil(seconds * FRAME_RATE)) + 1
    times = np.arange(frames) / FRAME_RATE
    starts = np.array([start for start, _ in spans])
    values = np.array([value for _, value in spans])[np.clip(np.searchsorted(starts, times, side="right") - 1, 0, None)]
    return np.asarray(np.convolve(np.pad(values, 1, mode="edge"), np.ones(3) / 3, "valid"), np.float32)


def rhubarb(samples: Floats) -> Floats:
    """Rhubarb's phonetic recogniser, which needs no text."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "speech.wav"
        soundfile.write(path, samples, RATE)
        done = subprocess.run(["rhubarb", "--recognizer", "phonetic", "--exportFormat", "json", str(path)], check=True,
                              capture_output=True, text=True)
    cues = json.loads(done.stdout)["mouthCues"]
    return spans_to_curve([(float(cue["start"]), CUES[cue["value"]]) for cue in cues], len(samples) / RATE)


def phone_loop(samples: Floats) -> Floats:
    """pocketsphinx with any phone after any other."""
    import pocketsphinx
    decoder = pocketsphinx.Decoder(allphone=pocketsphinx.get_model_path("en-us/en-us-phone.lm.bin"), lw=2.0, beam=1e-20, pbeam=1e-20,
                                   loglevel="FATAL")
    decoder.start_utt()
    decoder.process_raw((np.clip(samples, -1, 1) * 32767).astype(np.int16).tobytes(), full_utt=True)
    decoder.end_utt()
    spans = [(segment.start_frame / 100, OPENNESS.get(segment.word, 0.3)) for segment in decoder.seg()]
    return spans_to_curve(spans or [(0.0, 0.0)], len(samples) / RATE)


def installed() -> Iterator[tuple[str, Curve]]:
    """Yield the peers that are here."""
    yield "loudness", loudness
    if shutil.which("rhubarb"):
        yield "rhubarb", rhubarb
    try:
        import pocketsphinx  # noqa: F401
    except ImportError:
        return
    yield "pocketsphinx_phone_loop", phone_loop
