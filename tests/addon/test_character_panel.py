"""The list of an artist's own character: presets, what is wrong with a row, and what the panel shows."""

import json
from types import SimpleNamespace

import bpy
import pytest
from ecavatar.ecavatar_addon import character
from ecavatar.ecavatar_addon.panels_character import ECAVATAR_PT_character, ECAVATAR_UL_keys

from .layout import Layout
from .own_characters import select


def test_a_preset_is_saved_loaded_and_checked(own, tmp_path):
    select(own)
    bpy.ops.ecavatar.find_shape_keys()
    settings = own.ecavatar.character
    settings.jaw, settings.keys[0].strength = 0.5, 1.5
    assert bpy.ops.ecavatar.save_mapping(name="my / names") == {"FINISHED"}
    before = character.mapping_of(own)
    settings.jaw, settings.keys[0].strength, settings.keys[0].source = 1.0, 1.0, ""
    assert bpy.ops.ecavatar.load_mapping(name="my _ names") == {"FINISHED"}
    assert character.mapping_of(own) == before
    with pytest.raises(RuntimeError, match="there is no preset"):
        bpy.ops.ecavatar.load_mapping(name="other")
    path = tmp_path / "user" / "characters" / "my _ names.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"strengths": {"jaw": 50}}))
    with pytest.raises(RuntimeError, match="a strength is 50"):
        bpy.ops.ecavatar.load_mapping(name="my _ names")
    assert character.mapping_of(own) == before


def test_an_unknown_source_is_told(own):
    select(own)
    bpy.ops.ecavatar.find_shape_keys()
    own.ecavatar.character.keys[0].source = "jawopen"
    with pytest.raises(RuntimeError, match="there is no source 'jawopen'"):
        bpy.ops.ecavatar.apply_to_selected()
    assert own.data.shape_keys.animation_data is None


def test_the_panel_shows_the_list_and_what_is_missing(own):
    def drawn():
        found = []
        ECAVATAR_PT_character.draw(SimpleNamespace(layout=Layout(found)), bpy.context)
        for row in own.ecavatar.character.keys:
            ECAVATAR_UL_keys.draw_item(None, bpy.context, Layout(found), own.ecavatar.character, row, 0, None, "active")
        return " ".join(found)

    assert ECAVATAR_PT_character.poll(bpy.context)
    assert drawn() == "Avatar Job Folder ecavatar.find_shape_keys ecavatar.apply_to_selected"
    avatar = own.ecavatar.character.avatar = next(part for part in bpy.context.scene.objects if part.ecavatar.role == "avatar")
    assert "Job Folder" not in drawn()
    where, = avatar.users_collection
    where.objects.unlink(avatar)                                # as deleting it does, while it is chosen
    assert "Job Folder" in drawn()
    where.objects.link(avatar)
    bpy.ops.ecavatar.find_shape_keys()
    text = drawn()
    for part in ("Names: MakeHuman", "ECAVATAR_UL_keys", "ecavatar.save_mapping", "Jaw", "mouth-open",
                 "No key shows", "browOuterUp, ", "cheekPuff"):
        assert part in text
    own.ecavatar.character.keys[0].source = "nothing"
    assert "There is no source 'nothing'" in drawn()
    select(next(part for part in bpy.context.scene.objects if part.ecavatar.role == "skin"))
    assert not ECAVATAR_PT_character.poll(bpy.context)
