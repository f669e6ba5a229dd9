"""Who makes shards: this process, or Ray on all cores of this machine or on a cluster. Failed shards are tried again."""

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from core.errors import ECAvatarError, InputError

from .images import Shard
from .shards import Record

TRIES = 3                       # of a shard
STARTS = 3                      # times Ray may be started: its own parts do not wait long for each other on a busy machine
ANSWER = 180                    # seconds until its first worker must have answered: a busy machine took 52 to start and end all of it
AHEAD = 2                       # tasks a core that wait or run: more would only hold memory
ROOT = Path(__file__).resolve().parents[2]
LEFT_OUT = [".venv-*", ".cache", ".git", "dist", "demo"]       # of what a cluster is sent
Make = Callable[[Shard], Record]
Outcome = tuple[Shard, Record | None, str]                      # its record, or why there is none


def local(shards: Sequence[Shard], make: Make) -> Iterator[Outcome]:
    """Make the shards one after another."""
    for shard in shards:
        reason = ""
        for _ in range(TRIES):
            try:
                yield shard, make(shard), ""
                break
            except Exception as error:  # noqa: BLE001 -- one bad shard never stops the rest; its reason is told at the end
                reason = f"{type(error).__name__}: {error}"
        else:
            yield shard, None, reason


def by_ray(shards: Sequence[Shard], make: Make, *, address: str = "", workers: int = 0) -> Iterator[Outcome]:
    """Make the shards with Ray, as they become ready; the driver holds their records only.

    address: of a cluster, "" for one that is started here and ended again; workers: cores it may use, 0 for all.
    Raises InputError when Ray is not installed or cannot be started, its workers do not answer, or the cluster is not there.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")       # it would send statistics home
    try:
        import ray
    except ImportError as error:
        raise InputError("Ray is not installed", "", "pip install -r building/requirements-scale.txt") from error
    start(ray, address, workers)
    try:
        answered(ray, address)
        yield from scheduled(shards, make, ray, round(ray.cluster_resources().get("CPU", 1)))
    finally:
        ray.shutdown()


def start(ray: Any, address: str, workers: int) -> None:
    """Start Ray here, or join the cluster at `address`; raise InputError when that cannot be done."""
    if ray.is_initialized():
        raise InputError("Ray is in use in this process already", address, "end it with ray.shutdown() first")
    variables = {"ECAVATAR_THREADS": "1"}           # a task has one core
    if not address:                                 # Ray replaces it, and may itself have been found by it
        variables["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    environment: dict[str, Any] = {"env_vars": variables} | ({"working_dir": str(ROOT), "excludes": LEFT_OUT} if address else {})
    for left in reversed(range(1 if address else STARTS)):
        try:
            ray.init(address=address or "local", num_cpus=None if address else workers or None, include_dashboard=False,
                     log_to_driver=False, runtime_env=environment)
            return
        except ValueError as error:
            raise InputError(f"Ray does not take the address or the settings ({first_line(error)})", address,
                             "give the cluster's HOST:PORT, or leave the address out") from error
        except Exception as error:      # Ray raises plain ones, for example where a busy machine is too slow for it
            ray.shutdown()
            if address:
                raise InputError(f"Ray's cluster cannot be reached ({first_line(error)})", address,
                                 "start it, or leave the address out") from error
            if not left:
                raise InputError(f"Ray cannot be started ({first_line(error)})", "",
                                 "try again when the machine is less busy, or use --runner local") from error


def answered(ray: Any, address: str) -> None:
    """Wait until a worker has loaded this module; raise InputError when none does: what ends at its start is replaced for ever.

    It asks for no core, as all those of a cluster that others use too may be busy for longer.
    """
    try:
        ray.get(ray.remote(num_cpus=0)(ready).remote(), timeout=ANSWER)
    except ray.exceptions.GetTimeoutError as error:
        raise InputError(f"Ray's workers have not started in {ANSWER} seconds", address,
                         "see why in /tmp/ray/session_latest/logs/raylet.err of its machine, or use --runner local") from error
    except ray.exceptions.RayError as error:
        raise InputError(f"Ray's workers cannot load ECAvatar ({str(error).strip().splitlines()[-1]})", address,
                         "install the same Python environment on each machine, or use --runner local") from error


def ready() -> bool:
    """Answer from a worker."""
    return True


def first_line(error: Exception) -> str:
    """Return the first line of what an exception says, or its name."""
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def scheduled(shards: Sequence[Shard], make: Make, ray: Any, cores: int) -> Iterator[Outcome]:
    """Keep AHEAD tasks a core under way until all shards are made or have failed TRIES times."""
    task = ray.remote(num_cpus=1, max_retries=TRIES - 1)(attempt)       # a worker that dies is Ray's to replace
    shared = ray.put(make)
    pending, running, tries = deque(shards), dict[Any, Shard](), dict[int, int]()
    while pending or running:
        while pending and len(running) < AHEAD * cores:
            shard = pending.popleft()
            running[task.remote(shard, shared)] = shard
        (ready,), _ = ray.wait(list(running), num_returns=1)
        shard = running.pop(ready)
        try:
            record, reason = ray.get(ready)
        except ray.exceptions.RayError as error:
            record, reason = None, str(error).strip().splitlines()[-1]
        tries[shard.number] = tries.get(shard.number, 0) + 1
        if record is None and tries[shard.number] < TRIES:
            pending.append(shard)
        else:
            yield shard, record, reason


def attempt(shard: Shard, make: Make) -> tuple[Record | None, str]:
    """Make a shard in a worker; what goes wrong comes back as a sentence, since not every exception can travel."""
    try:
        return make(shard), ""
    except ECAvatarError as error:
        return None, str(error)
    except Exception as error:  # noqa: BLE001 -- the process boundary
        return None, f"{type(error).__name__}: {error}"
