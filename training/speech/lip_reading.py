"""An outside judge of the motion: a lip reader that is trained on filmed lips only and then reads ours."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from .network import VISIBLE, LipReader
from .phones import INVENTORY

# sounds that look alike
VISEMES: tuple[tuple[str, ...], ...] = (
    ("sil",), ("pcl", "bcl", "m", "p", "b"), ("f", "v"), ("uw", "uh", "ue", "oe", "w", "ow", "oy"),
    ("aa", "ae", "ao", "aw", "ay", "ah"), ("eh", "er", "ey", "ax", "hh"), ("iy", "ih", "y"), ("sh", "zh", "ch", "jh", "r"),
    ("s", "z", "t", "d", "tcl", "dcl", "n", "dx", "l"), ("th", "dh"), ("k", "g", "kcl", "gcl", "ng"))
STEPS, BATCH, FRAMES = 400, 16, 120


@dataclass(frozen=True)
class Seen:
    """motion: (T, C) channels; phones: (T, P) probabilities of what is heard meanwhile."""

    motion: Tensor
    phones: Tensor

    def visemes(self) -> Tensor:
        """Return the viseme (T,) of the likeliest phone of each frame."""
        group = torch.tensor([next(index for index, labels in enumerate(VISEMES) if label in labels) for label in INVENTORY])
        return group[self.phones.argmax(dim=1)]


def train_reader(filmed: list[Seen], seed: int = 0) -> LipReader:
    """Train on filmed lips; each needs FRAMES frames or more."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    reader = LipReader(len(VISIBLE), len(VISEMES), width=48)
    optimiser = torch.optim.AdamW(reader.parameters(), lr=2e-3, weight_decay=0.05)
    labels = [seen.visemes() for seen in filmed]
    for _ in range(STEPS):
        cuts = [(index, int(rng.integers(len(labels[index]) - FRAMES + 1))) for index in rng.integers(len(filmed), size=BATCH)]
        motion = torch.stack([filmed[index].motion[start:start + FRAMES, VISIBLE] for index, start in cuts])
        wanted = torch.stack([labels[index][start:start + FRAMES] for index, start in cuts])
        _, said = reader(motion + 0.02 * torch.randn_like(motion))
        optimiser.zero_grad()
        torch.autograd.backward(functional.nll_loss(said.flatten(0, 1), wanted.flatten()))
        optimiser.step()
    return reader.eval()


@torch.no_grad()
def accuracy(reader: LipReader, seen: Seen) -> float:
    """Return the share of frames with sound whose viseme is read rightly."""
    labels = seen.visemes()
    _, said = reader(seen.motion[None, :, VISIBLE])
    spoken = labels != 0
    return float((said[0].argmax(dim=1) == labels)[spoken].float().mean())
