"""What Ray is told: cores, retries, environment; and how many tasks are under way. A stand-in runs the tasks in this process."""

import os
import sys
from types import SimpleNamespace

import pytest

from training.emolib import images, runners

CORES = 3


class InlineRay(SimpleNamespace):
    """A Ray that runs a task when it is asked for the result, and notes what it was told."""

    def __init__(self):
        exceptions = SimpleNamespace(GetTimeoutError=TimeoutError, RayError=RuntimeError)
        super().__init__(started={}, options={}, under_way=0, most=0, ended=0, exceptions=exceptions)

    def is_initialized(self):
        return False

    def init(self, **options):
        self.started = options

    def shutdown(self):
        self.ended += 1

    def cluster_resources(self):
        return {"CPU": float(CORES), "memory": 1e9}

    def put(self, value):
        return value

    def remote(self, **options):
        def task(function):
            self.options[function.__name__] = options
            return SimpleNamespace(remote=lambda *given: self.begin(function, given))
        return task

    def begin(self, function, given):
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        return Task(function, given)

    def wait(self, tasks, *, num_returns):
        return tasks[:num_returns], tasks[num_returns:]

    def get(self, task, *, timeout=None):
        self.under_way -= 1
        return task.function(*task.given)


class Task:
    """One that waits to be run."""

    def __init__(self, function, given):
        self.function, self.given = function, given


@pytest.fixture
def ray(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", made := InlineRay())
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "")       # so that it is put back
    monkeypatch.delenv("RAY_USAGE_STATS_ENABLED")
    return made


def shards(count):
    return [images.Shard(number) for number in range(count)]


@pytest.mark.parametrize(("workers", "cores"), [(0, None), (2, 2)])
def test_here_it_may_use_all_cores_or_so_many(ray, workers, cores):
    assert list(runners.by_ray([], dict, workers=workers)) == []
    told = ray.started
    assert (told["address"], told["num_cpus"]) == ("local", cores) and set(told["runtime_env"]) == {"env_vars"}
    assert not told["include_dashboard"] and not told["log_to_driver"]
    assert os.environ["RAY_USAGE_STATS_ENABLED"] == "0" and ray.ended == 1


def test_a_cluster_keeps_its_cores_and_is_sent_the_sources(ray):
    assert list(runners.by_ray([], dict, address="host:1", workers=2)) == []
    told, environment = ray.started, ray.started["runtime_env"]
    assert (told["address"], told["num_cpus"]) == ("host:1", None)          # Ray refuses another number for a cluster that is there
    assert environment["working_dir"] == str(runners.ROOT) and {".git", ".venv-*"} <= set(environment["excludes"])
    assert "PYTHONPATH" not in environment["env_vars"]


def test_the_first_answer_needs_no_core_and_a_shard_one(ray):
    assert len(list(runners.by_ray(shards(1), lambda shard: {}))) == 1
    assert ray.options == {"ready": {"num_cpus": 0}, "attempt": {"num_cpus": 1, "max_retries": runners.TRIES - 1}}


def test_few_tasks_a_core_are_under_way(ray):
    found = sorted(shard.number for shard, _, _ in runners.by_ray(shards(40), lambda shard: {}))
    assert found == list(range(40)) and ray.most == runners.AHEAD * CORES and ray.under_way == 0


def test_a_shard_is_tried_again_and_then_told(ray):
    tried = []

    def make(shard):
        tried.append(shard.number)
        if shard.number == 2 or (shard.number == 1 and tried.count(1) == 1):
            raise OSError("the disk hiccups")
        return {}

    outcome = {shard.number: (record, reason) for shard, record, reason in runners.by_ray(shards(4), make)}
    assert outcome == {0: ({}, ""), 1: ({}, ""), 2: (None, "OSError: the disk hiccups"), 3: ({}, "")}
    assert (tried.count(1), tried.count(2)) == (2, runners.TRIES)
