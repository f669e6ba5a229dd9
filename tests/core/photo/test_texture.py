"""The albedo holds the photo's skin where it shows skin, and clean skin everywhere else."""

import numpy as np
import pytest

from core.face.detection import LEFT_EYE
from core.face.skin_mask import SIDE as SQUARE
from core.face.skin_mask import blurred, find_skin, grown, inside_polygon, outlined, reachable
from core.head.model import REGIONS
from core.head.nostrils import nostrils
from core.head.scalp import in_ears
from core.head.skin_surface import membrane, mirrored, mouth_bag, skin_edges, surface_distance
from core.head.uv_image import padded
from core.photo.layer import View
from core.photo.lid_lines import LidLines, shade
from core.photo.shading import LUMINANCE, cast, tempered
from core.photo.texture import texture
from core.pictures.raster import vertex_normals
from core.types import Photo
from tests.core.own_heads import SKIN, anchors, at_vertices, basis, face_of, photograph, plain_colours, skin_places, subject

HAIR, CLOTH = (60, 45, 30), (30, 60, 140)


def albedo_of(one, colour, light=None):
    return albedo_from([one], [photograph(one, colour, light)])


def albedo_from(subjects, photos):
    views = [View(photo, face_of(one), one.head, one.camera) for one, photo in zip(subjects, photos, strict=True)]
    return texture(views, subjects[0].neutral, basis=basis(), anchors=anchors(), tick=lambda share: None, side=512).albedo


def face_middle():
    """Cheeks, nose and the forehead's middle: what a photo from the front shows."""
    places, model = skin_places(), basis()
    eyes = model.vertices[model.part("eye_left").vertices].mean(axis=0)
    brows = (np.abs(places[:, 1] - eyes[1] - 0.02) < 0.016) | (nostrils(model) > 0)
    return (model.regions == REGIONS.index("face")) & (places[:, 2] > 0.025) & (np.abs(places[:, 1] - eyes[1]) > 0.017) & ~brows


def painted(where, colour):
    result = plain_colours()
    result[: len(where)][where] = colour
    return result


@pytest.fixture(scope="module")
def plain():
    """The albedo of a smiling person in even light, mouth open."""
    return at_vertices(albedo_of(subject(1, jawOpen=0.35, mouthSmileLeft=0.5, mouthSmileRight=0.5), plain_colours()))


@pytest.fixture(scope="module")
def rimmed():
    """Even skin with the dark rims that all lids get."""
    lines = LidLines.of(basis(), anchors())
    return SKIN * shade(lines.off.T, lines.dark.T)


def test_even_skin_comes_back_as_it_is_everywhere(plain, rimmed):
    outside = mouth_bag(basis(), skin_edges(basis().skin_triangles)) == 0
    other = outside & (basis().regions == REGIONS.index("other"))
    assert np.abs(np.median(plain[face_middle()], axis=0) - SKIN).max() < 6
    assert np.abs((plain - rimmed)[other]).max(axis=1).mean() < 6               # scalp, ears and neck have the face's tone
    assert np.quantile(np.abs((plain - rimmed)[other]).max(axis=1), 0.99) < 30


def test_ears_are_a_little_redder_than_the_skin_around(plain):
    model = basis()
    ears, around = in_ears(model), model.regions == REGIONS.index("other")
    (red, green, _), (red_around, green_around, _) = (np.median(plain[of], axis=0) for of in (ears, around & ~ears))
    assert 1.015 < (red / green) / (red_around / green_around) < 1.12


def test_lips_are_lips_and_teeth_are_not_printed_on_them(plain):
    lips = plain[basis().regions == REGIONS.index("lips")]
    assert (np.abs(lips - [175, 95, 90]).max(axis=1) < 45).mean() > 0.6
    rims = plain[np.unique(np.concatenate([basis().inner_lip_upper, basis().inner_lip_lower]))]
    assert (rims[:, 0] - rims[:, 1]).min() > 25                             # red; teeth and the dark mouth are grey


def test_the_mouths_lining_is_red_and_gives_light_back(plain):
    deep = mouth_bag(basis(), skin_edges(basis().skin_triangles)) > 0.015
    lips = np.median(plain[basis().regions == REGIONS.index("lips")], axis=0)
    lining = np.median(plain[deep], axis=0)
    assert 0.6 < (lining @ LUMINANCE) / (lips @ LUMINANCE) < 0.95           # darker, but what is nearly black leaves a black mouth
    assert lining[0] / lining[1] > lips[0] / lips[1]                        # redder


def test_brows_stay(plain):
    dark = plain_colours()[: len(plain)].sum(axis=1) < 250                  # what was painted as brow
    assert dark.sum() > 6 and plain[dark].sum(axis=1).mean() < 0.75 * SKIN.sum()       # 0.70 on four people; all skin is 1


def test_eyes_are_not_printed_on_the_lids(plain, rimmed):
    model = basis()
    for name in ("eye_left", "eye_right"):
        eye = model.vertices[model.part(name).vertices]
        off = skin_places() - eye.mean(axis=0)
        lids = (np.linalg.norm(off, axis=1) < 0.021) & (off[:, 2] > 0.004)
        assert lids.sum() > 40 and np.quantile(np.abs((plain - rimmed)[lids]).max(axis=1), 0.9) < 40        # white is 100 away


def test_a_fringe_is_left_out_and_the_scalp_clean():
    places = skin_places()
    eyes = basis().vertices[basis().part("eye_left").vertices].mean(axis=0)
    hair = places[:, 1] > eyes[1] + 0.045
    image = at_vertices(albedo_of(subject(2), painted(hair, HAIR)))
    assert np.abs(image[hair] - SKIN).max() < 45                            # HAIR is 145 away
    assert np.abs(image[hair] - SKIN).max(axis=1).mean() < 12
    assert np.abs(np.median(image[face_middle() & ~hair], axis=0) - SKIN).max() < 8


def test_a_collar_is_left_out():
    places = skin_places()
    low = places[:, 1] < places[basis().regions == REGIONS.index("chin"), 1].min() + 0.004
    image = at_vertices(albedo_of(subject(3), painted(low, CLOTH)))
    assert np.abs(image[low] - SKIN).max(axis=1).mean() < 12 and np.abs(image[low] - SKIN).max() < 60       # CLOTH: 175


def test_the_hidden_half_is_taken_from_the_other_one():
    marked = painted((np.abs(np.abs(skin_places()[:, 0]) - 0.042) < 0.008) & (np.abs(skin_places()[:, 1] + 0.01) < 0.010)
                     & (skin_places()[:, 2] > 0.0), (190, 110, 100))
    image = at_vertices(albedo_of(subject(deviation=0.0, yaw=38), marked))
    cheeks = np.flatnonzero((marked[: len(image)] == [190, 110, 100]).all(axis=1))
    left, right = (image[cheeks[sign * skin_places()[cheeks, 0] > 0]] for sign in (1, -1))
    for side in (left, right):
        assert len(side) > 3 and np.median(side[:, 1]) < SKIN[1] - 12       # both cheeks are red


def test_side_light_is_taken_out():
    one = subject(4)
    lit = at_vertices(albedo_of(one, plain_colours(), (0.7, 0.2, 0.68)))
    sides = [face_middle() & (sign * skin_places()[:, 0] > 0.02) for sign in (1, -1)]
    left, right = (np.median(lit[side].sum(axis=1)) for side in sides)
    normals = vertex_normals(one.head, basis().skin_triangles)
    seen = [(0.5 + 0.6 * np.clip(normals[: len(lit)][side] @ np.array([0.7, 0.2, 0.68]), 0, 1)).mean() for side in sides]
    assert seen[0] / seen[1] > 1.3                                          # the photo's sides differ a lot
    assert abs(left / right - 1) < 0.35 * (seen[0] / seen[1] - 1)           # the albedo's, little


def test_highlights_have_the_skins_hue():
    """A lamp from above, and a film whose red ends at 185: in the photo what it lights best is greyer than the rest."""
    one = subject(4)
    lit = np.minimum(photograph(one, plain_colours(), (0.0, 0.6, 0.8)).pixels, [185, 255, 255]).astype(np.uint8)
    found = at_vertices(albedo_from([one], [Photo(lit)]))
    places = one.camera.project(one.head)[: len(found), :2].astype(int)
    seen = lit[places[:, 1], places[:, 0]].astype(np.float32)
    skin = np.flatnonzero(face_middle() & (np.abs(plain_colours()[: len(found)] - SKIN).max(axis=1) < 8))
    order = skin[np.argsort(seen[skin] @ LUMINANCE)]
    dark, bright = order[len(order) // 4:len(order) // 2], order[-len(order) // 5:]
    lost = [np.median(np.log(colour[dark, 0] / colour[dark, 1])) - np.median(np.log(colour[bright, 0] / colour[bright, 1]))
            for colour in (seen, found)]
    assert lost[0] > 0.08 and abs(lost[1]) < 0.4 * lost[0]


def test_a_grey_photo_gives_a_grey_head():
    grey = np.repeat(plain_colours().mean(axis=1, keepdims=True), 3, axis=1).astype(np.float32)
    image = albedo_of(subject(5), grey)
    outside = mouth_bag(basis(), skin_edges(basis().skin_triangles)) == 0
    assert np.ptp(at_vertices(image)[outside & (basis().regions == REGIONS.index("other"))], axis=1).max() < 25


def test_gaps_are_filled_smoothly():
    covered = np.zeros((64, 64), bool)
    covered[5:20, 5:20] = covered[40:60, 30:61] = True
    image = np.zeros((64, 64, 3), np.float32)
    image[5:20, 5:20], image[40:60, 30:61] = (200, 100, 50), (100, 180, 50)
    result = padded(image, covered).astype(int)
    assert (result[covered] == image[covered]).all()
    steps = np.abs(np.diff(result, axis=0)).max(axis=2)[~covered[1:] & ~covered[:-1]]
    assert steps.max() <= 14 and result[..., 2].min() >= 49                 # no blocks, no black


def test_a_membrane_is_the_least_squares_solution():
    edges = np.array([[i, i + 1] for i in range(9)] + [[0, 5], [2, 8]], np.int32)
    random = np.random.default_rng(0)
    values, rest, trust = random.normal(size=(10, 2)), random.normal(size=(10, 2)), random.random(10) * (random.random(10) > 0.5)
    laplace = np.zeros((10, 10))
    for first, second in edges:
        laplace[[first, second], [first, second]] += 1
        laplace[[first, second], [second, first]] -= 1
    wanted = np.linalg.solve(laplace + np.diag(trust + 0.05), trust[:, None] * values + 0.05 * rest)
    found = membrane(values.astype(np.float32), trust.astype(np.float32), rest.astype(np.float32), 0.05, edges)
    assert np.allclose(found, wanted, atol=2e-3)


def test_the_mouths_inside_and_the_mirror_image():
    model, places = basis(), skin_places()
    depth = mouth_bag(model, skin_edges(model.skin_triangles))
    assert 200 < (depth > 0).sum() < 800 and depth.max() > 0.02
    assert not (depth[model.regions == REGIONS.index("lips")] > 0).any() and places[depth > 0.01, 2].max() < 0.053
    other = mirrored(model)
    assert np.abs(places[other] * [-1, 1, 1] - places).max() < 0.0005 and (other[other] == np.arange(len(places))).all()


def test_distances_run_along_edges():
    points = np.float32([[0, 0, 0], [1, 0, 0], [1, 2, 0], [0, 2, 0], [9, 9, 9]])
    found = surface_distance(points, np.array([[0, 1], [1, 2], [2, 3]], np.int32), np.array([0], np.int32))
    assert found[:4].tolist() == [0, 1, 3, 4] and np.isinf(found[4])


def test_mask_areas():
    square = np.float32([[100, 100], [200, 100], [200, 200], [100, 200]])
    assert inside_polygon(square).sum() == 100 * 100
    line = np.column_stack([100 + 50 * np.cos(np.arange(20) * np.pi / 10), np.full(20, 100.5)]).astype(np.float32)     # a closed mouth
    assert not inside_polygon(line).any() and 90 < outlined(line).sum() < 110
    dot = np.zeros((SQUARE, SQUARE), bool)
    dot[50, 60] = True
    assert grown(dot, 3)[50, 57:64].all() and not grown(dot, 3)[50, 64] and not grown(dot, 3)[53, 63]
    step = (np.arange(64) >= 32).astype(np.float32)[None].repeat(8, axis=0)
    soft = blurred(step, 4.0)
    assert soft[0, 31:33].mean() == pytest.approx(0.5, abs=0.01) and (np.diff(soft, axis=1) >= -1e-6).all()
    assert soft[0, 36] == pytest.approx(0.84, abs=0.06)                     # a Gaussian's one deviation


def test_what_lies_behind_something_else_is_not_reached():
    likeness = np.ones((SQUARE, SQUARE), np.float32)
    likeness[100:120] = 0                                                   # a fringe above the middle
    likeness[300:306, 500:506] = 0                                          # a mole
    found = reachable(likeness, np.float32([320, 320]))
    assert found[300, 320] > 0.9 and found[60, 320] < 0.1 and found[303, 560] > 0.6


def test_skin_is_found_in_the_photo_and_nothing_else():
    one = subject(6)
    face = face_of(one)
    skin = find_skin(photograph(one, plain_colours()), face, one.camera.focal / 0.72)
    cheek, beyond = face.landmarks[[50, 280], :2], face.landmarks[[50, 280], :2] + [[-150, 0], [150, 0]]
    assert skin.at(cheek)[0].min() > 0.95 and skin.at(beyond.astype(np.float32))[0].max() == 0
    assert skin.at(face.landmarks[[468, 473], :2])[0].max() < 0.05          # irises
    assert np.abs(skin.at(cheek)[2] - SKIN).max() < 3
    assert skin.at(face.landmarks[[LEFT_EYE], :2])[0][0] < 0.5
    assert np.abs(skin.lips - [175, 95, 90]).max() < 25


def test_frames_of_glasses_are_cut_out():
    one = subject(6)
    face, photo, scale = face_of(one), photograph(one, plain_colours()), one.camera.focal / 0.72
    width = round(0.0015 * scale)
    left, right = (int(face.landmarks[corner, 0]) for corner in (226, 446))
    rows = [int(face.landmarks[mark, 1]) for mark in (6, 118)]            # across the bridge, and the lower rims
    pixels = photo.pixels.copy()
    for row in rows:
        pixels[row - width // 2:row - width // 2 + width, left:right] = pixels[row, left:right] * 0.6
    marks = np.float32([[face.landmarks[mark, 0], row] for mark, row in zip((6, 118), rows, strict=True)])
    before, after = (find_skin(Photo(shown), face, scale).at(marks)[0] for shown in (photo.pixels, pixels))
    assert before.min() > 0.95 and after.max() < 0.2


def test_dark_glasses_are_cut_out_and_dark_skin_is_not():
    one = subject(6)
    face, photo, scale = face_of(one), photograph(one, plain_colours()), one.camera.focal / 0.72
    lids = (face.landmarks[[159, 386], :2] - [0, 0.006 * scale]).astype(np.float32)
    pixels = photo.pixels.copy()
    for centre in face.landmarks[[468, 473], :2].astype(int):
        across, down = round(0.026 * scale), round(0.018 * scale)
        pixels[centre[1] - down:centre[1] + down, centre[0] - across:centre[0] + across] = 15
    assert find_skin(Photo(pixels), face, scale).at(lids)[0].max() < 0.1
    cheek = face.landmarks[[50, 280], :2]
    assert find_skin(Photo((photo.pixels * 0.3).astype(np.uint8)), face, scale).at(cheek)[0].min() > 0.95


def test_coloured_light_is_taken_out():
    """A red lamp: the skin's tone comes back towards people's, its brightness stays."""
    one = subject(1)
    red = np.array([1.12, 0.72, 0.85])
    colours = (plain_colours() * red).clip(0, 255).astype(np.uint8)
    found = np.median(at_vertices(albedo_of(one, colours))[face_middle()], axis=0)
    seen, true = SKIN * red, np.array(SKIN)
    assert hue_distance(found, true) < 0.6 * hue_distance(seen, true)
    assert abs(found @ LUMINANCE - seen @ LUMINANCE) < 6


def hue_distance(first, second):
    one, other = np.log(first), np.log(second)
    return np.abs(np.diff(one) - np.diff(other)).max()


def test_strong_stray_colour_is_tempered_and_a_flush_stays():
    tone = np.tile([220.0, 180.0, 155.0], (2, 1))
    orange, flush = tempered(np.array([[210.0, 140.0, 80.0], [222.0, 172.0, 150.0]]), tone)
    assert hue_distance(orange, tone[0]) < 0.2 < hue_distance(np.array([210.0, 140.0, 80.0]), tone[0])
    assert np.abs(flush - [222, 172, 150]).max() < 3


def test_a_sallow_tone_is_the_lights():
    """No one's skin is this green, nor this pale and grey (CIELAB hue angles of 72 and 80 degrees)."""
    for tone in ((211, 173, 133), (220, 198, 168)):
        red, green, blue = np.log(np.float32(tone) / cast(np.float32(tone)))
        assert red - green > 0.16 and (green - blue) - (red - green) < 0.045 < np.log(tone[1] ** 2 / tone[0] / tone[2])


@pytest.mark.parametrize("tone", [(128, 128, 128), (226, 182, 160), (110, 74, 56), (202, 146, 116)])
def test_peoples_tones_and_grey_are_left_as_they_are(tone):
    assert np.allclose(cast(np.array(tone, np.float32)), 1, atol=0.02)
