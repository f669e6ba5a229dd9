"""What a store refuses is found before it does."""

import ast
import json
from pathlib import Path

import pytest

from building import extension, store_rules
from building.errors import BuildError

ROOT = Path(__file__).resolve().parents[2]


ALL = ("__init__.py", "core/*.py", "core/*/*.py", "ecavatar_addon/*.py")
ONLINE = ("__init__.py", "core/pack_catalogue.py", "ecavatar_addon/pack_*.py")      # what the network needs: parsed faster


def text_members(patterns):
    """Return a zip's text files as the repository has them, and a pack of one file."""
    found = {file.relative_to(ROOT).as_posix(): file.read_bytes() for pattern in patterns for file in ROOT.glob(pattern)}
    pack = {"files": {"head": {"path": "head.npz", "licence": "CC0-1.0"}}}
    return found | {"blender_manifest.toml": extension.complete_manifest(extension.Target.choose("linux-x64", "3.11"), []).encode(),
                    "assets/pack.json": json.dumps(pack).encode(), "assets/head.npz": b"x"}


@pytest.fixture
def members():
    return text_members(ONLINE)


def test_ours_obeys():
    store_rules.check(text_members(ALL))


@pytest.mark.parametrize(("name", "content", "match"), [
    ("wheels/numpy-2.0-cp311-cp311-win_amd64.whl", "", "comes with Blender"), ("core/.hidden.py", "", "hidden"),
    ("core/a.pyc", "", "compiled"), ("assets/stray.bin", "", "not both listed"),
    ("ecavatar_addon/a.py", "import sys\nsys.path.append('x')", "line 2: it uses sys.path"),
    ("ecavatar_addon/a.py", "eval('1')", "calls eval"), ("__init__.py", "run('x', shell=True)", "a shell"),
    ("assets/pack.json", '{"files": {"head": {"path": "head.npz", "commercial": false}}}', "may not be sold")])
def test_what_breaks_a_rule_is_named(members, name, content, match):
    with pytest.raises(BuildError, match=match):
        store_rules.check(members | {name: content.encode()})


@pytest.mark.parametrize(("old", "new", "match"), [
    ('tagline = "Talking', 'tagline = "A very long line that goes on and on about Talking', "tagline is longer"),
    ('recording"', 'recording."', "ends in punctuation"), ('network = ', 'clipboard = ', "does not declare"),
    ('"Rigging"', '"Talking"', "unknown tags"), ("SPDX:GPL-3.0-or-later", "SPDX:MIT", "under a GPL"),
    ('name = "ECAvatar"', 'name = "ECAvatar for Blender"', "the word Blender")])
def test_a_manifest_that_breaks_a_rule_is_named(members, old, new, match):
    text = members["blender_manifest.toml"].decode()
    assert old in text
    with pytest.raises(BuildError, match=match):
        store_rules.check(members | {"blender_manifest.toml": text.replace(old, new).encode()})


def test_a_network_that_nobody_asks_leave_for(members):
    quiet = {name: content.replace(b"bpy.app.online_access", b"True") for name, content in members.items()}
    with pytest.raises(BuildError, match="nothing asks for"):
        store_rules.check(quiet)


def test_nothing_that_runs_at_an_artist_s_reads_pickles_or_starts_a_shell():
    """Not the engine either, which a store does not look at: every source of the zip, call by call."""
    unsafe = {"pickle", "cPickle", "marshal", "shelve", "dill", "joblib", "pty"}
    calls = 0
    for path in (path for pattern in extension.SOURCES if pattern.endswith(".py") for path in ROOT.glob(pattern)):
        text = path.read_text(encoding="utf-8")
        assert not unsafe & store_rules.imported(text), path
        for node in ast.walk(ast.parse(text)):
            if not isinstance(node, ast.Call):
                continue
            calls += 1
            given = {word.arg: ast.unparse(word.value) for word in node.keywords}
            name = ast.unparse(node.func)
            assert given.get("shell", "False") == "False" and given.get("allow_pickle", "False") == "False", path
            assert name != "np.load" or "allow_pickle" in given, path
            assert name not in ("eval", "exec", "os.system", "os.popen", "torch.load"), path
    assert calls > 5000
