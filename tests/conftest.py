"""What tests of more than one layer need."""

import os
from pathlib import Path

import pytest

from core.emotion.windows import EmotionSettings
from core.job import Request
from core.locks import held
from core.messages import silent
from core.pipeline import animate
from core.types import EmotionWindow

ROOT = Path(__file__).resolve().parents[1]
PHOTO = ROOT / "assets" / "examples" / "astronaut.jpg"
SPEECH = ROOT / "assets" / "third_party" / "beckett.wav"


@pytest.fixture(scope="session")
def shared(tmp_path_factory):
    """A folder of this run for what takes seconds to make and no test changes; all processes of the run have it."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def example_job(shared):
    """A finished job folder of the example photo and recording, made once a run by the engine; do not change it."""
    folder = shared / "jobs" / "astronaut-00000000"
    with held(shared / "jobs.lock", wait=True):
        if not (folder / "manifest.json").is_file():            # written last
            angry = EmotionSettings(windows=(EmotionWindow(3.0, 6.0, "angry", 2.5),))
            Request(str(PHOTO), str(SPEECH), "", 24.0, emotion="happy:2", emotions=angry).write(folder)
            animate(folder, report=silent)
    return folder
