"""What the file of a network says of itself; a model pack's is untrusted."""

import json
from pathlib import Path
from typing import Any

import onnxruntime

from .errors import PackError

KEY = "ecavatar"                # of the file's metadata: our JSON object


def metadata_of(session: onnxruntime.InferenceSession, path: Path) -> dict[str, Any]:
    """Return our metadata of an open network, {} where it has none; raise PackError when they are no JSON object."""
    try:
        values: Any = json.loads(session.get_modelmeta().custom_metadata_map.get(KEY, "{}"))
    except (ValueError, RecursionError) as error:
        raise PackError(f"a network's metadata cannot be read ({error})", path, "install the pack again") from error
    if not isinstance(values, dict):
        raise PackError("a network's metadata are no JSON object", path, "install the pack again")
    return values


def is_count(value: object, least: int = 1) -> bool:
    """Whether a value of the metadata is a whole number of at least so much."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def are_numbers(values: object) -> bool:
    """Whether a value of the metadata is a list of numbers."""
    return isinstance(values, list) and all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
