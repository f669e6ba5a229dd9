"""The filmed face: its rig on our channels, and the performer that learns from it, on made-up recordings."""

from pathlib import Path

import numpy as np
import pytest
import torch

from core.head.mouth import trace
from core.speech.articulation import CHANNELS
from core.speech.mouth_rig import pose
from tests.core.own_heads import basis
from training.speech import checkpoint
from training.speech.network import PERFORMED, LipModel, LipNetwork, LipNetworkConfig
from training.speech.performance import NAMES, Performance, read_performances, to_channels, to_shapes
from training.speech.performer import LATENESS, Example, PerformerConfig, fit, rivals, shift
from training.speech.phones import INVENTORY

RATE = 16000
JAW, LABIODENTAL, TONGUE = (CHANNELS.index(name) for name in ("jaw", "labiodental", "tongue_tip"))


def network() -> LipNetwork:
    torch.manual_seed(0)
    return LipNetwork(LipNetworkConfig(width=16, dilations=(1, 2), channels=len(CHANNELS), phones=len(INVENTORY))).eval()


def example(frames: int = 300) -> Example:
    """Return a recording in which the filmed jaw opens by half of what the rules say."""
    generator = torch.Generator().manual_seed(0)
    motion = torch.rand(frames, len(CHANNELS), generator=generator)
    return Example(motion, torch.rand(frames, len(INVENTORY), generator=generator), torch.rand(frames, 1, generator=generator),
                   0.5 * motion)


def test_both_halves_of_a_lip_add_up() -> None:
    weights = to_shapes(("mouth_funnel_dl", "mouth_funnel_dr", "mouth_funnel_ul", "mouth_funnel_ur", "mouth_stretch_c"),
                        np.float32([[0.4, 0.4, 0.4, 0.4, 0.0], [0, 0, 0, 0, 0.5]]))
    assert weights[0, NAMES.index("mouthFunnel")] == pytest.approx(0.4)
    assert weights[1, NAMES.index("jawOpen")] == pytest.approx(0.425)


def test_channels_pose_the_lips_as_the_shapes_do() -> None:
    """On moderate poses; the channels have no rolled-in lips and no chin raise."""
    rng = np.random.default_rng(0)
    weights = np.zeros((40, len(NAMES)), np.float32)
    for name, most in (("jawOpen", 0.35), ("mouthFunnel", 0.3), ("mouthPucker", 0.4)):
        weights[:, NAMES.index(name)] = rng.uniform(0, most, 40)
    lips = np.flatnonzero(basis().regions == 0).astype(np.int32)
    wanted = trace(basis(), lips, NAMES, weights)
    found = trace(basis(), lips, *pose(to_channels(weights, basis()), basis()))
    moved = np.linalg.norm(wanted - basis().vertices[lips], axis=2).mean()
    assert np.linalg.norm(found - wanted, axis=2).mean() < 0.2 * moved


def test_recordings_are_read_at_sixty_frames(tmp_path: Path) -> None:
    import soundfile
    soundfile.write(tmp_path / "a b.flac", np.zeros(RATE, np.float32), RATE)
    np.savez(tmp_path / "a b.npz", weights=np.linspace(0, 1, 30, dtype=np.float32)[:, None], names=np.array(["mouth_stretch_c"]),
             fps=np.float32(30))
    found, = read_performances(tmp_path)
    assert found.name == "a b" and found.weights.shape == (61, len(NAMES))
    assert found.weights[30, NAMES.index("jawOpen")] == pytest.approx(0.85 * 15 / 29, abs=1e-3)


def test_filmed_motion_is_brought_to_the_time_of_its_sound() -> None:
    values = np.arange(10, dtype=np.float32)[:, None]
    assert shift(values)[3, 0] == 3 + LATENESS and len(shift(values)) == 10


def test_the_performer_learns_and_leaves_the_rest_alone() -> None:
    heard = example()
    fitted = fit([heard], PerformerConfig(steps=60, batch=4, frames=60, noise=0.0))
    with torch.no_grad():
        performed = fitted(heard.motion[None], heard.phones[None], heard.loudness[None])[0]
    before = (heard.motion - heard.truth)[:, JAW].abs().mean()
    assert (performed - heard.truth)[:, JAW].abs().mean() < 0.6 * before
    for channel in (LABIODENTAL, TONGUE):
        torch.testing.assert_close(performed[:, channel], heard.motion[:, channel])


def test_tongue_and_lip_to_teeth_are_not_performed() -> None:
    assert {CHANNELS[index] for index in PERFORMED}.isdisjoint({"labiodental", "tongue_tip", "tongue_back", "tongue_out"})


def test_the_loudness_rival_opens_with_the_sound() -> None:
    heard = example(121)
    samples = np.random.default_rng(0).normal(0, 0.1, 2 * RATE).astype(np.float32)
    samples[:RATE] *= 1e-3
    fitted = fit([example()], PerformerConfig(steps=1, batch=1, frames=60))
    curves = rivals(Performance("x", samples, np.zeros((121, len(NAMES)), np.float32)), heard, fitted,
                    np.full(len(CHANNELS), 0.3, np.float32))
    assert curves["loudness"][80:110, JAW].min() > 0.3 > 0.01 > curves["loudness"][10:50, JAW].max()
    assert all(curve.shape == (121, len(CHANNELS)) for curve in curves.values())


def test_a_checkpoint_is_the_network(tmp_path: Path) -> None:
    rules = network()
    checkpoint.save(rules, tmp_path / "lip_network.pt")
    read = checkpoint.load(tmp_path / "lip_network.pt")
    assert read.config == rules.config
    inputs = torch.randn(1, 20, 288), torch.randn(1, 20, 80)
    with torch.no_grad():
        torch.testing.assert_close(read(*inputs)[0], rules(*inputs)[0])
    assert [path.name for path in tmp_path.iterdir()] == ["lip_network.pt"]


def test_other_files_are_no_checkpoints(tmp_path: Path) -> None:
    torch.save({"weights": {}}, tmp_path / "other.pt")
    with pytest.raises(ValueError, match="not a checkpoint"):
        checkpoint.load(tmp_path / "other.pt")


def test_networks_are_put_together_by_their_mean() -> None:
    first, second = network(), LipNetwork(LipNetworkConfig(width=24, layers=2, span=30, channels=len(CHANNELS),
                                                           phones=len(INVENTORY))).eval()
    model = LipModel([first, second], fit([example()], PerformerConfig(steps=1, batch=1, frames=60))).eval()
    inputs = torch.randn(1, 40, 288), torch.randn(1, 40, 80)
    with torch.no_grad():
        motion, phones = model(*inputs)
        (one, said), (other, told) = first(*inputs), second(*inputs)
    torch.testing.assert_close(motion[..., TONGUE], (one + other)[..., TONGUE] / 2)
    torch.testing.assert_close(phones.exp(), (said.exp() + told.exp()) / 2, atol=1e-6, rtol=1e-4)
    assert model.performer is not None and model.reach == max(first.config.reach, second.config.reach) + model.performer.reach
