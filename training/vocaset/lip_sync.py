"""LCA, our yardstick of lip sync, on FLAME's mesh: are the lips shut where the voice says p, b and m, and open elsewhere?

LCA = (closures that are shut + 1 - false closures) / 2, 1 at best; a mouth that never moves has 0.5. The lips count as shut where they
are no further apart than SHUT of how far they usually open (the 95th percentile while something is said). How far: the middle of the
inner lips, in height, more than in the subject's template, whose mouth is closed.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.errors import InputError
from core.files import read_arrays
from core.head.model import HeadBasis
from core.head.mouth import central_pairs
from core.types import Floats
from training.speech.phones import VOWELS, Phone

SHUT = 0.15                     # of the usual opening
GRID = 200.0                    # moments a second that are looked at; the opening is linear between frames
FALSE = 1 / 30                  # seconds shut that make a false closure
VOWEL, VOWEL_EDGE = 0.08, 0.02  # seconds that a vowel must last to be judged, and that are left out at its ends
SOUND, SOUND_EDGE = 0.06, 0.01  # the same of consonants
NEAR = 0.02                     # seconds to a closure or a pause within which consonants are not judged
CLOSED, RELEASED = ("m", "bcl", "pcl"), ("b", "p")
LABIAL = ("w", "f", "v")        # lips narrow or touch the teeth: neither open nor shut
Opening = Callable[[Floats, Floats], NDArray[np.float64]]


@dataclass(frozen=True)
class Closures:
    """Counts: closures and how many of them are shut, vowels and other sounds that are judged and in how many lips are shut."""

    closures: int = 0
    shut: int = 0
    vowels: int = 0
    shut_vowels: int = 0
    sounds: int = 0
    shut_sounds: int = 0

    def __add__(self, other: "Closures") -> "Closures":
        """Return the counts of both."""
        return Closures(*(getattr(self, entry.name) + getattr(other, entry.name) for entry in fields(self)))

    @property
    def accuracy(self) -> float:
        """LCA; raise InputError where nothing could be judged."""
        if not self.closures or not self.vowels or not self.sounds:
            raise InputError("the sequences have too few sounds to judge lips by", "phones", "give those of the test sentences")
        false = (self.shut_vowels / self.vowels + self.shut_sounds / self.sounds) / 2
        return (self.shut / self.closures + 1 - false) / 2


def opening_of(head: Path) -> Opening:
    """Return what measures how far the lips of FLAME (T, 5023, 3) are apart, (T,) metres, more than in the template (5023, 3).

    head: head.npz of training.flame.head, whose inner lips are paired. Raises InputError for another head.
    """
    basis = HeadBasis.load(head)
    try:
        places = read_arrays(head, ("flame_vertices",), InputError)["flame_vertices"]
    except InputError as error:
        raise InputError("the lip sync is measured on FLAME's head", head, "give the folder made by training.flame.head") from error
    upper, lower = (places[side] for side in central_pairs(basis))

    def opening(vertices: Floats, template: Floats) -> NDArray[np.float64]:
        apart = [(one[..., upper, 1].astype(np.float64) - one[..., lower, 1]).mean(axis=-1) for one in (vertices, template)]
        return np.asarray(np.maximum(apart[0] - apart[1], 0))

    return opening


def closures(phones: tuple[Phone, ...], opening: NDArray[np.float64], fps: float) -> Closures:
    """Return the counts of one sequence: what is said, and how far the lips are apart (T,), metres, at `fps`."""
    spoken = [phone for phone in phones if phone.label != "sil"]
    if not spoken:
        return Closures()
    times = np.arange(len(opening)) / fps
    said = opening[(times >= spoken[0].start) & (times <= spoken[-1].end)]
    usual = float(np.percentile(said if len(said) else opening, 95))
    moments = np.arange(0, phones[-1].end, 1 / GRID)
    shut = np.interp(moments, times, opening) <= SHUT * usual if usual > 0 else np.ones(len(moments), bool)

    def inside(start: float, end: float) -> NDArray[np.bool_]:
        return shut[(moments >= start) & (moments < end)]

    touching = must_touch(phones)
    met = sum(bool(inside(start - 0.5 / GRID, end).any()) for start, end in touching)
    vowels = [inside(one.start + VOWEL_EDGE, one.end - VOWEL_EDGE) for one in spoken
              if one.label in VOWELS and one.end - one.start >= VOWEL]
    sounds = [inside(one.start + SOUND_EDGE, one.end - SOUND_EDGE) for one in must_part(phones, touching)]
    return Closures(len(touching), met, len(vowels), sum(map(stays, vowels)), len(sounds), sum(map(stays, sounds)))


def stays(shut: NDArray[np.bool_]) -> bool:
    """Return whether lips are shut (N,) for FALSE in a row."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], shut, [False]]).astype(np.int8)))
    return bool(len(edges)) and int((edges[1::2] - edges[::2]).max()) >= np.ceil(FALSE * GRID)


def must_touch(phones: tuple[Phone, ...]) -> list[tuple[float, float]]:
    """Return the times in which the lips must touch: m, and p and b, of these only the closure where it is told; joined where they
    follow one another."""
    found: list[tuple[float, float]] = []
    for before, phone in zip((None, *phones), phones, strict=False):
        if phone.label in CLOSED or (phone.label in RELEASED and (before is None or before.label not in ("bcl", "pcl"))):
            if found and phone.start - found[-1][1] < 1 / GRID:
                found[-1] = found[-1][0], phone.end
            else:
                found.append((phone.start, phone.end))
    return found


def must_part(phones: tuple[Phone, ...], touching: Iterable[tuple[float, float]]) -> list[Phone]:
    """Return the consonants in which lips must be apart: not of the lips, long enough, and beside no closure and no pause."""
    near = [*touching, *((phone.start, phone.end) for phone in phones if phone.label == "sil")]
    return [phone for phone in phones if phone.label not in (*VOWELS, *CLOSED, *RELEASED, *LABIAL, "sil")
            and phone.end - phone.start >= SOUND
            and not any(abs(end - phone.start) < NEAR or abs(phone.end - start) < NEAR for start, end in near)]
