"""Files harmed at random through the front doors of every decoder: crashes, hangs, wrong errors, and the most memory used.

`python benchmarks/bm_fuzz.py [--files 12000] [--seed 1]`: one JSON line each: name, value, unit, machine. Batches run in processes
of their own, so that a crash is one file's; that file is kept and named. Linux.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BATCH = 400


def main() -> None:
    """Print one JSON line a figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=12_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    totals = {"read": 0, "refused": 0, "failed": 0, "peak": 0}
    for first in range(0, options.files, BATCH):
        run_batch(options.seed, first, min(first + BATCH, options.files) - 1, totals)
    machine = f"{platform.machine()} {platform.system()} {os.cpu_count()} cores"
    for name, unit in (("read", "files"), ("refused", "files"), ("failed", "files"), ("peak", "MB")):
        sys.stdout.write(json.dumps({"name": f"fuzz_{name}", "value": totals[name], "unit": unit, "machine": machine}) + "\n")


def run_batch(seed: int, first: int, last: int, totals: dict[str, int]) -> None:
    """Read files first..last, going on in a new process after one that fails."""
    while first <= last:
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-m", "benchmarks.mutated_files", str(seed), str(first), str(last), folder]
            run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
            lines = run.stdout.split("\n")[:-1]
            if run.returncode == 0:
                found = json.loads(lines[-1])
                totals["read"] += found["read"]
                totals["refused"] += found["refused"]
                totals["peak"] = max(totals["peak"], found["peak"])
                return
            number = int(lines[-1])
            totals["failed"] += 1
            totals["refused"] += number - first             # of a batch that fails, which were read is not known
            kept = Path(tempfile.mkdtemp(prefix=f"fuzz-{seed}-{number}-"))
            shutil.copytree(folder, kept, dirs_exist_ok=True)
            sys.stderr.write(f"file {number} ended its process with {run.returncode}; {kept}\n{run.stderr[-1500:]}\n")
            first = number + 1


if __name__ == "__main__":
    main()
