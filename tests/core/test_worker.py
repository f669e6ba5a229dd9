"""The worker as Blender runs it: a child process of an isolated Python, speaking the protocol."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core import pipeline, worker
from core.arrays import to_keys
from core.bake.few_keys import few_keys
from core.emotion.motion import EmotionCurves
from core.emotion.windows import EmotionSettings
from core.head.model import HeadBasis
from core.job import Request, copy_head, read_result
from core.messages import parse
from core.pack import DEFAULT, Pack
from core.speech.lip_controls import LipControls
from core.types import EmotionWindow

ROOT = Path(__file__).resolve().parents[2]
BOOTSTRAP = "import sys, runpy; sys.path[:0] = [sys.argv.pop(1)]; runpy.run_module('core.worker', run_name='__main__')"
PHOTO = ROOT / "assets" / "examples" / "astronaut.jpg"
SPEECH = ROOT / "assets" / "third_party" / "beckett.wav"


def start(folder, *options):
    return subprocess.Popen([sys.executable, "-I", "-u", "-c", BOOTSTRAP, str(ROOT), str(folder), *options],
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def run(folder):
    """Run a whole job; return exit code, messages and what it wrote on stderr."""
    with start(folder) as process:
        out, err = process.communicate(timeout=300)
    messages = [parse(line) for line in out.splitlines()]
    assert None not in messages and messages[-1].kind == "done"
    return process.returncode, messages, err


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished job folder of the example photo and recording, and its messages; do not change it."""
    folder = tmp_path_factory.mktemp("Job mit Ümläuten und spaces")
    Request(str(PHOTO), str(SPEECH), "", 25.0).write(folder)
    return folder, run(folder)


@pytest.fixture
def job(finished, tmp_path):
    """A copy of that folder."""
    return Path(shutil.copytree(finished[0], tmp_path / finished[0].name))


def test_a_job_runs_to_its_end(finished):
    folder, (code, messages, _) = finished
    assert code == 0 and messages[-1].ok and Path(messages[-1].manifest) == folder / "manifest.json"
    stages = [message.stage for message in messages if message.kind == "progress"]
    assert list(dict.fromkeys(stages)) == ["head", "look", "speech", "emotion", "bake"]
    fractions = [message.fraction for message in messages if message.stage == "head"]
    assert fractions == sorted(fractions) and len(fractions) > 2
    result = read_result(folder)
    frames = result.bake["weights"]
    assert frames.shape[0] == pytest.approx(25 * float(result.motion["weights"].shape[0] - 1) / 60 + 1, abs=1.01)
    assert frames.max() > 0.2 and result.head["vertices"].shape == result.bake["offsets"].shape[1:]


def test_nothing_is_done_twice(job):
    before = {path.name: path.stat().st_mtime_ns for path in job.glob("*.npz")}
    Request(str(PHOTO), str(SPEECH), "", 25.0).write(job)
    code, _, _ = run(job)
    assert code == 0
    assert {path.name: path.stat().st_mtime_ns for path in job.glob("*.npz")} == before
    Request(str(PHOTO), str(SPEECH), "", 30.0).write(job)
    run(job)
    changed = {path.name for path in job.glob("*.npz") if path.stat().st_mtime_ns != before[path.name]}
    assert changed == {"bake.npz"}


def test_few_keys_are_made_on_request_and_change_nothing_else(job):
    request, before = Request.read(job), read_result(job).bake
    assert to_keys(job / "bake.npz") is None
    replace(request, few_keys=True).write(job)
    code, messages, _ = run(job)
    told = [message.fraction for message in messages if message.stage == "bake"]
    assert code == 0 and told == sorted(told) and {0.0, 0.5, 1.0} <= set(told)
    after = read_result(job).bake
    assert all(np.array_equal(after[name], values) for name, values in before.items())
    wanted = few_keys(after["weights"], EmotionCurves(after["emotion_times"], after["emotion_weights"]),
                      HeadBasis.load(Pack.open(DEFAULT).path("head")), fps=request.fps)
    found = to_keys(job / "bake.npz")
    for layer, same in ((found.speech, wanted.speech), (found.lips, wanted.lips)):
        assert len(layer) > 3 and list(layer) == list(same)
        assert all(np.array_equal(getattr(keys, part), getattr(same[place], part)) for place, keys in layer.items()
                   for part in ("points", "left", "right"))


def test_new_lip_controls_only_bake_again(job):
    before = {path.name: path.stat().st_mtime_ns for path in job.glob("*.npz")}
    widest = read_result(job).bake["weights"].max()
    Request(str(PHOTO), str(SPEECH), "", 25.0, controls=LipControls(jaw_strength=0.0, lip_strength=0.5)).write(job)
    assert run(job)[0] == 0
    assert {path.name for path in job.glob("*.npz") if path.stat().st_mtime_ns != before[path.name]} == {"bake.npz"}
    result = read_result(job)
    assert result.bake["weights"].max() < widest and result.controls.jaw_strength == 0.0
    assert not result.bake["weights"][:, list(result.bake["names"]).index("jawOpen")].any()


def test_a_chosen_emotion_only_bakes_again_and_shows_on_the_face(job):
    before = {path.name: path.stat().st_mtime_ns for path in job.glob("*.npz")}
    own = EmotionSettings(windows=(EmotionWindow(2.0, 4.0, "sad", 3.0),))
    Request(str(PHOTO), str(SPEECH), "", 25.0, emotion="happy:3", emotions=own).write(job)
    assert run(job)[0] == 0
    assert {path.name for path in job.glob("*.npz") if path.stat().st_mtime_ns != before[path.name]} == {"bake.npz"}
    result = read_result(job)
    assert [window.category for window in result.felt.windows] == ["happy", "sad", "happy"]
    smile = result.bake["emotion_weights"][:, list(result.bake["names"]).index("mouthSmileLeft")]
    assert smile[0] > 0.5 and smile[2] < 0.2 and result.bake["emotion_times"][2] == pytest.approx(2.4)


def test_a_missing_photo_is_one_sentence_and_code_2(tmp_path):
    Request(str(tmp_path / "no.jpg"), str(SPEECH)).write(tmp_path)
    code, messages, err = run(tmp_path)
    errors = [message.text for message in messages if message.kind == "error"]
    assert code == 2 and len(errors) == 1 and "no.jpg" in errors[0] and "Traceback" not in err
    assert not messages[-1].ok


def test_a_bug_is_told_and_its_traceback_kept(tmp_path, monkeypatch, capsys):
    def broken(_folder, *, report):
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(pipeline, "animate", broken)
    assert worker.main([str(tmp_path)]) == 1
    said = capsys.readouterr()
    messages = [parse(line) for line in said.out.splitlines()]
    assert [message.kind for message in messages] == ["status", "error", "done"] and not messages[-1].ok
    assert "worker.log" in messages[1].text and "ZeroDivisionError: a bug" in said.err


def test_a_path_that_cannot_be_one_is_one_sentence(tmp_path):
    (tmp_path / "request.json").write_text(json.dumps({"format": 1, "photo": "a\0b", "audio": "x"}))
    code, messages, err = run(tmp_path)
    assert code == 2 and "no such photo" in messages[-2].text and "Traceback" not in err


def test_killed_in_the_middle_leaves_no_result_and_the_next_run_works(tmp_path):
    Request(str(PHOTO), str(SPEECH)).write(tmp_path)
    with start(tmp_path) as process:
        assert process.stdout is not None
        for line in process.stdout:
            message = parse(line)
            if message is not None and message.kind == "progress":
                process.kill()
                break
    assert not (tmp_path / "manifest.json").exists()
    code, _, _ = run(tmp_path)
    assert code == 0 and read_result(tmp_path).bake["weights"].any()


def test_the_worker_ends_with_its_parent(tmp_path):
    Request(str(PHOTO), str(SPEECH)).write(tmp_path)
    with start(tmp_path, "--watch-stdin") as process:
        assert process.stdin is not None and process.stdout is not None
        process.stdout.readline()
        process.stdin.close()
        assert process.wait(timeout=60) == 1
    assert not (tmp_path / "manifest.json").exists()


def test_a_pack_without_an_ear_for_emotion_says_so(tmp_path, example_job):
    pack = tmp_path / "pack"
    shutil.copytree(DEFAULT, pack)
    values = json.loads((pack / "pack.json").read_text())
    del values["files"]["emotion_network"]
    (pack / "pack.json").write_text(json.dumps(values))
    Request(str(PHOTO), str(SPEECH), str(pack)).write(tmp_path)
    copy_head(example_job, tmp_path)
    code, messages, _ = run(tmp_path)
    assert code == 0 and any("hears no emotion" in message.text for message in messages if message.kind == "warning")
    assert [window.category for window in read_result(tmp_path).felt.windows] == ["neutral"]
