"""The zip artists get: built, installed in a Blender of its own, and doing the main job there."""

import json
import os
import subprocess
import sys
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest

from building import assets, extension, repository
from building.environment import blender_cli

ROOT = Path(__file__).resolve().parents[2]
SESSION = Path(__file__).with_name("session.py")


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    return extension.build(Path(sys.executable), extension.Target.choose(), folder=tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def story(archive, tmp_path_factory):
    """What a session with the installed extension saw; it runs once."""
    folder = tmp_path_factory.mktemp("session with späces")
    environment = {**os.environ, "BLENDER_USER_RESOURCES": str(folder / "user")}
    environment.pop("PYTHONPATH", None)
    run = subprocess.run([sys.executable, "-I", str(SESSION), str(archive), str(assets.PHOTO), str(assets.SPEECH), str(folder)],
                         cwd=folder, env=environment, capture_output=True, text=True, timeout=400, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    return json.loads((folder / "story.json").read_text()) | {"folder": folder}


def test_the_zip_holds_what_it_needs_and_nothing_else(archive):
    with zipfile.ZipFile(archive) as stored:
        names = set(stored.namelist())
        assert not stored.testzip()
    assert {"__init__.py", "blender_manifest.toml", "LICENSE", "core/worker.py", "ecavatar_addon/__init__.py", "assets/head.npz",
            "assets/third_party/face_landmarker.task",
            "licences/Apache-2.0.txt", "licences/CC0-1.0.txt", "licences/Moonshine-MIT.txt"} <= names
    assert sum(name.startswith("ecavatar_addon/presets/ecavatar/") for name in names) >= 9
    tops = {name.split("/")[0] for name in names}
    assert tops == {"__init__.py", "blender_manifest.toml", "LICENSE", "README.md", "CHANGELOG.md", "core", "ecavatar_addon", "assets",
                    "wheels", "licences"}
    assert not any("numpy" in name or "torch" in name or name.endswith((".wav", ".jpg", ".pyc")) for name in names)
    assert archive.stat().st_size < 120e6                       # the design's budget for one platform


def test_the_same_tree_gives_the_same_zip_and_blender_takes_the_folder_as_a_repository(archive, tmp_path):
    (tmp_path / "ecavatar-0.0.1-old.zip").write_bytes(b"of an earlier release")
    (again,) = repository.build(Path(sys.executable), tmp_path, targets=[extension.Target.choose()])
    assert again.read_bytes() == archive.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == [again.name, "index.json"]
    (entry,) = json.loads((tmp_path / "index.json").read_text())["data"]
    assert entry["archive_url"] == f"./{again.name}" and entry["archive_size"] == archive.stat().st_size
    assert entry["archive_hash"] == f"sha256:{sha256(archive.read_bytes()).hexdigest()}" and entry["platforms"]
    local, index = tmp_path / "local", (tmp_path / "index.json").as_uri()
    local.mkdir()
    command = [sys.executable, str(blender_cli(Path(sys.executable))), "sync", "--local-dir", str(local), "--remote-url", index]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0 and list(local.rglob("index.json")), run.stdout + run.stderr


def test_the_installed_extension_makes_a_talking_head(story):
    assert story["module"] == "bl_ext.user_default.ecavatar"
    assert set(story["roles"]) >= {"avatar", "skin", "teeth_upper", "teeth_lower", "tongue", "eye_left", "eye_right", "jaw"}
    assert story["widest_jaw"] > 0.1 and story["frames"] > 200
    assert not story["foreign"], "packages that the zip should have brought"
    assert all(len(names) >= 3 for names in story["presets"].values()) and len(story["presets"]) == 3, story["presets"]
    assert story["sound"].endswith("beckett.wav") or not story["audio"]       # the module of Blender 4.2 has no sound


def test_a_second_recording_needs_no_new_head(story):
    assert story["head_again"] is False


def test_it_writes_only_into_the_user_folder(story):
    inside = {path.name for path in story["folder"].iterdir()}
    assert inside == {"user", "story.json"}


def test_uninstalled_it_leaves_nothing(story):
    assert story["left"] == []
