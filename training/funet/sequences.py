"""Whole sequences through FuNet: VOCASET's test sentences, each under one of the faces kept for the test; for Table 5's lip sync."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from core.errors import InputError
from core.files import read_arrays
from core.types import Floats
from training.flame.layer import FaceLayer
from training.flame.model import Flame
from training.vocaset.layout import Sequence, Vocaset

from .paper import CODES, TESTED, load

BLOCK = 16                      # frames at once


@torch.no_grad()
def fused_sequences(run: Path, case: str, flame: Flame, vocaset: Vocaset) -> Iterator[tuple[Sequence, Floats]]:
    """Yield the test sequences as one network of a run of training.funet.paper fuses them, vertices (T, 5023, 3), metres.

    case: the row of ablation.json. Raises InputError when its checkpoint or the run's faces.npz is missing or damaged.
    """
    network, config = load(run / case.replace(" ", "_"))
    stored = read_arrays(run / "faces.npz", tuple(CODES), InputError)
    count = len(stored["shape"])
    tested = [place for place in range(count) if place % TESTED == TESTED - 1] or list(range(count))
    codes = [torch.from_numpy(stored[name][tested].astype(np.float32)) for name in CODES]
    neutral, felt = FaceLayer(flame)(*codes)                                            # (F, 5023, 3)
    for index, sequence in enumerate(vocaset.split("test")[0]):
        template, face = vocaset.templates[sequence.subject], index % len(tested)
        rest, emo = (0, felt[face]) if config.get("absolute") else (template, felt[face] - neutral[face])
        lip = torch.from_numpy(np.asarray(vocaset.frames(sequence) - rest, np.float32))
        parts = [network(part, emo.expand(len(part), -1, -1)).numpy() for part in torch.split(lip, BLOCK)]
        yield sequence, np.asarray(np.concatenate(parts) + rest, np.float32)
