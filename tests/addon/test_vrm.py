"""A VRM figure whose keys have names of their own: what the VRM add-on keeps of its expressions says what they show."""

import bpy
import pytest
from ecavatar.core.character.shape_sources import VISEMES
from ecavatar.core.errors import InputError
from ecavatar.ecavatar_addon import character, vrm

from .own_characters import lips


class StandInMesh(bpy.types.PropertyGroup):
    """What an expression moves, as the add-on keeps it."""

    mesh_object_name: bpy.props.StringProperty()


class StandInBind(bpy.types.PropertyGroup):
    """One key of an expression: VRM 1.0 calls its mesh `node`, 0.x `mesh`."""

    node: bpy.props.PointerProperty(type=StandInMesh)
    mesh: bpy.props.PointerProperty(type=StandInMesh)
    index: bpy.props.StringProperty()
    weight: bpy.props.FloatProperty(default=1.0)


class StandInExpression(bpy.types.PropertyGroup):
    """An expression of either version."""

    preset_name: bpy.props.StringProperty()
    morph_target_binds: bpy.props.CollectionProperty(type=StandInBind)
    binds: bpy.props.CollectionProperty(type=StandInBind)


class StandInExtension(bpy.types.PropertyGroup):
    """The add-on's properties, without the groups between: `vrm0`, `vrm1` and so on lead here themselves."""

    aa: bpy.props.PointerProperty(type=StandInExpression)
    oh: bpy.props.PointerProperty(type=StandInExpression)
    blink_left: bpy.props.PointerProperty(type=StandInExpression)
    happy: bpy.props.PointerProperty(type=StandInExpression)
    blend_shape_groups: bpy.props.CollectionProperty(type=StandInExpression)
    vrm0 = vrm1 = expressions = preset = blend_shape_master = property(lambda self: self)


CLASSES = (StandInMesh, StandInBind, StandInExpression, StandInExtension)


@pytest.fixture
def figure(addon):
    """A face on an armature that has the VRM add-on's properties."""
    for one in CLASSES:
        bpy.utils.register_class(one)
    setattr(bpy.types.Armature, vrm.KEPT, bpy.props.PointerProperty(type=StandInExtension))
    made = lips({f"Morph_{place}": VISEMES[f"viseme_{sound}"] for place, sound in enumerate(("aa", "oh", "E", "ou"))})
    made.parent = bpy.data.objects.new("figure", bpy.data.armatures.new("figure"))
    yield made
    delattr(bpy.types.Armature, vrm.KEPT)
    for one in reversed(CLASSES):
        bpy.utils.unregister_class(one)


def bind(binds, kind, key, *, mesh="lips", weight=1.0):
    made = binds.add()
    getattr(made, kind).mesh_object_name, made.index, made.weight = mesh, key, weight


def shown(target):
    return {row.name: row.source for row in target.ecavatar.character.keys if row.source and row.enabled}


def test_expressions_of_both_versions_name_keys(figure):
    with pytest.raises(InputError, match="known name"):
        character.read(figure)
    kept = getattr(figure.parent.data, vrm.KEPT)
    bind(kept.aa.morph_target_binds, "node", "Morph_0")
    bind(kept.oh.morph_target_binds, "node", "Morph_1", weight=0.5)
    bind(kept.blink_left.morph_target_binds, "node", "Morph_3", mesh="other")
    for key in ("Morph_2", "Morph_3"):                                                      # of two keys: it is neither
        bind(kept.happy.morph_target_binds, "node", key)
    character.read(figure)
    assert shown(figure) == {"Morph_0": "viseme_aa", "Morph_1": "viseme_oh"} and figure.ecavatar.character.convention == "VRM"
    assert [row.strength for row in figure.ecavatar.character.keys[:2]] == [1.0, 0.5]
    group = kept.blend_shape_groups.add()
    group.preset_name = "u"
    bind(group.binds, "mesh", "Morph_3")
    character.read(figure)
    assert shown(figure) == {"Morph_0": "viseme_aa", "Morph_1": "viseme_oh", "Morph_3": "viseme_ou"}


def test_a_keys_own_name_counts_more(figure):
    figure.data.shape_keys.key_blocks["Morph_0"].name = "jawOpen"
    bind(getattr(figure.parent.data, vrm.KEPT).oh.morph_target_binds, "node", "jawOpen")
    character.read(figure)
    assert shown(figure) == {"jawOpen": "jawOpen"}
