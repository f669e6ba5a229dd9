"""Text in other languages for the training speech, out of languages.txt: "[language]", then a sentence on each line.

The sentences were written for this project and lean towards p b m f v w and rounded vowels, as text.py's do.
"""

import functools
from pathlib import Path

import numpy as np

SOURCE = Path(__file__).with_name("languages.txt")


@functools.cache
def sentences() -> dict[str, tuple[str, ...]]:
    """Return the sentences of each language, by espeak-ng's name of it."""
    found: dict[str, list[str]] = {}
    for line in SOURCE.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            language = found.setdefault(line.strip("[]"), [])
        elif line:
            language.append(line)
    return {name: tuple(lines) for name, lines in found.items()}


def generate_in(language: str, count: int, rng: np.random.Generator) -> list[str]:
    """Return `count` sentences: those written, in shuffled order, then as many as needed that are put together anew.

    A new one is the first half of a sentence and the second half of another, or four to eight words in any order: it need
    not mean anything, its sounds only have to stand in new company.
    """
    written = sentences()[language]
    chosen = [written[index] for index in rng.permutation(len(written))[:count]]
    words = [word.strip(".,!?¿¡;؟،。") for line in written for word in line.split()]
    while len(chosen) < count:
        if rng.random() < 0.6:
            first, second = (written[index].split() for index in rng.choice(len(written), 2, replace=False))
            chosen.append(" ".join(first[:(len(first) + 1) // 2] + second[len(second) // 2:]))
        else:
            chosen.append(" ".join(rng.choice([word for word in words if word], int(rng.integers(4, 9)))) + ".")
    return chosen
