"""The repository as Blender sees it: the package `ecavatar`, as an extension is."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[1]


def load_addon() -> ModuleType:
    """Import the repository as `ecavatar` and return it, not registered yet."""
    spec = importlib.util.spec_from_file_location("ecavatar", ROOT / "__init__.py", submodule_search_locations=[str(ROOT)])
    assert spec is not None and spec.loader is not None
    package = importlib.util.module_from_spec(spec)
    sys.modules["ecavatar"] = package
    spec.loader.exec_module(package)
    return package
