"""Speech encoders of plain samples: windows and times."""

import numpy as np

from core.speech.wave_encoder import Hearing, crossfaded
from core.types import Floats


def test_windows_pass_over_into_one_another():
    line = np.arange(50, dtype=np.float32)[:, None]
    assert np.allclose(crossfaded(50, lambda first, last: line[first:last], window=12, overlap=4), line)
    stepped = crossfaded(20, lambda first, last: np.full((last - first, 1), float(first > 0), np.float32), window=12, overlap=4)
    assert np.allclose(stepped[8:12, 0], [0.125, 0.375, 0.625, 0.875]) and stepped[7] == 0 and stepped[12] == 1


def test_a_feature_has_the_time_of_its_samples():
    """An encoder that gives the mean of each field; 30 s in windows."""
    time = np.arange(30 * 16000, dtype=np.float32) / 16000

    def means(samples: Floats) -> Floats:
        return np.lib.stride_tricks.sliding_window_view(samples, 400)[::320].mean(axis=1, keepdims=True)
    for lead, centre in ((0, 200), (200, 0)):
        found = Hearing(320, 400, lead).features(time, means, lambda fraction: None)
        assert found.features.shape == (1500, 1) and found.start == 0 and found.step == 0.02
        wanted = np.arange(1500) * 0.02 + (centre - 0.5) / 16000
        assert np.allclose(found.features[2:-2, 0], wanted[2:-2], atol=1e-4)


def test_the_shortest_recording_has_a_feature():
    assert Hearing(320, 400).features(np.zeros(1, np.float32), lambda samples: np.ones((1, 3), np.float32),
                                      lambda fraction: None).features.shape == (1, 3)
