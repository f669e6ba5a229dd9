"""A preset comes back as it was saved; anything else is refused in one sentence."""

import json

import pytest

from core.character.mapping import CharacterMap, MappedKey
from core.errors import InputError

ROW = {"key": "jaw", "source": "jawOpen", "strength": 1.0, "enabled": True}


def stored(tmp_path, **changes):
    path = tmp_path / "preset.json"
    path.write_text(json.dumps({"format": 1, "strengths": {"mouth": 1.5}, "keys": [ROW]} | changes))
    return path


def test_a_preset_comes_back_as_it_was(tmp_path):
    mapping = CharacterMap((MappedKey('odd "name"\\ö', "viseme_PP", 0.5, False), MappedKey("other", "")), {"jaw": 0.25})
    mapping.write(tmp_path / "mine.json")
    assert CharacterMap.read(tmp_path / "mine.json") == mapping


@pytest.mark.parametrize("changes", [
    {"format": 2}, {"keys": "jaw"}, {"keys": [ROW] * 2}, {"keys": [ROW | {"source": "jawopen"}]}, {"keys": [ROW | {"strength": 3}]},
    {"keys": [ROW | {"strength": True}]}, {"keys": [ROW | {"enabled": 1}]}, {"keys": [ROW | {"key": "x" * 64}]},
    {"keys": [{"key": "x"}]}, {"keys": [ROW | {"more": 1}]}, {"keys": [["jaw", "jawOpen"]]}, {"keys": [ROW | {"key": 7}]},
    {"keys": [ROW | {"source": [1]}]}, {"keys": [ROW | {"key": "\ud800"}]}, {"keys": [ROW | {"key": "a\0"}]},
    {"strengths": {"ears": 1}}, {"strengths": {"jaw": -1}}, {"strengths": []},
    {"keys": [ROW | {"key": f"k{number}"} for number in range(2001)]}])
def test_anything_else_is_refused(tmp_path, changes):
    assert CharacterMap.read(stored(tmp_path)).rows == (MappedKey("jaw", "jawOpen"),)
    with pytest.raises(InputError):
        CharacterMap.read(stored(tmp_path, **changes))


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 100_000, '{"format": 1, "keys": [' + " " * (1 << 20) + "]}"])
def test_a_damaged_or_huge_file_is_refused(tmp_path, text):
    path = tmp_path / "preset.json"
    path.write_text(text)
    with pytest.raises(InputError):
        CharacterMap.read(path)
    with pytest.raises(InputError, match="no such preset"):
        CharacterMap.read(tmp_path / "none.json")
