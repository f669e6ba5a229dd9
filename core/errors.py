"""Errors a user can cause or mend; anything else that is raised is a bug.

ECAvatarError
├── InputError      a photo, a recording, an option or a path that cannot be used
├── PackError       a model pack that is missing, damaged or of another version
└── JobError        a job folder that cannot be written, or a worker that failed
"""


class ECAvatarError(Exception):
    """One sentence in three parts: what is wrong; where; what to do."""

    def __init__(self, what: str, where: object = "", advice: str = "") -> None:
        self.what, self.where, self.advice = what, str(where), advice
        super().__init__("; ".join(part for part in (what, self.where, advice) if part))


class InputError(ECAvatarError):
    """A photo, a recording, an option or a path that cannot be used."""


class PackError(ECAvatarError):
    """A model pack that is missing, damaged or of another version."""


class JobError(ECAvatarError):
    """A job folder that cannot be written, or a worker that failed."""
