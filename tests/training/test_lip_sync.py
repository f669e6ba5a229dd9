"""LCA by hand, and phones from TextGrids."""

import numpy as np
import pytest

from core.errors import InputError
from core.pack import DEFAULT
from tests.training import vocaset_stand_in as made
from training.speech.phones import Phone
from training.vocaset.layout import SUBJECTS
from training.vocaset.lip_sync import Closures, closures, must_part, must_touch, opening_of, stays
from training.vocaset.textgrid import read_phones

SAID = (Phone(0.0, 0.2, "sil"), Phone(0.2, 0.3, "m"), Phone(0.3, 0.5, "aa"), Phone(0.5, 0.6, "s"), Phone(0.6, 0.7, "iy"),
        Phone(0.7, 0.75, "pcl"), Phone(0.75, 0.8, "p"), Phone(0.8, 0.9, "t"), Phone(0.9, 1.1, "w"), Phone(1.1, 1.3, "sil"))
TIMES = np.arange(40) / 30


def opening(*shut):
    """Return 10 mm but where it is shut, (T,)."""
    result = np.full(len(TIMES), 0.01)
    for start, end in shut:
        result[(start - 1e-9 <= TIMES) & (end + 1e-9 >= TIMES)] = 0
    return result


def test_what_must_touch_and_what_must_part():
    assert must_touch(SAID) == [(0.2, 0.3), (0.7, 0.75)]                    # p is the release of pcl
    assert [phone.label for phone in must_part(SAID, must_touch(SAID))] == ["s", "t"]
    assert must_touch((Phone(0, 1, "m"), Phone(1, 2, "b"), Phone(2, 3, "aa"), Phone(3, 4, "p"))) == [(0, 2), (3, 4)]
    assert not must_part((Phone(0, 1, "b"), Phone(1.01, 2, "k"), Phone(2.01, 3, "sil")), [(0, 1)])          # beside a closure


@pytest.mark.parametrize(("shut", "wanted"), [
    (((0.2, 0.3), (0.7, 0.7334)), Closures(2, 2, 2, 0, 2, 0)),              # as it should be
    (((0.2, 0.3),), Closures(2, 1, 2, 0, 2, 0)),
    (((0.2, 0.4),), Closures(2, 1, 2, 1, 2, 0)),                            # shut far into the vowel
    (((0.5, 0.5667),), Closures(2, 0, 2, 0, 2, 1)),                         # shut in s
    (((0.4334, 0.4334),), Closures(2, 0, 2, 0, 2, 0)),                      # so shortly that it does not count
])
def test_counts_by_hand(shut, wanted):
    assert closures(SAID, opening(*shut), 30.0) == wanted


def test_accuracy_by_hand():
    assert Closures(4, 3, 10, 1, 5, 2).accuracy == pytest.approx((0.75 + 1 - (0.1 + 0.4) / 2) / 2)
    assert closures(SAID, np.zeros(40), 30.0).accuracy == 0.5               # a mouth that stays shut
    assert closures(SAID, np.full(40, 0.01), 30.0).accuracy == 0.5          # and one that stays open
    assert Closures(1, 1) + Closures(2, 0, 3) == Closures(3, 1, 3)
    assert closures((Phone(0, 1, "sil"),), np.zeros(30), 30.0) == Closures()
    with pytest.raises(InputError, match="too few sounds"):
        _ = Closures(3, 1).accuracy
    assert stays(np.array([False] + [True] * 7)) and not stays(np.array([True] * 6 + [False] + [True] * 6))
    assert not stays(np.zeros(0, bool))


def test_the_opening_is_that_of_the_inner_lips(tmp_path):
    measure, subject = opening_of(made.flame_head(tmp_path / "head.npz")), SUBJECTS["test"][0]
    found = measure(made.sentence(subject, 22), made.templates()[subject])
    assert found[0] == 0 and 0.002 < found.max() < 0.03 and found.argmax() == made.FRAMES // 2
    with pytest.raises(InputError, match="measured on FLAME's head"):
        opening_of(DEFAULT / "head.npz")


LONG = """File type = "ooTextFile"
Object class = "TextGrid"

xmin = 0
xmax = 1.5
tiers? <exists>
size = 2
item []:
    item [1]:
        class = "TextTier"
        name = "marks"
        xmin = 0
        xmax = 1.5
        points: size = 1
        points [1]:
            number = 0.5
            mark = "phones"
    item [2]:
        class = "IntervalTier"
        name = "Speaker - phones"
        xmin = 0
        xmax = 1.5
        intervals: size = 3
        intervals [1]:
            xmin = 0
            xmax = 0.25
            text = ""
        intervals [2]:
            xmin = 0.25
            xmax = 1e0
            text = "AA1"
        intervals [3]:
            xmin = 1.0
            xmax = 1.5
            text = "pʰ"
"""
SHORT = """"ooTextFile"
"TextGrid"
0
1.5
<exists>
1
"IntervalTier"
"phones"
0
1.5
3
0
0.25
""
0.25
1
"AA1"
1
1.5
"P"
"""


@pytest.mark.parametrize("content", [LONG.encode(), SHORT.encode(), LONG.encode("utf-16"), SHORT.encode("utf-8-sig")])
def test_phones_of_a_textgrid(tmp_path, content):
    (tmp_path / "a.TextGrid").write_bytes(content)
    assert read_phones(tmp_path / "a.TextGrid") == (Phone(0, 0.25, "sil"), Phone(0.25, 1, "aa"), Phone(1, 1.5, "p"))


@pytest.mark.parametrize(("content", "told"), [
    (b"", "no tier"), (b"\xff\x00\x9f", "no text"), (b"\x00" * 20, "no tier"),
    (LONG.replace("Speaker - phones", "words").encode(), "no tier"),
    (LONG[:-60].encode(), "cut off"), (LONG.replace("size = 3", "size = 900").encode(), "cut off"),
    (LONG.replace("size = 3", "size = 1e999").encode(), "cut off"), (LONG.replace("size = 3", "size = -1e999").encode(), "cut off"),
    (SHORT.replace("1.5\n\"P\"", "1e9\n\"P\"").encode(), "ends after 1e[+]09 seconds"),
    (SHORT.replace("1.5\n\"P\"", "1e999\n\"P\"").encode(), "ends after inf seconds"),
    (LONG.replace("xmin = 0.25", "xmin = 1.25").encode(), "cut off"),
    (LONG.replace("AA1", "QQ").encode(), "the phone 'QQ' is not known"),
    (LONG.replace("xmin = 1.0", "xmin = 0.5").encode(), "cut off"), (LONG.replace("AA1", "?!").encode(), "is not known")])
def test_other_textgrids_are_told(tmp_path, content, told):
    (tmp_path / "a.TextGrid").write_bytes(content)
    with pytest.raises(InputError, match=told):
        read_phones(tmp_path / "a.TextGrid")
