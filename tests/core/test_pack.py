"""A pack is verified file by file before anything is used."""

import json

import pytest

from core.errors import PackError
from core.files import digest
from core.pack import Pack


@pytest.fixture
def pack(tmp_path):
    """A pack of one file."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.bin").write_bytes(b"abc")
    write(tmp_path, path="sub/a.bin", sha256=digest(tmp_path / "sub" / "a.bin"))
    return tmp_path


def write(folder, *, version=1, **entry):
    (folder / "pack.json").write_text(json.dumps({"format": version, "name": "made up", "files": {"thing": entry}}))


def test_a_whole_pack_opens(pack):
    opened = Pack.open(pack)
    assert opened.name == "made up" and opened.path("thing").read_bytes() == b"abc"
    assert opened.digests("thing") == [digest(pack / "sub" / "a.bin")]
    with pytest.raises(PackError, match="no 'other'"):
        opened.path("other")


def test_a_changed_file_is_told_with_both_values(pack):
    (pack / "sub" / "a.bin").write_bytes(b"abd")
    with pytest.raises(PackError, match="damaged .*expected ba7816bf8f01"):
        Pack.open(pack)


def test_a_missing_file_and_a_missing_pack(pack, tmp_path):
    (pack / "sub" / "a.bin").unlink()
    with pytest.raises(PackError, match="missing"):
        Pack.open(pack)
    with pytest.raises(PackError, match="no model pack"):
        Pack.open(tmp_path / "elsewhere")


@pytest.mark.parametrize("path", ["/etc/passwd", "../secret", "sub/../../x", "", "sub\\..\\x"])
def test_no_file_outside_the_folder(pack, path):
    write(pack, path=path, sha256="0")
    with pytest.raises(PackError, match="outside"):
        Pack.open(pack)


def test_another_format(pack):
    write(pack, version=2, path="sub/a.bin", sha256="0")
    with pytest.raises(PackError, match="format 2"):
        Pack.open(pack)


def test_the_missing_third_party_file_says_what_to_run(pack):
    write(pack, path="third_party/net.tflite", sha256="0")
    with pytest.raises(PackError, match=r"build\.py assets"):
        Pack.open(pack)
