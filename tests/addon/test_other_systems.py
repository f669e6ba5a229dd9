"""What differs on Windows and in strange places: how the worker is started, names of folders, rights, a full disk."""

import ctypes
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import bpy
import pytest
from ecavatar.core.errors import JobError
from ecavatar.ecavatar_addon import folders, jobs, operators

from .conftest import PHOTO, SPEECH

FORBIDDEN = set('<>:"/\\|?*')             # in names on Windows
linux = pytest.mark.skipif(sys.platform != "linux", reason="how this fault is made")


@pytest.fixture
def inputs(addon):
    settings = bpy.context.scene.ecavatar
    settings.photo, settings.audio, settings.emotion = str(PHOTO), str(SPEECH), "happy"
    yield settings
    jobs.stop()


def test_on_windows_the_worker_gets_no_console_and_no_signals_of_blenders(inputs, tmp_path, monkeypatch):
    started = []

    class Process(SimpleNamespace):
        """One that has ended at once."""

        def __init__(self, command, **options):
            started.append((command, options))
            super().__init__(stdout=iter(()), stdin=None)

        def wait(self, _seconds=None):
            return 1

        terminate = kill = poll = wait

    monkeypatch.setattr(jobs, "sys", SimpleNamespace(platform="win32", executable=r"C:\Blender\4.5\python\bin\python.exe"))
    for number, name in enumerate(("CREATE_NEW_PROCESS_GROUP", "CREATE_NO_WINDOW")):
        monkeypatch.setattr(subprocess, name, 1 << number, raising=False)
    monkeypatch.setattr(subprocess, "Popen", Process)
    monkeypatch.setattr(jobs.Worker, "close", lambda _self: None)
    jobs.start(tmp_path)
    (command, options), = started
    assert options["creationflags"] == 3 and "start_new_session" not in options and options["cwd"] == tmp_path
    assert command[0].endswith("python.exe") and command[-1] == "--watch-stdin" and not options.get("shell")
    assert not [name for name in options["env"] if name.startswith("PYTHON")]


@pytest.mark.parametrize("stem", ['a:b?*"<>|', "CON", "nul.", " trailing ", "x" * 200, "Портрет 肖像", "..", "a\\b"])
def test_a_job_folder_has_a_name_that_every_system_takes(addon, stem):
    name = folders.job_path(Path("photos") / f"{stem}.jpg").name
    assert not FORBIDDEN & set(name) and name == name.strip(" .") and len(name) <= 49 and name[-9] == "-"


@pytest.mark.parametrize("user", ["Пользователь 用户 é", "x" * 250])
def test_any_user_name_and_long_paths_work(inputs, tmp_path, monkeypatch, user):
    place = tmp_path / user
    monkeypatch.setattr(bpy.utils, "extension_path_user", lambda _package, path="", create=False: str(place / path))
    photo = place / "фото.jpg"
    place.mkdir()
    shutil.copy(PHOTO, photo)
    inputs.photo = str(photo)
    monkeypatch.setattr(jobs, "BOOTSTRAP", "import os, sys; open(os.path.join(sys.argv[-2], 'manifest.json'), 'w').close()")
    worker = operators.start(bpy.context.scene)
    while worker.poll() == "running":
        worker.process.poll()
    assert worker.state == "done" and worker.folder.parent == place / "jobs"


@contextmanager
def without_rights():
    """Let even root be bound by a folder's rights meanwhile: the capabilities that pass over them rest."""
    library, header, sets = ctypes.CDLL(None), (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    assert library.capget(header, sets) == 0
    before, sets[0] = sets[0], sets[0] & ~0b110
    assert library.capset(header, sets) == 0
    try:
        yield
    finally:
        sets[0] = before
        library.capset(header, sets)


@linux
def test_a_read_only_user_folder_is_one_sentence(inputs, tmp_path, monkeypatch):
    place = tmp_path / "user"
    place.mkdir()
    monkeypatch.setattr(bpy.utils, "extension_path_user", lambda _package, path="", create=False: str(place / path))
    place.chmod(0o500)
    try:
        with without_rights(), pytest.raises(RuntimeError, match=r"cannot make the job folder \(Permission denied\).*preferences"):
            bpy.ops.ecavatar.generate()
        assert not list(place.iterdir()) and jobs.current is None
    finally:
        place.chmod(0o700)
    assert operators.job_folder(PHOTO).is_dir()


@linux
def test_a_full_disk_is_one_sentence_in_blender_too(inputs):
    import resource
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64, hard))       # no file gets longer, as on a full disk
    try:
        with pytest.raises(JobError, match="cannot write"):
            operators.start(bpy.context.scene)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    folder = operators.job_folder(PHOTO)
    assert not list(folder.glob("*.part")) and not (folder / "request.json").exists() and os.access(folder, os.W_OK)
