"""Leads from and to rest: outside a clip alone, and gone without a trace."""

import numpy as np
import pytest
from ecavatar.core.bake.bezier import BezierKeys
from ecavatar.ecavatar_addon.leads import led, unled

STAMP = {"start": 10.0, "end": 20.0, "before": 4.0, "after": 6.0}
BEZIER = BezierKeys(*(np.array(part, np.float32) for part in (
    [(10, 0.5), (14, 1.0), (20, 0.25)], [(9, 0.5), (13, 1.0), (18, 0.25)], [(11, 0.5), (15, 1.0), (21, 0.25)])))
STRAIGHT = (np.array([10.0, 14, 20.5]), np.array([0.5, 1, 0.25], np.float32))           # a last key a little past the end


def at(keyed, frames):
    return keyed.at(frames) if isinstance(keyed, BezierKeys) else np.interp(frames, *keyed)


@pytest.mark.parametrize("keyed", [BEZIER, STRAIGHT])
def test_the_clip_is_as_before_and_both_ends_come_to_rest(keyed):
    found, inside = led(keyed, STAMP), np.linspace(10, 20, 41)
    np.testing.assert_allclose(at(found, inside), at(keyed, inside), atol=1e-6)
    np.testing.assert_allclose(at(found, np.array([6.0, 26.0])), 0, atol=1e-7)
    down = at(found, np.linspace(20.5, 26, 12))
    assert (np.diff(at(found, np.linspace(6, 10, 9))) > 0).all() and (np.diff(down) < 0).all()


@pytest.mark.parametrize("keyed", [BEZIER, STRAIGHT])
def test_a_lead_is_taken_away_again(keyed):
    found = unled(led(keyed, STAMP), STAMP)
    np.testing.assert_allclose(at(found, np.linspace(0, 30, 61)), at(keyed, np.linspace(0, 30, 61)), atol=1e-6)
    assert at(unled(keyed, STAMP), np.array([10.0]))[0] == 0.5                            # nothing to take away


def test_what_is_at_rest_needs_no_lead_and_a_late_key_is_held():
    late = (np.array([12.0, 15]), np.array([0.5, 0.0], np.float32))
    found = led(late, STAMP)
    np.testing.assert_allclose(at(found, np.array([6.0, 10, 11, 12, 15, 26])), [0, 0.5, 0.5, 0.5, 0, 0], atol=1e-7)
    assert found[0].tolist() == [6, 10, 12, 15] and led(late, {**STAMP, "before": 0.0})[0].tolist() == [12, 15]
