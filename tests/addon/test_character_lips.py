"""Lips of an artist's own character that its own shapes press are as far apart as the avatar's."""

import bpy
import numpy as np
import pytest
from ecavatar.core.character.shape_sources import SHAPES
from ecavatar.core.head.model import HeadBasis
from ecavatar.core.pack import DEFAULT, Pack
from ecavatar.ecavatar_addon import character
from ecavatar.ecavatar_addon.head import parts_of

from .own_characters import apply, keys, lips_apart, moments, own_head, places, resting


@pytest.fixture
def root(own):
    return next(candidate for candidate in bpy.context.scene.objects if candidate.ecavatar.role == "avatar")


def test_a_smile_that_presses_the_lips_is_made_up_for(own, root, result, monkeypatch):
    made, basis = own_head(root, {name: name for name in SHAPES}), HeadBasis.load(Pack.open(DEFAULT).path("head"))
    middle = [side[len(side) // 2] for side in (basis.inner_lip_upper, basis.inner_lip_lower)]
    closing = offset(made, "mouthClose")
    for name in ("mouthSmileLeft", "mouthSmileRight"):
        block = keys(made).key_blocks[name]
        block.data.foreach_set("co", (offset(made, name) + 0.1 * closing + resting(made)).ravel())
    _, wide, gaps = moments(result)
    frames = [*np.flatnonzero(gaps < 0.4)[::8].tolist(), wide]
    apply(made)
    wanted, found = zip(*(lips_apart(frame, middle, parts_of(root)["skin"], made) for frame in frames), strict=True)
    np.testing.assert_allclose(found, wanted, rtol=0.15, atol=0.7)                  # millimetres: our correctives are no keys of its
    monkeypatch.setattr(character, "lip_gaps", lambda *_: None)
    apply(made)
    assert min(lips_apart(frame, middle, made)[0] for frame in frames) < -1.5               # as it would be


@pytest.mark.parametrize("share", [0.0, 0.1])
def test_lips_shut_where_mouth_close_does_nothing(root, result, share):
    made, basis = own_head(root, {name: name for name in SHAPES}), HeadBasis.load(Pack.open(DEFAULT).path("head"))
    middle = [side[len(side) // 2] for side in (basis.inner_lip_upper, basis.inner_lip_lower)]
    keys(made).key_blocks["mouthClose"].data.foreach_set("co", (share * offset(made, "mouthClose") + resting(made)).ravel())
    _, wide, gaps = moments(result)
    closing = result.bake["weights"][:, list(map(str, result.bake["names"])).index("mouthClose")]
    frames = [int(np.where(gaps < 0.4, closing, 0).argmax()), wide]                 # a jaw that is open behind shut lips
    assert "shuts no lips, so the jaw does: mouthClose" in apply(made)
    wanted, found = zip(*(lips_apart(frame, middle, parts_of(root)["skin"], made) for frame in frames), strict=True)
    np.testing.assert_allclose(found, wanted, rtol=0.15, atol=1.0)                  # millimetres


def offset(made, name):
    return places(keys(made).key_blocks[name]) - resting(made)
