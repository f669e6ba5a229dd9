"""Commands whose users can mend what is wrong: they are told it in one line."""

import sys
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from core.errors import ECAvatarError

Given = ParamSpec("Given")


def told(work: Callable[Given, None]) -> Callable[Given, int]:
    """Let a command's `main` return its exit code: 0, or 2 after the line of an ECAvatarError."""
    @wraps(work)
    def main(*values: Given.args, **named: Given.kwargs) -> int:
        try:
            work(*values, **named)
        except ECAvatarError as error:
            sys.stderr.write(f"error: {error}\n")
            return 2
        return 0
    return main
