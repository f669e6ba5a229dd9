"""Stages run when their inputs change and only then; a result is whole or none."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.emotion.windows import EmotionSettings, report
from core.errors import InputError, JobError
from core.files import read_json, write_arrays, write_image, write_json
from core.hair.look import LOOK_ARRAYS
from core.job import BAKE_ARRAYS, HEAD_ARRAYS, MOTION_ARRAYS, Job, Request, locked, read_result
from core.messages import Message, silent
from core.speech.lip_controls import LipControls
from core.types import EmotionTrack, EmotionWindow

ROOT = Path(__file__).resolve().parents[2]
REQUEST = Request("/tmp/a photo.jpg", "/tmp/speech.wav", "", 25.0)


def run(folder, *, value=1, report=silent):
    """Run one stage that writes `value`; return how often it really ran."""
    ran = []
    job = Job(folder, report)

    def make(tick):
        ran.append(value)
        tick(0.5)
        write_arrays(folder / "a.npz", {"a": np.array(value)})
        return ["look here"]

    job.stage("first", (folder / "a.npz",), (value,), make)
    return len(ran), job


CONTROLS = LipControls(jaw_strength=1.2, gains={"mouthPucker": 0.5})
EMOTIONS = EmotionSettings(window=2.0, windows=(EmotionWindow(0.5, 1.0, "happy", 2.0, locked=True),))
FELT = EmotionTrack((EmotionWindow(0.0, 0.5, "sad", 1.0), EmotionWindow(0.5, 1.0, "happy", 2.0, locked=True)), 0.4)


@pytest.mark.parametrize("request_", [REQUEST, replace(REQUEST, controls=CONTROLS, hair="LONG", fringe="BROWS", parting="RIGHT",
                                                       waves="CURLY"),
                                      replace(REQUEST, emotion="happy:2", emotions=EMOTIONS, same_voice=("/tmp/other.wav",)),
                                      replace(REQUEST, few_keys=True)])
def test_a_request_comes_back(tmp_path, request_):
    request_.write(tmp_path)
    assert Request.read(tmp_path) == request_


def test_a_request_from_before_the_controls_is_neutral(tmp_path):
    REQUEST.write(tmp_path)
    values = json.loads((tmp_path / "request.json").read_text())
    del values["controls"]
    (tmp_path / "request.json").write_text(json.dumps(values))
    assert Request.read(tmp_path) == REQUEST


@pytest.mark.parametrize(("change", "error"), [
    ({"fps": 0.0}, InputError), ({"fps": "24"}, JobError), ({"photo": 3}, JobError), ({"format": 9}, JobError),
    ({"fps": float("inf")}, InputError), ({"hair": "PUNK"}, JobError), ({"fringe": "PUNK"}, JobError), ({"hair": ["LONG"]}, JobError),
    ({"parting": "BACK"}, JobError), ({"waves": 3}, JobError), ({"hairline": "LOW"}, JobError), ({"few_keys": 1}, JobError),
    ({"controls": []}, InputError), ({"controls": {"jaw_strength": 9}}, InputError)])
def test_a_request_that_cannot_be_used(tmp_path, change, error):
    REQUEST.write(tmp_path)
    values = json.loads((tmp_path / "request.json").read_text()) | change
    (tmp_path / "request.json").write_text(json.dumps(values))
    with pytest.raises(error):
        Request.read(tmp_path)


def test_a_stage_runs_once_for_the_same_inputs(tmp_path):
    assert run(tmp_path)[0] == 1
    assert run(tmp_path)[0] == 0
    assert run(tmp_path, value=2)[0] == 1


def test_a_stage_runs_again_when_any_source_has_changed(tmp_path, monkeypatch):
    sources = tmp_path / "core"
    (sources / "render" / "__pycache__").mkdir(parents=True)
    monkeypatch.setattr("core.job.__file__", str(sources / "job.py"))
    for name, times in (("job.py", 1), ("render/optics.py", 1), ("render/__pycache__/optics.cpython-311.pyc", 0)):
        (sources / name).write_text("something else")
        assert run(tmp_path / "job")[0] == times


def test_warnings_are_told_again_when_the_result_is_reused(tmp_path):
    run(tmp_path)
    said = []
    _, job = run(tmp_path, report=said.append)
    assert Message("warning", text="look here") in said and job.warnings == ["look here"]


def test_a_damaged_result_is_made_again(tmp_path):
    run(tmp_path)
    (tmp_path / "a.npz").write_bytes(b"half")
    assert run(tmp_path)[0] == 1
    (tmp_path / "stages.json").write_text("{")
    assert run(tmp_path)[0] == 1


def test_a_failing_stage_leaves_no_record_and_no_manifest(tmp_path):
    job = Job(tmp_path, silent)

    def fail(tick):
        write_arrays(tmp_path / "a.npz", {"a": np.array(1)})
        raise JobError("full")

    with pytest.raises(JobError):
        job.stage("first", (tmp_path / "a.npz",), (1,), fail)
    assert not (tmp_path / "manifest.json").exists() and run(tmp_path)[0] == 1


def test_left_overs_of_a_killed_run_go(tmp_path):
    (tmp_path / ".a.npz.77.part").write_bytes(b"half")
    (tmp_path / "manifest.json").write_text("{}")
    Job(tmp_path, silent)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_used(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(JobError, match="cannot use"):
        Job(tmp_path / "file" / "job", silent)


def finished(folder):
    job = Job(folder, silent)
    write_image(folder / "head.png", np.zeros((4, 4, 3), np.uint8))
    write_json(folder / "emotion.json", report(FELT))
    for name, arrays in (("head", HEAD_ARRAYS), ("look", LOOK_ARRAYS), ("motion", MOTION_ARRAYS), ("bake", BAKE_ARRAYS)):
        path = folder / f"{name}.npz"
        write_arrays(path, {array: np.zeros(3, np.float32) for array in arrays})
        job.stage(name, (path, folder / "head.png", folder / "emotion.json"), (), lambda tick: ())
    wanted = replace(REQUEST, controls=CONTROLS, emotion="sad:1", emotions=EMOTIONS, hair="CHIN", fringe="SHORT",
                     parting="MIDDLE", waves="WAVY", hairline="TEMPLES")
    job.finish(wanted, head_model="0" * 64)


def test_a_finished_result_is_read(tmp_path):
    finished(tmp_path)
    result = read_result(tmp_path)
    assert set(result.bake) == set(BAKE_ARRAYS) and result.audio == REQUEST.audio and result.albedo.is_file()
    assert result.controls == CONTROLS and result.felt == FELT and result.emotion == "sad:1" and result.emotions == EMOTIONS
    written = read_json(tmp_path / "manifest.json", JobError)
    assert (written["hair"], written["fringe"], written["parting"], written["waves"]) == ("CHIN", "SHORT", "MIDDLE", "WAVY")
    assert written["hairline"] == "TEMPLES" and str(result.head["hairline"]) == "PHOTO"      # which jobs of before lack


@pytest.mark.parametrize("harm", ["manifest.json", "head.png", "emotion.json", "bake.npz"])
def test_half_a_result_is_none(tmp_path, harm):
    finished(tmp_path)
    (tmp_path / harm).unlink()
    with pytest.raises(JobError):
        read_result(tmp_path)


def test_a_result_of_the_layout_before_is_called_that(tmp_path):
    finished(tmp_path)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    del manifest["files"]["look.npz"]
    write_json(tmp_path / "manifest.json", manifest | {"format": 1})
    (tmp_path / "look.npz").unlink()
    with pytest.raises(JobError, match="made by another version.*generate it again"):
        read_result(tmp_path)


def test_a_changed_result_is_none(tmp_path):
    finished(tmp_path)
    (tmp_path / "motion.npz").write_bytes((tmp_path / "motion.npz").read_bytes()[:-7])
    with pytest.raises(JobError, match="damaged"):
        read_result(tmp_path)


def test_a_new_request_takes_the_old_manifest_away(tmp_path):
    finished(tmp_path)
    REQUEST.write(tmp_path)
    with pytest.raises(JobError, match="no finished result"):
        read_result(tmp_path)


def test_two_processes_never_work_in_one_folder(tmp_path):
    hold = ("import sys; from pathlib import Path; from core.job import locked\n"
            "with locked(Path(sys.argv[1])):\n    print('in', flush=True); input()")
    command = [sys.executable, "-c", hold, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout.readline().strip() == b"in"
        with pytest.raises(JobError, match="another Blender"), locked(tmp_path):
            pass
        other.kill()
    with locked(tmp_path):
        assert (tmp_path / ".lock").exists()
