"""How late a synthesiser's phone times are: `python -m training.speech.timing --work DIR`.

Looks for the steps of the sound near the labels' edges: hiss that sets in or ends at s and sh, loudness that falls when p, t
or k closes. Prints for each kind of voice the median of found minus labelled time, in milliseconds, and how many edges; and
by how many dB s and sh hiss more, and closures are softer, than vowels.
"""

import argparse
import json
import logging
from collections import defaultdict
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .corpus import names_in, read_one
from .phones import VOWELS
from .synthesis import RATE, Utterance

log = logging.getLogger(__name__)
HOP, WINDOW, SIDE = RATE // 400, RATE // 100, 12        # frames each 2.5 ms of 10 ms; a step compares 30 ms of each side
SEARCH_S = 0.1
HISSING, CLOSED = ("s", "sh"), ("pcl", "tcl", "kcl")
Edge = Literal["hiss_on", "hiss_off", "closing"]


def levels(samples: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return (frames,) hiss against voice (above 3 kHz against 0.1 to 1 kHz) and loudness of 0.3 to 3 kHz, both in dB."""
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(samples, WINDOW // 2), WINDOW)[::HOP]
    power = np.abs(np.fft.rfft(frames * np.hanning(WINDOW), axis=1)) ** 2
    hertz = np.fft.rfftfreq(WINDOW, 1 / RATE)
    floor = 1e-4 * power.mean()
    high, low, middle = (power[:, (hertz >= first) & (hertz < last)].sum(axis=1) + floor
                         for first, last in ((3000, 8000), (100, 1000), (300, 3000)))
    return 10 * np.log10(high / low), 10 * np.log10(middle)


def edges(utterance: Utterance) -> Iterable[tuple[Edge, float]]:
    """Yield the labelled times where the sound should step: between a vowel and s, sh, or the closure of a stop."""
    for earlier, later in pairwise(utterance.phones):
        if earlier.label in VOWELS and later.label in HISSING:
            yield "hiss_on", later.start
        elif earlier.label in HISSING and later.label in VOWELS:
            yield "hiss_off", later.start
        elif earlier.label in VOWELS and later.label in CLOSED:
            yield "closing", later.start


def find_step(level: NDArray[np.float64], time: float) -> float | None:
    """Return the time of the steepest rise of a level (frames,) near `time`; None when it rises by less than 6 dB."""
    total = np.concatenate([[0.0], np.cumsum(level)])
    mean = (total[SIDE:] - total[:-SIDE]) / SIDE
    rise = mean[SIDE:] - mean[:-SIDE]                    # at frame index + SIDE - 1/2
    times = (np.arange(len(rise)) + SIDE - 0.5) * HOP / RATE
    near = np.flatnonzero(np.abs(times - time) < SEARCH_S)
    if not len(near):
        return None
    best = near[rise[near].argmax()]
    return float(times[best]) if rise[best] > 6 else None


def lateness(utterances: Iterable[Utterance]) -> dict[Edge, NDArray[np.float64]]:
    """Return found minus labelled time in seconds for every edge with a clear step; positive: the labels are early."""
    found: dict[Edge, list[float]] = {"hiss_on": [], "hiss_off": [], "closing": []}
    for utterance in utterances:
        hiss, loudness = levels(utterance.samples)
        rising = {"hiss_on": hiss, "hiss_off": -hiss, "closing": -loudness}
        for kind, time in edges(utterance):
            step = find_step(rising[kind], time)
            if step is not None:
                found[kind].append(step - time)
    return {kind: np.asarray(values) for kind, values in found.items()}


def contrasts(utterances: Iterable[Utterance]) -> tuple[float, float]:
    """Return how much more s and sh hiss than vowels, and how much softer closures are than vowels, dB between medians."""
    hisses: dict[str, list[float]] = {"vowel": [], "hissing": []}
    loudnesses: dict[str, list[float]] = {"vowel": [], "closed": []}
    for utterance in utterances:
        hiss, loudness = levels(utterance.samples)
        for phone in utterance.phones:
            middle = min(int((phone.start + phone.end) / 2 * RATE / HOP), len(hiss) - 1)
            if phone.label in VOWELS:
                hisses["vowel"].append(hiss[middle])
                loudnesses["vowel"].append(loudness[middle])
            elif phone.label in HISSING:
                hisses["hissing"].append(hiss[middle])
            elif phone.label in CLOSED:
                loudnesses["closed"].append(loudness[middle])
    return (float(np.median(hisses["hissing"]) - np.median(hisses["vowel"])),
            float(np.median(loudnesses["vowel"]) - np.median(loudnesses["closed"])))


def main() -> None:
    """Print the table, one JSON line for each kind of voice (the recordings' names up to the second underscore)."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--pattern", default="*", help="of the recordings' names")
    parser.add_argument("--each", type=int, default=60, help="recordings looked at for each kind of voice")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO)
    kinds: dict[str, int] = defaultdict(int)
    folder = options.work / "speech"
    for name in names_in(folder, options.pattern):
        kinds["_".join(name.split("_")[:2])] += 1
    for kind in kinds:
        utterances = [read_one(folder, name) for name in names_in(folder, kind + "_*")[:options.each]]
        hiss_db, closure_db = contrasts(utterances)
        log.info("%s", json.dumps({"voice": kind, **{
            name: [round(float(np.median(values)) * 1000, 1), len(values)] if len(values) else None
            for name, values in lateness(utterances).items()}, "hiss_db": round(hiss_db), "closure_db": round(closure_db)}))


if __name__ == "__main__":
    main()
