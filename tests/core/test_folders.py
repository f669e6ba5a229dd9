"""The engine's folders take from each other in the direction that docs/architecture.md draws, so none needs itself by a detour."""

import ast
from pathlib import Path

import pytest

CORE = Path(__file__).resolve().parents[2] / "core"
TAKES = {
    "pictures": "", "head": "pictures", "face": "head pictures", "photo": "face head pictures", "hair": "photo face head pictures",
    "speech": "head", "emotion": "speech head", "bake": "emotion speech head", "character": "bake emotion speech head",
    "render": "bake hair face head pictures speech", "batch": "emotion speech"}
TURNED = {("speech/vertex_lips.py", "emotion")}                 # the least squares of faces fused on the mesh


def taken_by(path):
    """Return the folders of core that a module imports from, at its top or later."""
    package = ("core", *path.relative_to(CORE).parts[:-1])
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = (*package[:len(package) - node.level + 1], *(node.module or "").split("."))
            found |= {base[1]} if base[1] else {name.name for name in node.names}
    return {name for name in found if (CORE / name).is_dir()} - {path.parent.name}


def test_every_folder_is_drawn():
    assert set(TAKES) == {path.parent.name for path in CORE.glob("*/*.py")}


@pytest.mark.parametrize("folder", TAKES)
def test_a_folder_takes_from_those_before_it(folder):
    taken = {(path.relative_to(CORE).as_posix(), other) for path in (CORE / folder).glob("*.py") for other in taken_by(path)}
    assert {(path, other) for path, other in taken if other not in TAKES[folder].split()} - TURNED == set()


@pytest.mark.parametrize("folder", TAKES)
def test_opening_a_folder_loads_nothing(folder):
    sentence, = ast.parse((CORE / folder / "__init__.py").read_text(encoding="utf-8")).body
    assert isinstance(sentence, ast.Expr) and isinstance(sentence.value, ast.Constant)
