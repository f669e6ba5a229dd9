"""A folder that Blender takes as an extension repository: every zip, and the index.json that its own tool makes of them."""

import json
import subprocess
from pathlib import Path

from . import extension
from .environment import ROOT, validators
from .errors import BuildError

FOLDER = ROOT / "dist" / "repository"


def build(python: Path, folder: Path = FOLDER, *, targets: list[extension.Target] | None = None, store: bool = False) -> list[Path]:
    """Write the zips of `targets` (all by default) and index.json into `folder`, and return the zips' paths.

    The index names the zips relative to itself, so the folder can lie on any static server, or be given to Blender as file://.
    Zips of ours from earlier are taken away. Raises BuildError when a zip cannot be built or the index does not list every zip.
    """
    paths = [extension.build(python, target, store=store, folder=folder) for target in targets or extension.targets()]
    for old in set(folder.glob("ecavatar-*.zip")) - set(paths):
        old.unlink()
    # the newest tool: it also notes which Pythons a zip is for, which older releases of Blender do not ask for
    cli = max(validators(python), key=lambda found: tuple(map(int, found.parents[4].name.split("."))))
    command = [str(python), str(cli), "server-generate", "--repo-dir", str(folder)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    index = folder / "index.json"
    if run.returncode or not index.is_file():
        said = " ".join((run.stdout + run.stderr).split())
        raise BuildError(f"Blender's tool makes no index ({said}); {folder}; see building/repository.py")
    values = json.loads(index.read_text(encoding="utf-8"))
    values["data"].sort(key=lambda entry: entry["archive_url"])             # it lists them as the file system does
    if [entry["archive_url"] for entry in values["data"]] != sorted(f"./{path.name}" for path in paths):
        raise BuildError(f"the index does not list every zip ({' '.join(run.stdout.split())}); {index}; see building/repository.py")
    temporary = folder / ".index.json.part"
    temporary.write_text(json.dumps(values, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    temporary.replace(index)
    return paths
