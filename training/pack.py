"""Bring the sha256 of every file in assets/pack.json up to date: python -m training.pack [FOLDER]."""

import argparse
from pathlib import Path

from core.errors import PackError
from core.files import digest, read_json, write_json
from core.pack import DEFAULT


def refresh(folder: Path) -> list[str]:
    """Rewrite `folder`/pack.json with the sums of the files that are there; return the names that changed.

    Third-party files keep their pinned sums: they must match what was checked, not what lies there.
    Raises PackError when one of our own files is missing.
    """
    index = folder / "pack.json"
    values = read_json(index, PackError)
    changed = []
    for name, entry in values["files"].items():
        path = folder / entry["path"]
        if path.parent.name == "third_party":
            continue
        if not path.is_file():
            raise PackError("a file of the model pack is missing", path, "build it first")
        found = digest(path)
        if entry.get("sha256") != found:
            entry["sha256"] = found
            changed.append(name)
    write_json(index, values)
    return changed


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=DEFAULT)
    refresh(parser.parse_args().folder)
