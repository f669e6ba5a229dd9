"""The table of a batch is read whole, or refused in one sentence; a row's cells become its request."""

import pytest

from core.batch.table import read_table
from core.errors import InputError
from core.hair.haircut import Haircut

HEAD = "name,photo,audio\n"


def table(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "jobs.csv"
    path.write_bytes(text.encode(encoding))
    return path


def only(tmp_path, columns, cells):
    """Return the one row of a table with these further columns."""
    return read_table(table(tmp_path, f"name,photo,audio,{columns}\nann,a.jpg,a.wav,{cells}\n"))[0]


def test_a_row_becomes_a_request(tmp_path):
    row = only(tmp_path, "emotion,fps,fusion,take,controls,same_voice,hair,fringe,parting,waves,hairline,note",
               'sad:1.5,23.976,harmonic,7,"{""jaw_strength"": 1.2}",b.wav|c.wav,short,BROWS,Middle,coily,Receding,Act 1')
    request = row.request()
    assert (request.photo, request.audio) == (str(tmp_path / "a.jpg"), str(tmp_path / "a.wav"))
    assert (request.emotion, request.fps, request.emotions.fusion, request.take) == ("sad:1.5", 23.976, "harmonic", 7)
    assert request.controls.jaw_strength == 1.2
    assert request.same_voice == (str(tmp_path / "b.wav"), str(tmp_path / "c.wav"))
    assert request.cut == Haircut("SHORT", "BROWS", "MIDDLE", "COILY", "RECEDING")


def test_what_is_left_out_is_as_usual(tmp_path):
    request = read_table(table(tmp_path, HEAD + "ann,a.jpg|b.jpg,/abs/a.wav\n"))[0].request()
    assert request.more_photos == (str(tmp_path / "b.jpg"),) and request.audio == "/abs/a.wav"
    assert (request.emotion, request.fps, request.pack, request.take) == ("auto", 24.0, "", 0) and request.cut == Haircut()


@pytest.mark.parametrize(("separator", "encoding"), [(",", "utf-8-sig"), (";", "utf-8"), ("\t", "utf-8")])
def test_tables_as_spreadsheets_write_them(tmp_path, separator, encoding):
    text = separator.join(("name", "photo", "audio")) + "\r\n" + separator.join(("Jörg 1", '"a, b.jpg"', "a.wav")) + "\r\n"
    row = read_table(table(tmp_path, text, encoding))[0]
    assert row.name == "Jörg 1" and row.paths("photo") == [tmp_path / "a, b.jpg"]


def test_empty_cells_that_spreadsheets_leave_are_passed_over(tmp_path):
    text = "name, photo, audio,,\r\nann,a.jpg,a.wav,,\r\n,,,,\r\n"
    rows = read_table(table(tmp_path, text))
    assert [row.name for row in rows] == ["ann"] and not rows[0].surplus


def test_options_from_a_file(tmp_path):
    (tmp_path / "c.json").write_text('{"lip_strength": 0.5}')
    (tmp_path / "e.json").write_text('{"windows": [{"start": 0, "end": 1, "category": "happy", "level": 2}]}')
    request = only(tmp_path, "controls,emotions", "c.json,e.json").request()
    assert request.controls.lip_strength == 0.5 and request.emotions.windows[0].category == "happy"


@pytest.mark.parametrize(("text", "said"), [
    ("", "lacks the column name, photo, audio"), ("name,photo\na,b\n", "lacks the column audio"), (HEAD, "no rows"),
    ("name,photo,audio,colour\na,b,c,d\n", "unknown column 'colour'"), ("name,photo,audio,fps,fps\na,b,c,1,2\n", "twice"),
    (HEAD + ",a.jpg,a.wav\n", "line 2; give each row a name"), (HEAD + "a,b,c\nb,b,c\nA,b,c\n", "line 2 already"),
    (HEAD + "../a,b,c\n", "cannot be a folder's"), (HEAD + "a/b,b,c\n", "cannot be a folder's"), (HEAD + "..,b,c\n", "cannot be"),
    (HEAD + ".batch,b,c\n", "cannot be"), (HEAD + "C:x,b,c\n", "cannot be"), (HEAD + "nul.txt,b,c\n", "cannot be"),
    (HEAD + "summary.csv,b,c\n", "cannot be"), (HEAD + "a" * 101 + ",b,c\n", "cannot be"), (HEAD + 'a,"b"c,d\n', "no CSV"),
    (HEAD + '"a,b,c\n', "no CSV")])
def test_a_bad_table_is_one_sentence(tmp_path, text, said):
    with pytest.raises(InputError) as error:
        read_table(table(tmp_path, text))
    assert said in str(error.value) and "\n" not in str(error.value)


def test_a_table_that_is_none(tmp_path):
    with pytest.raises(InputError, match="UTF-8"):
        read_table(table(tmp_path, HEAD + "Jörg,a,b\n", "latin-1"))
    with pytest.raises(InputError, match="cannot be read"):
        read_table(tmp_path / "none.csv")
    with pytest.raises(InputError, match="cannot be read"):
        read_table(tmp_path)


@pytest.mark.parametrize(("columns", "cells", "said"), [
    ("fps", "fast", "fps is 'fast'"), ("fps", "0", "frame rate"), ("take", "-1", "take is '-1'"), ("take", "9" * 30, "take is"),
    ("fusion", "mix", "fusion of emotion"), ("emotion", "glad:2", "no emotion 'glad'"), ("emotion", "sad:9", "level is 9"),
    ("controls", "none.json", "none.json"), ("controls", '"{""jaw"": 1}"', "no lip control jaw"), ("controls", '"{"', "no JSON"),
    ("hair", "Bob", "no hair 'Bob'; line 2; choose of none, photo, cropped, short, blunt, chin, long, ponytail, bun"),
    ("fringe", "chin", "no fringe 'chin'"),
    ("parting", "none", "no parting 'none'"), ("waves", "none", "no waves 'none'"), ("hairline", "low", "no hairline 'low'"),
    ("format", "fbx", "no format 'fbx'"), ("note", "x,y", "more cells"), ("same_voice", "|".join("v" * 51), "more of the voice")])
def test_a_bad_cell_is_its_row_s_own_trouble(tmp_path, columns, cells, said):
    row = only(tmp_path, columns, cells)
    with pytest.raises(InputError) as error:
        row.request()
    assert said in str(error.value)


@pytest.mark.parametrize("cells", ["ann,,a.wav", "ann,a.jpg,", "ann,a|b|c|d|e|f,a.wav", "ann,a.jpg,a.wav|b.wav", "ann"])
def test_a_row_needs_photos_and_a_recording(tmp_path, cells):
    with pytest.raises(InputError, match="give 1 to 5"):
        read_table(table(tmp_path, HEAD + cells + "\n"))[0].request()
