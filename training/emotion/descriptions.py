"""What training/emotion/features.py leaves in a folder, and whether it was described with the encoders of today."""

import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.errors import InputError
from core.speech.prosody import CEPSTRUM
from core.speech.voice_encoder import WIDTHS

MELODY, TIMBRE = 16, 2 + CEPSTRUM       # numbers of core/speech/voice.py
WIDTH = 2 * sum(WIDTHS) + 3 * TIMBRE + MELODY      # of a description: mean and deviation of layers and timbre, its changes'
WHOLE, WORDS = "whole", "words"         # arrays of a .npz: (R, WIDTH) and (R, sum(WIDTHS))


def check_folder(work: Path) -> None:
    """Raise InputError unless all descriptions in a folder that are learnt from have the width that these encoders give."""
    for path in (work / "nonspeech.npz", *sorted(work.glob("voices_*.npz"))):
        check_file(path)


def check_file(path: Path) -> None:
    """Raise InputError unless the descriptions in a .npz have the width that these encoders give."""
    width = width_of(path)
    if width != WIDTH:
        raise InputError(f"recordings are described by {width} numbers there, not {WIDTH}: with other encoders", path,
                         "run training.emotion.features again, into an empty folder")


def width_of(path: Path) -> int:
    """Return how many numbers describe a recording in the .npz at `path`; only the array's head is read."""
    try:
        with zipfile.ZipFile(path) as archive, archive.open(f"{WHOLE}.npy") as file:
            np.lib.format.read_magic(file)                                  # type: ignore[no-untyped-call]
            shape, _, _ = np.lib.format.read_array_header_1_0(file)         # type: ignore[no-untyped-call]
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise InputError(f"there are no descriptions of recordings ({error})", path, "run training.emotion.features first") from error
    return int(shape[-1]) if shape else 0


def read(path: Path, name: str) -> NDArray[np.float32]:
    """Return the array of this name in the .npz at `path`; raise InputError where there is none."""
    with np.load(path, allow_pickle=False) as stored:
        if name not in stored:
            raise InputError(f"there is no array named {name}", path, "run training.emotion.features again, into an empty folder")
        return np.asarray(stored[name], np.float32)
