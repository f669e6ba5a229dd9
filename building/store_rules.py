"""What an extension store asks for and no validator checks, looked up in the zip's members before it is written."""

import ast
import json
import tomllib
from collections.abc import Iterator

from .errors import BuildError

LONGEST = 64                    # characters of the tagline and of a permission's reason
TAGS = {"3D View", "Add Curve", "Add Mesh", "Animation", "Bake", "Camera", "Compositing", "Development", "Game Engine",
        "Geometry Nodes", "Grease Pencil", "Import-Export", "Lighting", "Material", "Mesh", "Modeling", "Node", "Object", "Paint",
        "Physics", "Pipeline", "Render", "Rigging", "Scene", "Sculpt", "Sequencer", "System", "Text Editor", "Tracking",
        "User Interface", "UV"}
BUNDLED = ("numpy", "requests")         # what Blender brings itself
NETWORK = {"urllib", "http", "socket", "ssl", "ftplib"}
BLENDER_HALF = ("__init__.py", "ecavatar_addon/")


def check(members: dict[str, bytes]) -> None:
    """Raise BuildError naming every rule that `members` (name -> content of a zip for a store) break."""
    broken = [*manifest_faults(members), *file_faults(members), *source_faults(members)]
    if broken:
        raise BuildError(f"a store would refuse the zip ({'; '.join(broken)}); building/store_rules.py; mend it")


def manifest_faults(members: dict[str, bytes]) -> Iterator[str]:
    """Yield what is wrong in the manifest: texts too long or with a full stop, unknown tags, another licence than Blender's."""
    values = tomllib.loads(members["blender_manifest.toml"].decode())
    for what, text in (("tagline", values["tagline"]), *values.get("permissions", {}).items()):
        if len(text) > LONGEST or not text[-1].isalnum():
            yield f"the text of {what} is longer than {LONGEST} characters or ends in punctuation"
    if unknown := set(values.get("tags", ())) - TAGS:
        yield f"unknown tags {sorted(unknown)}"
    if not all(licence.startswith("SPDX:GPL-") for licence in values["license"]):
        yield "the code is not under a GPL"
    if "blender" in values["name"].lower():
        yield "the name holds the word Blender"


def file_faults(members: dict[str, bytes]) -> Iterator[str]:
    """Yield files that may not be there: copies of Blender's packages, hidden and compiled ones, weights that may not be sold."""
    for name in members:
        parts = name.split("/")
        if any(part.startswith((".", "__MACOSX")) for part in parts) or name.endswith((".pyc", ".so", ".dll", ".dylib")):
            yield f"{name} is hidden or compiled"
        if parts[-1].split("-")[0] in BUNDLED:
            yield f"{name} comes with Blender"
    pack = json.loads(members["assets/pack.json"])
    for name, entry in pack["files"].items():
        if not entry.get("commercial", True):
            yield f"the pack's {name} may not be sold"
    if listed := {f"assets/{entry['path']}" for entry in pack["files"].values()} ^ {
            name for name in members if name.startswith("assets/") and name != "assets/pack.json"}:
        yield f"{sorted(listed)} are not both listed in pack.json and there"


def source_faults(members: dict[str, bytes]) -> Iterator[str]:
    """Yield what Blender's half may not do: change sys.path, run text as code, use a network undeclared or unasked."""
    declared = "network" in tomllib.loads(members["blender_manifest.toml"].decode()).get("permissions", {})
    sources = {name: content.decode() for name, content in members.items() if name.endswith(".py")}
    online = {name for name, text in sources.items() if NETWORK & imported(text)}
    if online and not declared:
        yield f"{sorted(online)} use the network, which the manifest does not declare"
    if online and not any("bpy.app.online_access" in text for text in sources.values()):
        yield f"{sorted(online)} use the network, and nothing asks for bpy.app.online_access"
    for name, text in sources.items():
        if name.startswith(BLENDER_HALF):
            yield from (f"{name}, line {line}: {what}" for line, what in forbidden(text))


def imported(text: str) -> set[str]:
    """Return the top names of the packages that a source imports."""
    nodes = list(ast.walk(ast.parse(text)))
    whole = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    parts = {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom) and not node.level}
    return {name.split(".")[0] for name in whole | parts}


def forbidden(text: str) -> Iterator[tuple[int, str]]:
    """Yield line and reason of what a source in Blender may not do."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Attribute) and node.attr == "path" and isinstance(node.value, ast.Name) and node.value.id == "sys":
            yield node.lineno, "it uses sys.path"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("eval", "exec", "__import__"):
            yield node.lineno, f"it calls {node.func.id}"
        if isinstance(node, ast.keyword) and node.arg == "shell":
            yield node.value.lineno, "it may start a shell"
