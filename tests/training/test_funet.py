"""FuNet: Table 2, the losses and what minimises them, pairs, its start, training, export."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from core.emotion.funet import FuNet as Runtime
from core.emotion.fusion import region_blend
from core.errors import PackError
from training.funet.data import Pairs
from training.funet.export import export
from training.funet.losses import TERMS, FusionLoss
from training.funet.network import SCALE, FuNet, FuNetConfig, compact, paper
from training.funet.start import let_through, solve
from training.funet.train import TrainingConfig, load, save, train

REGIONS = np.repeat(np.arange(4, dtype=np.uint8), 5)
SMALL = FuNetConfig(20, first=4, second=2, third=2, bottleneck=24, slope=0.2, fixed=True)


class Drawn:
    """Stands for Pairs on a head of 20 vertices whose shapes are 6 directions each."""

    def __init__(self, seed=0):
        rng = np.random.default_rng(seed)
        self.lip, self.emo = (rng.normal(0, 0.004, (6, 60)).astype(np.float32) for _ in range(2))

    def draw(self, count, rng):
        pair = (rng.uniform(0, 1, (count, 6)).astype(np.float32) @ one for one in (self.lip, self.emo))
        return tuple(torch.from_numpy(one.reshape(count, 20, 3)) for one in pair)


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Networks this small lose more by waiting for each other than they gain."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def pair():
    return Drawn().draw(8, np.random.default_rng(1))


def test_the_paper_configuration_is_table_2():
    with torch.device("meta"):
        model = FuNet(paper())
    assert [tuple(layer.weight.shape) for layer in (model.first, model.second, model.third, model.fourth)] == [
        (256, 1, 3, 3), (128, 256, 3, 3), (64, 128, 3, 3), (1, 64, 3, 3)]
    assert len(model.blocks) == 3
    assert {tuple(layer.weight.shape) for block in model.blocks for layer in (block.first, block.second)} == {(128, 128, 3, 3)}
    assert tuple(model.narrow.weight.shape) == (8192, 5023 * 6) and tuple(model.wide.weight.shape) == (5023 * 3, 8192)
    assert all(parameter.requires_grad for parameter in model.parameters())
    pair = torch.zeros(2, 5023, 3, device="meta"), torch.zeros(2, 5023, 3, device="meta")
    assert model.features(*pair).shape == (2, 5023 * 6) and model(*pair).shape == (2, 5023, 3)


def test_the_compact_one_has_the_same_layers():
    with torch.device("meta"):
        large, small = FuNet(paper(100)), FuNet(compact(100))
    assert [name for name, _ in large.named_parameters()] == [name for name, _ in small.named_parameters()]


def test_losses_are_eq_2_to_6(pair):
    lip, emo = pair
    loss = FusionLoss(REGIONS)
    terms = {name: value.item() for name, value in loss.terms(lip, lip, emo).items()}
    square = 1e6 * (lip - emo).square().sum(dim=2)
    assert terms["lip"] == terms["id"] == 0
    assert terms["chi"] == pytest.approx(0.65 * square[:, REGIONS == 1].mean().item(), rel=1e-5)
    assert terms["exp"] == pytest.approx(square[:, REGIONS == 2].mean().item(), rel=1e-5)
    other = {name: value.item() for name, value in loss.terms(emo, lip, emo).items()}
    assert other["exp"] == 0 and other["chi"] == pytest.approx(0.35 / 0.65 * terms["chi"], rel=1e-5)
    assert loss(lip, lip, emo).item() == pytest.approx(sum(terms.values()), rel=1e-5)
    for name in TERMS:
        assert FusionLoss(REGIONS, [name])(emo, lip, emo).item() == pytest.approx(sum(other.values()) - other[name], rel=1e-5)


def test_gradient_descent_finds_the_region_blend(pair):
    lip, emo = pair
    fused = torch.zeros_like(lip, requires_grad=True)
    loss = FusionLoss(REGIONS)
    optimiser = torch.optim.LBFGS([fused], max_iter=100, line_search_fn="strong_wolfe", tolerance_grad=1e-9)

    def closure():
        optimiser.zero_grad()
        value = loss(fused, lip, emo)
        value.backward()
        return value

    for _ in range(5):
        optimiser.step(closure)
    np.testing.assert_allclose(fused.detach().numpy(), region_blend(lip.numpy(), emo.numpy(), REGIONS), atol=2e-5)


def test_convolutions_start_by_letting_their_input_through(pair):
    model = FuNet(SMALL)
    torch.manual_seed(0)
    let_through(model)
    wanted = SCALE * torch.cat(pair, dim=2).transpose(1, 2).flatten(1)
    with torch.no_grad():
        found = model.features(*pair)
    assert np.corrcoef(found.numpy().ravel(), wanted.numpy().ravel())[0, 1] > 0.99
    with pytest.raises(ValueError, match="one channel"):
        let_through(FuNet(replace(SMALL, third=1)))


def test_the_start_is_the_smooth_blend(pair):
    torch.manual_seed(0)
    model, shares = FuNet(SMALL), np.linspace(0, 1, 20).astype(np.float32)
    let_through(model)
    solve(model, Drawn(), shares, count=256, rng=np.random.default_rng(2))
    lip, emo = pair
    with torch.no_grad():
        found = model(lip, emo).numpy()
    wanted = (lip + torch.from_numpy(shares)[:, None] * (emo - lip)).numpy()
    assert np.abs(found - wanted).max() < 0.02 * np.abs(wanted).max()


def test_a_short_training_reduces_the_loss_and_is_repeatable():
    def trained(steps):
        torch.manual_seed(0)
        model, rng, pairs, loss = FuNet(replace(SMALL, fixed=False)), np.random.default_rng(0), Drawn(), FusionLoss(REGIONS)
        optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
        values = []
        for _ in range(steps):
            lip, emo = pairs.draw(16, rng)
            value = loss(model(lip, emo), lip, emo)
            optimiser.zero_grad()
            value.backward()
            optimiser.step()
            values.append(value.item())
        return values

    first = trained(60)
    assert np.mean(first[-10:]) < 0.5 * np.mean(first[:5])
    assert first[:5] == trained(5)


def test_the_exported_network_says_the_same_of_one_frame_and_of_many(tmp_path, pair):
    torch.manual_seed(0)
    model, lips = FuNet(SMALL).eval(), [one.repeat(5, 1, 1) for one in pair]
    export(model, tmp_path / "funet.onnx")
    network = Runtime.load(tmp_path / "funet.onnx", vertices=20)
    with torch.no_grad():
        wanted = model(*lips).numpy()
    found = network(*(one.numpy() for one in lips))
    np.testing.assert_allclose(found, wanted, atol=2e-5)                                 # weights in half precision
    np.testing.assert_allclose(network(lips[0][3].numpy(), lips[1][3].numpy()), found[3], atol=1e-6)
    assert network(np.zeros((0, 20, 3), np.float32), np.zeros((0, 20, 3), np.float32)).shape == (0, 20, 3)
    with pytest.raises(PackError, match="for skins of 20 vertices, the head has 30"):
        Runtime.load(tmp_path / "funet.onnx", vertices=30)


def test_real_pairs_train_a_network_and_checkpoints_keep_it(tmp_path):
    from core.emotion.emolib import Emolib
    from core.emotion.fusion import fusion_regions
    from core.head.model import HeadBasis
    from core.pack import Pack

    pack = Pack.open()
    basis = HeadBasis.load(pack.path("head"))
    emolib = Emolib.load(pack.path("emolib"), basis, head_model=pack.digests("head")[0])
    training, test = (Pairs.make(basis, emolib, test=test, heads=1) for test in (False, True))
    assert not set(training.items) & set(test.items) and len(test.items) > 0
    regions, config = fusion_regions(basis), TrainingConfig(steps=1, batch=2, started=64, heads=1)
    network = replace(compact(len(regions)), bottleneck=16)
    model = train(basis, emolib, network, config)
    save(model, config, tmp_path / "funet.pt")
    lip, emo = test.draw(2, np.random.default_rng(0))
    assert lip.shape == emo.shape == (2, len(regions), 3) and 0.001 < (lip - emo).norm(dim=2).max() < 0.05
    with torch.no_grad():
        torch.testing.assert_close(load(tmp_path / "funet.pt")(lip, emo), model(lip, emo))
        assert FusionLoss(regions)(model(lip, emo), lip, emo) < FusionLoss(regions)(torch.zeros_like(lip), lip, emo)
