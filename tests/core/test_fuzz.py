"""A few hundred harmed files through every front door; benchmarks/bm_fuzz.py takes thousands."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.mutated_files import doors

ROOT = Path(__file__).resolve().parents[2]
FILES = 500
MOST_MEMORY = 900               # MB, runtimes included: a photo of 150 megapixels takes 600


def test_no_harmed_file_crashes_hangs_or_fills_the_memory(tmp_path):
    command = [sys.executable, "-m", "benchmarks.mutated_files", "2026", "0", str(FILES - 1), str(tmp_path)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout[-20:] + run.stderr
    found = json.loads(run.stdout.splitlines()[-1])
    assert found["read"] + found["refused"] == FILES and found["refused"] > FILES / 4 and found["peak"] < MOST_MEMORY


@pytest.mark.parametrize("kind", doors(), ids=lambda kind: kind[0])
def test_unharmed_they_are_read_or_refused_for_what_they_lack(tmp_path, kind):
    name, filename, content, door = kind
    (tmp_path / filename).write_bytes(content)
    if name in ("pack, installed", "head model", "pack.json", "manifest.json"):     # their sums, files or arrays are not there
        with pytest.raises(Exception, match="damaged|missing|lacks") as raised:
            door(tmp_path / filename)
        assert raised.type.__name__ in ("PackError", "JobError")
    else:
        assert door(tmp_path / filename) is not None
