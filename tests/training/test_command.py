"""What a command tells of input that cannot be used."""

import pytest

from core.errors import InputError
from training.command import told


def test_bad_input_is_told_in_one_line_and_bugs_are_not_hidden(capsys):
    @told
    def command(error=None):
        """Do it."""
        if error:
            raise error

    assert command() == 0 and capsys.readouterr() == ("", "")
    assert command(error=InputError("there is no such folder", "x", "give another")) == 2
    assert capsys.readouterr() == ("", "error: there is no such folder; x; give another\n")
    with pytest.raises(ZeroDivisionError):
        command(ZeroDivisionError())
    assert command.__doc__ == "Do it."
