"""Where the compact network starts: convolutions that let their input through, fully connected layers by least squares.

With that the bottleneck's units are the directions in which smooth faces differ, and training has to find details only.
"""

import numpy as np
import torch
from torch import Tensor, nn

from core.emotion.fusion import blend
from core.types import Floats

from .data import Pairs
from .network import SCALE, FuNet

LIFT = 6.0                      # centimetres added before the last activation, so that it cuts nothing off
RIDGE = 1e-6                    # of the features' mean square
NOISE = 0.01                    # of weights that are not on the way through


def let_through(model: FuNet) -> None:
    """Let the convolutions pass on their input: channels 0 and 1 carry it and its negative, whose activations' difference is linear
    again (Balduzzi et al. 2017). Raises ValueError where a layer has fewer than two channels."""
    slope = model.config.slope
    layers: list[nn.Conv2d] = [model.first, model.second, model.third, model.fourth]
    if min(model.config.first, model.config.second, model.config.third) < 2:
        raise ValueError("a layer of one channel cannot let both signs through")
    inner = [layer for block in model.blocks for layer in block.modules() if isinstance(layer, nn.Conv2d)]
    with torch.no_grad():
        for layer in (*layers, *inner):
            nn.init.normal_(layer.weight, 0, NOISE)
            nn.init.constant_(biases(layer), 0)
        for layer in inner[1::2]:                               # a block adds nothing yet
            layer.weight.zero_()
        for layer, bends in zip(layers, (None, 1, 1 + model.config.blocks, 1), strict=True):
            gain = 1.0 if bends is None else 1 / (1 + slope**bends)
            signs = torch.tensor([1.0, -1.0])[: layer.out_channels]
            sources = torch.tensor([1.0]) if bends is None else torch.tensor([1.0, -1.0])
            layer.weight[:2, : len(sources)] = 0
            layer.weight[:2, : len(sources), 1, 1] = gain * signs[:, None] * sources[None]
        nn.init.constant_(biases(model.fourth), LIFT)
        model.lift.fill_(LIFT)


def biases(layer: nn.Conv2d) -> Tensor:
    """Return the biases of a layer, which has some."""
    if layer.bias is None:
        raise ValueError("the convolution has no biases")
    return layer.bias


def solve(model: FuNet, pairs: Pairs, shares: Floats, *, count: int, rng: np.random.Generator) -> None:
    """Set the fully connected layers: the last one to the principal directions of `count` smooth blends by `shares` (N,), the one
    before to what finds their weights from the features, by ridge regression."""
    lips, emos, features = [], [], []
    for _ in range(max(count // 64, 1)):
        lip, emo = pairs.draw(64, rng)
        with torch.no_grad():
            features.append(model.features(lip, emo).numpy())
        lips.append(lip.numpy())
        emos.append(emo.numpy())
    seen = np.concatenate(features)
    wanted = SCALE * blend(np.concatenate(lips), np.concatenate(emos), shares).reshape(len(seen), -1)
    middle, mean = wanted.mean(axis=0), seen.mean(axis=0)
    wanted, seen = wanted - middle, seen - mean
    strength, directions = np.linalg.eigh((wanted @ wanted.T).astype(np.float64))
    directions = directions[:, ::-1][:, : model.config.bottleneck]
    strength = np.maximum(strength[::-1][: model.config.bottleneck], 1e-9)
    basis = wanted.T @ (directions / np.sqrt(strength)).astype(np.float32)                      # (N 3, H)
    kernel = (seen @ seen.T).astype(np.float64)
    kernel += RIDGE * np.trace(kernel) / len(kernel) * np.eye(len(kernel))
    narrow = (np.linalg.solve(kernel, wanted.astype(np.float64) @ basis).T.astype(np.float32)) @ seen   # (H, 6 N)
    size = basis.shape[1]
    with torch.no_grad():
        for layer in (model.narrow, model.wide):
            layer.weight.zero_()
        model.narrow.weight[:size] = torch.from_numpy(narrow)
        model.narrow.bias.zero_()
        model.narrow.bias[:size] = torch.from_numpy(-narrow @ mean)
        model.wide.weight[:, :size] = torch.from_numpy(basis)
        model.wide.bias.copy_(torch.from_numpy(middle))
