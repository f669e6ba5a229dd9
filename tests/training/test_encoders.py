"""Speech encoders of transformers, on a tiny random checkpoint of HuBERT's form."""


import numpy as np
import pytest
import torch
from transformers import HubertConfig, HubertModel, Wav2Vec2FeatureExtractor

from core.types import AudioClip
from training.speech.encoders import Encoder, TransformersEncoder, open_encoder
from training.speech.features import describe

RATE = 16000


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    folder = tmp_path_factory.mktemp("tiny hubert")
    torch.manual_seed(0)
    config = HubertConfig(hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=48, conv_dim=(16,) * 7,
                          num_conv_pos_embeddings=8, num_conv_pos_embedding_groups=2)
    HubertModel(config).save_pretrained(folder)
    Wav2Vec2FeatureExtractor(do_normalize=True).save_pretrained(folder)
    return open_encoder(str(folder))


def noise(seconds: float) -> np.ndarray:
    return np.random.default_rng(0).normal(0, 0.1, int(seconds * RATE)).astype(np.float32)


def test_features_have_the_encoder_s_own_rate_and_width(encoder: Encoder) -> None:
    features = encoder.encode(AudioClip(noise(1.0), RATE))
    assert features.features.shape == (50, 32) and features.step == pytest.approx(0.02)


def test_a_feature_hears_the_sound_around_its_time(encoder: Encoder) -> None:
    """The convolutions alone, whose reach is short: a click moves most the feature at its time."""
    assert isinstance(encoder, TransformersEncoder)
    quiet, click = noise(1.0) * 1e-3, noise(1.0) * 1e-3
    click[8000:8080] += 0.5
    with torch.no_grad():
        padded = [np.pad(samples, (encoder.field // 2, encoder.field)) for samples in (quiet, click)]
        heard, changed = (encoder.model.feature_extractor(torch.from_numpy(samples)[None])[0].numpy() for samples in padded)
    assert abs(int(np.abs(changed - heard).sum(axis=0).argmax()) - 8040 / 320) <= 1


def test_windows_cover_long_recordings(encoder: Encoder) -> None:
    features = encoder.encode(AudioClip(noise(30.0), RATE))
    assert len(features.features) == 1500 and np.isfinite(features.features).all()
    assert (np.abs(features.features).sum(axis=1) > 0).all()


def test_the_lip_network_s_inputs_are_on_the_animation_s_frames(encoder: Encoder) -> None:
    encoded, spectrum = describe(noise(2.0), encoder)
    assert encoded.shape == (121, 32) and spectrum.shape == (121, 80)
