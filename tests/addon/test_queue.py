"""Several avatars one after the other, and what an artist does to the file meanwhile.

The worker is a stand-in that waits for a word.
"""

import os
import select
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import bpy
import pytest
from ecavatar.core.errors import JobError
from ecavatar.core.files import digest, read_json, write_arrays, write_json
from ecavatar.core.hair.haircut import Haircut
from ecavatar.core.hair.look import STRANDS, Look
from ecavatar.core.hair.strands import Strands
from ecavatar.core.head.model import HeadBasis
from ecavatar.core.job import Request, read_result
from ecavatar.core.pack import DEFAULT
from ecavatar.ecavatar_addon import jobs, operators
from ecavatar.ecavatar_addon.hair import wanted
from ecavatar.ecavatar_addon.head import parts_of
from ecavatar.ecavatar_addon.panels import ECAVATAR_PT_generate

from .conftest import PHOTO, ROOT, SPEECH
from .layout import Layout

# says how far it is, waits for a word, and then leaves a finished job, or ends as a worker that failed
STAND_IN = """
import json, os, shutil, sys
folder = sys.argv[-2]
def say(**message): print(json.dumps(message), flush=True)
say(kind="progress", stage="speech", fraction=0.5)
if sys.stdin.readline() != "go\\n":
    say(kind="error", text="the stand-in was let down"); say(kind="done", ok=False); sys.exit(2)
shutil.copytree(os.environ["ECAVATAR_FINISHED"], folder, dirs_exist_ok=True)
say(kind="done", ok=True)
"""


@pytest.fixture
def queue(addon, finished, monkeypatch):
    monkeypatch.setattr(jobs, "BOOTSTRAP", STAND_IN)
    monkeypatch.setenv("ECAVATAR_FINISHED", str(finished))
    taken.clear()
    yield jobs
    jobs.stop()


@pytest.fixture
def people(tmp_path):
    """Three photos."""
    return [shutil.copy(PHOTO, tmp_path / f"{name}.jpg") for name in ("anna", "bert", "carl")]


def ask(photo):
    """Do what Generate does in a window, but for the timer."""
    settings = bpy.context.scene.ecavatar
    settings.photo, settings.audio, settings.emotion, settings.hair = str(photo), str(SPEECH), "happy", "NONE"
    worker = operators.start(bpy.context.scene)
    worker.awaited = True
    return worker


taken = []


def note(worker, _scene):
    """Take a result in, in the place of an import, which costs a second."""
    operators.result_of(worker)
    taken.append(worker.folder.name.rpartition("-")[0])


def end(worker, word="go", take=note):
    """Let a worker end, and take its result in as the timer does."""
    assert worker.poll() == "running"
    worker.process.stdin.write(f"{word}\n")
    worker.process.stdin.flush()
    uid = bpy.context.scene.session_uid
    while operators.watch(worker, uid, take) is not None:
        worker.process.poll()
    return worker.state


def drawn():
    found = []
    ECAVATAR_PT_generate.draw(SimpleNamespace(layout=Layout(found)), bpy.context)
    return found


def avatars():
    return sorted(found.name for found in bpy.context.scene.objects if found.ecavatar.role == "avatar")


def test_they_are_made_one_after_the_other(queue, people):
    anna, bert, carl = map(ask, people)
    assert [worker.state for worker in queue.batch] == ["running", "waiting", "waiting"]
    assert not (bert.folder / "request.json").exists()
    while anna.stage != "speech":
        anna.poll()
    text = drawn()
    assert "anna: Listening to the speech" in text and "bert waits" in text and text.count("ecavatar.cancel") == 3
    assert bert.poll() == carl.poll() == "waiting"
    assert end(anna) == "done" and taken == ["anna"]
    bpy.ops.ecavatar.cancel(number=bert.number)
    assert bert.poll() == "cancelled" and carl.poll() == "running" and end(carl) == "done"
    assert taken == ["anna", "carl"] and not queue.busy()


def test_a_result_is_taken_in_before_the_next_begins(queue, people):
    anna, bert = map(ask, people[:2])
    anna.process.stdin.write("go\n")
    anna.process.stdin.flush()
    while anna.poll() == "running":
        anna.process.poll()
    assert anna.state == "done" and bert.poll() == "waiting"                # its timer has not come yet
    assert operators.watch(anna, bpy.context.scene.session_uid, note) is None and bert.poll() == "running"


def test_each_failure_is_told_once_by_name_and_the_next_goes_on(queue, people):
    anna, bert = map(ask, people[:2])
    assert end(anna, "stop") == "failed" and end(bert) == "done"
    told = " ".join(drawn())
    assert told.count("the stand-in was let down") == 1 and "nna: the stand-in" in told and taken == ["bert"]
    ask(people[2])                                                          # a new batch forgets the last one
    assert "let down" not in " ".join(drawn())


def test_a_worker_that_was_killed_has_its_log_beside_the_error(queue, people):
    anna = ask(people[0])
    anna.poll()
    assert drawn().count("wm.path_open") == 1               # among the options
    anna.process.kill()
    while operators.watch(anna, 0) is not None:
        anna.process.poll()
    assert anna.state == "failed" and drawn().count("wm.path_open") == 2


def test_a_bug_in_taking_a_result_in_is_told_and_keeps_its_traceback(queue, people):
    def broken(_worker, _scene):
        raise ZeroDivisionError("a bug")

    anna, bert = map(ask, people[:2])
    with pytest.raises(ZeroDivisionError, match="a bug"):
        end(anna, take=broken)
    assert anna.state == "failed" and "an internal error" in anna.error and "an internal error" in " ".join(drawn())
    assert end(bert) == "done"


def test_asked_again_while_it_waits_it_is_made_once_with_the_newest_settings(queue, people):
    ask(people[0])
    first = ask(people[1])
    bpy.context.scene.render.fps = 30
    second = ask(people[1])
    assert first.state == "cancelled" and len(queue.batch) == 2 and second.request.fps == 30


def test_the_same_avatar_again_waits_for_itself(queue, people):
    first, second = ask(people[0]), ask(people[0])
    assert second.state == "waiting" and end(first) == "done" and end(second) == "done" and taken == ["anna", "anna"]


def test_a_folder_deleted_while_waiting_is_made_anew(queue, people):
    anna, bert = map(ask, people[:2])
    shutil.rmtree(bert.folder)
    assert end(anna) == "done" and end(bert) == "done" and Request.read(bert.folder).photo


def test_a_queued_one_that_cannot_start_is_told_and_does_not_stop_the_others(queue, people):
    anna, bert, carl = map(ask, people)
    shutil.rmtree(bert.folder)
    bert.folder.write_text("in the way")
    assert end(anna) == "done" and bert.poll() == "failed" and "cannot" in bert.error
    assert carl.poll() == "running"


def test_save_and_undo_and_deletion_meanwhile(queue, people, tmp_path):
    worker = ask(people[0])
    cube = bpy.data.objects.new("Cube", None)
    bpy.context.scene.collection.objects.link(cube)
    bpy.ops.ed.undo_push(message="before")
    bpy.data.objects.remove(bpy.data.objects["Cube"])
    bpy.ops.ed.undo_push(message="after")
    bpy.ops.ed.undo()
    assert "Cube" in bpy.data.objects
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "file.blend"), copy=True)
    assert end(worker, take=operators.finish) == "done" and avatars() == ["anna"]
    root = bpy.context.scene.objects["anna"]
    bpy.data.objects.remove(root.children[0])                               # the skin, while it is made again
    assert end(ask(people[0]), take=operators.finish) == "done" and avatars() == ["anna"]
    assert any(found.ecavatar.role == "skin" for found in bpy.context.scene.objects)
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "file.blend"))         # the saved file knows nothing of a job
    assert avatars() == [] and bpy.context.scene.ecavatar.photo == str(people[0])


def test_hair_is_worn_as_it_was_asked_for(queue, people, finished, tmp_path, monkeypatch):
    asked = {}
    for name, cut in zip(("anna", "bert"), (Haircut("NONE"), Haircut("SHORT", "NONE", "MIDDLE", "COILY")), strict=True):
        job = shutil.copytree(finished, tmp_path / "jobs" / name)
        look = Look.read(job / "look.npz", HeadBasis.load(DEFAULT / "head.npz"))
        few = Strands(*(getattr(look.hair, part)[:10] for part in STRANDS))
        write_arrays(job / "look.npz", replace(look, cut=cut, hair=few).arrays())
        manifest = read_json(job / "manifest.json", JobError)
        manifest["files"]["look.npz"] = digest(job / "look.npz")
        write_json(job / "manifest.json", manifest)
        asked[name] = str(job)
    monkeypatch.setenv("ECAVATAR_FINISHED", asked["anna"])
    anna, bert = map(ask, people[:2])
    bpy.context.scene.ecavatar.hair = "LONG"                                # while they are made
    monkeypatch.setenv("ECAVATAR_FINISHED", asked["bert"])
    assert end(anna, take=operators.finish) == end(bert, take=operators.finish) == "done", (anna.error, bert.error)
    parts = {name: parts_of(bpy.context.scene.objects[name]) for name in asked}
    assert not {"hair", "brows"} & parts["anna"].keys() and len(parts["bert"]["hair"].data.curves) == 10


def test_generate_asks_for_all_of_the_hairs_settings(queue, people):
    settings = bpy.context.scene.ecavatar
    settings.fringe, settings.parting, settings.waves, settings.hairline = "BROWS", "MIDDLE", "CURLY", "RECEDING"
    worker = ask(people[0])
    assert Request.read(worker.folder).cut == wanted(bpy.context.scene) == Haircut("NONE", "BROWS", "MIDDLE", "CURLY", "RECEDING")


def test_another_file_opened_meanwhile_gets_nothing(queue, people):
    anna, bert = map(ask, people[:2])
    uid = bpy.context.scene.session_uid
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    for worker in (anna, bert):
        worker.poll()
        worker.process.stdin.write("go\n")
        worker.process.stdin.flush()
        while operators.watch(worker, uid) is not None:
            worker.process.poll()
        assert worker.state == "failed" and "Import Avatar Job" in worker.error
    assert avatars() == []
    assert read_result(bert.folder).albedo.is_file()                        # and nothing is lost: it can be imported


def test_disabled_everything_ends_and_enabled_it_works_again(queue, people, addon):
    anna, bert = map(ask, people[:2])
    addon.unregister()
    try:
        assert anna.process.poll() is not None and (anna.state, bert.state) == ("cancelled", "cancelled")
        assert queue.current is None and queue.batch == []
        assert operators.watch(anna, 0) is None and operators.watch(bert, 0) is None            # timers that still tick
    finally:
        addon.register()
    assert end(ask(people[0])) == "done"


def test_a_job_folder_is_the_users_alone(queue, people):
    folder = operators.job_folder(Path(people[0]))
    assert sys.platform == "win32" or folder.stat().st_mode & 0o777 == 0o700


BLENDER = """
import os, sys
sys.path.insert(0, sys.argv[1])
import bpy
from pathlib import Path
from tests.addon.conftest import load
load()
from ecavatar.core.job import Request
from ecavatar.ecavatar_addon import jobs
Request(sys.argv[2], sys.argv[3]).write(Path(sys.argv[4]))
worker = jobs.start(Path(sys.argv[4]))
while worker.stage == "starting":
    worker.poll()
print(worker.process.pid, flush=True)
sys.stdin.read()
"""


@pytest.mark.once
@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="Linux watches processes")
def test_the_worker_ends_when_blender_is_killed(tmp_path):
    command = [sys.executable, "-c", BLENDER, str(ROOT), str(PHOTO), str(SPEECH), str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as blender:
        pid = int(next(line for line in blender.stdout if line.strip().isdigit()))
        watched = os.pidfd_open(pid)
        os.kill(blender.pid, signal.SIGKILL)
        poll = select.poll()
        poll.register(watched, select.POLLIN)
        assert poll.poll(60_000), "the worker outlives Blender"
        os.close(watched)
    assert not (tmp_path / "manifest.json").exists()


def test_what_is_made_alone_can_be_cancelled_too(queue, people):
    anna = ask(people[0])
    assert end(anna) == "done"
    again = queue.start(anna.folder)                        # as Hear Again does
    assert queue.batch == [again] and queue.folders() == {str(anna.folder)}
    assert bpy.ops.ecavatar.cancel(number=again.number) == {"FINISHED"}
    assert again.state == "cancelled" and not queue.folders()
