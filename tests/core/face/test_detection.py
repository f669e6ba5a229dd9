"""The face is found wherever and however it lies in the photo; what cannot be used is refused in one sentence."""

import numpy as np
import pytest
from PIL import Image, ImageFilter

from core.errors import InputError, PackError
from core.face.detection import BLENDSHAPES, LEFT_EYE, RIGHT_EYE, FaceDetector, anchors, distinct, outside_share, shared
from core.pictures.image import read_photo
from core.types import Photo
from tests.core.own_heads import ASTRONAUT, basis, detector, needs_nets, photograph, plain_colours, subject

EYES = np.array([[195.5, 100.5], [256.0, 103.5]])           # outer corners in the photo, pixels, by hand


def astronaut(side=512):
    image = Image.open(ASTRONAUT).convert("RGB")
    return image if side == 512 else image.resize((side, side), Image.Resampling.LANCZOS)


def detect(image):
    return detector().detect(Photo(np.ascontiguousarray(np.asarray(image, np.uint8))))


def eyes(face):
    return face.landmarks[[RIGHT_EYE, LEFT_EYE], :2]


@needs_nets
def test_the_landmarks_lie_on_the_face():
    face = detect(astronaut())
    assert np.abs(eyes(face) - EYES).max() < 2.5                            # pixels
    assert abs(face.yaw) < 6 and face.scores[BLENDSHAPES.index("mouthSmileLeft")] > 0.3
    assert face.scores[BLENDSHAPES.index("eyeBlinkLeft")] < 0.3


@needs_nets
@pytest.mark.parametrize("angle", [30, 90, 180, -60])
def test_a_photo_on_its_side(angle):
    face = detect(astronaut().rotate(angle))                                # about its middle, anticlockwise
    radians = np.radians(-angle)
    turned = (EYES - 256) @ np.array([[np.cos(radians), np.sin(radians)], [-np.sin(radians), np.cos(radians)]]) + 256
    assert np.abs(eyes(face) - turned).max() < 4


@needs_nets
def test_a_small_face_in_a_huge_photo():
    image = Image.new("RGB", (3000, 4000), (90, 90, 90))
    image.paste(astronaut(), (2200, 3000))
    assert np.abs(eyes(detect(image)) - EYES - [2200, 3000]).max() < 3


@needs_nets
@pytest.mark.parametrize(("sides", "chosen"), [((300, 700, 320), 1), ((900, 450), 0)])
def test_of_several_faces_the_largest_is_taken_and_told(sides, chosen):
    image = Image.new("RGB", (sum(sides), max(sides)), (120, 120, 120))
    for index, side in enumerate(sides):
        image.paste(astronaut(side), (sum(sides[:index]), 0))
    face = detect(image)
    scale = sides[chosen] / 512
    assert np.abs(eyes(face) - EYES * scale - [sum(sides[:chosen]), 0]).max() < 4 * scale
    assert f"the photo shows {len(sides)} faces: the largest was taken" in face.warnings


@needs_nets
def test_one_face_is_not_called_several():
    assert not any("faces" in warning for warning in detect(astronaut(1024)).warnings)


@needs_nets
@pytest.mark.parametrize("image", [
    np.full((200, 300, 3), 128, np.uint8), np.random.default_rng(0).integers(0, 255, (300, 300, 3)),
    np.asarray(astronaut())[260:, :300], np.asarray(astronaut())[:250, 320:]], ids=["plain", "noise", "suit", "background"])
def test_no_face(image):
    with pytest.raises(InputError, match="no face was found; photo; choose"):
        detect(image)


@needs_nets
@pytest.mark.parametrize("side", [280, 150])
def test_a_face_under_64_pixels_is_refused(side):
    with pytest.raises(InputError, match="the face is only .. pixels large"):
        detect(astronaut(side))


@needs_nets
def test_a_face_that_is_cut_off_is_refused_and_one_that_is_cut_into_is_told():
    with pytest.raises(InputError, match="cut off"):
        detect(np.asarray(astronaut())[:, :225])
    assert any("cuts into" in warning for warning in detect(np.asarray(astronaut())[:150]).warnings)


@needs_nets
def test_a_turned_face_is_told_and_a_profile_refused():
    def looking(yaw):
        one = subject(deviation=0.0, yaw=yaw)
        return photograph(one, plain_colours(), (0.0, 0.3, 0.95)).pixels

    assert not any("turned" in warning for warning in detect(looking(0)).warnings)
    left, right = detect(looking(40)), detect(looking(-40))
    assert left.yaw == pytest.approx(40, abs=10) and right.yaw == pytest.approx(-40, abs=10)
    assert any("turned by" in warning for warning in left.warnings)
    for yaw in (65, -90):
        with pytest.raises(InputError, match="turned away|no face"):
            detect(looking(yaw))


@needs_nets
def test_greyscale_and_transparent_photos_are_read_and_found(tmp_path):
    astronaut().convert("L").save(tmp_path / "grey.png")
    clear = astronaut().convert("RGBA")
    clear.putalpha(Image.new("L", clear.size, 255))
    clear.save(tmp_path / "clear.png")
    for name in ("grey.png", "clear.png"):
        assert np.abs(eyes(detector().detect(read_photo(tmp_path / name))) - EYES).max() < 3


@needs_nets
def test_softness_is_told():
    assert any("soft" in warning for warning in detect(astronaut(400)).warnings)
    large = astronaut(1536)
    assert not any("soft" in warning for warning in detect(large.filter(ImageFilter.UnsharpMask(4, 200))).warnings)
    assert any("blurred" in warning for warning in detect(large.filter(ImageFilter.GaussianBlur(16))).warnings)


@needs_nets
def test_our_own_heads_are_found_where_they_are():
    one = subject(3)
    face = detector().detect(photograph(one, plain_colours(), (0.2, 0.3, 0.93)))
    centres = [one.camera.project(one.head[basis().part(name).vertices].mean(axis=0))[:2] for name in ("eye_right", "eye_left")]
    assert np.abs(face.landmarks[[468, 473], :2] - centres).max() < 8       # irises before the eyeballs' centres, pixels


def test_overlapping_rectangles_are_one_face():
    first, same, other = (100.0, 100.0, 80.0, 0.0), (105.0, 98.0, 76.0, 0.1), (260.0, 100.0, 80.0, 0.0)
    assert distinct([(0.6, same), (0.9, first), (0.7, other)]) == [first, other]
    assert shared(first, first) == 1 and shared(first, other) == 0


def test_the_detectors_anchors():
    places = anchors()
    assert places.shape == (896, 2) and places.min() == 1 / 32 and np.allclose(places.mean(axis=0), 0.5)


def test_the_share_outside():
    landmarks = np.float32([[-1, 5, 0], [5, 5, 0], [5, 11, 0], [19, 9, 0]])
    assert outside_share(landmarks, np.zeros((10, 20, 3), np.uint8)) == 0.5


def test_damaged_nets_are_refused(tmp_path):
    (tmp_path / "a.task").write_bytes(b"not a zip")
    for name in ("a.task", "none.task"):
        with pytest.raises(PackError, match="face nets"):
            FaceDetector.load(tmp_path / name)
