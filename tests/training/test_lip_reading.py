"""The outside lip reader reads what the lips show, and nothing where they show nothing."""

import pytest
import torch

from core.speech.articulation import CHANNELS
from training.speech import lip_reading
from training.speech.lip_reading import VISEMES, Seen, accuracy, train_reader
from training.speech.phones import INVENTORY

SHOWN = {"aa": 0.9, "m": 0.0, "iy": 0.4}


def lips(frames: int, *, seed: int, shown: bool = True) -> Seen:
    """Return sounds that last ten frames each, and lips as far apart as they want, or at random."""
    generator = torch.Generator().manual_seed(seed)
    sounds = torch.randint(len(SHOWN), (frames // 10,), generator=generator).repeat_interleave(10)
    phones = torch.zeros(frames, len(INVENTORY))
    phones[torch.arange(frames), torch.tensor([INVENTORY.index(label) for label in SHOWN])[sounds]] = 1
    motion = torch.zeros(frames, len(CHANNELS))
    opening = torch.tensor(list(SHOWN.values()))[sounds] if shown else torch.rand(frames, generator=generator)
    motion[:, CHANNELS.index("aperture")] = opening
    return Seen(motion, phones)


def test_visemes_cover_every_phone_once() -> None:
    assert sorted(label for labels in VISEMES for label in labels) == sorted(INVENTORY)


def test_lips_that_show_the_sound_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lip_reading, "STEPS", 60)
    reader = train_reader([lips(600, seed=0), lips(600, seed=1)])
    assert accuracy(reader, lips(600, seed=2)) > 0.8
    assert accuracy(reader, lips(600, seed=2, shown=False)) < 0.6
