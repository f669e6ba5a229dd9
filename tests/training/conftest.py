"""Training needs torch, which the environment of Python 3.13 leaves out (building/requirements-test.txt)."""

import importlib.util

collect_ignore = [] if importlib.util.find_spec("torch") else ["test_speech.py", "test_encoders.py", "test_performer.py"]
