"""CPU seconds of processes that start others are counted once each, also of those that came and went unseen."""

import pytest

from benchmarks.scale_ray import Process, whole


@pytest.mark.parametrize(("waited", "wanted"), [(5.0, 6.75), (2.5, 4.25), (0.0, 3.75)])
def test_what_a_parent_has_waited_for_is_counted_once(waited, wanted):
    """Seen: a child that used 2 and ended, one that goes on, and its own child; a parent that waited for nothing lets them go."""
    known = {1: Process(0, 1.0, waited), 2: Process(1, 2.0, 0.0, alive=False), 3: Process(1, 0.5, 0.0), 4: Process(3, 0.25, 0.0)}
    assert whole(1, known) == pytest.approx(wanted)
