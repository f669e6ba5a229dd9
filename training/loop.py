"""One training loop for the paper-size networks: epochs, several processes (torchrun), mixed precision, checkpoints, TensorBoard.

A run that is stopped goes on from its last whole epoch and ends with the same weights: what is drawn follows from seed and epoch.
"""

import json
import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, distributed, nn

from core.errors import InputError
from core.files import write_atomically

from .events import Events

log = logging.getLogger(__name__)
CHECKPOINT, FORMAT = "checkpoint.pt", 1
Precision = Literal["float32", "bfloat16"]


@dataclass(frozen=True)
class Schedule:
    """Options of a run. rate: of Adam (.9, .999); batch: of all processes together; precision: of the network's arithmetic."""

    epochs: int = 100
    batch: int = 1
    rate: float = 1e-4
    precision: Precision = "float32"
    seed: int = 0


@dataclass(frozen=True)
class Process:
    """This process among those that torchrun started."""

    rank: int
    world: int
    device: torch.device

    @property
    def first(self) -> bool:
        """Whether this one writes files."""
        return self.rank == 0


@contextmanager
def process(device: str) -> Iterator[Process]:
    """Join the other processes, if torchrun started several, and leave them in the end."""
    world = int(os.environ.get("WORLD_SIZE", "1"))
    rank, local = int(os.environ.get("RANK", "0")), int(os.environ.get("LOCAL_RANK", "0"))
    chosen = torch.device(f"cuda:{local}" if device == "cuda" else device)
    if world == 1:
        yield Process(0, 1, chosen)
        return
    if chosen.type == "cuda":
        torch.cuda.set_device(chosen)
    distributed.init_process_group("nccl" if chosen.type == "cuda" else "gloo")
    try:
        yield Process(rank, world, chosen)
    finally:
        distributed.destroy_process_group()


@dataclass(frozen=True)
class Task:
    """What is trained. network: its parameters that require gradients; config: plain values that describe it; count: of examples.

    losses: (network, places, epoch, device) -> loss terms by name, of which "loss" is minimised, means over the examples at `places`.
    """

    network: nn.Module
    config: Mapping[str, Any]
    count: int
    losses: Callable[[nn.Module, Sequence[int], int, torch.device], dict[str, Tensor]]


def order(count: int, schedule: Schedule, epoch: int, part: Process) -> Iterator[list[int]]:
    """Yield the examples of this process, batch by batch; all processes have as many, examples of a last short batch come twice."""
    shuffled = np.random.default_rng((schedule.seed, epoch)).permutation(count)
    each = max(schedule.batch // part.world, 1)
    size = each * part.world
    shuffled = np.resize(shuffled, -(-count // size) * size)
    for first in range(0, len(shuffled), size):
        yield shuffled[first + part.rank * each:first + (part.rank + 1) * each].tolist()


def train(task: Task, schedule: Schedule, folder: Path, part: Process, *, until: int | None = None) -> dict[str, float]:
    """Train in place and return the last epoch's mean losses; until: epochs after which to stop early, as an interruption would.

    Raises InputError when the folder holds a run of another network or schedule, or a damaged checkpoint.
    """
    network = task.network.to(part.device)
    optimiser = adam(network, schedule.rate, part.device)
    path = folder / CHECKPOINT
    begun, means = (restore(path, task, schedule, network, optimiser, part.device) if path.is_file() else (0, {}))
    runner: nn.Module = network
    if part.world > 1:
        runner = nn.parallel.DistributedDataParallel(network, find_unused_parameters=True)
    events = Events(folder / "events") if part.first else None
    for epoch in range(begun, min(schedule.epochs, until or schedule.epochs)):
        torch.manual_seed(schedule.seed * 100003 + epoch * part.world + part.rank)      # dropout
        network.train()
        began = time.perf_counter()
        means = one_epoch(task, runner, optimiser, schedule, epoch, part)
        pace = task.count / (time.perf_counter() - began)
        if part.first and events is not None:
            events.scalars(epoch + 1, means)
            save(path, task, schedule, network, optimiser, epoch + 1, means)
            told = json.dumps({name: float(f"{value:.4g}") for name, value in means.items()})
            log.info("epoch %d of %d: %s; %.1f examples a second%s", epoch + 1, schedule.epochs, told, pace, memory(part.device))
        if part.world > 1:
            distributed.barrier()
    network.eval()
    return means


def adam(network: nn.Module, rate: float, device: torch.device) -> torch.optim.Adam:
    """Return the optimiser of what is trained; on a GPU one kernel does a step, which takes a tenth to a third off a step's time."""
    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    return torch.optim.Adam(trained, lr=rate, betas=(0.9, 0.999), fused=True if device.type == "cuda" else None)


def one_epoch(task: Task, runner: nn.Module, optimiser: torch.optim.Optimizer, schedule: Schedule, epoch: int,
              part: Process) -> dict[str, float]:
    """Go through the examples once; return mean losses of all processes."""
    sums: dict[str, float] = {}
    steps = 0
    for places in order(task.count, schedule, epoch, part):
        with precision(schedule, part.device):
            losses = task.losses(runner, places, epoch, part.device)
        loss = losses["loss"]
        if not torch.isfinite(loss):
            raise InputError(f"the loss is {float(loss.detach())} in epoch {epoch + 1}", "training",
                             "lower the rate, or train in float32")
        optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        optimiser.step()
        for name, value in losses.items():
            sums[name] = sums.get(name, 0.0) + float(value.detach())
        steps += 1
    totals = torch.tensor([sums[name] / steps for name in sorted(sums)], dtype=torch.float64, device=part.device)
    if part.world > 1:
        distributed.all_reduce(totals)
    return {name: value / part.world for name, value in zip(sorted(sums), totals.tolist(), strict=True)}


def memory(device: torch.device) -> str:
    """Return the most memory that the run took of its GPU, as the log tells it."""
    return f", {torch.cuda.max_memory_allocated(device) / 1e9:.1f} GB of the GPU" if device.type == "cuda" else ""


def precision(schedule: Schedule, device: torch.device) -> AbstractContextManager[Any]:
    """Return the context in which a network computes."""
    return nullcontext() if schedule.precision == "float32" else torch.autocast(device.type, torch.bfloat16)


def save(path: Path, task: Task, schedule: Schedule, network: nn.Module, optimiser: torch.optim.Optimizer, epoch: int,
         means: Mapping[str, float]) -> None:
    """Write a checkpoint, whole or not at all."""
    values = {"format": FORMAT, "config": dict(task.config), "schedule": asdict(schedule), "epoch": epoch, "means": dict(means),
              "weights": network.state_dict(), "optimiser": optimiser.state_dict()}
    write_atomically(path, lambda file: torch.save(values, file))


def read(path: Path) -> dict[str, Any]:
    """Read a checkpoint; raise InputError when it is missing, damaged or another file."""
    advice = "train again, or choose another folder"
    try:
        stored: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise InputError("there is no checkpoint", path, advice) from error
    except Exception as error:              # torch raises half a dozen kinds for damaged files
        raise InputError(f"the checkpoint is damaged ({type(error).__name__})", path, advice) from error
    if not isinstance(stored, dict) or stored.get("format") != FORMAT or not {"config", "weights", "epoch"} <= set(stored):
        raise InputError("the file is no checkpoint of this version", path, advice)
    return stored


def restore(path: Path, task: Task, schedule: Schedule, network: nn.Module, optimiser: torch.optim.Optimizer,
            device: torch.device) -> tuple[int, dict[str, float]]:
    """Take over a checkpoint and return its epoch and losses; raise InputError when it belongs to another run."""
    stored = read(path)
    wanted = {"config": dict(task.config), "schedule": {**asdict(schedule), "epochs": stored["schedule"].get("epochs")}}
    for what, values in wanted.items():
        found = stored[what]
        different = [name for name in sorted(set(values) | set(found)) if plain(values.get(name)) != plain(found.get(name))]
        if different:
            name = different[0]
            raise InputError(f"the run in this folder has {name} {found.get(name)!r}, not {values.get(name)!r}", path,
                             "choose another folder, or the same options")
    network.load_state_dict(stored["weights"])
    optimiser.load_state_dict(stored["optimiser"])
    network.to(device)
    return int(stored["epoch"]), dict(stored["means"])


def plain(value: Any) -> Any:
    """Return a value with lists in place of tuples."""
    return [plain(one) for one in value] if isinstance(value, list | tuple) else value
