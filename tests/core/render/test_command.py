"""The command that renders: pictures, films and what it refuses, on a coarse head."""

import sys

import numpy as np
import pytest
from PIL import Image

from core.__main__ import main
from core.errors import InputError, JobError
from core.files import write_json
from core.render import command, frame
from core.render.frame import Settings, developed
from tests.core.render_stand_in import FPS, FRAMES, TONE

SMALL = Settings(size=64, rays=1, hair=False)


def test_the_command_writes_a_picture(job, tmp_path, capsys):
    out = tmp_path / "face.png"
    assert main(["render", str(job), "--frame", "1", "--size", "64", "--bald", "--light", "rim", "--out", str(out)]) == 0
    with Image.open(out) as picture:
        assert picture.size == (64, 64) and np.asarray(picture).std() > 5
    assert capsys.readouterr().out.strip() == str(out)


@pytest.mark.parametrize(("arguments", "said"), [
    (("--frame", "0", "--out", "face.jpg"), "written as .png"), (("--out", "face.png"), "written, as .mp4"),
    (("--frame", "0", "--out", "face.png", "--size", "63"), "an even number"),
    (("--frame", "0", "--out", "face.png", "--light", "moon"), "invalid choice")])
def test_the_command_refuses_in_one_line(job, tmp_path, capsys, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    try:
        code = main(["render", str(job), *arguments])
    except SystemExit as ended:                             # argparse's own
        code = ended.code
    error = capsys.readouterr().err
    assert code == 2 and said in error and error.count("\n") == 1 and not list(tmp_path.iterdir())


def test_a_job_that_is_not_finished(tmp_path, capsys):
    assert main(["render", str(tmp_path), "--frame", "0", "--out", str(tmp_path / "face.png")]) == 2
    assert "no finished result" in capsys.readouterr().err


def test_the_jobs_own_texture_is_not_overwritten(job, capsys):
    before = (job / "head.png").read_bytes()
    assert main(["render", str(job), "--frame", "0", "--out", str(job / "head.png")]) == 2
    assert "overwrite" in capsys.readouterr().err and (job / "head.png").read_bytes() == before


def test_the_photo_is_not_overwritten(tmp_path, capsys):
    photo = tmp_path / "me.png"
    Image.new("RGB", (8, 8), TONE).save(photo)
    before = photo.read_bytes()
    write_json(tmp_path / "manifest.json", {"photo": str(photo)})
    assert main(["render", str(tmp_path), "--frame", "0", "--out", str(photo)]) == 2
    assert "overwrite" in capsys.readouterr().err and photo.read_bytes() == before


def test_a_film_goes_on_where_it_was_ended(job, portrait, tmp_path, monkeypatch):
    import av
    out, calls, real = tmp_path / "film.mp4", [], frame.render

    def counted(portrait, number, settings):
        calls.append(number)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(portrait, number, settings)
    monkeypatch.setattr(command, "render", counted)
    monkeypatch.setattr(command, "prepared", lambda result, hair: portrait)     # the test of the command prepares one
    with pytest.raises(KeyboardInterrupt):
        command.film(job, out, SMALL, lambda fraction: None)
    assert not out.exists()
    told = []
    command.film(job, out, SMALL, told.append)
    assert calls == [0, 1, 2, 2, 3] and told[-1] == 1.0 and not list(job.glob("render-*"))
    with av.open(str(out)) as film:
        picture, sound = film.streams.video[0], film.streams.audio[0]
        assert (picture.codec_context.name, sound.codec_context.name) == ("h264", "aac")
        assert (picture.width, picture.height, picture.average_rate) == (64, 64, FPS)
        shown = [np.asarray(image.to_image()) for image in film.decode(picture)]
    assert len(shown) == FRAMES
    wanted = developed(real(portrait, 0, SMALL))
    assert np.abs(shown[0].astype(int) - wanted).mean() < 4         # of 255: colours survive the way through Rec. 709
    with av.open(str(out)) as film:
        heard = np.concatenate([block.to_ndarray()[0] for block in film.decode(film.streams.audio[0])])
    assert 0.1 < np.sqrt((heard[2048:6000]**2).mean()) < 0.3        # a tone of 0.3


def test_a_damaged_frame_is_told(job, tmp_path):
    path = tmp_path / "000000.png"
    for content in (b"", b"\x89PNG nothing"):
        path.write_bytes(content)
        with pytest.raises(JobError, match="damaged"):
            list(command.pictures([path], 64))
    Image.new("RGB", (32, 32)).save(path)
    with pytest.raises(JobError, match="damaged"):
        list(command.pictures([path], 64))


def test_without_pyav_one_sentence_says_what_to_do(job, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(InputError, match="pip install embreex av"):
        command.film(job, tmp_path / "film.mp4", SMALL, lambda fraction: None)
