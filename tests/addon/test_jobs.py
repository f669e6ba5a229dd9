"""The background process: progress, failure, cancel, a missing package, a killed worker."""

import os
import signal
import time
from pathlib import Path

import pytest
from ecavatar.core.errors import JobError
from ecavatar.core.job import Request, copy_head, read_result
from ecavatar.ecavatar_addon import jobs

ROOT = Path(__file__).resolve().parents[2]
PHOTO = ROOT / "assets" / "examples" / "astronaut.jpg"
SPEECH = ROOT / "assets" / "third_party" / "beckett.wav"
DEADLINE = 300.0                # seconds


@pytest.fixture
def folder(tmp_path):
    yield tmp_path
    jobs.stop()


def wait(worker, until=lambda worker: False):
    """Poll until the worker has ended or `until` holds."""
    end = time.monotonic() + DEADLINE
    while worker.poll() == "running" and not until(worker) and time.monotonic() < end:
        worker.process.poll()
    return worker.state


def gone(worker):
    return worker.process.poll() is not None


@pytest.mark.once
def test_a_job_runs_and_tells_its_progress(folder):
    Request(str(PHOTO), str(SPEECH), emotion="sad:2").write(folder)
    worker = jobs.start(folder)
    seen = []
    assert wait(worker, lambda worker: seen.append(worker.fraction)) == "done"
    assert seen == sorted(seen) and len(set(seen)) > 4 and worker.fraction == 1.0
    assert any("pixels" in warning for warning in worker.warnings)                # the example's face is small: said so
    assert read_result(folder).bake["weights"].any() and gone(worker)


def test_a_bad_photo_is_told(folder):
    (folder / "text.jpg").write_text("not a photo")
    Request(str(folder / "text.jpg"), str(SPEECH), emotion="sad:2").write(folder)
    worker = jobs.start(folder)
    assert wait(worker) == "failed" and "text.jpg" in worker.error and gone(worker)
    with pytest.raises(JobError, match="no finished result"):
        read_result(folder)


def test_cancel_ends_the_process_and_the_next_run_works(folder, finished):
    Request(str(PHOTO), str(SPEECH), emotion="sad:2").write(folder)
    worker = jobs.start(folder)
    wait(worker, lambda worker: worker.stage == "head")                     # seconds of work: it cannot be done before it is cancelled
    worker.cancel()
    assert worker.poll() == "cancelled" and gone(worker) and not (folder / "manifest.json").exists()
    copy_head(finished, folder)
    assert wait(jobs.start(folder)) == "done"


def test_only_one_at_a_time(folder):
    Request(str(PHOTO), str(SPEECH), emotion="sad:2").write(folder)
    jobs.start(folder)
    with pytest.raises(JobError, match="already"):
        jobs.start(folder)


def test_a_killed_worker_is_a_failure(folder):
    Request(str(PHOTO), str(SPEECH), emotion="sad:2").write(folder)
    worker = jobs.start(folder)
    wait(worker, lambda worker: worker.stage == "head")
    os.kill(worker.process.pid, signal.SIGKILL)
    assert wait(worker) == "failed" and "worker.log" in worker.error


def test_a_missing_package_is_named(folder, monkeypatch):
    monkeypatch.setattr(jobs, "PACKAGES", ("numpy", "no_such_runtime"))
    with pytest.raises(JobError, match="no_such_runtime"):
        jobs.start(folder)


def test_stop_leaves_no_process(folder):
    Request(str(PHOTO), str(SPEECH), emotion="sad:2").write(folder)
    worker = jobs.start(folder)
    jobs.stop()
    assert gone(worker) and jobs.current is None
