"""Lids lie on the eyeballs and never in them: open, shut and on the way, on any head."""

from functools import lru_cache

import numpy as np
import pytest

from core.face.camera import UPRIGHT, turn
from core.face.fit import RESTING, fit, landmarks68
from core.head.lids import MOST_SEATED, RIMS, SHAPES, Eyeball, Lids, halfway, halfway_name
from core.pictures.image import read_photo
from core.pictures.raster import rasterise
from tests.core.own_heads import ASTRONAUT, TASK, anchors, basis, detector

RANDOM = 4                      # heads
GRAIN = 2e-4                    # metres between two lines of sight
VIEWS = (-50, 0, 50)            # degrees to the person's left from which one looks at the eye
IRIS = 0.0058                   # metres, half the iris of an adult
POKE = 5e-5                     # metres an eyeball may come through a lid: nothing that is seen
BESIDE = ("eyeSquint", "eyeWide", "cheekSquint", "eyeLookDown", "eyeLookUp", "eyeLookOut", "eyeLookIn")
SUNK = 1e-4                     # metres a point of a lid may lie in the round eyeball: the eyeball's own flat faces lie as deep
WITHIN = np.array([(i, j, 4 - i - j) for i in range(5) for j in range(5 - i)]) / 4      # points of a triangle by its corners
needs_photo = pytest.mark.skipif(not TASK.is_file(), reason="the face nets are missing: run `python3 build.py assets`")
HEADS = [*range(RANDOM), "mean", "group", "narrow", pytest.param("photo", marks=needs_photo)]


@lru_cache(1)
def lids():
    return Lids(basis())


@lru_cache
def person(who):
    """Return identity (B,) and rest (K,): the mean head's, a random one's, a group's, one's with narrow eyes, or a photo's."""
    model = basis()
    rest = np.zeros(len(model.expression_names), np.float32)
    if who == "photo":
        photo = read_photo(ASTRONAUT)
        found = fit([detector().detect(photo)], [(photo.pixels.shape[1], photo.pixels.shape[0])], basis=model, anchors=anchors())
        return found.identity, found.rest
    if who == "narrow":
        rest[model.indices(("eyeSquintLeft", "eyeSquintRight"))] = RESTING["eyeSquint"][1]
    if who in ("mean", "narrow"):
        return np.zeros(len(model.identity_basis), np.float32), rest
    if who == "group":
        return model.group_identity[5], rest
    return np.random.default_rng(who).normal(size=len(model.identity_basis)).astype(np.float32), rest


@lru_cache
def neutral(who):
    """Return the head (V, 3)."""
    identity, rest = person(who)
    head = basis().neutral(identity) + basis().expression(basis().expression_names, rest)
    return lids().seated(head, landmarks68(head, anchors()))


@lru_cache
def fitted(who):
    return Lids(basis().at_rest(person(who)[1])).fit(neutral(who))


def posed(who, **weights):
    """Return the head (V, 3) with these shapes on both sides."""
    both = {shape + side: weight for shape, weight in weights.items() for side in ("Left", "Right")}
    return neutral(who) + fitted(who).expression(tuple(both), np.array(list(both.values()), np.float32)) if both else neutral(who)


def outer_lids(side):
    triangles = basis().skin_triangles
    return triangles[(lids().sides[side][triangles] > 0).all(axis=1)]


def through(head, side, degrees=0.0):
    """Return how far the eyeball comes through the lids, seen from so many degrees to the person's left: at most, metres."""
    part = basis().part(f"eye_{side.lower()}")
    quads = basis().quads[part.faces]
    view = (head - head[part.vertices].mean(axis=0)) @ turn(np.radians([0.0, degrees, 0.0]))
    pixels = view @ UPRIGHT / GRAIN + [80, 80, 0]
    lid = rasterise(pixels, outer_lids(side)[:, ::-1], width=160, height=160, facing=True)
    ball = rasterise(pixels, np.concatenate([quads[:, :3], quads[:, [0, 2, 3]]]), width=160, height=160)
    both = (lid.triangle >= 0) & (ball.triangle >= 0)
    assert both.sum() > 150
    return GRAIN * float((lid.depth[both] - ball.depth[both]).max())


@pytest.mark.parametrize("who", HEADS)
def test_the_iris_meets_the_lower_lid(who):
    head = neutral(who)
    marks = landmarks68(head, anchors())
    for side, (upper, lower) in RIMS.items():
        low, high = marks[list(lower), 1].mean(), marks[list(upper), 1].mean()
        middle = lids().eye(side, head).middle[1]
        assert middle - IRIS < low + 0.0005 and high - 0.004 < middle + IRIS            # no white below it, and not hidden


@pytest.mark.parametrize("who", HEADS)
@pytest.mark.parametrize("blink", [0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0])
def test_no_eyeball_comes_through_the_lids_of_a_blink(who, blink):
    head = posed(who, eyeBlink=blink)
    assert max(through(head, side, degrees) for side in ("Left", "Right") for degrees in VIEWS) < POKE


@pytest.mark.parametrize("who", HEADS)
@pytest.mark.parametrize("shape", BESIDE)
def test_nor_in_a_blink_together_with_another_shape(who, shape):
    for blink in (0.0, 0.25, 0.5, 0.75, 1.0):
        for weight in (0.5, 1.0):
            head = posed(who, eyeBlink=blink, **{shape: weight})
            for side, ball in lids().balls.items():
                eye = lids().eye(side, neutral(who)).turned(head[ball])
                points = np.einsum("pc,fcx->fpx", WITHIN, head[outer_lids(side)].astype(float)).reshape(-1, 3)
                assert eye.height(points).min() > -SUNK, (blink, weight)


@pytest.mark.parametrize("who", HEADS)
def test_the_lids_vertices_stay_out_of_the_eyeball(who):
    for blink in np.linspace(0, 1, 9):
        head = posed(who, eyeBlink=blink)
        for side in ("Left", "Right"):
            eye = Eyeball.measure(head[lids().balls[side]])
            assert eye.height(head[np.unique(outer_lids(side))]).min() > 0


def test_the_way_leaves_both_ends_as_they_are():
    model = basis()
    index = model.corrective_names.index(halfway_name("Left"))
    assert model.corrective_pairs[index].tolist() == model.indices(("eyeBlinkLeft",)) * 2
    weights = model.corrective_weights(("eyeBlinkLeft",), np.float32([[0], [0.25], [0.5], [1], [1.3], [-0.2]]))[:, index]
    np.testing.assert_allclose(weights, [0, 0.1875, 0.25, 0, 0, 0], atol=1e-6)


def test_the_mean_heads_shapes_are_nearly_kept():
    model = basis()
    places = model.indices(tuple(f"{shape}{side}" for shape in SHAPES[:6] for side in ("Left", "Right")))
    change = np.linalg.norm(fitted("mean").expressions[places] - model.expressions[places], axis=2)
    skin, lashes = (change[:, part] for part in (lids().skin, lids().lashes))
    lids_moved, lashes_moved = ((part > 4e-4).sum(axis=1).max() for part in (skin, lashes))
    assert lids_moved < len(np.unique(outer_lids("Left"))) / 15         # they were made for an eyeball that lies 1.3 mm higher, and
    assert lashes_moved < lashes.shape[1] / 2 / 6                       # lids and lashes need to give way in a few places only, by
    assert change.max() < 1e-3                                          # less than it was moved, metres


@pytest.mark.parametrize("who", HEADS)
def test_clearing_lids_leaves_the_side_of_the_nose_where_it_is(who):
    head = basis().neutral(person(who)[0])
    moved = np.linalg.norm(lids().clear(head) - head, axis=1)[lids().skin]
    assert moved.any()
    beside = np.abs(head[lids().skin, 0]) < min(abs(lids().eye(side, head).middle[0]) for side in lids().balls) / 2
    assert moved[beside].max() < 1e-6


def test_no_landmark_moves_an_eyeball_out_of_its_socket():
    head = basis().vertices
    marks = landmarks68(head, anchors())
    for wrong in (0.02, -0.02):
        seated = lids().seated(head, marks + np.float32([0, wrong, 0]))
        for ball in lids().balls.values():
            moved = np.float32([0, np.copysign(MOST_SEATED, wrong), 0])
            np.testing.assert_allclose((seated - head)[ball] - moved, 0, atol=1e-6)


def test_a_point_that_goes_around_an_eyeball_keeps_its_height():
    angles = np.linspace(0, np.pi, 60)
    eye = Eyeball(np.zeros(3), np.array([0.0, 0.0, 1.0]), angles, np.full(60, 0.012))
    start, end = ([[0.0, 0.013 * np.sin(angle), 0.013 * np.cos(angle)]] for angle in (0.5, -0.3))
    shut = np.array(end) - start
    bulge = halfway(np.array(start), shut, eye)
    for weight in np.linspace(0, 1, 21):
        height = eye.height(np.array(start) + weight * shut + weight * (1 - weight) * bulge)
        assert 0.00099 < height[0] < 0.0011                     # metres; the straight way would sink by 1 mm
