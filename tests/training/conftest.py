"""Training needs torch, which the environments of Python 3.13 and of other Blenders leave out (building/requirements-training.txt)."""

import importlib.util

TESTS = ["test_speech.py", "test_encoders.py", "test_performer.py", "test_lip_reading.py", "test_emotion.py", "test_funet.py",
         "test_emotion2vec.py", "test_loop.py", "test_paper.py", "test_export.py", "test_frames.py"]
if importlib.util.find_spec("torch"):
    import torch
    torch.set_num_threads(1)            # small networks: two threads wait for each other most of the time
collect_ignore = [] if importlib.util.find_spec("torch") else TESTS
