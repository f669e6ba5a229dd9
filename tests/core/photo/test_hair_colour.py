"""Hair's colour is taken off the scalp, well inside the head's outline."""

import numpy as np
import pytest

from core.head.scalp import inside_hairline
from core.photo.hair_colour import hair_colour, seen_hair
from tests.core.own_heads import basis, face_of, photograph, plain_colours, subject

HAIR = np.array([48, 38, 32])
LARGER = 1.02                   # than the person: as a fit may be where no landmark holds it


@pytest.mark.parametrize("yaw", [-20.0, 0.0, 15.0])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_cropped_hair_before_a_bright_wall_is_not_the_wall(seed, yaw):
    one, model, colours = subject(seed, yaw=yaw), basis(), plain_colours()
    skin = model.part("skin").vertices
    colours[skin][inside_hairline(model.vertices[skin]) > 0] = HAIR
    middle = one.head.mean(axis=0)
    found, _ = seen_hair(photograph(one, colours), face_of(one), (middle + LARGER * (one.head - middle)).astype(np.float32),
                         camera=one.camera, basis=model)
    assert np.abs(np.subtract(hair_colour(found), HAIR)).max() < 14          # light falls on it; the wall is 100 away
