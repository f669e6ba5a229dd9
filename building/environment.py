"""One virtual environment a Python version, in the clone, with Blender as a module."""

import shutil
import subprocess
import sys
from ctypes import CDLL
from hashlib import sha256
from pathlib import Path
from typing import Literal, get_args

from .errors import BuildError
from .registry import pip

ROOT = Path(__file__).resolve().parent.parent
PYTHONS = ("3.11", "3.13")              # those that bpy's long-term releases are built for
LIBRARIES = ("libx11-6 libxrender1 libxfixes3 libxi6 libxkbcommon0 libsm6 libxxf86vm1 libegl1 libgl1 libgl1-mesa-dri")
LINKED = ("libX11.so.6", "libXrender.so.1", "libXfixes.so.3", "libXi.so.6", "libxkbcommon.so.0", "libSM.so.6", "libXxf86vm.so.1",
          "libEGL.so.1", "libGL.so.1")
Group = Literal["run", "test", "training"]          # of each the requirements-*.txt, on top of those before it


def version() -> str:
    """Return this interpreter's version, as "3.11"."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def supported() -> str:
    """Return a python that bpy has a module for: this one, or the path of another; raise BuildError when there is none."""
    if version() in PYTHONS:
        return sys.executable
    for candidate in PYTHONS:
        path = shutil.which(f"python{candidate}")
        if path and subprocess.run([path, "-c", ""], capture_output=True, check=False).returncode == 0:     # no dead shim
            return path
    raise BuildError(f"Blender has no module for Python {version()}; {sys.executable}; run it with Python {' or '.join(PYTHONS)}")


def ensure(group: Group, blender: str = "") -> Path:
    """Return the environment's python with the requirements of `group` installed; install what has changed.

    blender: a version of the bpy module other than the pinned one, in an environment of its own.
    """
    check_libraries()
    folder = ROOT / (f".venv-{version()}-blender-{blender}" if blender else f".venv-{version()}")
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    if not python.is_file():
        sys.stdout.write(f"Making the environment {folder.name}\n")
        # without pip: Debian's Python has no ensurepip, and ours installs into it from outside
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    groups = get_args(Group)
    for name in groups[:1 + groups.index(group)]:
        requirements = Path(__file__).parent / f"requirements-{name}.txt"
        text = requirements.read_text(encoding="utf-8")
        if blender:
            text = "".join(f"bpy=={blender}\n" if line.startswith("bpy==") else line for line in text.splitlines(keepends=True))
        constraints = Path(__file__).parent / f"constraints-{version()}.txt"       # what those need in turn, pinned too
        stamp, wanted = folder / f".{name}", sha256(text.encode() + constraints.read_bytes()).hexdigest()
        if not stamp.is_file() or stamp.read_text() != wanted:
            sys.stdout.write(f"Installing {requirements.name}{' (Blender as a module: 0.4 GB, once)' if name == 'run' else ''}\n")
            sys.stdout.flush()
            chosen = folder / requirements.name
            chosen.write_text(text, encoding="utf-8")
            # compiling all of what is installed takes a minute; what is imported is compiled then
            pip("install", "--no-compile", "--requirement", str(chosen), "--constraint", str(constraints), python=python)
            check_blender(python)
            stamp.write_text(wanted)
    return python


def check_libraries() -> None:
    """Raise BuildError, before anything is downloaded, when a bare Linux lacks the libraries Blender's module is linked to."""
    missing = []
    for name in LINKED if sys.platform == "linux" else ():
        try:
            CDLL(name)
        except OSError:
            missing.append(name)
    if missing:
        raise BuildError(f"Blender's module needs libraries that are not installed ({', '.join(missing)}); this system; "
                         f"as root: apt-get install {LIBRARIES}")


def check_blender(python: Path) -> None:
    """Raise BuildError when the bpy module cannot be loaded: on a bare system its libraries are missing."""
    run = subprocess.run([str(python), "-c", "import bpy"], capture_output=True, text=True, check=False)
    if run.returncode:
        said = (run.stderr.strip().splitlines() or ["no message"])[-1]
        raise BuildError(f"Blender's module does not start ({said}); {python}; install its libraries: apt-get install {LIBRARIES}")


def blender_cli(python: Path) -> Path:
    """Return the path of Blender's own extension builder and validator."""
    found = sorted(python.parent.parent.glob("[Ll]ib/**/bpy/*/scripts/addons_core/bl_pkg/cli/blender_ext.py"))
    if not found:
        raise BuildError(f"the bpy module has no extension tools; {python.parent.parent}; delete that folder and run it again")
    return found[-1]


def validators(python: Path) -> list[Path]:
    """Return the extension tools of every release of Blender that has an environment in the clone, that of `python` among them."""
    found = {blender_cli(python).parents[4].name: blender_cli(python)}
    for other in sorted(ROOT.glob(".venv-*/[Ll]ib/**/bpy/*/scripts/addons_core/bl_pkg/cli/blender_ext.py")):
        found.setdefault(other.parents[4].name, other)
    return list(found.values())
