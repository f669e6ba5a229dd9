"""A pack's zip is explained, installed whole or not at all, and never writes outside its folder."""

import stat
import zipfile

import pytest

from core.errors import PackError
from core.pack import Pack
from core.pack_archive import LARGEST_PACK, describe, install, installed, remove

from .packs import CONTENT, entries, write_pack


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_pack_is_explained_installed_replaced_and_removed(tmp_path):
    packs, licence = tmp_path / "packs", ("small-1.0/LICENSE", "free")
    archive = write_pack(tmp_path / "pack.zip", around="small-1.0/", further=[licence])
    found = describe(archive)
    assert (found.name, found.version, found.commercial, found.texts) == ("small", "1.0", True, ("LICENSE",))
    assert {file.name: file.size for file in found.files} == {name: len(content) for name, content in CONTENT.items()}
    seen = []
    folder = install(archive, packs, tick=seen.append)
    assert folder == packs / "small" and installed(packs) == (folder,)
    assert Pack.open(folder).path("head").read_bytes() == CONTENT["head"]
    assert seen == sorted(seen) and seen[-1] == pytest.approx(1, abs=0.01) and (folder / "LICENSE").read_text() == "free"
    write_pack(archive, version="2.0")
    install(archive, packs)
    assert '"2.0"' in (folder / "pack.json").read_text() and names(packs) == ["small"] and not (folder / "LICENSE").exists()
    remove(folder)
    assert installed(packs) == () and names(packs) == []


def test_what_may_not_be_sold_is_said(tmp_path):
    sold = entries()["head"] | {"commercial": False}
    assert not describe(write_pack(tmp_path / "pack.zip", files=entries(head=sold))).commercial


def link(name):
    info = zipfile.ZipInfo(name)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


@pytest.mark.parametrize("name", ["../evil.txt", "/etc/evil.txt", "nets/../../evil.txt", "C:\\evil.txt", "nets\\..\\evil.txt",
                                  "./evil.txt", ".hidden.txt", "nets/aux.txt", "evil.txt.", "NETS/HEAD.bin", "nets//evil.txt",
                                  "evil.exe", "evil.py"])
def test_a_member_that_leads_elsewhere_or_is_not_listed_is_refused(tmp_path, name):
    archive = write_pack(tmp_path / "pack.zip", further=[(name, b"x")])
    with pytest.raises(PackError, match="leads out|hidden|not list|one name"):
        install(archive, tmp_path / "packs")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["pack.zip"]


def test_a_link_is_refused(tmp_path):
    archive = write_pack(tmp_path / "pack.zip", further=[(link("nets/out.txt"), "/etc/passwd")])
    with pytest.raises(PackError, match="a link"):
        install(archive, tmp_path / "packs")


@pytest.mark.parametrize("path", ["../x.bin", "/etc/passwd", "nets/none.bin", "pack.json", ""])
def test_pack_json_cannot_name_a_file_that_the_zip_has_not(tmp_path, path):
    with pytest.raises(PackError, match="lacks the file of its head"):
        describe(write_pack(tmp_path / "pack.zip", files=entries(head=entries()["head"] | {"path": path})))


@pytest.mark.parametrize("name", ["", "..", "../up", "con", "a/b", ".x", "x" * 65, "x."])
def test_a_name_that_is_no_folder_is_refused(tmp_path, name):
    with pytest.raises(PackError, match="cannot be that of a folder"):
        describe(write_pack(tmp_path / "pack.zip", name=name))


@pytest.mark.parametrize(("values", "match"), [
    ({"format": 2}, "format 1"), ({"files": {"head": 3}}, "lists no files"), ({"files": {"head": {}}}, "lacks anchors"),
    ({"files": entries(head={"path": "nets/head.bin", "sha256": "0", "source": "?"})}, "which licence")])
def test_an_incomplete_pack_is_told(tmp_path, values, match):
    with pytest.raises(PackError, match=match):
        describe(write_pack(tmp_path / "pack.zip", **values))


def test_a_recogniser_without_what_it_hears_with_is_told(tmp_path):
    ear = entries()["head"]
    with pytest.raises(PackError, match="lacks voice_encoder"):
        describe(write_pack(tmp_path / "pack.zip", files=entries(emotion_network=ear)))
    for whole in (entries(emotion_network=ear, voice_encoder=ear), entries(emotion_network=ear | {"input": "samples"})):
        assert len(describe(write_pack(tmp_path / "pack.zip", files=whole)).files) == len(whole)


def test_a_wrong_sum_leaves_the_pack_that_was_there(tmp_path):
    archive, packs = write_pack(tmp_path / "pack.zip"), tmp_path / "packs"
    folder = install(archive, packs)
    write_pack(archive, version="2.0", files=entries(head=entries()["head"] | {"sha256": "0" * 64}))
    with pytest.raises(PackError, match="damaged"):
        install(archive, packs)
    assert '"1.0"' in (folder / "pack.json").read_text() and names(packs) == ["small"]


def patched(archive, offset, value):
    """Write a 32-bit number into the central directory's entry of the pack's first net."""
    content = bytearray(archive.read_bytes())
    start = content.rindex(b"nets/head.bin") - 46
    assert content[start:start + 4] == b"PK\x01\x02"
    content[start + offset:start + offset + 4] = value.to_bytes(4, "little")
    archive.write_bytes(bytes(content))


@pytest.mark.parametrize("claimed", [10, 0, 1 << 30])
def test_a_size_that_is_a_lie_is_told(tmp_path, claimed):
    archive = write_pack(tmp_path / "pack.zip")
    patched(archive, 24, claimed)
    with pytest.raises(PackError, match="shorter than it claims|no zip"):
        install(archive, tmp_path / "packs")
    assert installed(tmp_path / "packs") == ()


def test_a_bomb_is_refused_by_its_claim(tmp_path):
    archive = write_pack(tmp_path / "pack.zip")
    patched(archive, 24, 0xFFFFFFFE)
    assert LARGEST_PACK > 0xFFFFFFFE                       # one member may; two may not
    with zipfile.ZipFile(archive, "a", zipfile.ZIP_DEFLATED) as further:
        further.writestr("more.txt", b"0" * 1000)
    content = archive.read_bytes()
    archive.write_bytes(content.replace((1000).to_bytes(4, "little"), (0xFFFFFFFE).to_bytes(4, "little")))
    with pytest.raises(PackError, match="unpacks to more"):
        describe(archive)


def test_too_many_files_and_a_huge_index(tmp_path):
    with pytest.raises(PackError, match="more than 500"):
        describe(write_pack(tmp_path / "many.zip", further=[(f"{number}.txt", b"") for number in range(500)]))
    with pytest.raises(PackError, match="larger than 1 MB"):
        describe(write_pack(tmp_path / "index.zip", description="x" * (1 << 20)))


def test_what_is_no_pack_is_told(tmp_path):
    (tmp_path / "text.zip").write_text("not a zip")
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("readme.txt", "hello")
    for name, match in (("text.zip", "no zip"), ("other.zip", "no model pack"), ("none.zip", "no zip")):
        with pytest.raises(PackError, match=match):
            describe(tmp_path / name)


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "packs").write_text("a file")
    with pytest.raises(PackError, match="cannot be installed"):
        install(write_pack(tmp_path / "pack.zip"), tmp_path / "packs")
    with pytest.raises(PackError, match="cannot be removed"):
        remove(tmp_path / "none")
