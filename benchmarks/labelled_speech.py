"""Recordings with hand-labelled phones from ../shared, and what is done to them: noise, babble, music, telephone, room."""

import csv
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from core.speech.encoder import RATE
from core.types import Floats

Change = Callable[[Floats], Floats]
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


def mix(samples: Floats, noise: Floats, ratio_db: float) -> Floats:
    """Add noise (N,) at a signal-to-noise ratio in dB over the clip."""
    gain = np.sqrt(np.mean(samples ** 2) / max(float(np.mean(noise ** 2)), 1e-12)) * 10 ** (-ratio_db / 20)
    return np.asarray(samples + noise * gain, np.float32)


def white(samples: Floats) -> Floats:
    """White noise at 10 dB."""
    return mix(samples, np.random.default_rng(0).normal(size=len(samples)).astype(np.float32), 10.0)


def babble(voices: list[Floats]) -> Change:
    """Return a change that adds six other voices at 10 dB; voices: recordings (N,)."""
    def change(samples: Floats) -> Floats:
        rng = np.random.default_rng(len(samples))
        chosen = [voices[index] for index in rng.permutation(len(voices))[:7] if len(voices[index]) != len(samples)][:6]
        return mix(samples, np.sum([np.resize(voice / voice.std(), len(samples)) for voice in chosen], axis=0), 10.0)
    return change


def music(samples: Floats) -> Floats:
    """A bass line, a pad of three voices, and a beat of noise at 10 dB: 110 beats a minute in A minor."""
    return mix(samples, make_music(len(samples)), 10.0)


def make_music(count: int) -> Floats:
    """Return (count,) samples of that music."""
    rng = np.random.default_rng(1)
    times = np.arange(count) / RATE
    beat = 60 / 110
    step = np.floor(times / beat).astype(int)
    since = times - step * beat
    roots = np.array([55.0, 43.65, 65.41, 49.0])[step // 4 % 4]
    bass = np.sign(np.sin(2 * np.pi * np.cumsum(roots) / RATE)) * np.exp(-3 * since)
    pad = sum(np.sin(2 * np.pi * np.cumsum(roots * ratio) / RATE + 0.3 * np.sin(2 * np.pi * 5 * times)) + 0.5 * np.sin(
        2 * np.pi * np.cumsum(2 * roots * ratio) / RATE) for ratio in (4.0, 4.8, 6.0))
    drum = rng.normal(size=count) * np.exp(-25 * since) * (1 + step % 2)
    return np.asarray(0.5 * bass + 0.25 * pad + 0.6 * drum, np.float32)


def telephone(samples: Floats) -> Floats:
    """300 to 3400 Hz, sampled with 8 bits on a logarithmic scale (mu-law, ITU-T G.711)."""
    hertz = np.fft.rfftfreq(len(samples), 1 / RATE)
    band = np.fft.irfft(np.fft.rfft(samples) * ((hertz > 300) & (hertz < 3400)), len(samples))
    scaled = np.clip(band / max(float(np.abs(band).max()), 1e-9), -1, 1)
    coded = np.round(np.sign(scaled) * np.log1p(255 * np.abs(scaled)) / np.log(256) * 127) / 127
    return np.asarray(np.sign(coded) * (256 ** np.abs(coded) - 1) / 255 * np.abs(band).max(), np.float32)


def room(samples: Floats) -> Floats:
    """A room of 5 x 4 x 2.7 m by the image method (Allen and Berkley, 1979): 2 m from the microphone, walls reflect 0.8."""
    size, source, microphone = np.array([5.0, 4.0, 2.7]), np.array([1.2, 1.1, 1.6]), np.array([2.9, 2.1, 1.4])
    orders = np.arange(-9, 10)
    grid = np.stack(np.meshgrid(orders, orders, orders, indexing="ij"), axis=-1).reshape(-1, 3)
    impulse = np.zeros(RATE)
    for mirrored in np.ndindex(2, 2, 2):
        image = (1 - 2 * np.array(mirrored)) * source + 2 * grid * size
        bounces = np.abs(grid - mirrored).sum(axis=1) + np.abs(grid).sum(axis=1)
        distance = np.linalg.norm(image - microphone, axis=1)
        index = np.round(distance / 343 * RATE).astype(int)
        near = index < len(impulse)
        np.add.at(impulse, index[near], 0.8 ** bounces[near] / distance[near])
    impulse = impulse[int(np.flatnonzero(impulse)[0]):]                 # the direct sound arrives at once, as labels expect
    size_of = 1 << (len(samples) + len(impulse)).bit_length()
    wet = np.fft.irfft(np.fft.rfft(samples, size_of) * np.fft.rfft(impulse, size_of), size_of)[:len(samples)]
    return np.asarray(wet * samples.std() / max(float(wet.std()), 1e-9), np.float32)
