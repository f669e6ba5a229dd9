"""Sizes and speed of the paper's networks: python benchmarks/bm_paper.py [--device cuda] [--only NAME ...].

Parameters, memory of weights, gradients and Adam, and what a training step keeps for its backward pass are computed without any memory
(torch's meta device) and marked so; on a GPU, peak memory and time of a step are measured as well, in single precision and in bfloat16
as training/loop.py sets them. The published schedule's hours follow from them: 750 epochs of 81,223 pairs in batches of 16 for FuNet,
100 epochs of VOCASET's 314 training sentences, one at a time, for SelfTalk. HuBERT large has random weights. Reading the data, which
the steps leave out, is in what the training commands print: examples a second.
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
from training.funet.paper import BATCH, EPOCHS, PAIRS, laid_out  # noqa: E402
from training.loop import Precision, Schedule, adam, precision  # noqa: E402
from training.speech.selftalk import SelfTalk, SelfTalkConfig, losses_of  # noqa: E402

LARGE: dict[str, Any] = {
    "hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16, "intermediate_size": 4096, "conv_bias": True,
    "feat_extract_norm": "layer", "do_stable_layer_norm": True, "vocab_size": 32, "layerdrop": 0.0}
VERTICES, WITH_MOUTH, SECONDS, FPS = 5023, 15051, 4, 30
SENTENCES = 314                 # of VOCASET's training subjects
SHOWN = {"funet": PAIRS * EPOCHS, "selftalk_tuned": SENTENCES * Schedule.epochs, "selftalk_frozen": SENTENCES * Schedule.epochs}
PRECISIONS: tuple[Precision, ...] = ("float32", "bfloat16")
WARM, STEPS = 3, 20
Case = tuple[nn.Module, Callable[[nn.Module], Tensor]]


def funet(device: str) -> Case:
    """Return FuNet and its loss on a batch of 16."""
    pair = [torch.zeros(BATCH, VERTICES, 3, device=device) for _ in range(2)]
    with torch.device(device):
        model = laid_out(FuNet(paper()), torch.device(device))
    return model, lambda network: network(*pair).square().mean()


def selftalk(device: str, *, tuned: bool) -> Case:
    """Return SelfTalk with HuBERT large on VOCATeeth's vertices and its loss on a sentence of four seconds."""
    config = SelfTalkConfig(WITH_MOUTH, tuple(range(254)), tuned=tuned)
    samples = torch.zeros(1, 16000 * SECONDS, device=device)
    wanted = torch.zeros(1, SECONDS * FPS, WITH_MOUTH, 3, device=device)
    with torch.device(device):
        hubert = HubertConfig(**LARGE, apply_spec_augment=False)
        model = SelfTalk(config, HubertForCTC(hubert), HubertForCTC(hubert).base_model)

    def loss(network: nn.Module) -> Tensor:
        found = network(samples, SECONDS * FPS)
        if device != "meta":
            return losses_of(found, wanted, config)["loss"]
        return found["offsets"].square().mean() + (found["thought"] - found["content"]).square().mean() + found["said"].mean()
    return model, loss


CASES: dict[str, Callable[[str], Case]] = {
    "funet": funet, "selftalk_tuned": lambda device: selftalk(device, tuned=True),
    "selftalk_frozen": lambda device: selftalk(device, tuned=False)}


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


def computed(name: str) -> dict[str, Any]:
    """Return one network's figures in single precision, GB = 1e9 bytes."""
    model, loss = CASES[name]("meta")
    every, trained = (sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad or whole)
                      for whole in (True, False))
    frozen = sum(parameter.numel() for part in getattr(model, "frozen", ()) for parameter in part.parameters())
    adam = 4 * (every + frozen + 3 * trained)
    return {"name": f"paper_size_{name}", "parameters_m": round(every / 1e6, 1), "trained_m": round(trained / 1e6, 1),
            "weights_gradients_adam_gb": round(adam / 1e9, 2), "kept_gb": round(kept(model, loss) / 1e9, 2),
            "export_mb": round(2 * every / 1e6), "how": "computed", "machine": platform.machine()}


def measured(name: str, chosen: Precision, device: str) -> dict[str, Any]:
    """Return time and memory of one network's training step, and the hours of its published schedule."""
    model, loss = CASES[name](device)
    place, began = torch.device(device), 0.0
    optimiser = adam(model, Schedule.rate, place)
    if place.type == "cuda":
        torch.cuda.reset_peak_memory_stats()
    for step in range(WARM + STEPS):
        if step == WARM:
            settle(place)
            began = time.perf_counter()
        with precision(Schedule(precision=chosen), place):
            value = loss(model.train())
        optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(value)
        optimiser.step()
    settle(place)
    seconds = (time.perf_counter() - began) / STEPS
    pace = (BATCH if name == "funet" else 1) / seconds
    result = {"name": f"paper_step_{name}_{chosen}", "value": round(seconds, 4), "unit": "s a step", "how": "measured",
              "examples_a_second": round(pace, 1), "schedule_hours": round(SHOWN[name] / pace / 3600, 1)}
    if place.type != "cuda":
        return {**result, "machine": platform.machine()}
    return {**result, "peak_gb": round(torch.cuda.max_memory_allocated() / 1e9, 2), "machine": torch.cuda.get_device_name()}


def settle(place: torch.device) -> None:
    """Wait until the GPU has done what it was given."""
    if place.type == "cuda":
        torch.cuda.synchronize()


def main() -> None:
    """Print one JSON line for each network, and on a device one for each precision."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=("meta", "cuda", "cpu"), default="cuda" if torch.cuda.is_available() else "meta")
    parser.add_argument("--only", nargs="+", choices=CASES, default=list(CASES))
    options = parser.parse_args()
    for name in options.only:
        say(computed(name))
        for chosen in PRECISIONS if options.device != "meta" else ():
            say(measured(name, chosen, options.device))
            if options.device == "cuda":
                torch.cuda.empty_cache()


def say(values: dict[str, Any]) -> None:
    """Print one line."""
    sys.stdout.write(json.dumps(values) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
