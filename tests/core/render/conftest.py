"""A person that is quickly rendered."""

import pytest

from core.job import read_result
from core.pack import Pack
from core.render import model
from core.render.portrait import Portrait
from tests.core.render_stand_in import write_job


@pytest.fixture(scope="module")
def coarse():
    """No subdivision: a seventeenth of the vertices."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(model, "LEVELS", {})
        yield


@pytest.fixture(scope="module")
def job(coarse, tmp_path_factory):
    """Its finished job."""
    return write_job(tmp_path_factory.mktemp("job"))


@pytest.fixture(scope="module")
def portrait(job):
    """What its frames are drawn from."""
    return Portrait.of(read_result(job), Pack.open())
