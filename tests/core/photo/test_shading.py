"""What of a skin's tone is taken for a coloured lamp's."""

import numpy as np

from core.photo.shading import LUMINANCE, cast


def test_people_are_a_little_red():
    """No one's skin has a log red/green of .16; most of what it lacks is given back, as brightness stays."""
    tone = np.float32([211, 180, 159])
    found = tone / cast(tone)
    red, green = np.log(found[:2])
    assert np.log(tone[0] / tone[1]) < 0.165 and 0.175 < red - green < 0.19
    assert abs(found @ LUMINANCE - tone @ LUMINANCE) < 0.5
