"""A person of even skin, whose photo marks are put on."""

import pytest

from tests.core.own_heads import photograph, plain_colours, subject


@pytest.fixture(scope="module")
def one():
    return subject(3, deviation=0.4)


@pytest.fixture(scope="module")
def plain(one):
    return photograph(one, plain_colours())
