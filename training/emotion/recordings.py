"""Acted emotion: RAVDESS, TESS and the Berlin database (emodb) as labelled recordings, told apart by their file names."""

from dataclasses import dataclass
from pathlib import Path

from core.types import HEARD, Emotion

RAVDESS: dict[str, Emotion] = {"01": "neutral", "03": "happy", "04": "sad", "05": "angry", "06": "fear", "07": "disgust",
                               "08": "surprise"}            # 02, calm, is left out
TESS: dict[str, Emotion] = {"neutral": "neutral", "happy": "happy", "sad": "sad", "angry": "angry", "fear": "fear",
                            "disgust": "disgust", "ps": "surprise"}
EMODB: dict[str, Emotion] = {"N": "neutral", "F": "happy", "T": "sad", "W": "angry", "A": "fear", "E": "disgust"}  # L is boredom


@dataclass(frozen=True)
class Recording:
    """One recording of one speaker; strong: whether the emotion is acted at RAVDESS's second intensity, None where not known;
    start, length: seconds, where it is a piece of a file."""

    path: Path
    corpus: str
    speaker: str
    emotion: Emotion
    strong: bool | None = None
    start: float = 0.0
    length: float | None = None

    @property
    def label(self) -> int:
        """Place of the emotion among HEARD."""
        return HEARD.index(self.emotion)


def ravdess(folder: Path) -> list[Recording]:
    """Return the spoken recordings of RAVDESS (Livingstone and Russo, 2018), calm left out; neutral has one intensity."""
    found = []
    for path in sorted(folder.glob("*.flac")):
        _, _, emotion, intensity, _, _, actor = path.stem.split("-")
        if emotion in RAVDESS:
            strong = None if emotion == "01" else intensity == "02"
            found.append(Recording(path, "ravdess", f"ravdess-{actor}", RAVDESS[emotion], strong))
    return found


def tess(folder: Path) -> list[Recording]:
    """Return the recordings of TESS (Pichora-Fuller and Dupuis, 2020): single words in a carrier phrase."""
    return [Recording(path, "tess", f"tess-{path.stem[0]}", TESS[path.stem.rpartition("_")[2]])
            for path in sorted(folder.glob("*.flac"))]


def emodb(folder: Path) -> list[Recording]:
    """Return the recordings of the Berlin database (Burkhardt et al., 2005), boredom left out."""
    return [Recording(path, "emodb", f"emodb-{path.stem[:2]}", EMODB[path.stem[5]]) for path in sorted(folder.glob("*.flac"))
            if path.stem[5] in EMODB]


def recordings(data: Path) -> list[Recording]:
    """Return those of all three corpora, from folders of their names."""
    return [*ravdess(data / "ravdess"), *tess(data / "tess"), *emodb(data / "emodb")]
