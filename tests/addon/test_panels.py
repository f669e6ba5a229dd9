"""Text of the panel fits the sidebar."""

import blf
import pytest
from ecavatar.ecavatar_addon.panels import lines

TEXT = "no face was found; /home/artist/pictures/a very long folder name/" + "x" * 120 + ".jpg; choose a photo that shows one face"


@pytest.mark.parametrize("width", [90, 180, 400])
def test_no_line_is_wider_than_the_sidebar(addon, width):
    found = lines(TEXT, width, 11)
    blf.size(0, 11)
    assert all(blf.dimensions(0, line)[0] <= width for line in found)
    assert "".join(found).replace(" ", "") == TEXT.replace(" ", "")


def test_a_short_text_is_one_line(addon):
    assert lines("choose a photo", 400, 11) == ["choose a photo"]
