"""emotion2vec (Ma et al. 2023) with its classifier, from the checkpoint that FunASR publishes (model.pt of iic/emotion2vec_plus_base
and its sisters): samples (1, N) at 16 kHz, mean 0 and deviation 1 -> logits of the classes.

It is data2vec 2.0's encoder of sound (Baevski et al. 2022): seven convolutions, a relative position by five more, blocks of attention
that falls off linearly with distance (ALiBi, Press et al. 2022), some tokens of no place. Sizes are read from the weights.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from core.errors import InputError

from ..checkpoint_weights import Weights, read_weights

KERNELS, STRIDES = (10, 3, 3, 3, 3, 2, 2), (5, 2, 2, 2, 2, 2, 2)        # of all published ones; strides cannot be seen in weights
HEAD = 64                       # values of a head, where the weights do not tell how many heads there are
PREFIXES = ("module.", "d2v_model.")
# the published names of weights -> ours; what is not listed is needed in training only
LAYOUT = (
    (r"modality_encoders\.AUDIO\.local_encoder\.conv_layers\.(\d+)\.0\.", r"convolutions.\1.filter."),
    (r"modality_encoders\.AUDIO\.local_encoder\.conv_layers\.(\d+)\.2\.1\.", r"convolutions.\1.norm."),
    (r"modality_encoders\.AUDIO\.project_features\.1\.", "inlet_norm."),
    (r"modality_encoders\.AUDIO\.project_features\.2\.", "inlet."),
    (r"modality_encoders\.AUDIO\.relative_positional_encoder\.(\d+)\.0\.", r"positions.\1."),
    (r"modality_encoders\.AUDIO\.extra_tokens$", "tokens"), (r"modality_encoders\.AUDIO\.alibi_scale$", "slope_scale"),
    (r"modality_encoders\.AUDIO\.context_encoder\.norm\.", "context_norm."),
    (r"modality_encoders\.AUDIO\.context_encoder\.blocks\.(\d+)\.", r"context.\1."),
    (r"blocks\.(\d+)\.", r"blocks.\1."), (r"norm\.", "last_norm."), (r"proj\.", "classes."))
UNUSED = r"modality_encoders\.AUDIO\.decoder\."


@dataclass(frozen=True)
class Sizes:
    """channels: of the convolutions; width, heads, hidden: of the blocks; context, blocks: how many; positions: filters for the place,
    with `reach` taps in `groups`; tokens: of no place; scales: (rows, heads) of the slopes' scale; norm_first: whether blocks begin
    with their norm."""

    channels: int
    width: int
    heads: int
    hidden: int
    context: int
    blocks: int
    positions: int
    reach: int
    groups: int
    tokens: int
    scales: tuple[int, int]
    classes: int
    norm_first: bool


class Convolution(nn.Module):
    """Filter, layer norm over channels, GELU."""

    def __init__(self, inside: int, outside: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.filter, self.norm = nn.Conv1d(inside, outside, kernel, stride, bias=False), nn.LayerNorm(outside)

    def forward(self, sound: Tensor) -> Tensor:
        """Return (B, C', T')."""
        filtered = self.filter(sound)                                                   # (B, C', T')
        return functional.gelu(self.norm(filtered.transpose(1, 2)).transpose(1, 2))


class Attention(nn.Module):
    """Attention of several heads, to whose scores something is added."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads, self.qkv, self.proj = heads, nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, hidden: Tensor, added: Tensor) -> Tensor:
        """Return (B, T, W); added: (1, heads, T, T)."""
        query, key, value = self.qkv(hidden).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)      # (B, heads, T, W / heads)
        scores = query * query.shape[-1] ** -0.5 @ key.transpose(2, 3) + added          # (B, heads, T, T)
        result: Tensor = self.proj((scores.softmax(dim=3) @ value).transpose(1, 2).flatten(2))
        return result


class Block(nn.Module):
    """Attention and two layers; in the order that norms come last, the published one, or first."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.norm_first = sizes.norm_first
        self.norm1, self.norm2 = nn.LayerNorm(sizes.width), nn.LayerNorm(sizes.width)
        self.attn = Attention(sizes.width, sizes.heads)
        self.mlp = nn.ModuleDict({"fc1": nn.Linear(sizes.width, sizes.hidden), "fc2": nn.Linear(sizes.hidden, sizes.width)})

    def two_layers(self, hidden: Tensor) -> Tensor:
        """Return (B, T, W)."""
        result: Tensor = self.mlp["fc2"](functional.gelu(self.mlp["fc1"](hidden)))
        return result

    def forward(self, hidden: Tensor, added: Tensor) -> Tensor:
        """Return (B, T, W)."""
        if self.norm_first:
            hidden = self.two_layers(self.norm2(hidden + self.attn(self.norm1(hidden), added)))
            return hidden + hidden          # as published: the sum leaves out what went into the two layers
        hidden = self.norm1(hidden + self.attn(hidden, added))
        result: Tensor = self.norm2(hidden + self.two_layers(hidden))
        return result


class Emotion2vec(nn.Module):
    """The whole of it, for use only."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.sizes = sizes
        inside = (1, *[sizes.channels] * (len(KERNELS) - 1))
        self.convolutions = nn.ModuleList(Convolution(one, sizes.channels, kernel, stride)
                                          for one, kernel, stride in zip(inside, KERNELS, STRIDES, strict=True))
        self.inlet_norm, self.inlet = nn.LayerNorm(sizes.channels), nn.Linear(sizes.channels, sizes.width)
        self.positions = nn.ModuleDict({str(1 + index): nn.Conv1d(sizes.width, sizes.width, sizes.reach, padding=sizes.reach // 2,
                                                                  groups=sizes.groups) for index in range(sizes.positions)})
        self.tokens = nn.Parameter(torch.zeros(1, sizes.tokens, sizes.width))
        self.slope_scale = nn.Parameter(torch.ones(sizes.scales[0], 1, sizes.scales[1], 1, 1))
        self.context_norm = nn.Identity() if sizes.norm_first else nn.LayerNorm(sizes.width)
        self.context = nn.ModuleList(Block(sizes) for _ in range(sizes.context))
        self.blocks = nn.ModuleList(Block(sizes) for _ in range(sizes.blocks))
        self.last_norm = nn.LayerNorm(sizes.width) if sizes.norm_first else nn.Identity()
        self.classes = nn.Linear(sizes.width, sizes.classes)
        self.register_buffer("slopes", torch.tensor(slopes(sizes.heads)), persistent=False)

    def located(self, hidden: Tensor) -> Tensor:
        """Return (B, T, W) with what tells of the place added."""
        place = hidden.transpose(1, 2)                                                  # (B, W, T)
        for convolution in self.positions.values():
            place = convolution(place)[:, :, :hidden.shape[1]]                          # an even filter makes one more
            place = functional.gelu(functional.layer_norm(place.transpose(1, 2), (self.sizes.width,))).transpose(1, 2)
        return hidden + place.transpose(1, 2)

    def falling(self, frames: int) -> Tensor:
        """Return what is added to the scores (1, heads, T, T) by distance; nothing for the tokens of no place."""
        steps = torch.arange(frames)
        distance = (steps[None] - steps[:, None]).abs().float()                         # (T', T')
        added = -self.get_buffer("slopes")[:, None, None] * distance                    # (heads, T', T')
        return functional.pad(added, (self.sizes.tokens, 0, self.sizes.tokens, 0))[None]

    def features(self, samples: Tensor) -> Tensor:
        """Return features (B, T, W), 50 a second, of samples (B, N)."""
        sound = samples[:, None]                                                        # (B, 1, N)
        for convolution in self.convolutions:
            sound = convolution(sound)
        hidden = self.located(self.inlet(self.inlet_norm(sound.transpose(1, 2))))       # (B, T, W)
        falling, scales = self.falling(hidden.shape[1]), self.slope_scale.clamp_min(0)
        hidden = torch.cat([self.tokens.expand(len(hidden), -1, -1), hidden], dim=1)
        hidden = self.context_norm(hidden)
        for index, block in enumerate((*self.context, *self.blocks)):
            hidden = block(hidden, falling * scales[min(index, len(scales) - 1)])
        result: Tensor = self.last_norm(hidden)[:, self.sizes.tokens:]
        return result

    def forward(self, samples: Tensor) -> Tensor:
        """Return the logits (B, classes)."""
        result: Tensor = self.classes(self.features(samples).mean(dim=1))
        return result


def slopes(heads: int) -> list[float]:
    """Return how steeply each head's scores fall with distance: a geometric row for a power of two, else a mixture of two (ALiBi)."""
    whole = 1 << (heads.bit_length() - 1)
    ratio = 2.0 ** -(8 / whole)
    row = [ratio ** (1 + index) for index in range(whole)]
    return row if whole == heads else row + slopes(2 * whole)[::2][:heads - whole]


def sizes_of(weights: Weights, path: Path) -> Sizes:
    """Return the sizes that our names' weights have; raise InputError for those of another network."""
    def count(pattern: str) -> int:
        return len({found[1] for name in weights if (found := re.match(pattern, name))})

    try:
        kernels = tuple(weights[f"convolutions.{index}.filter.weight"].shape[2] for index in range(count(r"convolutions\.(\d+)\.")))
        place, scale = weights["positions.1.weight"], weights["slope_scale"]
        width, rows = len(weights["inlet.weight"]), scale.shape[0] if scale.ndim == 5 else 1
        heads = scale.shape[-3] if scale.shape[-3] > 1 else max(width // HEAD, 1)
        sizes = Sizes(channels=len(weights["inlet_norm.weight"]), width=width, heads=heads,
                      hidden=len(weights["context.0.mlp.fc1.weight"]), context=count(r"context\.(\d+)\."),
                      blocks=count(r"blocks\.(\d+)\."), positions=count(r"positions\.(\d+)\."), reach=place.shape[2],
                      groups=width // place.shape[1], tokens=weights["tokens"].shape[1],
                      scales=(rows, scale.shape[-3]), classes=len(weights["classes.weight"]), norm_first="last_norm.weight" in weights)
    except (KeyError, IndexError, ZeroDivisionError) as error:
        raise InputError(f"the checkpoint is not emotion2vec's with a classifier (it lacks {error})", path,
                         "choose model.pt of emotion2vec_plus_base, for example") from error
    if kernels != KERNELS or width % heads or width % place.shape[1] or rows not in (1, sizes.context + sizes.blocks):
        raise InputError("the checkpoint is built in another way than the published ones", path,
                         "choose model.pt of emotion2vec_plus_base, for example")
    return sizes


def renamed(weights: Weights, path: Path) -> Weights:
    """Return the weights under our names, without those of training; raise InputError for one of the encoder that is unknown."""
    found: Weights = {}
    for published, values in weights.items():
        name = published
        for prefix in PREFIXES:
            name = name.removeprefix(prefix)
        ours = next((re.sub(f"^{pattern}", own, name) for pattern, own in LAYOUT if re.match(pattern, name)), "")
        if ours:
            found[ours] = values
        elif name.startswith("modality_encoders.") and not re.match(UNUSED, name):
            raise InputError(f"the checkpoint's encoder has {published}, which is not known here", path,
                             "choose model.pt of emotion2vec_plus_base, for example")
    return found


def load(path: Path) -> Emotion2vec:
    """Return the network of a checkpoint; raise InputError when it cannot be read or is another network's."""
    weights = renamed(read_weights(path), path)
    network = Emotion2vec(sizes_of(weights, path))
    wanted = network.state_dict()
    if weights["slope_scale"].size == wanted["slope_scale"].numel():
        weights["slope_scale"] = weights["slope_scale"].reshape(tuple(wanted["slope_scale"].shape))
    wrong = sorted(name for name in {*wanted, *weights}
                   if name not in weights or name not in wanted or wanted[name].shape != weights[name].shape)
    if wrong:
        raise InputError(f"the checkpoint does not fit together ({', '.join(wrong[:3])})", path, "download it again")
    if not all(np.isfinite(values).all() for values in weights.values()):
        raise InputError("the checkpoint holds values that are not finite", path, "download it again")
    network.load_state_dict({name: torch.from_numpy(values.copy()) for name, values in weights.items()})
    return network.eval()
