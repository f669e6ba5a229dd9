"""The add-on as Blender sees it: a package inside the extension's package, in the bpy module of this environment."""

import importlib.util
import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
USER = Path(os.environ.get("BLENDER_USER_RESOURCES") or tempfile.mkdtemp()) / os.environ.get("PYTEST_XDIST_WORKER", "alone")
USER.mkdir(exist_ok=True)
os.environ["BLENDER_USER_RESOURCES"] = str(USER)        # before bpy is imported

import bpy  # noqa: E402

PHOTO = ROOT / "assets" / "examples" / "astronaut.jpg"
SPEECH = ROOT / "assets" / "third_party" / "beckett.wav"


def load():
    """Import the repository as the package `ecavatar`, as an extension is."""
    if "ecavatar" not in sys.modules:
        spec = importlib.util.spec_from_file_location("ecavatar", ROOT / "__init__.py", submodule_search_locations=[str(ROOT)])
        package = importlib.util.module_from_spec(spec)
        sys.modules["ecavatar"] = package
        spec.loader.exec_module(package)
    return sys.modules["ecavatar"]


load()


def pytest_sessionfinish(session, exitstatus):
    """Kept for the end, where pytest does not tell it."""
    session.config.ecavatar_status = int(exitstatus)


def pytest_unconfigure(config):
    """End at once in Blender 4.2: its module (not its program) crashes while Python ends, once any property has a callback."""
    if bpy.app.version < (4, 3, 0):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(config.ecavatar_status)


@pytest.fixture(scope="session")
def finished(example_job):
    """A finished job folder; do not change it."""
    return example_job


@pytest.fixture(scope="session")
def scenes(tmp_path_factory):
    """A folder for the .blend files of avatars, which this process makes once and then opens: a tenth of the time of making them."""
    return tmp_path_factory.mktemp("scenes")


@pytest.fixture
def addon(tmp_path, monkeypatch):
    """The add-on, registered in an empty file; its user folder is a temporary one."""
    package = load()
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    monkeypatch.setattr(bpy.utils, "extension_path_user", lambda _package, path="", create=False: made(tmp_path / "user" / path))
    package.register()
    yield package
    package.unregister()


def shortened(path, *, seconds):
    """Write the beginning of the recording to `path` and return it."""
    import soundfile
    samples, rate = soundfile.read(SPEECH)
    soundfile.write(path, samples[:round(seconds * rate)], rate)
    return path


def made(folder):
    folder.mkdir(parents=True, exist_ok=True)
    return str(folder)


def reopened(path, make):
    """Open the .blend at `path`, where there is none yet with what `make` puts into the empty file, and return its avatar's root."""
    if not path.is_file():
        make()
        bpy.ops.wm.save_as_mainfile(filepath=str(path), copy=True)
    bpy.ops.wm.read_homefile(filepath=str(path))           # a file without a name, as the empty one is
    return next(found for found in bpy.context.scene.objects if found.ecavatar.role == "avatar")


def imported(folder, *, hair):
    """Import a job into the scene as an artist would and return its root."""
    from ecavatar.core.job import read_result
    from ecavatar.ecavatar_addon.avatar import import_avatar
    bpy.context.scene.ecavatar.hair = hair
    return import_avatar(read_result(folder), bpy.context.scene)


@pytest.fixture
def avatar(addon, finished, scenes):
    """The root of an avatar with the photo's hair."""
    return reopened(scenes / "avatar.blend", lambda: imported(finished, hair="PHOTO"))


@pytest.fixture
def result(finished):
    from ecavatar.core.job import read_result
    return read_result(finished)


@pytest.fixture
def folder(finished, scenes):
    """A copy of the finished job folder that a test may harm."""
    return copied(finished, scenes / "astronaut-11111111")


def copied(job, folder):
    """Copy a job folder in place of what a test has left there."""
    shutil.rmtree(folder, ignore_errors=True)
    return shutil.copytree(job, folder)


@pytest.fixture
def ready(addon, finished):
    """The job folder that Generate takes for the example photo, with a finished job in it: the head is there and is not made again."""
    from ecavatar.ecavatar_addon.folders import job_folder
    return copied(finished, job_folder(PHOTO))


@pytest.fixture
def root(addon, folder, scenes):
    """An avatar of that folder, bald, selected."""
    from ecavatar.ecavatar_addon.head import parts_of

    def make():
        bpy.context.view_layer.objects.active = parts_of(imported(folder, hair="NONE"))["skin"]
    return reopened(scenes / f"{folder.name}.blend", make)


@pytest.fixture
def own(addon, finished, scenes):
    """A head with MakeHuman's names beside an avatar, selected."""
    from .own_characters import MAKEHUMAN, own_head, select
    reopened(scenes / "own.blend", lambda: select(own_head(imported(finished, hair="NONE"), MAKEHUMAN)))
    return bpy.data.objects["own"]


@pytest.fixture
def told(root):
    """The avatar, in a scene with few frames, told to export those; an artist has moved it, and keyed a blink and an open vowel on top
    of the tracks; it turns its head and looks aside with an eye."""
    from ecavatar.ecavatar_addon.head import parts_of

    from .exported import FIRST, LAST, bend
    scene, parts = bpy.context.scene, parts_of(root)
    scene.frame_start, scene.frame_end = FIRST, LAST
    scene.ecavatar.export.frames = "SCENE"
    root.location.x = root.rotation_euler.z = 0.2
    parts["skin"].location.y = 0.01
    bend(parts)
    blocks = parts["skin"].data.shape_keys.key_blocks
    root.ecavatar.performance.gaze = 0.0
    for name, values in {"eyeBlinkLeft": (0, 1, 0), "jawOpen": (0, 0, 0.4), "eyeLookOutLeft": (0.5, 0.5, 0.5)}.items():
        for frame, value in zip((FIRST, FIRST + 5, LAST - 2), values, strict=True):
            blocks[name].value = value
            blocks[name].keyframe_insert("value", frame=frame)
    scene.frame_set(FIRST)
    return root
