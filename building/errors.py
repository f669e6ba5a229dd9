"""The one error of build.py."""


class BuildError(Exception):
    """One sentence: what failed; where; what to do."""
