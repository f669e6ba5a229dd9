"""Unacted speech, read or told without emotion, to measure on: how much of it is heard as neutral. It is not learnt from, since a
recogniser then takes whatever sounds unlike the actors' studios for neutral (docs/emotion.md).

A folder holds what training/speech/corpus.py made, NAME_SEED_NUMBER.flac, or other FLAC files of 16 kHz of one speaker, who gives the
folder its name; long ones are cut in pieces. Synthetic voices that sound more natural give more recordings.
"""

from collections import defaultdict
from pathlib import Path

import numpy as np
import soundfile

from .recordings import Recording

UNACTED = "unacted"             # the corpus they are of
# recordings of each voice by what made it; of any other folder's speaker
MOST = {"kokoro": 10, "hibari": 14, "flite": 12, "espeak": 4}
OTHERS = 60
WHISPER = "hibari_7"            # of training/speech/corpus.py: a whisper is never plain
LEAST, LONGEST = 2.0, 7.0       # seconds of a recording
PIECE = 4.0                     # seconds of the pieces of longer ones


def unacted(folders: list[Path]) -> list[Recording]:
    """Return the recordings in some folders, MOST or OTHERS of each speaker, evenly over what there is."""
    spoken: dict[str, list[Recording]] = defaultdict(list)
    for folder in folders:
        for path in sorted(folder.glob("*.flac")):
            speaker = speaker_of(path)
            if speaker != WHISPER:
                spoken[speaker] += pieces(path, speaker)
    return [found[place] for speaker, found in sorted(spoken.items()) for place in evenly(len(found), most(speaker))]


def speaker_of(path: Path) -> str:
    """Return a synthetic voice's name, or the folder's."""
    voice = path.stem.rsplit("_", 2)[0]
    return voice if voice.partition("_")[0] in MOST else path.parent.name


def most(speaker: str) -> int:
    """Return how many recordings are taken of a speaker."""
    return MOST.get(speaker.partition("_")[0], OTHERS)


def pieces(path: Path, speaker: str) -> list[Recording]:
    """Return a recording, in pieces if it is long, none if it is too short to show how somebody speaks."""
    duration = soundfile.info(path).duration
    count = int(duration >= LEAST) if duration <= LONGEST else int(duration / PIECE)
    length = min(PIECE, duration) if count > 1 else duration
    return [Recording(path, UNACTED, f"{UNACTED}-{speaker}", "neutral", strong=False, start=index * PIECE, length=length)
            for index in range(count)]


def evenly(count: int, wanted: int) -> list[int]:
    """Return at most `wanted` places of `count`, evenly spaced."""
    return [int(place) for place in np.linspace(0, count, min(count, wanted), endpoint=False)]
