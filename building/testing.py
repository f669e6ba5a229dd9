"""Tests, lint and types, as CI and everybody runs them."""

import os
import subprocess
import tempfile
from pathlib import Path

from . import assets
from .environment import ROOT

LAYERS = ("core", "training", "building", "benchmarks", "build.py")


def run(python: Path, *, gui: bool = False, arguments: list[str]) -> int:
    """Run pytest in the environment and return its exit code; `gui`: also the tests that drive a real Blender window."""
    assets.ensure()
    marked = [] if gui else ["-m", "not gui"]
    with tempfile.TemporaryDirectory() as user:
        environment = {**os.environ, "BLENDER_USER_RESOURCES": user}
        return subprocess.run([str(python), "-m", "pytest", *marked, *arguments], cwd=ROOT, env=environment, check=False).returncode


def lint(python: Path) -> int:
    """Run the linter over everything and the type checker over every layer; return 0 when both are content."""
    style = subprocess.run([str(python), "-m", "ruff", "check", "."], cwd=ROOT, check=False).returncode
    layers = subprocess.run([str(python), "-m", "mypy", *LAYERS], cwd=ROOT, check=False).returncode
    with tempfile.TemporaryDirectory() as folder:       # the add-on is a package inside the extension's
        (Path(folder) / "ecavatar").symlink_to(ROOT, target_is_directory=True)
        package = ("--config-file", str(ROOT / "pyproject.toml"), "-p", "ecavatar.ecavatar_addon")
        addon = subprocess.run([str(python), "-m", "mypy", *package], cwd=folder, check=False).returncode
    return style or layers or addon
