"""The engine's folders take from each other in the direction that docs/architecture.md draws; only two start from its commands."""

import ast
from pathlib import Path

import pytest

CORE = Path(__file__).resolve().parents[2] / "core"
TAKES = {
    "pictures": "", "head": "pictures", "face": "head pictures", "photo": "face head pictures", "hair": "photo face head pictures",
    "speech": "head", "emotion": "speech head", "bake": "emotion speech head", "character": "bake emotion speech",
    "render": "bake hair face head pictures speech", "batch": "emotion speech"}
TURNED = {("speech/vertex_lips.py", "emotion")}                 # the least squares of faces fused on the mesh
STARTS = {"pipeline", "worker", "job", "arrays", "__main__"}    # of the frame: what takes from the folders, and what a job holds
STARTING = {"batch", "render"}                                  # folders that start from those
READS = {("bake/face_motion.py", "arrays")}                     # a job's arrays, for Blender's half


def taken_by(path):
    """Return the folders and modules of core that a module imports from, at its top or later, without its own folder."""
    package = ("core", *path.relative_to(CORE).parts[:-1])
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = (*package[:len(package) - node.level + 1], *(node.module or "").split("."))
            found |= {base[1]} if base[1] else {name.name for name in node.names}
    return found - {path.parent.name}


def taken_in(folder):
    """Return which module of a folder takes from what."""
    return {(path.relative_to(CORE).as_posix(), other) for path in (CORE / folder).glob("*.py") for other in taken_by(path)}


def test_every_folder_is_drawn():
    assert set(TAKES) == {path.parent.name for path in CORE.glob("*/*.py")}


@pytest.mark.parametrize("folder", TAKES)
def test_a_folder_takes_from_those_before_it(folder):
    taken = {(path, other) for path, other in taken_in(folder) if (CORE / other).is_dir()}
    assert {(path, other) for path, other in taken if other not in TAKES[folder].split()} - TURNED == set()
    assert set(TAKES[folder].split()) <= {other for _, other in taken}          # no arrow is drawn that nobody needs


@pytest.mark.parametrize("folder", sorted(TAKES.keys() - STARTING))
def test_a_folder_knows_nothing_of_what_starts_it(folder):
    assert {(path, other) for path, other in taken_in(folder) if other in STARTS} - READS == set()


def test_what_is_excepted_is_there():
    assert taken_in("speech") | taken_in("bake") >= TURNED | READS
    assert all((CORE / f"{name}.py").is_file() for name in STARTS)


@pytest.mark.parametrize("folder", TAKES)
def test_opening_a_folder_loads_nothing(folder):
    sentence, = ast.parse((CORE / folder / "__init__.py").read_text(encoding="utf-8")).body
    assert isinstance(sentence, ast.Expr) and isinstance(sentence.value, ast.Constant)
