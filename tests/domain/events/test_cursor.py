"""Cursors say nothing and cannot be made up."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.events.cursor import BadCursor, cursor_of, position_of
from tenants.settings import Settings

POSITIONS = st.integers(0, 2**63 - 1)


@pytest.fixture(autouse=True)
def _keys(settings: Settings) -> None:
    """With the key of the tests."""


@given(POSITIONS)
def test_a_cursor_is_the_text_of_its_position(position: int) -> None:
    assert position_of(cursor_of(position)) == position
    assert len(cursor_of(position)) == 22


@given(POSITIONS, st.integers(0, 21), st.sampled_from(string.ascii_letters + string.digits + "-_"))
def test_a_changed_cursor_is_none(position: int, at: int, letter: str) -> None:
    cursor = cursor_of(position)
    changed = cursor[:at] + letter + cursor[at + 1 :]
    if changed != cursor:
        with pytest.raises(BadCursor):
            position_of(changed)


@given(st.text(max_size=40))
def test_any_other_text_is_none(text: str) -> None:
    with pytest.raises(BadCursor):
        position_of(text)


def test_neighbours_have_nothing_in_common() -> None:
    cursors = [cursor_of(position) for position in range(100)]
    assert len({cursor[:8] for cursor in cursors}) == 100
    assert cursors != sorted(cursors)
