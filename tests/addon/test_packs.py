"""Model packs in Blender: explained, installed, chosen, removed, downloaded on a button; a pack without an ear says so."""

import hashlib
import http.server
import json
import shutil
import threading
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import bpy
import pytest
from ecavatar.core.pack import DEFAULT
from ecavatar.core.pack_archive import describe
from ecavatar.ecavatar_addon import operators, pack_downloads, pack_operators, packs
from ecavatar.ecavatar_addon.panels import DEAF, ECAVATAR_PT_generate
from ecavatar.ecavatar_addon.preferences import ECAVATAR_preferences

from ..core.packs import entries, write_pack
from .conftest import PHOTO, SPEECH
from .layout import Layout


@pytest.fixture
def archive(tmp_path):
    sold = entries()["head"] | {"commercial": False, "licence": "CC-BY-NC-4.0"}
    return write_pack(tmp_path / "pack.zip", files=entries(head=sold))


def drawn(cls=ECAVATAR_PT_generate, **fields):
    found = []
    described = SimpleNamespace(properties={name: SimpleNamespace(name=name) for name in fields})
    cls.draw(SimpleNamespace(layout=Layout(found), bl_rna=described, **fields), bpy.context)
    return found


def preferences(catalogue):
    return drawn(ECAVATAR_preferences, catalogue=catalogue, folder="", threads=0)


def online(allowed):
    bpy.context.preferences.system.use_online_access = allowed
    if bpy.app.online_access != allowed:
        pytest.skip("this Blender was started offline")


def test_a_pack_is_installed_chosen_and_removed(addon, archive):
    settings = bpy.context.scene.ecavatar
    assert not any("Model Pack" in text for text in drawn())
    assert bpy.ops.ecavatar.install_pack(filepath=str(archive)) == {"FINISHED"}
    assert [folder.name for folder in packs.found()] == ["small"] and "Model Pack: Open" in drawn()
    assert bpy.ops.ecavatar.choose_pack(pack="small") == {"FINISHED"}
    assert packs.chosen(settings) == str(packs.folder() / "small") and "Model Pack: small" in drawn()
    text = preferences(catalogue="")
    assert text[:2] == ["folder", "threads"]
    assert "Head: CC-BY-NC-4.0, not for work that is sold" in text and text.count("ecavatar.remove_pack") == 1
    assert any(line.startswith("Open ") and "comes with the extension" in line for line in text) and "ecavatar.open_pack" in text
    assert bpy.ops.ecavatar.remove_pack(pack="small") == {"FINISHED"} and packs.found() == ()
    settings.photo, settings.audio = str(PHOTO), str(SPEECH)
    assert "'small' is not installed" in operators.disabled_reason(bpy.context)
    assert bpy.ops.ecavatar.choose_pack(pack="DEFAULT") == {"FINISHED"} and operators.disabled_reason(bpy.context) == ""


def test_the_chosen_pack_is_the_requests(addon, archive, monkeypatch):
    bpy.ops.ecavatar.install_pack(filepath=str(archive))
    settings, asked = bpy.context.scene.ecavatar, []
    settings.photo, settings.audio, settings.emotion, settings.pack = str(PHOTO), str(SPEECH), "happy", "small"
    monkeypatch.setattr(operators.jobs, "submit", lambda _folder, request: asked.append(request))
    operators.start(bpy.context.scene)
    assert asked[0].pack == str(packs.folder() / "small")


@pytest.mark.parametrize("name", ["..", "../small", "/etc", "none"])
def test_a_scene_cannot_name_a_folder_elsewhere(addon, archive, name):
    bpy.ops.ecavatar.install_pack(filepath=str(archive))
    bpy.context.scene.ecavatar.pack = name
    with pytest.raises(packs.PackError, match="not installed"):
        packs.chosen(bpy.context.scene.ecavatar)
    assert packs.hears(bpy.context.scene.ecavatar)                  # drawing goes on


def test_a_bad_zip_is_one_sentence(addon, tmp_path):
    (tmp_path / "bad.zip").write_text("no zip")
    for name in ("bad.zip", "none.zip"):
        with pytest.raises(RuntimeError, match=f"no zip.*{name}"):
            bpy.ops.ecavatar.install_pack(filepath=str(tmp_path / name))
    with pytest.raises(RuntimeError, match="no such pack"):
        bpy.ops.ecavatar.remove_pack(pack="../jobs")
    assert packs.found() == ()


def test_it_is_explained_before(addon, archive):
    text = pack_operators.explanation(pack_operators.explained(archive))
    assert text[0].startswith("small 1.0, ") and "A small pack." in text
    assert any("NOT be used for work that is sold" in line for line in text)
    assert text[3] == "    head: CC-BY-NC-4.0 (not for work that is sold); made for a test"
    assert "sold" in pack_operators.explanation(describe(archive))[2]


@pytest.mark.parametrize("lacking", ["emotion_network", "voice_encoder"])
def test_a_pack_without_an_ear_says_so_in_the_panel(addon, tmp_path, monkeypatch, lacking):
    assert packs.hears(bpy.context.scene.ecavatar) == ("emotion_network" in json.loads((DEFAULT / "pack.json").read_text())["files"])
    values = json.loads((DEFAULT / "pack.json").read_text())
    values["files"].pop(lacking, None)
    (tmp_path / "pack.json").write_text(json.dumps(values))
    monkeypatch.setattr(packs, "DEFAULT", tmp_path)
    assert DEAF.split(":", maxsplit=1)[0][1:] in " ".join(drawn())
    bpy.context.scene.ecavatar.emotion = "sad"
    assert DEAF.split(":", maxsplit=1)[0][1:] not in " ".join(drawn())


@pytest.fixture
def catalogue(addon, archive, tmp_path):
    """A catalogue, and the server of this machine that it names."""
    served = tmp_path / "served"
    served.mkdir()
    shutil.copy(archive, served / "pack.zip")
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(served))
    handler.func.log_message = lambda *_: None
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    path = tmp_path / "catalogue.json"
    content = archive.read_bytes()
    path.write_text(json.dumps({"format": 1, "packs": [{
        "name": "small", "version": "1.0", "description": "A small pack.", "bytes": len(content), "licence": "CC0-1.0",
        "source": "made for a test", "sha256": hashlib.sha256(content).hexdigest(),
        "url": f"http://127.0.0.1:{server.server_port}/pack.zip"}]}))
    yield path
    pack_downloads.stop()
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_download_needs_the_users_leave(catalogue):
    bpy.context.preferences.system.use_online_access = False
    assert not bpy.ops.ecavatar.download_pack.poll()
    with pytest.raises(packs.ECAvatarError, match="may not use the network"):
        pack_downloads.start(pack_operators.offered(str(catalogue), "small"))


def test_a_pack_is_downloaded_verified_and_installed(catalogue):
    online(True)
    try:
        assert "Download" not in " ".join(preferences(catalogue=""))
        text = preferences(catalogue=str(catalogue))
        assert "ecavatar.download_pack" in text and any("small 1.0" in line and "CC0-1.0" in line for line in text)
        lines = pack_operators.offer_lines(pack_operators.offered(str(catalogue), "small"))
        assert "127.0.0.1" in lines[0] and "MB" in lines[0] and lines[2:4] == ["Licence: CC0-1.0", "Source: made for a test"]
        assert bpy.ops.ecavatar.download_pack(catalogue=str(catalogue), pack="small") == {"FINISHED"}
        assert [folder.name for folder in packs.found()] == ["small"] and pack_downloads.current.fraction == 1.0
        assert list((packs.folder() / ".downloads").iterdir()) == [] and pack_operators.watch() is None
        with pytest.raises(RuntimeError, match="offers no pack 'other'"):
            bpy.ops.ecavatar.download_pack(catalogue=str(catalogue), pack="other")
    finally:
        bpy.context.preferences.system.use_online_access = False


def test_what_is_not_what_was_promised_is_not_installed(catalogue):
    online(True)
    try:
        values = json.loads(catalogue.read_text())
        values["packs"][0]["sha256"] = "0" * 64
        catalogue.write_text(json.dumps(values))
        with pytest.raises(RuntimeError, match="sha256 differs"):
            bpy.ops.ecavatar.download_pack(catalogue=str(catalogue), pack="small")
        assert packs.found() == () and any("sha256 differs" in line for line in preferences(catalogue=str(catalogue)))
        pack_downloads.current.state = "running"
        assert "ecavatar.cancel_download" not in preferences(catalogue=str(Path(catalogue).with_name("none.json")))
        assert bpy.ops.ecavatar.cancel_download() == {"FINISHED"} and pack_downloads.current.stopping.is_set()
    finally:
        bpy.context.preferences.system.use_online_access = False
