"""The extension's zip: our files, the pack, the wheels of one platform and Python generation, and the licences."""

import json
import stat
import subprocess
import sys
import zipfile
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import assets, store_rules
from .environment import ROOT, validators, version
from .errors import BuildError
from .registry import fetch

WHEELS: dict[str, Any] = json.loads((Path(__file__).parent / "wheels.json").read_text(encoding="utf-8"))
CACHE = ROOT / ".cache" / "wheels"
# which releases of Blender run which Python: from, and up to but without
BLENDER = {"3.11": ("4.2.0", "5.1.0"), "3.13": ("5.1.0", "")}
ENDED = {"macos-x64": "5.0.0"}          # the first release of Blender that is no longer built for a platform
BUDGET = 120_000_000                    # bytes of a zip
SOURCES = ("__init__.py", "LICENSE", "README.md", "CHANGELOG.md", "licences/*", "ecavatar_addon/*.py",
           "ecavatar_addon/thumbnails/*.png", "ecavatar_addon/presets/ecavatar/*/*.py", "core/*.py", "core/*/*.py")
LICENCES = (("moonshine_tiny_encoder.ort", "Moonshine-MIT.txt", "moonshine_LICENSE.txt"),     # file, its licence in a zip, and here
            ("whisper_base_layers.onnx", "Whisper-MIT.txt", "whisper_LICENSE.txt"))
EPOCH = (2026, 1, 1, 0, 0, 0)           # of every member: the same tree gives the same zip


@dataclass(frozen=True)
class Target:
    """What a zip is for: a platform as Blender names it, a Python, and the releases of Blender (from, before)."""

    platform: str
    python: str
    blender: tuple[str, str]

    @classmethod
    def choose(cls, platform: str = "", python: str = "") -> "Target":
        """Return the target of these names, by default this machine's; raise BuildError for one without wheels."""
        platform, python = platform or this_platform(), python or version()
        if python not in WHEELS.get(platform, {}) or python not in BLENDER:
            known = (f"{target.platform} with {target.python}" for target in targets())
            raise BuildError(f"there are no pinned wheels for {platform} with Python {python}; building/wheels.json; "
                             f"choose from {', '.join(known)}")
        start, before = BLENDER[python]
        return cls(platform, python, (start, ENDED.get(platform, before)))


def targets() -> list[Target]:
    """Return every target that has wheels."""
    return [Target.choose(platform, python) for platform, listed in WHEELS.items() for python in BLENDER if python in listed]


def this_platform() -> str:
    """Return this machine's name in Blender's terms."""
    import platform
    machine = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64"}.get(platform.machine().lower(), platform.machine().lower())
    return f"{ {'linux': 'linux', 'win32': 'windows', 'darwin': 'macos'}.get(sys.platform, sys.platform)}-{machine}"


def build(python: Path, target: Target, *, store: bool = False, folder: Path = ROOT / "dist") -> Path:
    """Write the zip for `target` into `folder`, validate it with Blender's own tool, and return its path.

    python: the environment's, which has that tool. store: leave out what a store may not carry, and obey its rules.
    Raises BuildError when a file is missing, the zip is larger than BUDGET, or the validation fails.
    """
    assets.ensure()
    listed = WHEELS[target.platform]
    wheels = fetch(listed[target.python], CACHE, python=target.python, tags=listed["tags"])
    manifest = complete_manifest(target, [wheel.name for wheel in wheels])
    release = next(line.split('"')[1] for line in manifest.splitlines() if line.startswith("version"))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"ecavatar-{release}-{target.platform}-py{target.python.replace('.', '')}{'-store' if store else ''}.zip"
    pack = pack_members(store)
    members: dict[str, bytes] = {"blender_manifest.toml": manifest.encode(), **pack, **licences(pack)}
    for pattern in SOURCES:
        members |= {file.relative_to(ROOT).as_posix(): file.read_bytes() for file in sorted(ROOT.glob(pattern))}
    members |= {f"wheels/{wheel.name}": wheel.read_bytes() for wheel in wheels}
    if store:
        store_rules.check(members)
    temporary = path.with_name(f"part-{path.name}")
    write_zip(temporary, members)
    try:
        if temporary.stat().st_size > BUDGET:
            raise BuildError(f"the zip is larger than {BUDGET / 1e6:.0f} MB; {path}; see docs/packaging.md for what takes how much")
        validate(python, temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return path


def write_zip(path: Path, members: dict[str, bytes]) -> None:
    """Write a zip whose bytes depend on `members` alone: sorted, one date, one mode; what is compressed already is stored."""
    with zipfile.ZipFile(path, "w") as archive:
        for name in sorted(members):
            stored = zipfile.ZIP_STORED if name.endswith((".whl", ".npz", ".task")) else zipfile.ZIP_DEFLATED
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.create_system, entry.external_attr = 3, (stat.S_IFREG | 0o644) << 16        # as on Unix, wherever it is built
            archive.writestr(entry, members[name], compress_type=stored)


def account(path: Path) -> str:
    """Return one line on what takes how much of a zip: each wheel and file above a megabyte, and the rest, largest first."""
    sizes: dict[str, int] = {}
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            name = Path(member.filename).name.split("-")[0] if member.filename.endswith(".whl") else Path(member.filename).name
            key = name if member.compress_size > 1_000_000 else "rest"
            sizes[key] = sizes.get(key, 0) + member.compress_size
    return ", ".join(f"{name} {size / 1e6:.1f}" for name, size in sorted(sizes.items(), key=lambda item: -item[1]))


def complete_manifest(target: Target, wheels: list[str]) -> str:
    """Return the manifest with what belongs to one target: platform, releases of Blender, wheels."""
    start, before = target.blender
    lines = [f'blender_version_min = "{start}"', *([f'blender_version_max = "{before}"'] if before else []),
             f'platforms = ["{target.platform}"]', "wheels = [", *(f'  "./wheels/{wheel}",' for wheel in wheels), "]"]
    text = (ROOT / "blender_manifest.toml").read_text(encoding="utf-8")
    return "\n".join("\n".join(lines) if line.startswith("blender_version_min") else line for line in text.splitlines()) + "\n"


def pack_members(store: bool) -> dict[str, bytes]:
    """Return the files of the default pack and its pack.json; for a store without those it marks as not for sale ("left_out"), and
    those that only serve such a one ("for")."""
    pack = json.loads((ROOT / "assets" / "pack.json").read_text(encoding="utf-8"))
    if store:
        sold = {name: entry for name, entry in pack["files"].items() if entry.get("commercial", True)}
        kept = {name: entry for name, entry in sold.items() if entry.get("for", name) in sold}
        pack["left_out"] = {name: entry["licence"] for name, entry in pack["files"].items() if name not in kept}
        pack["files"] = kept
    found = {f"assets/{entry['path']}": (ROOT / "assets" / entry["path"]).read_bytes() for entry in pack["files"].values()}
    return {"assets/pack.json": (json.dumps(pack, indent=1) + "\n").encode(), **found}


def licences(members: Collection[str]) -> dict[str, bytes]:
    """Return the licence texts, those not in licences/, of the third-party files among a zip's members; wheels hold their own."""
    return {f"licences/{name}": (assets.FOLDER / text).read_bytes()
            for file, name, text in LICENCES if f"assets/third_party/{file}" in members}


def build_pack(folder: Path = ROOT / "dist") -> Path:
    """Write the whole default pack as a zip for "Install Pack from File", with its licences, and return its path.

    It brings what a store's zip leaves out. Raises BuildError when a file is missing.
    """
    assets.ensure()
    found = pack_members(store=False)
    members = {name.removeprefix("assets/"): content for name, content in found.items()} | licences(found)
    members |= {f"licences/{file.name}": file.read_bytes() for file in sorted((ROOT / "licences").glob("*"))}
    values = json.loads(members["pack.json"])
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"ecavatar-pack-{values['name']}-{values['version']}.zip"
    temporary = path.with_name(f"part-{path.name}")
    write_zip(temporary, members)
    return temporary.replace(path)


def validate(python: Path, path: Path) -> None:
    """Raise BuildError unless the validator of every Blender that is installed here accepts the zip."""
    for cli in validators(python):
        run = subprocess.run([str(python), str(cli), "validate", str(path)], capture_output=True, text=True, check=False)
        if run.returncode:
            said = " ".join((run.stdout + run.stderr).split())
            raise BuildError(f"Blender {cli.parents[4].name} does not accept the extension ({said}); {path}; "
                             "mend blender_manifest.toml")
