"""Long recordings lie in a temporary file; what is sliced of them is what was put in."""

import numpy as np
import pytest

from core import spool
from core.speech.denoise import reduce_noise, without_noise
from core.speech.encoder import RATE, SpeechEncoder, normalise
from core.spool import Recording, Scaled, Spool, stretch
from core.types import AudioClip
from tests.core.mouth_stand_in import LocalNetwork

NOISE = np.random.default_rng(0).normal(0, 0.1, 25 * RATE).astype(np.float32)


@pytest.mark.parametrize("room", [1 << 30, 1000], ids=["in memory", "in a file"])
@pytest.mark.parametrize("width", [0, 3])
def test_slices_are_what_was_appended(monkeypatch, room, width):
    monkeypatch.setattr(spool, "IN_MEMORY", room)
    values = NOISE[:3000].reshape(-1, width) if width else NOISE[:3000]
    kept = Spool(width)
    for part in np.array_split(values, 7):
        kept.append(part)
        kept[:1]                                # reading moves the file's place; what follows is still appended
    assert len(kept) == len(values)
    for part in (slice(None), slice(5, 900), slice(-4, None), slice(7, 7), slice(990, 10**6)):
        np.testing.assert_array_equal(kept[part], values[part])
    with pytest.raises(ValueError, match="steps"):
        kept[::2]


def test_silence_lies_around_samples():
    np.testing.assert_array_equal(stretch(np.ones(4, np.float32), -2, 6), [0, 0, 1, 1, 1, 1, 0, 0])
    np.testing.assert_array_equal(stretch(Scaled(np.ones(4, np.float32), np.float32(2)), 3, 5), [2, 0])
    assert not stretch(np.ones(4, np.float32), 7, 9).any() and not len(stretch(np.ones(4, np.float32), 3, 3))


def test_a_streamed_recording_is_heard_as_one_in_memory(monkeypatch):
    monkeypatch.setattr(spool, "IN_MEMORY", 1000)
    kept = Spool()
    kept.append(NOISE)
    clean = without_noise(Recording(kept, RATE))
    np.testing.assert_array_equal(clean.samples[:], reduce_noise(NOISE))
    clip = AudioClip(clean.samples[:], RATE)
    encoder = SpeechEncoder(LocalNetwork())
    whole, streamed = encoder.encode(clip), encoder.stream(clean)
    np.testing.assert_array_equal(streamed.features[:], whole.features)
    times = np.array([3.0, 3.1, 2.95, 20.0, 99.0], np.float32)
    np.testing.assert_array_equal(streamed.at(times), whole.at(times))
    assert np.abs(normalise(clip)).max() > 0
