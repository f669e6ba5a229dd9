"""Files from the package index, pinned by name, version and sha256, through pip and its settings."""

import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path

from .errors import BuildError

ADVICE = "check the connection to the package index and run it again"


def pip(*arguments: str, python: Path | None = None) -> None:
    """Run this Python's pip, for the interpreter `python` if given; raise BuildError with its last words when it fails.

    Inside our environments, which have no pip of their own, it is that of the Python they were made with.
    """
    own = getattr(sys, "_base_executable", "") or sys.executable
    aim = ["--python", str(python)] if python else []
    watched = sys.stdout.isatty()                   # then pip shows how its downloads get on
    run = subprocess.run([own, "-m", "pip", *aim, "--disable-pip-version-check", *arguments, *([] if watched else ["--quiet"])],
                         stdout=None if watched else subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if run.returncode:
        said = [line for line in run.stderr.splitlines() if line.strip() and "WARNING" not in line] or ["no message"]
        raise BuildError(f"pip failed ({said[-1].strip()}); pip {' '.join(arguments)}; {ADVICE}")


def fetch(wheels: Mapping[str, str], folder: Path, *, python: str, tags: Sequence[str]) -> list[Path]:
    """Return the paths of these wheels (file name -> sha256) in `folder`, downloading those that are not there.

    python and tags: the version and the platform tags they are for. Raises BuildError when one differs from its sum.
    """
    folder.mkdir(parents=True, exist_ok=True)
    missing = {name: value for name, value in wheels.items() if not (folder / name).is_file() or digest(folder / name) != value}
    if missing:
        with tempfile.TemporaryDirectory(dir=folder) as temporary:
            pins = Path(temporary) / "requirements.txt"
            pins.write_text("".join(f"{pin(name)} --hash=sha256:{value}\n" for name, value in missing.items()), encoding="utf-8")
            platforms = [option for tag in tags for option in ("--platform", tag)]
            abis = [option for abi in (f"cp{python.replace('.', '')}", "abi3", "none") for option in ("--abi", abi)]
            pip("download", "--no-deps", "--require-hashes", "--only-binary=:all:", "--implementation", "cp", "--python-version",
                python, *abis, *platforms, "--dest", temporary, "--requirement", str(pins))
            for name in missing:
                if not (Path(temporary) / name).is_file():
                    raise BuildError(f"the package index has another file for {pin(name)} than {name}; {folder}; {ADVICE}")
                (Path(temporary) / name).replace(folder / name)
    return [folder / name for name in wheels]


def pin(wheel: str) -> str:
    """Return "name==version" of a wheel's file name."""
    name, version = wheel.split("-")[:2]
    return f"{name.replace('_', '-')}=={version}"


def digest(path: Path) -> str:
    """Return the sha256 of a file, in hexadecimal."""
    return sha256(path.read_bytes()).hexdigest()
