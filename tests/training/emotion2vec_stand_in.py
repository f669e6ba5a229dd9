"""A small emotion2vec: random weights under the names that FunASR's checkpoints have, and a sound to hear."""

import numpy as np
import torch

WIDTH, CHANNELS, HEADS, CLASSES = 48, 32, 6, 9
KERNELS = (10, 3, 3, 3, 3, 2, 2)
TOKENS = "生气/angry\n厌恶/disgusted\n恐惧/fearful\n开心/happy\n中立/neutral\n其他/other\n难过/sad\n吃惊/surprised\n<unk>\n"


def block(name):
    return {f"{name}norm1.weight": (WIDTH,), f"{name}norm1.bias": (WIDTH,),
            f"{name}norm2.weight": (WIDTH,), f"{name}norm2.bias": (WIDTH,),
            f"{name}attn.qkv.weight": (3 * WIDTH, WIDTH), f"{name}attn.qkv.bias": (3 * WIDTH,),
            f"{name}attn.proj.weight": (WIDTH, WIDTH), f"{name}attn.proj.bias": (WIDTH,),
            f"{name}mlp.fc1.weight": (4 * WIDTH, WIDTH), f"{name}mlp.fc1.bias": (4 * WIDTH,),
            f"{name}mlp.fc2.weight": (WIDTH, 4 * WIDTH), f"{name}mlp.fc2.bias": (WIDTH,)}


def shapes(scales=1):
    """Return the published names with their shapes; scales: rows of the slopes' scale, one or one a block."""
    sound = "modality_encoders.AUDIO."
    found = {f"{sound}extra_tokens": (1, 10, WIDTH), f"{sound}alibi_scale": (scales, 1, HEADS, 1, 1),
             f"{sound}project_features.1.weight": (CHANNELS,), f"{sound}project_features.1.bias": (CHANNELS,),
             f"{sound}project_features.2.weight": (WIDTH, CHANNELS), f"{sound}project_features.2.bias": (WIDTH,),
             f"{sound}context_encoder.norm.weight": (WIDTH,), f"{sound}context_encoder.norm.bias": (WIDTH,),
             f"{sound}decoder.proj.weight": (5, 5), "proj.weight": (CLASSES, WIDTH), "proj.bias": (CLASSES,)}
    for index, kernel in enumerate(KERNELS):
        name = f"{sound}local_encoder.conv_layers.{index}"
        found |= {f"{name}.0.weight": (CHANNELS, CHANNELS if index else 1, kernel), f"{name}.2.1.weight": (CHANNELS,),
                  f"{name}.2.1.bias": (CHANNELS,)}
    for index in range(1, 6):
        found |= {f"{sound}relative_positional_encoder.{index}.0.weight": (WIDTH, WIDTH // 4, 19),
                  f"{sound}relative_positional_encoder.{index}.0.bias": (WIDTH,)}
    for index in range(2):
        found |= block(f"{sound}context_encoder.blocks.{index}.")
    for index in range(3):
        found |= block(f"blocks.{index}.")
    return found


def made_up(scales=1):
    random = np.random.default_rng(7)
    return {name: torch.from_numpy(random.normal(0, 0.3, shape).astype(np.float32)) for name, shape in sorted(shapes(scales).items())}


def sound():
    """Return half a second (N,) of a tone that rises and swells, mean 0.1."""
    time = np.arange(8000) / 16000
    return (0.1 + 0.3 * np.sin(2 * np.pi * (150 + 400 * time) * time) * (0.2 + time)).astype(np.float32)
