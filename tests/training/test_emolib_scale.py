"""Libraries of any size: the same shards whoever makes them, failures tried again, retrieval checked against the exact one."""

import io
import os
import sys
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from core.emotion.emolib import Emolib
from core.errors import InputError, JobError
from core.types import EMOTIONS
from tests.core.own_heads import basis
from training.emolib import images, runners, scale, shards
from training.emolib.layouts import Sample, Skip
from training.emolib.retrieval import Exact, Index, indexed, nearest, people

WIDE = shards.Widths(2, 3)


def made_up(sample):
    """Fit nothing: the picture's grey stands for a shape; black has no face."""
    with Image.open(sample.image) as picture:
        grey = picture.getpixel((0, 0))[0]
    if grey == 0:
        return {"name": sample.name, "reason": "no face was found"}
    return {"name": sample.name, "identity": [grey / 100] * len(basis().identity_basis),
            "expression": [0.5] * len(basis().expression_names), "jaw_angle": sample.arousal}


def rows(count=24):
    return [{"name": f"{index}.png", "image": picture(index * 10), "category": EMOTIONS[index % 8], "arousal": index % 5 / 5,
             "box": None} for index in range(count)]


def picture(grey):
    file = io.BytesIO()
    Image.new("RGB", (8, 8), (grey,) * 3).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def parquet(tmp_path):
    """Two Parquet files of images, with odd ones among them."""
    arrow, store = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    odd = [{"name": "a", "image": None, "category": "sad", "arousal": 0.0, "box": None},
           {"name": "b", "image": b"", "category": "bored", "arousal": 0.0, "box": None},
           {"name": "c", "image": b"", "category": "sad", "arousal": -2.0, "box": None},
           {"name": "d", "image": b"", "category": "sad", "arousal": 0.0, "box": [1.0, 2.0]}]
    (tmp_path / "images").mkdir()
    for name, part in (("1", rows()[:12] + odd), ("2", rows()[12:])):
        schema = arrow.schema([("name", arrow.string()), ("image", arrow.binary()), ("category", arrow.string()),
                               ("arousal", arrow.float64()), ("box", arrow.list_(arrow.float64()))])
        store.write_table(arrow.Table.from_pylist(part, schema), tmp_path / "images" / f"{name}.parquet", row_group_size=5)
    return tmp_path / "images"


def content(out):
    return {path.relative_to(out): path.read_bytes() for path in out.rglob("*") if path.is_file()}


def test_parquet_becomes_shards_and_goes_on_where_it_was_stopped(parquet, tmp_path):
    out, seen = tmp_path / "out", []

    def fit(sample):
        seen.append(sample.name)
        if len(seen) == 9:
            raise KeyboardInterrupt
        return made_up(sample)

    with pytest.raises(KeyboardInterrupt):
        scale.build(parquet, out, fit=fit)
    assert not (out / shards.INDEX).exists()
    assert scale.build(parquet, out, fit=fit) == [] and len(seen) < 24 + 9        # the first shard was not made again
    assert scale.build(parquet, tmp_path / "whole", fit=made_up) == []
    assert content(out) == content(tmp_path / "whole")
    assert shards.described(out / shards.INDEX) == "23 items in 7 shards, 5 images skipped"
    skipped = "".join(path.read_text() for path in sorted(out.rglob("*.skipped.csv")))
    for reason in ("no face was found", "the image is missing", "unknown expression", "no arousal", "2 numbers"):
        assert reason in skipped


def test_levels_are_equal_intervals_of_the_whole_library(parquet, tmp_path):
    scale.build(parquet, tmp_path / "out", fit=made_up)
    parts = list(shards.read_shards(tmp_path / "out"))
    category, level, arousal = (np.concatenate([part[name] for part in parts]) for name in ("category", "level", "arousal"))
    for index in range(8):
        own = category == index
        low, high = arousal[own].min(), arousal[own].max()
        expected = np.minimum((arousal[own] - low) / (high - low) * 3, 2).astype(int) + 1
        np.testing.assert_array_equal(level[own], expected)
    next((tmp_path / "out").rglob("*.npz")).write_bytes(b"half")
    with pytest.raises(JobError, match="damaged"):
        list(shards.read_shards(tmp_path / "out"))


def test_failed_shards_are_tried_again(tmp_path):
    parts, tried = [images.Shard(number) for number in range(4)], []

    def make(shard):
        tried.append(shard.number)
        if (shard.number == 1 and tried.count(1) < runners.TRIES) or shard.number == 2:
            raise OSError("the disk hiccups")
        return {}

    outcome = {shard.number: (record is not None, reason) for shard, record, reason in runners.local(parts, make)}
    assert outcome == {0: (True, ""), 1: (True, ""), 2: (False, "OSError: the disk hiccups"), 3: (True, "")}
    assert tried.count(2) == runners.TRIES


def test_a_shard_that_fails_is_told_and_declares_nothing(parquet, tmp_path):
    def fit(sample):
        if sample.name == "3.png":
            raise ZeroDivisionError("a bug")
        return made_up(sample)

    assert scale.build(parquet, tmp_path / "out", fit=fit) == ["shard 0: ZeroDivisionError: a bug"]
    assert not (tmp_path / "out" / shards.INDEX).exists()
    assert scale.build(parquet, tmp_path / "out", fit=made_up) == [] and (tmp_path / "out" / shards.INDEX).exists()


def test_sources_that_cannot_be_used(tmp_path):
    pytest.importorskip("pyarrow")
    (tmp_path / "a.parquet").write_text("no such thing")
    with pytest.raises(InputError, match="cannot be read"):
        images.shards_of(tmp_path / "a.parquet", 10)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="layouts"):
        images.shards_of(tmp_path / "empty", 10)


def test_ray_makes_the_same_shards(parquet, tmp_path):
    pytest.importorskip("ray")
    assert scale.build(parquet, tmp_path / "here", fit=made_up) == []
    assert scale.build(parquet, tmp_path / "ray", fit=partial(flaky, folder=tmp_path), runner="ray", workers=2) == []
    assert content(tmp_path / "ray") == content(tmp_path / "here")
    assert (tmp_path / "hiccup").exists()


def flaky(sample, *, folder):
    """Fit nothing, and fail once."""
    if sample.name == "7.png" and not (folder / "hiccup").exists():
        (folder / "hiccup").touch()
        raise OSError("the disk hiccups")
    return made_up(sample)


def test_without_ray_it_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(InputError, match="Ray is not installed"):
        list(runners.by_ray([], lambda shard: {}))


def test_a_ray_that_cannot_start_is_told(monkeypatch):
    ray, ended = pytest.importorskip("ray"), []

    def fail(**options):
        raise Exception("The current node timed out during startup.\nThis could happen because")

    monkeypatch.setattr(ray, "init", fail)
    monkeypatch.setattr(ray, "shutdown", lambda: ended.append(True))
    with pytest.raises(InputError, match=r"Ray cannot be started \(The current node timed out during startup.\)"):
        list(runners.by_ray([], lambda shard: {}))
    assert len(ended) == runners.STARTS


@pytest.mark.parametrize(("error", "told"), [
    (ValueError("Malformed address: nonsense"), "does not take the address or the settings .Malformed address: nonsense"),
    (ConnectionError("no answer"), "cluster cannot be reached .no answer"), (Exception(), "cluster cannot be reached .Exception")])
def test_a_cluster_is_tried_once_and_its_address_told(monkeypatch, error, told):
    ray, tried = pytest.importorskip("ray"), []

    def fail(**options):
        tried.append(options["address"])
        raise error

    monkeypatch.setattr(ray, "init", fail)
    with pytest.raises(InputError, match=told):
        list(runners.by_ray([], lambda shard: {}, address="nonsense"))
    assert tried == ["nonsense"]
    monkeypatch.setattr(ray, "is_initialized", lambda: True)
    monkeypatch.setattr(ray, "shutdown", lambda: tried.append("ended"))
    with pytest.raises(InputError, match="in use in this process already"):
        list(runners.by_ray([], lambda shard: {}))
    assert tried == ["nonsense"]                            # somebody else's is left alone


@pytest.fixture
def dumb_ray(monkeypatch):
    """A Ray whose workers do not answer, with what it was asked."""
    asked = []

    def get(task, *, timeout):
        asked.append(timeout)
        raise ray.exceptions.failure

    exceptions = SimpleNamespace(GetTimeoutError=TimeoutError, RayError=RuntimeError, failure=TimeoutError())
    task = SimpleNamespace(remote=lambda: None)
    ray = SimpleNamespace(is_initialized=lambda: False, init=lambda **options: asked.append(options["runtime_env"]["env_vars"]),
                          remote=lambda **options: lambda function: task, get=get, shutdown=lambda: asked.append("ended"),
                          exceptions=exceptions, asked=asked)
    monkeypatch.setitem(sys.modules, "ray", ray)
    return ray


def test_workers_that_do_not_start_are_told_in_time(dumb_ray, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "where_ray_lies")
    with pytest.raises(InputError, match="workers have not started in 180 seconds"):
        list(runners.by_ray([], lambda shard: {}))
    environment, *rest = dumb_ray.asked
    assert environment == {"ECAVATAR_THREADS": "1", "PYTHONPATH": f"{runners.ROOT}{os.pathsep}where_ray_lies"}
    assert rest == [runners.ANSWER, "ended"]


def test_workers_that_cannot_load_us_are_told(dumb_ray):
    dumb_ray.exceptions.failure = dumb_ray.exceptions.RayError("a traceback\nModuleNotFoundError: No module named 'core'")
    with pytest.raises(InputError, match=r"cannot load ECAvatar \(ModuleNotFoundError: No module named 'core'\).*host:1"):
        list(runners.by_ray([], lambda shard: {}, address="host:1"))
    assert dumb_ray.asked == [{"ECAVATAR_THREADS": "1"}, runners.ANSWER, "ended"]


@pytest.fixture(scope="module")
def library():
    """Items of two cells, in two parts, and Emolib's own retrieval among them."""
    random = np.random.default_rng(1)
    count = 3000
    category = np.where(np.arange(count) % 2, EMOTIONS.index("sad"), EMOTIONS.index("happy")).astype(np.uint8)
    whole = {"category": category, "level": np.full(count, 2, np.uint8),
             "identity": random.normal(size=(count, 12)).astype(np.float16)}
    parts = [{name: values[part] for name, values in whole.items()} for part in (slice(0, 1100), slice(1100, None))]
    own = Emolib(category, whole["level"], whole["identity"], ("jawOpen",), np.zeros((count, 1), np.float16),
                 np.zeros(count, np.float32), "")
    return own, Exact.of(parts)


def test_the_exact_search_is_emolib_s(library):
    own, exact = library
    queries = people(own.identity, np.random.default_rng(2), 30)
    for query in queries:
        assert exact.retrieve("sad", 2, query) == own.retrieve("sad", 2, query)
    shapes = exact.shapes["sad", 2]
    found = exact.items["sad", 2][nearest(shapes, queries)]
    assert found.tolist() == [own.retrieve("sad", 2, query) for query in queries]
    with pytest.raises(InputError, match="no emotion 'fear'"):
        exact.retrieve("fear", 1, queries[0])


def test_the_index_finds_what_the_exact_search_does(library, tmp_path):
    pytest.importorskip("faiss")
    _, exact = library
    index = Index.build(exact)
    index.write(tmp_path)
    again = Index.read(tmp_path)
    for query in people(exact.shapes["happy", 2], np.random.default_rng(3), 20):
        assert index.retrieve("happy", 2, query) == again.retrieve("happy", 2, query) == exact.retrieve("happy", 2, query)
    assert index.size == again.size == 3000 and again.recall == {("happy", 2): 1.0, ("sad", 2): 1.0}
    (tmp_path / "sad-2.faiss").write_bytes(b"half")
    with pytest.raises(JobError, match="damaged"):
        Index.read(tmp_path)


def test_clusters_are_looked_into_until_the_recall_is_there(monkeypatch):
    pytest.importorskip("faiss")
    monkeypatch.setattr("training.emolib.retrieval.CLUSTERED_FROM", 1000)
    shapes = np.random.default_rng(4).normal(size=(4000, 8)).astype(np.float16)
    index, recall = indexed(shapes, np.random.default_rng(5), 0.99, 300)
    assert recall >= 0.99 and 1 < index.nprobe < index.nlist
    queries = people(shapes, np.random.default_rng(6), 300)
    # other people than the index was set with: three in 300 more may be missed by chance
    assert np.mean(index.search(queries, 1)[1][:, 0] == nearest(shapes, queries)) > 0.97


def test_a_shard_of_nothing_is_whole(tmp_path):
    sample = Sample("a", Path(), "sad", 0.5)
    shard = images.Shard(0, (sample,))
    record = shards.make(shard, out=tmp_path, key="k", fit=lambda one: {"name": one.name, "reason": "none"}, widths=WIDE)
    assert record["items"] == 0 and record["skipped"] == 1 and record["arousal"] == {}
    assert Skip("a", "none").reason in (tmp_path / "000000" / "000000000.skipped.csv").read_text()
