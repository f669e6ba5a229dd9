"""Sizes of the paper's networks: python benchmarks/bm_paper.py [--device cuda].

Parameters, memory of weights, gradients and Adam, and what a training step keeps for its backward pass are computed without any memory
(torch's meta device) and marked so; on a GPU, peak memory and time of a step are measured as well. HuBERT large has random weights.
"""

import argparse
import json
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).resolve().parent.parent)]

import torch  # noqa: E402
from torch import Tensor, nn  # noqa: E402
from transformers import HubertConfig, HubertForCTC  # noqa: E402

from training.funet.network import FuNet, paper  # noqa: E402
from training.speech.selftalk import SelfTalk, SelfTalkConfig  # noqa: E402

LARGE: dict[str, Any] = {
    "hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16, "intermediate_size": 4096, "conv_bias": True,
    "feat_extract_norm": "layer", "do_stable_layer_norm": True, "vocab_size": 32, "layerdrop": 0.0}
VERTICES, WITH_MOUTH, SECONDS, FPS, BATCH = 5023, 15051, 4, 30, 16
STEPS = 5
Case = tuple[nn.Module, Callable[[nn.Module], Tensor]]


def funet(device: str) -> Case:
    """Return FuNet and its loss on a batch of 16."""
    pair = [torch.zeros(BATCH, VERTICES, 3, device=device) for _ in range(2)]
    with torch.device(device):
        model = FuNet(paper())
    return model, lambda network: network(*pair).square().mean()


def selftalk(device: str, *, tuned: bool) -> Case:
    """Return SelfTalk with HuBERT large on VOCATeeth's vertices and its loss on a sentence of four seconds."""
    config = SelfTalkConfig(WITH_MOUTH, tuple(range(254)), tuned=tuned)
    samples = torch.zeros(1, 16000 * SECONDS, device=device)
    with torch.device(device):
        hubert = HubertConfig(**LARGE, apply_spec_augment=False)
        model = SelfTalk(config, HubertForCTC(hubert), HubertForCTC(hubert).base_model)

    def loss(network: nn.Module) -> Tensor:
        found = network(samples, SECONDS * FPS)
        return found["offsets"].square().mean() + (found["thought"] - found["content"]).square().mean() + found["said"].mean()
    return model, loss


def kept(model: nn.Module, loss: Callable[[nn.Module], Tensor]) -> int:
    """Return the bytes that a forward pass keeps for the backward pass beside the parameters, on the meta device."""
    own = {id(parameter) for parameter in model.parameters()}
    seen: dict[int, Tensor] = {}

    def keep(tensor: Tensor) -> Tensor:
        base = tensor._base if tensor._base is not None else tensor
        if id(base) not in own:
            seen[id(base)] = base
        return tensor
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        loss(model.train())
    return sum(tensor.numel() * tensor.element_size() for tensor in seen.values())


def figures(name: str, make: Callable[[str], Case], device: str) -> dict[str, Any]:
    """Return one network's figures, GB = 1e9 bytes."""
    model, loss = make("meta")
    every, trained = (sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad or whole)
                      for whole in (True, False))
    frozen = sum(parameter.numel() for part in getattr(model, "frozen", ()) for parameter in part.parameters())
    adam = 4 * (every + frozen + 3 * trained)
    result = {"name": f"paper_size_{name}", "parameters_m": round(every / 1e6, 1), "trained_m": round(trained / 1e6, 1),
              "weights_gradients_adam_gb": round(adam / 1e9, 2), "kept_gb": round(kept(model, loss) / 1e9, 2),
              "export_mb": round(2 * every / 1e6), "how": "computed", "machine": platform.machine()}
    if device == "cuda":
        model, loss = make(device)
        optimiser = torch.optim.Adam([parameter for parameter in model.parameters() if parameter.requires_grad], 1e-4)
        torch.cuda.reset_peak_memory_stats()
        for step in range(STEPS + 1):
            if step == 1:
                torch.cuda.synchronize()
                began = time.perf_counter()
            optimiser.zero_grad(set_to_none=True)
            torch.autograd.backward(loss(model.train()))
            optimiser.step()
        torch.cuda.synchronize()
        result |= {"how": "measured", "peak_gb": round(torch.cuda.max_memory_allocated() / 1e9, 2),
                   "seconds_a_step": round((time.perf_counter() - began) / STEPS, 4), "machine": torch.cuda.get_device_name()}
    return result


def main() -> None:
    """Print one JSON line for each network."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", choices=("meta", "cuda"), default="cuda" if torch.cuda.is_available() else "meta")
    options = parser.parse_args()
    cases: dict[str, Callable[[str], Case]] = {
        "funet": funet, "selftalk_tuned": lambda device: selftalk(device, tuned=True),
        "selftalk_frozen": lambda device: selftalk(device, tuned=False)}
    for name, make in cases.items():
        sys.stdout.write(json.dumps(figures(name, make, options.device)) + "\n")


if __name__ == "__main__":
    main()
