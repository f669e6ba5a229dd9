"""Teeth, gums and tongue stay inside the mouth: nothing pierces lips or cheeks, in any expression, on any head."""

from functools import lru_cache

import numpy as np
import pytest
from numpy.typing import NDArray

from core.face.fit import fit
from core.head.model import MATERIALS
from core.head.mouth_atlas import faces_of
from core.pictures.image import read_photo
from core.pictures.raster import rasterise
from tests.core.own_heads import ASTRONAUT, TASK, anchors, basis, detector
from training.head.surface import project

Points = NDArray[np.float64]
Triangles = NDArray[np.int32]
Weights = dict[str, float]
HEADS, DEVIATION = 6, 0.8
# millimetres a part may dip into the skin, or a tooth into the tongue: both are soft, half a millimetre is less than an edge of the
# lips' mesh, and a part that comes out of the other side of a lip goes through several millimetres of it
YIELD_MM = {0: 0.5, 1: 1.1}     # on the mean head; on others, whose mouths the shapes were not made for
SEEN = 0.016                    # metres behind the lips, between their corners: beyond, nothing of the lining is seen through a mouth
MOUTH = 0.09                    # metres around the lips: the skin looked at
THROAT = 0.05                   # metres behind the lips: there the rows of teeth and the cheeks beside them have ended
VIEWS = (0, 8, 20)              # degrees from below that one looks into the mouth; from the side one sees the cheek behind the molars
RAYS, AWAY = 0.0005, 0.6        # metres between rays at the lips, and to the eye
ROOT = 0.045                    # metres behind the tongue's tip from which it belongs to the throat
CELL = 0.003                    # metres: squares of the grid that points and triangles are sorted into
ASIDE = np.array([1.3e-6, 0.7e-6])      # metres: rays miss the edges on the symmetry plane


def both(**weights: float) -> Weights:
    """Return weights in which every name stands for its left and its right side."""
    return {name + side: weight for name, weight in weights.items() for side in ("Left", "Right")}


EMOTIONS: dict[str, Weights] = {        # by the action units of Ekman's FACS, as strong as level 3
    "neutral": {},
    "happy": both(mouthSmile=0.9, cheekSquint=0.6, mouthDimple=0.2, mouthUpperUp=0.2),
    "angry": both(browDown=0.9, eyeWide=0.3, mouthPress=0.4, mouthFrown=0.3, noseSneer=0.5)
    | {"jawForward": 0.2, "mouthShrugLower": 0.3},
    "sad": both(mouthFrown=0.8, browDown=0.2, mouthPress=0.1) | {"browInnerUp": 0.9, "mouthShrugLower": 0.5},
    "fear": both(eyeWide=0.8, mouthStretch=0.8, browOuterUp=0.4, mouthLowerDown=0.3) | {"browInnerUp": 0.8, "jawOpen": 0.2},
    "surprise": both(eyeWide=0.8, browOuterUp=0.8) | {"browInnerUp": 0.8, "jawOpen": 0.55, "mouthFunnel": 0.15},
    "disgust": both(noseSneer=0.9, mouthUpperUp=0.6, mouthFrown=0.4, browDown=0.4) | {"mouthShrugUpper": 0.3, "mouthShrugLower": 0.3},
    "contempt": {"mouthSmileLeft": 0.5, "mouthDimpleLeft": 0.8, "mouthPressLeft": 0.4, "mouthLeft": 0.2},
}
SPEECH: dict[str, Weights] = {
    "tongue out": {"jawOpen": 0.5, "tongueOut": 1.0},
    "th": {"jawOpen": 0.2, "tongueTipTeeth": 1.0},
    "t": {"jawOpen": 0.3, "tongueTipUp": 1.0},
    "k": {"jawOpen": 0.3, "tongueBackUp": 1.0},
    "f": both(mouthUpperUp=0.25) | {"mouthRollLower": 1.0, "jawOpen": 0.13},
    "sh": {"mouthFunnel": 1.0, "jawOpen": 0.3},
    "u": {"mouthPucker": 0.75, "mouthFunnel": 0.5, "jawOpen": 0.15},
    "m": {"mouthPressLeft": 0.5, "mouthPressRight": 0.5, "mouthRollUpper": 0.1, "mouthRollLower": 0.12},
    "ee": both(mouthStretch=0.35, mouthSmile=0.3) | {"jawOpen": 0.2},
    "closed over an open jaw": {"jawOpen": 0.4, "mouthClose": 0.4},
    "laugh": both(mouthSmile=1.0) | {"jawOpen": 0.3},
}


def cases() -> dict[str, Weights]:
    """Return each of ARKit's shapes that moves something near the mouth alone, the emotions and the sounds.

    The tongue's other shapes are ours and have no room behind shut teeth: they are among the sounds, with an open jaw.
    """
    arkit = [name for name in basis().expression_names if name == "tongueOut" or not name.startswith("tongue")]
    return {name: {name: 1.0} for name in arkit if not name.startswith(("brow", "eye"))} | EMOTIONS | SPEECH


@lru_cache(1)
def heads() -> list[Points]:
    """Return the mean head (V, 3) and random ones, metres."""
    model = basis()
    identities = [np.random.default_rng(seed).normal(size=len(model.identity_basis)) * DEVIATION for seed in range(HEADS)]
    return [model.vertices.astype(float), *(model.neutral(one.astype(np.float32)).astype(float) for one in identities)]


def posed(weights: Weights) -> Points:
    """Return the offsets (V, 3) of an expression."""
    return basis().expression(tuple(weights), np.array(list(weights.values()), np.float32)).astype(float)


def triangles_of(quads: NDArray[np.int32]) -> Triangles:
    """Return the triangles (2F, 3) of quads (F, 4)."""
    return np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])


def quads_of(part: str, material: str) -> NDArray[np.int32]:
    """Return the quads (F, 4) of a part that are of one material."""
    model = basis()
    return model.quads[faces_of(model, part, material)]


def layers(points: Points, vertices: Points, triangles: Triangles) -> NDArray[np.int64]:
    """Return how many times each point (N, 3) lies inside the surface: signed crossings of the ray from it along +z.

    Points and triangles are sorted into a grid in x and y, and only those of the same square are tested.
    """
    plane = points[:, :2] + ASIDE
    corners = vertices[triangles]
    corners = corners[(corners[:, :, 2].max(axis=1) > points[:, 2].min())
                      & (corners[:, :, :2].max(axis=1) > plane.min(axis=0)).all(axis=1)
                      & (corners[:, :, :2].min(axis=1) < plane.max(axis=0)).all(axis=1)]
    origin = plane.min(axis=0)
    squares = np.ceil((plane.max(axis=0) - origin) / CELL).astype(int) + 1
    place = ((plane - origin) / CELL).astype(int) @ [squares[1], 1]
    order = np.argsort(place, kind="stable")
    first = np.searchsorted(place[order], np.arange(squares[0] * squares[1] + 1))
    low = np.clip((corners[:, :, :2].min(axis=1) - origin) / CELL, 0, squares - 1).astype(int)
    high = np.clip((corners[:, :, :2].max(axis=1) - origin) / CELL, 0, squares - 1).astype(int)
    span = high - low + 1
    owner, within = counted(span.prod(axis=1))
    square = (low[owner] + np.column_stack([within // span[owner, 1], within % span[owner, 1]])) @ [squares[1], 1]
    pair, step = counted(first[square + 1] - first[square])
    point, triangle = order[first[square[pair]] + step], owner[pair]
    (ax, ay, az), (bx, by, bz), (cx, cy, cz) = corners.transpose(1, 2, 0)[:, :, triangle]
    x, y = plane[point].T
    area = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay)
    second = (x - ax) * (cy - ay) - (cx - ax) * (y - ay)
    third = (bx - ax) * (y - ay) - (x - ax) * (by - ay)
    sign = np.sign(area)
    inside = (second * sign >= 0) & (third * sign >= 0) & ((second + third) * sign <= np.abs(area)) & (sign != 0)
    point, area, second, third, az, bz, cz = (values[inside] for values in (point, area, second, third, az, bz, cz))
    ahead = az + (second * (bz - az) + third * (cz - az)) / area > points[point, 2]
    return np.bincount(point[ahead], np.sign(area[ahead]), len(points)).astype(np.int64)


def counted(counts: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return for each of counts.sum() things its owner, and its number within it."""
    owner = np.repeat(np.arange(len(counts)), counts)
    return owner, np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)


def with_middles(vertices: Points, quads: NDArray[np.int32]) -> Points:
    """Return the vertices that quads use and the quads' middles (N, 3)."""
    return np.concatenate([vertices[np.unique(quads)], vertices[quads].mean(axis=1)])


def depth_mm(points: Points, vertices: Points, triangles: Triangles) -> NDArray[np.float64]:
    """Return how deep (N,) points lie inside a surface, millimetres, 0 outside."""
    depth = np.zeros(len(points))
    inside = np.flatnonzero(layers(points, vertices, triangles) > 0)
    if len(inside):
        corners, shares = project(points[inside], vertices, triangles)
        nearest = np.einsum("nk,nkx->nx", shares, vertices[corners])
        depth[inside] = 1e3 * np.linalg.norm(points[inside] - nearest, axis=1)
    return depth


@lru_cache(1)
def surfaces() -> tuple[Triangles, Triangles, dict[str, NDArray[np.int32]]]:
    """Return the skin's triangles around the mouth, the tongue's, and the quads of teeth, gums and the tongue before its root."""
    model = basis()
    middle = model.vertices[model.inner_lip_upper].mean(axis=0)
    skin = model.skin_triangles
    tongue = quads_of("tongue", "tongue")
    depth = model.vertices[tongue][:, :, 2].min(axis=1)
    parts = {f"{material} of {part}": quads_of(part, material)
             for part in ("teeth_upper", "teeth_lower") for material in ("teeth", "gums")}
    near = np.linalg.norm(model.vertices[skin].mean(axis=1) - middle, axis=1) < MOUTH
    front = model.vertices[np.unique(tongue), 2].max()
    return skin[near], triangles_of(tongue), parts | {"tongue": tongue[depth > front - ROOT]}


@pytest.mark.parametrize("name", cases())
def test_no_part_of_the_mouth_pierces_the_skin_or_another(name):
    skin, tongue, parts = surfaces()
    offsets = posed(cases()[name])
    for number, head in enumerate(heads()):
        vertices, allowed = head + offsets, YIELD_MM[min(number, 1)]
        front, wide = head[basis().inner_lip_upper, 2].mean() - SEEN, np.abs(head[basis().lip_corners, 0]).min()
        for part, quads in parts.items():
            points = with_middles(vertices, quads)
            x, _, z = with_middles(head, quads).T
            points = points if number == 0 else points[(z > front) & (np.abs(x) < wide)]
            assert depth_mm(points, vertices, skin).max() < allowed, f"{part} in the skin of head {number}"
            if part.startswith("teeth"):
                assert depth_mm(points, vertices, tongue).max() < allowed, f"{part} in the tongue of head {number}"


def test_the_measure_sees_a_tooth_in_a_lip_and_one_in_the_tongue():
    skin, tongue, parts = surfaces()
    model = basis()
    vertices = model.vertices.astype(float)
    teeth = with_middles(vertices, parts["teeth of teeth_upper"])
    assert depth_mm(teeth + [0, 0, 0.006], vertices, skin).max() > 2           # 6 mm forward: in the lip, 2 mm and more from its faces
    lower = with_middles(vertices, parts["teeth of teeth_lower"])
    assert depth_mm(lower - [0, 0, 0.010], vertices, tongue).max() > 1         # 10 mm back: in the tongue's tip


def shown_mm(weights: Weights) -> float:
    """Return how far the upper incisors' edge lies below the middle of the upper lip's rim, millimetres."""
    model = basis()
    vertices = model.vertices + posed(weights)
    rim = model.inner_lip_upper[np.abs(model.vertices[model.inner_lip_upper, 0]) < 0.006]
    return 1e3 * float(vertices[rim, 1].mean() - vertices[model.upper_incisor_edge, 1].min())


@pytest.mark.parametrize(("weights", "least", "most"), [
    ({"jawOpen": 0.3}, 1, 4), ({"jawOpen": 0.5}, 1, 4), (SPEECH["laugh"], 6, 11)])
def test_speech_shows_the_edge_of_the_upper_incisors_and_laughter_the_whole_crown(weights, least, most):
    assert least < shown_mm(weights) < most             # at rest dentists count 1 to 3 mm, in a wide smile up to all of the crown's 10


def test_f_brings_the_lower_lip_to_the_upper_incisors():
    model = basis()
    vertices = model.vertices + posed(SPEECH["f"])
    edge = vertices[model.upper_incisor_edge].astype(float)
    lip = model.skin_triangles[np.isin(model.skin_triangles, model.lower_lip_top).any(axis=1)]
    corners, weights = project(edge, vertices, lip)
    nearest = np.einsum("nk,nkc->nc", weights, vertices[corners])
    assert 1e3 * np.linalg.norm(nearest - edge, axis=1).min() < 1              # mm, to the lip's surface


def test_the_upper_arch_has_a_roof_and_the_lower_one_a_floor():
    model = basis()
    for part, sign in (("teeth_upper", 1), ("teeth_lower", -1)):
        gums = triangles_of(quads_of(part, "gums"))
        front = model.vertices[model.part(part).vertices, 2].max()
        corners = model.vertices[gums].astype(float)
        normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        for behind in (0.015, 0.025, 0.035):            # metres behind the incisors, on the midline
            across = np.array([[-0.002, 0, front - behind], [0.003, 0, front - behind]])
            for point in across:
                hit = covering(corners, point)
                assert hit.any() and (sign * normals[hit, 1] < 0).all()        # closed there, and it faces the tongue


def covering(corners: Points, point: Points) -> NDArray[np.bool_]:
    """Return which triangles (F, 3, 3) a vertical line through a point (3,) goes through."""
    edge = np.roll(corners, -1, axis=1) - corners
    offset = point - corners
    turn = edge[..., 2] * offset[..., 0] - edge[..., 0] * offset[..., 2]
    return np.asarray((turn > 0).all(axis=1) | (turn < 0).all(axis=1))


@lru_cache(1)
def heads_and_fitted() -> list[Points]:
    """Return `heads`, and that of the example photo where the face nets are there."""
    if not TASK.is_file():
        return heads()
    photo = read_photo(ASTRONAUT)
    size = photo.pixels.shape[1], photo.pixels.shape[0]
    found = fit([detector().detect(photo)], [size], basis=basis(), anchors=anchors())
    return [*heads(), basis().neutral(found.identity).astype(float)]


def throat_of_skin(vertices: Points, below: float) -> tuple[int, int]:
    """Return how many rays from in front, `below` degrees from below, go between the lips as deep as THROAT, and how many of these end
    on skin there, not on the palate, the throat's wall or the tongue."""
    model = basis()
    lips = vertices[np.concatenate([model.inner_lip_upper, model.inner_lip_lower])]
    middle, (cosine, sine) = lips.mean(axis=0), (np.cos(np.radians(below)), np.sin(np.radians(below)))
    turn = np.array([[1, 0, 0], [0, cosine, -sine], [0, sine, cosine]])
    low, high = ((lips - middle) @ turn).min(axis=0), ((lips - middle) @ turn).max(axis=0)
    width, height = np.ceil((high - low)[:2] / RAYS).astype(int)
    seen = (vertices - middle) @ turn
    depth = AWAY - seen[:, 2]
    pixels = (seen[:, :2] * AWAY / depth[:, None] - [low[0], high[1]]) * [1, -1] / RAYS
    kept = model.material != MATERIALS.index("lashes")
    triangles, skin = triangles_of(model.quads[kept]), np.tile(model.material[kept] == MATERIALS.index("skin"), 2)
    first = rasterise(np.column_stack([pixels, depth]), triangles, width=width, height=height)
    deep = (first.triangle >= 0) & (middle[2] - first.interpolate(triangles, vertices)[..., 2] > THROAT)
    return int(deep.sum()), int((deep & skin[first.triangle]).sum())


@pytest.mark.parametrize("opening", [0.3, 0.6, 1.0])
def test_over_the_tongue_one_sees_palate_and_throat_not_the_lining(opening):
    offsets = posed({"jawOpen": opening})
    for number, head in enumerate(heads_and_fitted()):
        for below in VIEWS:
            deep, skin = throat_of_skin(head + offsets, below)
            assert deep > 100, f"the mouth of head {number} is not open"                  # 25 square millimetres
            assert skin < 0.02 * deep, f"{skin} of {deep} rays end on skin, head {number} from {below} degrees below"


@pytest.mark.parametrize("weights", [{}, {"jawOpen": 0.6}, {"jawOpen": 1.0}, SPEECH["k"], SPEECH["tongue out"]])
def test_palate_and_throat_lie_within_the_mouth_of_every_head(weights):
    skin, tongue, parts = surfaces()
    for head in heads_and_fitted():
        points = with_middles(head + posed(weights), parts["gums of teeth_upper"])
        back = with_middles(head, parts["gums of teeth_upper"])[:, 2] < head[basis().inner_lip_upper, 2].mean() - THROAT
        assert depth_mm(points[back], head + posed(weights), skin).max() < YIELD_MM[0]
        assert depth_mm(points[back], head + posed(weights), tongue).max() < YIELD_MM[0]
