"""Training speech with known phone times, from synthesisers whose output may be used freely.

flite (Debian, voices kal16 awb rms slt: permissive licences of Carnegie Mellon University) prints the end time of every
phone. hibari-tts (Apache-2.0, also its weights) knows the length of every phone symbol; its network puts out pitch and
spectral envelopes before they become a waveform, so one voice gives many: pitch and formants are changed there.
"""

import re
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from .phones import Phone, from_arpabet, from_ipa_phoneme, split_stops, trim_into_silence

RATE = 16000
FLITE_VOICES = ("slt", "rms", "awb", "kal16")
HIBARI_FRAME_S = 0.025
HIBARI_LATENESS_S = 0.05          # its frames lie this much later than the sound (found by alignment to flite)
MODIFIERS = "ːˑʰʲˠʷˤ\u0303\u0329→↗↓↘"
STRESS = "ˈˌ"
PAUSES = ";:,.!?—…\"()“”"


@dataclass(frozen=True)
class Utterance:
    """samples: (N,) float32 at 16 kHz; phones: contiguous, covering the whole utterance; voice: its source."""

    samples: NDArray[np.float32]
    phones: tuple[Phone, ...]
    voice: str
    text: str


def make_utterance(samples: NDArray[np.float32], phones: list[Phone], voice: str, text: str) -> Utterance:
    """Finish the phones of a synthesiser: stops divided, inaudible ends given to the pauses."""
    return Utterance(samples, trim_into_silence(split_stops(phones, samples, RATE), samples, RATE), voice, text)


def speak_with_flite(text: str, voice: str, *, stretch: float = 1.0, pitch: float = 1.0) -> Utterance:
    """Synthesise with Debian's flite program; stretch: length factor; pitch: factor on the mean pitch."""
    means = {"slt": 170.0, "rms": 100.0, "awb": 110.0, "kal16": 95.0}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "speech.wav"
        done = subprocess.run(
            ["flite", "-voice", voice, "-psdur", "--setf", f"duration_stretch={stretch}", "--setf",
             f"int_f0_target_mean={means[voice] * pitch}", "-t", text, "-o", str(path)],
            check=True, capture_output=True, text=True, timeout=60)
        samples, rate = soundfile.read(path, dtype="float32")
    if rate != RATE:
        samples = soxr.resample(samples, rate, RATE)
    segments, start = [], 0.0
    for label, end in re.findall(r"(\S+):([0-9.]+)", done.stdout):
        segments.append(Phone(start, float(end), from_arpabet(label)))
        start = float(end)
    return make_utterance(samples, segments, f"flite-{voice}", text)


class HibariVoice:
    """hibari's network with its phone lengths as a further output."""

    def __init__(self, module: Any) -> None:
        """module: the imported package `hibari`."""
        import onnx
        import onnxruntime

        self.engine = module.Hibari()
        self.synthesise = module.dsp.synth
        graph = onnx.load(self.engine.model_path)
        graph.graph.output.append(onnx.helper.make_tensor_value_info("/Round_output_0", onnx.TensorProto.FLOAT, None))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(graph.SerializeToString(), options)

    def speak(self, text: str, rng: np.random.Generator, *, speed: float = 1.0, pitch: float = 1.0,
              formants: float = 1.0, whisper: bool = False) -> Utterance:
        """Synthesise one sentence; pitch and formants are factors on the fundamental and on the spectral envelope.

        whisper: noise takes the place of the voice's harmonics, in the same envelope.
        """
        symbols = [symbol for symbol in "".join(self.engine.phonemize(text)[:1]) if symbol in self.engine.vocab]
        ids = [0, *(self.engine.vocab[symbol] for symbol in symbols), 0]
        *spectra, lengths = self.session.run(
            None, {"ids": np.asarray([ids], np.int64), "speed": np.asarray([speed], np.float32)})
        envelope, theta, noise, residual, phase, fundamental = (array[0] for array in spectra)
        envelope, noise, residual = (_warp(array, formants) for array in (envelope, noise, residual))
        if whisper:
            noise, envelope = np.logaddexp(noise, envelope - 3.0).astype(np.float32), np.full_like(envelope, -20.0)
        wave = self.synthesise(envelope, theta, noise, residual, phase, fundamental * np.float32(pitch), rng)
        samples = soxr.resample(wave, 24000, RATE).astype(np.float32)
        phones = hibari_phones(["", *symbols, ""], np.ravel(lengths), len(samples) / RATE)
        voice = f"hibari-{pitch:.2f}-{formants:.2f}" + ("-whisper" if whisper else "")
        return make_utterance(samples, phones, voice, text)


def _warp(spectrum: NDArray[np.float32], factor: float) -> NDArray[np.float32]:
    """Move every envelope (bins, frames) along the frequency axis; factor > 1 raises the formants."""
    if factor == 1.0:
        return spectrum
    bins = len(spectrum)
    source = np.minimum(np.arange(bins) / factor, bins - 1.001)
    lower = source.astype(int)
    share = (source - lower)[:, None].astype(np.float32)
    return np.asarray((1 - share) * spectrum[lower] + share * spectrum[lower + 1], np.float32)


def hibari_phones(symbols: list[str], lengths: NDArray[np.float32], duration: float) -> list[Phone]:
    """Turn hibari's symbols and their lengths in frames into phones."""
    return symbol_phones(symbols, lengths * HIBARI_FRAME_S, duration, lateness=HIBARI_LATENESS_S)


def symbol_phones(symbols: list[str], lengths: NDArray[Any], duration: float, *, lateness: float,
                  changes: Mapping[str, str] | None = None) -> list[Phone]:
    """Turn a network's symbols and their lengths in seconds into phones that end at `duration`.

    A stress mark's time belongs to the vowel after it, that of a length mark or another modifier to the sound before; a
    space is shared by its neighbours; punctuation is a pause. lateness: seconds by which the lengths run behind; changes:
    readings of a language, for phones.from_ipa_phoneme.
    """
    spans: list[list[Any]] = []
    pending = 0.0
    for symbol, length in zip(symbols, lengths, strict=True):
        if symbol == "" or symbol in PAUSES:
            spans.append(["sil", float(length) + pending])
            pending = 0.0
        elif symbol in STRESS:
            pending += float(length)
        elif symbol in MODIFIERS:
            if spans:
                spans[-1][1] += float(length)
        elif symbol == " ":
            if spans:
                spans[-1][1] += float(length) / 2
            pending += float(length) / 2
        else:
            spans.append([symbol, float(length) + pending])
            pending = 0.0
    phones, start = [], 0.0
    for symbol, length in spans:
        end = start + length
        shifted = max(start - lateness, 0.0), max(end - lateness, 0.0)
        if shifted[1] > shifted[0]:
            labels = ("sil",) if symbol == "sil" else from_ipa_phoneme(symbol, changes)
            times = np.linspace(*shifted, len(labels) + 1).tolist()
            phones += [Phone(*span, label) for span, label in zip(pairwise(times), labels, strict=True)]
        start = end
    if phones and duration > phones[-1].end:
        phones[-1] = Phone(phones[-1].start, duration, phones[-1].label) if phones[-1].label == "sil" else phones[-1]
        if phones[-1].end < duration:
            phones.append(Phone(phones[-1].end, duration, "sil"))
    return phones
