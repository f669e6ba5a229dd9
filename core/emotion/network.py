"""Speech emotion recognition (Sec. 4.1): a passage's description -> probabilities of seven emotions, and how strong they are.

The paper takes the intensity from the winning probability by a linear map; that hardly follows the actors' intensity, so the
network has an output of its own for it. Both are here (`level_by`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import PackError
from ..network_file import are_numbers, metadata_of
from ..speech.encoder import Session, open_session
from ..speech.voice_encoder import HEARS
from ..types import HEARD, MOST_LEVEL, Floats, LevelBy, check

FORMAT = 1
ADVICE = "take the network that came with this version"
SHRINK = 4.0                    # recordings of a voice at which half of its own manner is removed
NEUTRAL = HEARD.index("neutral")
GIVES = ["probabilities", "strength"]           # one that hears plain samples gives the first alone
PRIORS = 1e-3, 1e3              # the least and the most that a prior may be
ROUNDS = 100                    # in which a voice's prior settles
MOST_MEAN = 1e30                # what a number of a mean voice stays below, so that differences from it are finite


@dataclass(frozen=True)
class Judgement:
    """What was heard in M passages: probabilities (M, 7) float32 of HEARD, strength (M,) float32 of the emotion, 0..1."""

    probabilities: Floats
    strength: Floats

    def __post_init__(self) -> None:
        check("probabilities", self.probabilities, np.float32, (None, len(HEARD)))
        check("strength", self.strength, np.float32, (len(self.probabilities),))

    def __getitem__(self, part: slice) -> "Judgement":
        """Return what was heard in some of the passages."""
        return Judgement(self.probabilities[part], self.strength[part])

    def levels(self, by: LevelBy = "strength") -> Floats:
        """Return the levels (M,), 1..3, before rounding: from the strength, or linearly from the winning probability (Sec. 4.1)."""
        share = self.strength if by == "strength" else self.probabilities.max(axis=1)
        return np.asarray(1 + (MOST_LEVEL - 1) * np.clip(share, 0, 1), np.float32)


class EmotionNetwork:
    """A recogniser in ONNX Runtime: ours (training/emotion), or one that hears plain samples (training/emotion/emotion2vec.py)."""

    def __init__(self, session: Session, mean: Floats, *, samples: bool = False, prior: float = 1.0) -> None:
        """mean: (P,) of all voices; samples: whether it hears those; prior: how many times as likely it takes neutral to be as each
        other emotion before anything is heard."""
        self._session, self.mean, self.hears_samples, self.prior = session, mean, samples, prior

    @classmethod
    def load(cls, path: Path) -> "EmotionNetwork":
        """Open the network at `path`. Raises PackError when it is missing, damaged, of another format, or hears with other layers than
        core/speech/voice_encoder.py gives."""
        session = open_session(path, 1)                 # ours is so small that another thread would only wait
        metadata = metadata_of(session, path)
        if (metadata.get("format"), metadata.get("emotions")) != (FORMAT, [*HEARD]):
            raise PackError(f"the emotion network has format {metadata.get('format')}, this version needs {FORMAT} with its own "
                            "emotions", path, ADVICE)
        samples = metadata.get("input") == "samples"
        if not samples and metadata.get("hears") != HEARS:
            raise PackError("the emotion network hears with other layers of the encoders than this version has", path, ADVICE)
        mean, inputs = metadata.get("mean", []), session.get_inputs()
        if [value.name for value in inputs] != ["samples" if samples else "passages"] or not are_numbers(mean):
            raise PackError("the emotion network takes something else than it says", path, ADVICE)
        width = [1, *inputs[0].shape][-1]
        if not samples and len(mean) != width:
            raise PackError(f"the emotion network has {len(mean)} numbers of a mean voice, takes {width}", path, ADVICE)
        if not all(abs(value) < MOST_MEAN for value in mean):
            raise PackError("the emotion network's mean voice is no voice", path, ADVICE)
        prior = metadata.get("prior", 1.0)
        if not are_numbers([prior]) or not PRIORS[0] <= prior <= PRIORS[1]:
            raise PackError(f"the emotion network has a prior of {prior!r:.20}", path, ADVICE)
        if [value.name for value in session.get_outputs()] != (GIVES[:1] if samples else GIVES):
            raise PackError("the emotion network gives something else than what is felt", path, ADVICE)
        session = open_session(path) if samples else session
        return cls(session, np.asarray(mean, np.float32), samples=samples, prior=float(prior))

    def judge_samples(self, passages: Sequence[Floats]) -> Judgement:
        """Return what is felt in passages, each (N,) samples at 16 kHz; the strength is the winning probability, as in the paper."""
        found = [self._session.run(None, {"samples": passage[None].astype(np.float32)})[0][0] for passage in passages]
        probabilities = np.asarray(found, np.float32).reshape(-1, len(HEARD))
        return Judgement(probabilities, probabilities.max(axis=1, initial=0))

    def judge(self, passages: Floats, voice: Floats | None = None) -> Judgement:
        """Return what is felt in passages (M, P); voice: (R, P) means of other recordings of this voice, whose manner is removed.

        The manner is how their mean differs from that of all voices; it is shrunk by R / (R + SHRINK), so that few say little. The
        more of those recordings are neutral, the likelier is neutral beforehand (`known_prior`).
        """
        factor = 1.0
        if voice is not None and len(voice):
            factor = known_prior(self.prior, self.judge(voice).probabilities[:, NEUTRAL]) / self.prior
            passages = passages - np.float32(known_share(len(voice))) * (voice.mean(axis=0) - self.mean)
        probabilities, strength = self._session.run(None, {"passages": passages.astype(np.float32)})
        odds = probabilities * np.where(np.arange(len(HEARD)) == NEUTRAL, factor, 1)
        return Judgement(np.asarray(odds / odds.sum(axis=1, keepdims=True), np.float32), np.asarray(strength, np.float32))


def known_share(recordings: int) -> float:
    """Return how much of a voice's manner is known from so many other recordings of it, 0 to 1."""
    return recordings / (recordings + SHRINK)


def known_prior(prior: float, neutral: Floats) -> float:
    """Return how many times as likely neutral is as each other emotion beforehand, when `prior` holds for voices in general and other
    recordings of this one, judged by it, are neutral with these probabilities (R,).

    SHRINK recordings of voices in general count beside them, and they are judged anew by what follows until that stays (Saerens et
    al., 2002). Neutral is never less likely than another emotion (or than `prior`): that would rather be another microphone.
    """
    others = len(HEARD) - 1
    usual, share = prior / (prior + others), known_share(len(neutral))
    if not share:
        return prior
    chance, likely = usual, neutral.astype(np.float64)
    for _ in range(ROUNDS):
        yes, no = likely * chance / usual, (1 - likely) * (1 - chance) / (1 - usual)
        chance = usual + share * (float(np.mean(yes / (yes + no))) - usual)
    return max(others * chance / (1 - chance), min(prior, 1.0))
