"""What befalls a job: each time one sentence or none, no half result, nothing of the artist's lost, and the next run works."""

import ctypes
import json
import os
import resource
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.errors import InputError, JobError, PackError
from core.files import write_arrays
from core.hair.haircut import Haircut
from core.job import HEAD_ARRAYS, PREVIEWS, Job, Request, copy_head, locked, read_result
from core.messages import parse, silent
from core.pack import DEFAULT, Pack
from core.pipeline import animate, write_look, write_previews

ROOT = Path(__file__).resolve().parents[2]
PHOTO = ROOT / "assets" / "examples" / "astronaut.jpg"
SPEECH = ROOT / "assets" / "third_party" / "beckett.wav"
# the stages that are quick; a worker killed in the head's is in test_worker
STAGES = {"look": ("look.npz", *PREVIEWS), "speech": ("motion.npz",), "emotion": ("heard.npz",), "bake": ("emotion.json", "bake.npz")}
FULL = 30_000                   # bytes that fit on the disk: the smallest file of a stage, not the largest
linux = pytest.mark.skipif(sys.platform != "linux", reason="how this fault is made")


@pytest.fixture(scope="module")
def speech(tmp_path_factory):
    """Two seconds of the recording, in a folder of the user's own."""
    import soundfile
    samples, rate = soundfile.read(SPEECH, stop=2 * 16_000, dtype="float32")
    path = tmp_path_factory.mktemp("user") / "speech.wav"
    soundfile.write(path, samples, rate)
    return path


@pytest.fixture(scope="module")
def finished(tmp_path_factory, speech, example_job):
    """A finished job that no test changes; its head was made in another one."""
    folder = tmp_path_factory.mktemp("jobs") / "astronaut-00000000"
    Request(str(PHOTO), str(speech)).write(folder)
    copy_head(example_job, folder)
    animate(folder, report=silent)
    return folder


@pytest.fixture
def folder(finished, tmp_path):
    """A copy of it that is asked for again."""
    copy = shutil.copytree(finished, tmp_path / "job")
    Request.read(copy).write(copy)
    return copy


def undo(folder, stage):
    """Have `stage` and what follows from it made again."""
    for name in tuple(STAGES)[tuple(STAGES).index(stage):]:
        for file in STAGES[name]:
            (folder / file).unlink()


def start(folder, **options):
    return subprocess.Popen([sys.executable, "-u", "-m", "core.worker", str(folder)], cwd=ROOT, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True, **options)


def refused(folder, **options):
    """Return the one sentence with which a worker ends that the user can help."""
    with start(folder, **options) as process:
        out, err = process.communicate()
    errors = [message.text for message in map(parse, out.splitlines()) if message.kind == "error"]
    assert process.returncode == 2 and len(errors) == 1 and "Traceback" not in err, out + err
    return errors[0]


def works_again(folder):
    """Whether the next run leaves a whole result, and no left-overs."""
    animate(folder, report=silent)
    assert not list(folder.glob(".*.part")) and PHOTO.is_file()
    return read_result(folder).bake["weights"].any()


@pytest.mark.parametrize("stage", STAGES)
def test_killed_in_a_stage(folder, stage):
    undo(folder, stage)
    with start(folder) as process:
        for line in process.stdout:
            message = parse(line)
            if message is not None and message.kind == "progress" and message.fraction == 1.0 and ends_before(message.stage, stage):
                process.kill()
    assert not (folder / "manifest.json").exists()
    with pytest.raises(JobError, match="no finished result"):
        read_result(folder)
    assert works_again(folder)


def ends_before(ended, stage):
    """Whether the stage that has `ended` is the one before `stage`, which is begun then."""
    order = ("head", *STAGES)
    return order.index(ended) == order.index(stage) - 1


def small_disk():
    """Let no file grow beyond FULL, as on a full disk."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (FULL, FULL))


@linux
def test_the_disk_is_full(folder):
    undo(folder, "bake")
    before = (folder / "stages.json").read_bytes()
    assert "cannot write (File too large)" in refused(folder, preexec_fn=small_disk)
    assert not list(folder.glob("*.part")) and (folder / "stages.json").read_bytes() == before
    assert works_again(folder)


# fills a disk of its own but for nothing, works on it, makes room, and works again
ON_A_FULL_DISK = """
import json, shutil, subprocess, sys
from pathlib import Path
place, job, root = map(Path, sys.argv[1:])
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(place)], check=True)
shutil.copytree(job, place / "job")
with (place / "filler").open("wb", buffering=0) as filler:
    try:
        while True:
            filler.write(bytes(4096))
    except OSError:
        pass
def work():
    run = subprocess.run([sys.executable, "-m", "core.worker", str(place / "job")], cwd=root, capture_output=True, text=True)
    return [run.returncode, run.stdout + run.stderr, [path.name for path in (place / "job").glob(".*.part")]]
full = work()
(place / "filler").unlink()
print(json.dumps([full, work()]))
"""
APART = ("unshare", "--mount")


def test_a_disk_without_any_room(folder, tmp_path):
    if shutil.which("unshare") is None or subprocess.run([*APART, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this system allows nobody a disk of his own")
    undo(folder, "bake")
    (tmp_path / "disk").mkdir()
    run = subprocess.run([*APART, sys.executable, "-c", ON_A_FULL_DISK, tmp_path / "disk", folder, ROOT], capture_output=True,
                         text=True, check=False)
    (code, said, parts), (again, _, left) = json.loads(run.stdout)
    assert code == 2 and "(No space left on device)" in said and "Traceback" not in said and not parts, said
    assert again == 0 and not left


def without_rights():
    """Let even root be bound by a folder's rights: the capabilities that pass over them are dropped."""
    library = ctypes.CDLL(None)
    for capability in (1, 2):
        library.prctl(24, capability, 0, 0, 0)


@linux
def test_the_folder_is_read_only(folder):
    folder.chmod(0o500)
    try:
        assert "(Permission denied)" in refused(folder, preexec_fn=without_rights)
    finally:
        folder.chmod(0o700)
    assert works_again(folder)


@linux
def test_a_photo_that_may_not_be_read(folder, tmp_path):
    hidden = shutil.copy(PHOTO, tmp_path / "hidden.jpg")
    hidden.chmod(0)
    replace(Request.read(folder), photo=str(hidden)).write(folder)
    assert "the photo cannot be read" in refused(folder, preexec_fn=without_rights)


def test_results_that_are_empty_or_cut_are_none_and_made_again(finished, tmp_path):
    copy = shutil.copytree(finished, tmp_path / "job")
    harms = {"bake.npz": (copy / "bake.npz").read_bytes()[:1000], "emotion.json": b"{", "motion.npz": b"", "heard.npz": b""}
    for name, content in harms.items():
        (copy / name).write_bytes(content)
        with pytest.raises(JobError, match="missing or damaged"):
            read_result(copy)
    assert works_again(copy)


def test_an_empty_record_of_stages_has_all_made_again(tmp_path):
    for content in (b"", b"\0" * 100, b"[]", b'{"head": 3}', b'{"head": {"key": "x", "files": []}}'):
        (tmp_path / "stages.json").write_bytes(content)
        said = []
        Job(tmp_path, said.append).stage("head", (), (), lambda _tick: ["made"])
        assert said[0].text == "made" and json.loads((tmp_path / "stages.json").read_text())["head"]["files"] == {}


def test_two_at_once_in_one_folder(folder):
    with locked(folder):
        assert "another Blender" in refused(folder)
    assert works_again(folder)


@pytest.mark.parametrize("stage", ["speech", "bake"])
def test_the_folder_is_deleted_meanwhile(folder, stage):
    undo(folder, stage)
    request = Request.read(folder)

    def delete(message):
        if message.kind == "progress" and message.fraction == 1.0 and ends_before(message.stage, stage):
            shutil.rmtree(folder)

    with pytest.raises(JobError, match="deleted"):
        animate(folder, report=delete)
    assert not (folder / "manifest.json").exists()
    assert request.photo == str(PHOTO)


def test_the_folder_is_gone_before_it_starts(folder):
    shutil.rmtree(folder)
    assert "request.json" in refused(folder)


@pytest.mark.parametrize("name", ["x" * 250, "Пользователь 用户 é\u0301 🙂 ' \" $HOME `id` ; . ", "a" * 100 + "/" + "b" * 100])
def test_a_path_that_is_long_or_of_any_letters(finished, speech, tmp_path, name):
    place = tmp_path / name
    place.mkdir(parents=True)
    copy = shutil.copytree(finished, place / "job")
    voice = Path(shutil.copy(speech, place / "Größe 声.wav"))
    replace(Request.read(copy), audio=str(voice)).write(copy)
    undo(copy, "bake")
    assert works_again(copy) and read_result(copy).audio == str(voice)


@linux
def test_a_path_that_is_no_unicode(finished, tmp_path):
    place = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
    copy = shutil.copytree(finished, place / "job")
    undo(copy, "bake")
    Request.read(copy).write(copy)
    with start(copy) as process:
        out, err = process.communicate()
    assert process.returncode == 0 and parse(out.splitlines()[-1]).ok, err
    assert read_result(copy).bake["weights"].any()


def test_a_clock_that_jumps_makes_nothing_again(folder):
    for number, path in enumerate(sorted(folder.iterdir())):
        moment = (0.0, 4e9)[number % 2]                 # 1970 and 2096
        os.utime(path, (moment, moment))
    before = (folder / "head.npz").stat().st_mtime
    seen = []
    animate(folder, report=lambda message: seen.append((message.stage, message.fraction)) if message.kind == "progress" else None)
    assert all(fraction == 1.0 for _, fraction in seen) and (folder / "head.npz").stat().st_mtime == before
    assert read_result(folder).bake["weights"].any()


@pytest.mark.parametrize("content", [None, b"", b"\x89PNG\r\n\x1a\nhalf"])
def test_a_texture_that_is_harmed_before_it_is_drawn(tmp_path, content):
    head, pack = tmp_path / "head.npz", Pack.open(only=("head", "anchors"))
    write_arrays(head, dict.fromkeys(HEAD_ARRAYS, np.zeros(1)))
    if content is not None:
        head.with_suffix(".png").write_bytes(content)
    with pytest.raises(InputError, match="head.png"):
        write_previews(head, (), look=tmp_path / "look.npz", pack=pack)
    with pytest.raises(InputError, match="head.png"):
        write_look(head, tmp_path / "look.npz", pack=pack, cut=Haircut(), tick=lambda _: None)


def test_a_pack_that_is_harmed_or_gone(folder, tmp_path):
    pack = shutil.copytree(DEFAULT, tmp_path / "pack")
    network = pack / "lip_network.onnx"
    for harm, match in ((lambda: network.write_bytes(network.read_bytes()[:-1]), "damaged"), (network.unlink, "missing"),
                        (lambda: (pack / "pack.json").write_text("{"), "damaged"), (lambda: shutil.rmtree(pack), "no model pack")):
        harm()
        replace(Request.read(folder), pack=str(pack)).write(folder)
        with pytest.raises(PackError, match=match):
            animate(folder, report=silent)
    replace(Request.read(folder), pack="").write(folder)
    undo(folder, "bake")
    assert works_again(folder)
