"""A small pack as a zip, and the harm that can be done to it."""

import hashlib
import json
import zipfile

from core.pack_archive import NEEDED

CONTENT = {name: f"the {name} of a small pack".encode() * 20 for name in NEEDED}


def entries(**changes):
    """Return the files of a small pack as pack.json lists them; changes: of single entries."""
    listed = {name: {"path": f"nets/{name}.bin", "sha256": hashlib.sha256(content).hexdigest(), "licence": "CC0-1.0",
                     "source": "made for a test"} for name, content in CONTENT.items()}
    return listed | changes


def write_pack(path, *, files=None, around="", further=(), **values):
    """Write the zip of a small pack; around: a folder around all, with its slash; further: (ZipInfo or name, content) beside."""
    index = {"format": 1, "name": "small", "version": "1.0", "description": "A small pack.", "files": files or entries()} | values
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{around}pack.json", json.dumps(index))
        for name, content in CONTENT.items():
            archive.writestr(f"{around}nets/{name}.bin", content)
        for name, content in further:
            archive.writestr(name, content)
    return path
