"""CSV and JSON say what the motion is, in the columns that Live Link Face has."""

import csv
import json

import numpy as np
import pytest

from core.bake.face_motion import SIDES, FaceMotion, gaze
from core.character.live_link import ARKIT, timecode, write
from core.errors import InputError, JobError
from core.head.model import HeadBasis
from core.pack import Pack


@pytest.fixture
def motion():
    random = np.random.default_rng(0)
    names = ("jawOpen", "eyeBlinkLeft", "tongueTipUp")
    turns = (random.normal(size=(30, 3)).astype(np.float32) for _ in range(3))
    return FaceMotion(names, random.uniform(0, 1, (30, 3)).astype(np.float32), 25.0, *turns)


def read_csv(path):
    with path.open(newline="") as file:
        return list(csv.reader(file))


def test_the_shapes_are_arkits_and_the_heads():
    assert len(ARKIT) == len(set(ARKIT)) == 52
    assert set(ARKIT) <= set(HeadBasis.load(Pack.open().path("head")).expression_names)


def test_csv(motion, tmp_path):
    write(tmp_path / "face.csv", motion)
    header, *rows = read_csv(tmp_path / "face.csv")
    assert header[:9] == ["Timecode", "BlendShapeCount", "EyeBlinkLeft", "EyeLookDownLeft", "EyeLookInLeft", "EyeLookOutLeft",
                          "EyeLookUpLeft", "EyeSquintLeft", "EyeWideLeft"]
    assert header[16:20] == ["JawForward", "JawRight", "JawLeft", "JawOpen"] and header[53] == "TongueOut"
    assert header[54:] == ["HeadYaw", "HeadPitch", "HeadRoll", "LeftEyeYaw", "LeftEyePitch", "LeftEyeRoll", "RightEyeYaw",
                           "RightEyePitch", "RightEyeRoll"]
    assert [row[0] for row in rows[23:27]] == ["00:00:00:23.000", "00:00:00:24.000", "00:00:01:00.000", "00:00:01:01.000"]
    values = np.array([row[2:] for row in rows], float)
    assert {row[1] for row in rows} == {"61"} and values.shape == (30, 61)
    np.testing.assert_allclose(values[:, ARKIT.index("jawOpen")], motion.weights[:, 0], atol=1e-6)
    turns = np.hstack([motion.head, motion.eye_left, motion.eye_right]) * np.tile([-1, 1, -1], 3)
    np.testing.assert_allclose(values[:, 52:], turns, atol=1e-6)
    assert np.count_nonzero(values[:, :52].any(axis=0)) == 2                # the head has no others, and the tongue's is not ARKit's


def test_the_columns_are_all_of_the_apps_in_its_order():
    """The order as importers of the app's recordings state it."""
    eye = ("Blink", "LookDown", "LookIn", "LookOut", "LookUp", "Squint", "Wide")
    middle = ("RollLower", "RollUpper", "ShrugLower", "ShrugUpper")
    expected = [f"eye{name}{side}" for side in SIDES for name in eye]
    expected += ["jawForward", "jawRight", "jawLeft", "jawOpen"]
    expected += [f"mouth{name}" for name in ("Close", "Funnel", "Pucker", "Right", "Left")]
    expected += [f"mouth{name}{side}" for name in ("Smile", "Frown", "Dimple", "Stretch") for side in SIDES]
    expected += [f"mouth{name}" for name in middle]
    expected += [f"{name}{side}" for name in ("mouthPress", "mouthLowerDown", "mouthUpperUp", "browDown") for side in SIDES]
    expected += ["browInnerUp", "browOuterUpLeft", "browOuterUpRight", "cheekPuff", "cheekSquintLeft", "cheekSquintRight"]
    expected += ["noseSneerLeft", "noseSneerRight", "tongueOut"]
    assert list(ARKIT) == expected


def test_eyes_turn_as_in_a_frame_of_the_app(tmp_path):
    """A recorded one, of a face that looks down and with its left eye in: down and to the face's right are positive, radians."""
    names = tuple(f"eyeLook{way}{side}" for side in SIDES for way in ("Down", "In", "Out", "Up"))
    weights = np.array([[0.496, 0.117, 0, 0, 0.498, 0, 0, 0]], np.float32)
    write(tmp_path / "face.csv", FaceMotion(names, weights, 60.0, np.zeros((1, 3), np.float32),
                                            *(gaze(names, weights, side) for side in SIDES)))
    header, row = read_csv(tmp_path / "face.csv")
    left, right = ([float(row[header.index(f"{side}Eye{angle}")]) for angle in ("Yaw", "Pitch")] for side in SIDES)
    assert left[0] > 0.03 and right[0] == 0                                 # the app: 0.068; our eyes turn as far as our head's do
    assert 0.15 < left[1] < 0.35 and left[1] == pytest.approx(right[1], abs=0.002)          # the app: 0.304


def test_json(motion, tmp_path):
    write(tmp_path / "face.JSON", motion)
    values = json.loads((tmp_path / "face.JSON").read_text())
    assert values["format"] == 1 and values["fps"] == 25 and values["names"] == list(motion.names)
    np.testing.assert_allclose(values["weights"], motion.weights, atol=1e-6)
    for name in ("head", "eye_left", "eye_right"):
        np.testing.assert_allclose(values["turns"][name], getattr(motion, name), atol=1e-6)


@pytest.mark.parametrize(("frame", "fps", "said"), [
    (0, 24, "00:00:00:00.000"), (86399, 24, "00:59:59:23.000"), (30, 29.97, "00:00:01:00.000"), (172800, 24, "02:00:00:00.000")])
def test_timecode(frame, fps, said):
    assert timecode(frame, fps) == said


def test_what_cannot_be_written_is_told(motion, tmp_path):
    for name in ("face.txt", "face"):
        with pytest.raises(InputError, match=r"\.csv or \.json"):
            write(tmp_path / name, motion)
    (tmp_path / "file").write_text("x")
    with pytest.raises(JobError, match="cannot write"):
        write(tmp_path / "file" / "face.csv", motion)
