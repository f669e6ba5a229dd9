"""Tests, lint and types, as CI and everybody runs them."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from . import assets, window
from .environment import ROOT, version
from .errors import BuildError

MOST_WORKERS = 4                # each loads Blender
NO_TESTS = 5                    # pytest's exit code where none was selected
# with a process a core, further threads only wait for each other
SHARED = MappingProxyType(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "ECAVATAR_THREADS"), "1"))
COVERAGE = ("--cov=ecavatar_addon", "--cov-report=term-missing:skip-covered")
LAYERS = ("core", "training", "building", "benchmarks", "build.py")


def run(python: Path, *, gui: Literal["no", "yes", "auto"] = "no", again: bool = False, arguments: list[str]) -> int:
    """Run pytest in the environment and return its exit code.

    again: without the tests marked `once`, which run with another version of Blender anyway (docs/tests.md).
    gui: also run the tests that drive a real Blender window; "auto" only where its chroot can be built, saying so if not.
    Raises BuildError when it is "yes" and the chroot cannot be built.
    """
    assets.ensure()
    if gui != "no":
        try:
            window.ensure()
        except BuildError as error:
            if gui == "yes":
                raise
            sys.stdout.write(f"Without the window test: {error}\n")
            gui = "no"
    if version() != "3.11":
        sys.stdout.write("Without the tests of training: torch is installed with Python 3.11 only\n")
        sys.stdout.flush()
    many = all(argument.startswith("-") for argument in arguments) or any((ROOT / argument).is_dir() for argument in arguments)
    workers = min(os.cpu_count() or 1, MOST_WORKERS) if many else 1
    chosen = "not gui and not once" if again else "not gui"
    codes = [run_pytest(python, ["-m", chosen, *together(workers), *arguments], threads=SHARED if workers > 1 else {})]
    if gui != "no":                                     # alone: Blender's window waits for nobody
        codes.append(run_pytest(python, ["-m", "gui", *arguments]))
    failed = [code for code in codes if code not in (0, NO_TESTS)]
    return failed[0] if failed else min(codes)


def together(workers: int) -> list[str]:
    """Return pytest's options for so many processes: a file in one of them, in the order of pyproject.toml's testpaths."""
    return ["-n", str(workers), "--dist", "loadfile", "--no-loadscope-reorder"] if workers > 1 else []


def run_pytest(python: Path, arguments: list[str], *, threads: Mapping[str, str] = MappingProxyType({})) -> int:
    """Run pytest with a user folder of its own and return its exit code; threads: variables of the environment that limit them."""
    with tempfile.TemporaryDirectory() as user:
        environment = {**os.environ, **threads, "BLENDER_USER_RESOURCES": user}
        return subprocess.run([str(python), "-m", "pytest", *arguments], cwd=ROOT, env=environment, check=False).returncode


def lint(python: Path) -> int:
    """Run the linter over everything and the type checker over every layer; return 0 when both are content."""
    style = subprocess.run([str(python), "-m", "ruff", "check", "."], cwd=ROOT, check=False).returncode
    with tempfile.TemporaryDirectory() as folder:       # the add-on is a package inside the extension's
        (Path(folder) / "ecavatar").symlink_to(ROOT, target_is_directory=True)
        package = ("--config-file", str(ROOT / "pyproject.toml"), "-p", "ecavatar.ecavatar_addon")
        # both at once: each takes a minute on a core of its own
        with subprocess.Popen([str(python), "-m", "mypy", *LAYERS], cwd=ROOT) as layers, \
                subprocess.Popen([str(python), "-m", "mypy", *package], cwd=folder) as addon:
            codes = layers.wait(), addon.wait()
    return style or max(codes)
