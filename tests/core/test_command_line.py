"""The engine's commands: results where asked for, one line and code 2 for what the user can mend."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

from core import pipeline
from core.__main__ import main
from core.hair.haircut import Haircut
from core.job import Request

ROOT = Path(__file__).resolve().parents[2]
PHOTO = ROOT / "assets" / "examples" / "astronaut.jpg"


def core(*arguments):
    return subprocess.run([sys.executable, "-m", "core", *map(str, arguments)], cwd=ROOT, capture_output=True, text=True,
                          timeout=300, check=False)


def refused(run):
    """One line of error on stderr and code 2; return the line."""
    lines = run.stderr.splitlines()
    assert run.returncode == 2 and len(lines) == 1 and lines[0].startswith("error: ") and not run.stdout, run.stderr
    return lines[0]


def test_head(tmp_path):
    out = tmp_path / "a folder" / "head.npz"
    run = core("head", PHOTO, "--out", out)
    assert run.returncode == 0, run.stderr
    with np.load(out) as head:
        assert head["vertices"].shape[1] == 3 and head["landmarks68"].shape == (68, 3)
        assert head["faces"].max() < len(head["vertices"])
        assert 0.15 < np.ptp(head["vertices"][:, 1]) < 0.4          # a head and neck, in metres
    with Image.open(out.with_suffix(".png")) as albedo:
        assert albedo.size == (2048, 2048)


def test_lipsync(tmp_path):
    soundfile.write(tmp_path / "quiet.wav", np.zeros(16000), 16000)
    run = core("lipsync", tmp_path / "quiet.wav", "--out", tmp_path / "motion.npz")
    assert run.returncode == 0 and "silent" in run.stderr, run.stderr
    with np.load(tmp_path / "motion.npz") as motion:
        frames = len(motion["weights"])
        assert frames == pytest.approx(60, abs=2) and float(motion["fps"]) == 60
        assert motion["open"].shape == motion["round"].shape == motion["labdent"].shape == (frames,)
        assert motion["open"].max() < 0.0015                        # silence is a closed mouth


def test_bad_input_is_one_line(tmp_path):
    (tmp_path / "text.jpg").write_text("a text, renamed")
    Image.new("RGB", (300, 200), (90, 120, 150)).save(tmp_path / "wall.png")
    line = refused(core("head", tmp_path / "wall.png", "--out", tmp_path / "a.npz"))
    assert "no face" in line and "wall.png" in line
    assert "not an image" in refused(core("head", tmp_path / "text.jpg", "--out", tmp_path / "a.npz"))
    assert "no such photo" in refused(core("head", tmp_path / "none.jpg", "--out", tmp_path / "a.npz"))
    assert "no such recording" in refused(core("lipsync", tmp_path / "no.wav", "--out", tmp_path / "a.npz"))
    assert "invalid float" in refused(core("animate", "--photo", "a", "--audio", "b", "--out", tmp_path, "--fps", "x"))
    assert "required" in refused(core())
    assert "no finished result" in refused(core("export", tmp_path, "--out", tmp_path / "a.csv"))
    (tmp_path / "c.json").write_text('{"jaw_strength": 3}')
    for controls, said in (("c.json", "0 to 2"), ("none.json", "unreadable")):
        options = ("--out", tmp_path, "--controls", tmp_path / controls)
        assert said in refused(core("animate", "--photo", PHOTO, "--audio", PHOTO, *options))
    assert "frame rate" in refused(core("animate", "--photo", PHOTO, "--audio", PHOTO, "--out", tmp_path, "--fps", "nan"))
    assert not (tmp_path / "a.npz").exists()


@pytest.mark.parametrize(("option", "said"), [
    (("--hair", "bob"), "none, photo, cropped, short, blunt, chin, long, ponytail, bun"),
    (("--fringe", "chin"), "none, photo, short, brows"),
    (("--parting", "none"), "photo, left, middle, right"), (("--waves", ""), "photo, straight, wavy, curly, coily"),
    (("--hairline", "low"), "photo, full, temples, receding, balding")])
def test_hair_that_cannot_be_chosen_is_one_line(tmp_path, capsys, option, said):
    with pytest.raises(SystemExit) as ended:
        main(["animate", "--photo", str(PHOTO), "--audio", "none.wav", "--out", str(tmp_path / "job"), *option])
    line = capsys.readouterr().err
    assert ended.value.code == 2 and line.count("\n") == 1 and option[0] in line and said in line.replace("'", "")
    assert not (tmp_path / "job").exists()


def test_hair_is_worn_as_the_command_says(tmp_path, monkeypatch):
    soundfile.write(tmp_path / "a.wav", np.zeros(8000), 16000)
    monkeypatch.setattr(pipeline, "animate", lambda folder, report: folder)
    animate = ["animate", "--photo", str(PHOTO), "--audio", str(tmp_path / "a.wav"), "--out", str(tmp_path / "job")]
    for options, cut in (((), Haircut()), (("--hair", "short", "--fringe", "BROWS", "--parting", "middle", "--waves", "Coily",
                                            "--hairline", "temples"), Haircut("SHORT", "BROWS", "MIDDLE", "COILY", "TEMPLES"))):
        assert main([*animate, *options]) == 0 and Request.read(tmp_path / "job").cut == cut


@pytest.mark.parametrize("option", [(), ("--few-keys",)])
def test_few_keys_are_asked_for_by_the_command(tmp_path, monkeypatch, option):
    soundfile.write(tmp_path / "a.wav", np.zeros(8000), 16000)
    monkeypatch.setattr(pipeline, "animate", lambda folder, report: folder)
    assert main(["animate", "--photo", str(PHOTO), "--audio", str(tmp_path / "a.wav"), "--out", str(tmp_path / "job"), *option]) == 0
    assert Request.read(tmp_path / "job").few_keys == bool(option)


def test_the_photo_is_never_overwritten(tmp_path):
    photo = tmp_path / "me.png"
    with Image.open(PHOTO) as picture:
        picture.save(photo)
    before = photo.read_bytes()
    assert "would overwrite" in refused(core("head", photo, "--out", tmp_path / "me.npz"))
    assert "ends in .npz" in refused(core("head", photo, "--out", tmp_path / "other.png"))
    photo.rename(tmp_path / "head.png")
    soundfile.write(tmp_path / "a.wav", np.zeros(8000), 16000)
    run = core("animate", "--photo", tmp_path / "head.png", "--audio", tmp_path / "a.wav", "--out", tmp_path)
    assert "would overwrite" in refused(run)
    assert (tmp_path / "head.png").read_bytes() == before


def test_an_output_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("x")
    soundfile.write(tmp_path / "a.wav", np.zeros(8000), 16000)
    assert "cannot write" in refused(core("lipsync", tmp_path / "a.wav", "--out", tmp_path / "file" / "m.npz"))
    run = core("animate", "--photo", PHOTO, "--audio", tmp_path / "a.wav", "--out", tmp_path / "file")
    assert "job folder" in refused(run)


def test_a_video_file_names_what_to_do(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"\0\0\0\x18ftypmp42" + bytes(2000))
    assert "save it as WAV" in refused(core("lipsync", tmp_path / "a.mp4", "--out", tmp_path / "m.npz"))


def test_the_renderer_is_not_loaded_before_it_is_needed():
    asked = "import sys, core.pipeline; print([name for name in sys.modules if name.startswith('core.render')])"
    loaded = subprocess.run([sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert loaded.strip() == "[]"
