"""How an operator does one thing and says what the artist should know."""

from collections.abc import Callable, Iterable
from typing import Literal

import bpy

from ..core.errors import ECAvatarError


def reported(operator: bpy.types.Operator, change: Callable[[], Iterable[str] | None], *,
             level: Literal["INFO", "WARNING"] = "WARNING") -> set[str]:
    """Do it, report its sentences, and return how the operator ends: an ECAvatarError is told and nothing more."""
    try:
        said = change()
    except ECAvatarError as error:
        operator.report({"ERROR"}, str(error))
        return {"CANCELLED"}
    for text in said or ():
        operator.report({level}, text)
    return {"FINISHED"}
