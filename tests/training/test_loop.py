"""The training loop: the same weights after an interruption, with several processes, and what TensorBoard reads."""

import json
import multiprocessing
import os
import socket
import struct
from pathlib import Path

import pytest
import torch
from torch import nn

from core.errors import InputError
from training import loop
from training.events import Events, masked
from training.loop import CHECKPOINT, Process, Schedule, Task, order, process, read, train

ALONE = Process(0, 1, torch.device("cpu"))


def one_of_two(rank: int, port: int, folder: Path) -> None:
    """Train as a process that torchrun started."""
    os.environ.update(WORLD_SIZE="2", RANK=str(rank), LOCAL_RANK=str(rank), MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    with process("cpu") as part:
        train(task(dropout=0), Schedule(3, 4, 0.01, seed=2), folder, part)


def task(width: int = 3, dropout: float = 0.2) -> Task:
    """Return a task: a line through points, with dropout, so that what is drawn counts."""
    torch.manual_seed(0)
    points = torch.linspace(-1, 1, 10)[:, None]

    def losses(network, places, epoch, device):
        found = network(points[list(places)])
        error = (found - 2 * points[list(places)]).square().mean()
        return {"loss": error, "error": error}
    network = nn.Sequential(nn.Linear(1, width), nn.Dropout(dropout), nn.Linear(width, 1))
    return Task(network, {"width": width}, len(points), losses)


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return read(folder / CHECKPOINT)["weights"]


def equal(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor], **tolerance: float) -> bool:
    return first.keys() == second.keys() and all(torch.allclose(first[name], second[name], **tolerance) for name in first)


def test_an_interrupted_run_ends_with_the_same_weights(tmp_path):
    schedule = Schedule(4, 3, 0.05, seed=1)
    whole = train(task(), schedule, tmp_path / "whole", ALONE)
    train(task(), schedule, tmp_path / "parts", ALONE, until=2)
    assert read(tmp_path / "parts" / CHECKPOINT)["epoch"] == 2
    assert train(task(), schedule, tmp_path / "parts", ALONE) == whole
    assert equal(weights(tmp_path / "whole"), weights(tmp_path / "parts"), atol=0, rtol=0)
    assert train(task(), schedule, tmp_path / "parts", ALONE) == whole           # done: nothing is trained again
    assert not list(tmp_path.rglob("*.part"))


def test_a_run_of_a_gpu_goes_on_without_one(tmp_path, monkeypatch, caplog):
    """A GPU's optimiser is fused; torch has the same on CPUs, which stands for it here."""
    schedule = Schedule(4, 3, 0.05, seed=1)
    train(task(), schedule, tmp_path / "whole", ALONE)
    with monkeypatch.context() as changed, caplog.at_level("INFO"):
        changed.setattr(loop, "adam", lambda network, rate, device: torch.optim.Adam(network.parameters(), rate, fused=True))
        train(task(), schedule, tmp_path / "parts", ALONE, until=2)
    assert "epoch 2 of 4" in caplog.messages[-1] and caplog.messages[-1].endswith(" examples a second")
    train(task(), schedule, tmp_path / "parts", ALONE)
    assert equal(weights(tmp_path / "whole"), weights(tmp_path / "parts"), atol=1e-6)      # rounding of another order of operations


def test_a_run_of_other_options_is_not_gone_on_with(tmp_path):
    train(task(), Schedule(1, 5), tmp_path, ALONE)
    with pytest.raises(InputError, match=r"has rate 0.0001, not 0.5"):
        train(task(), Schedule(2, 5, 0.5), tmp_path, ALONE)
    with pytest.raises(InputError, match=r"has width 3, not 4"):
        train(task(4), Schedule(2, 5), tmp_path, ALONE)
    content = (tmp_path / CHECKPOINT).read_bytes()
    (tmp_path / CHECKPOINT).write_bytes(content[:200])
    with pytest.raises(InputError, match="checkpoint is damaged"):
        train(task(), Schedule(2, 5), tmp_path, ALONE)
    (tmp_path / "list.pt").write_bytes(b"")
    torch.save([1], tmp_path / "list.pt")
    with pytest.raises(InputError, match="no checkpoint of this version"):
        read(tmp_path / "list.pt")
    with pytest.raises(InputError, match="no checkpoint"):
        read(tmp_path / "none.pt")


def test_every_example_comes_once_in_an_epoch():
    schedule = Schedule(1, 4, seed=3)
    parts = [list(order(10, schedule, 0, Process(rank, 2, torch.device("cpu")))) for rank in range(2)]
    seen = [place for batches in parts for batch in batches for place in batch]
    assert len(parts[0]) == len(parts[1]) == 3 and len(seen) == 12 and set(seen) == set(range(10))
    assert list(order(10, schedule, 1, ALONE)) != list(order(10, schedule, 0, ALONE))


def test_bfloat16_trains_and_what_is_not_finite_stops_it(tmp_path):
    assert train(task(), Schedule(2, 5, 0.05, "bfloat16"), tmp_path / "low", ALONE)["loss"] < 2
    broken = task()
    nn.init.constant_(broken.network[0].weight, float("nan"))
    with pytest.raises(InputError, match="the loss is nan in epoch 1"):
        train(broken, Schedule(2, 5), tmp_path / "nan", ALONE)
    assert not (tmp_path / "nan" / CHECKPOINT).exists()


def test_two_processes_train_one_network(tmp_path):
    """As torchrun starts them: both take half of each batch, one writes."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    context = multiprocessing.get_context("fork")              # torch is loaded already
    started = [context.Process(target=one_of_two, args=(rank, port, tmp_path / "run")) for rank in range(2)]
    for one in started:
        one.start()
    for one in started:
        one.join()
    assert [one.exitcode for one in started] == [0, 0]
    stored = read(tmp_path / "run" / CHECKPOINT)
    assert stored["epoch"] == 3 and len(list((tmp_path / "run" / "events").iterdir())) == 1
    alone = task(dropout=0)
    train(alone, Schedule(3, 4, 0.01, seed=2), tmp_path / "alone", ALONE)
    assert equal(stored["weights"], weights(tmp_path / "alone"), atol=1e-6)         # the mean of two halves' gradients is the whole's


def records(path: Path) -> list[bytes]:
    """Read an event file, checking both sums of every record."""
    content, found = path.read_bytes(), []
    while content:
        length = struct.unpack("<Q", content[:8])[0]
        assert struct.unpack("<I", content[8:12])[0] == masked(content[:8])
        body = content[12:12 + length]
        assert struct.unpack("<I", content[12 + length:16 + length])[0] == masked(body)
        found.append(body)
        content = content[16 + length:]
    return found


def test_events_are_tensorboard_s(tmp_path):
    events = Events(tmp_path, now=1000.0)
    events.scalars(300, {"loss": 0.5}, now=1001.5)
    first, second = records(events.path)
    assert first == b"\x09" + struct.pack("<d", 1000.0) + b"\x10\x00" + b"\x1a\x0dbrain.Event:2"
    value = b"\x0a\x04loss\x15" + struct.pack("<f", 0.5)
    summary = b"\x0a" + bytes([len(value)]) + value
    assert second == b"\x09" + struct.pack("<d", 1001.5) + b"\x10\xac\x02" + b"\x2a" + bytes([len(summary)]) + summary
    crc = (masked(b"123456789") - 0xA282EAD8) & 0xFFFFFFFF
    assert ((crc << 15 | crc >> 17) & 0xFFFFFFFF) == 0xE3069283         # the check value of CRC-32C
    Events(tmp_path, now=1000.0)
    assert len(records(events.path)) == 2


def test_losses_are_logged(tmp_path):
    train(task(), Schedule(2, 5), tmp_path, ALONE)
    path = next((tmp_path / "events").iterdir())
    assert sum(b"loss" in body for body in records(path)) == 2 and json.dumps(read(tmp_path / CHECKPOINT)["means"])
