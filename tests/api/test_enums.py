"""Enums of the schema: each value has a sentence, and each enum is described in one place."""

from enum import StrEnum

import pytest

from api.enums import described


class _Light(StrEnum):
    ON = "ON"
    OFF = "OFF"


def test_what_is_described_twice_would_say_what_is_imported_last() -> None:
    described(_Light, "A light.", ON="It is on.", OFF="It is off.")
    with pytest.raises(TypeError, match="described twice"):
        described(_Light, "Another light.", ON="It burns.", OFF="It does not.")


def test_no_value_is_forgotten() -> None:
    class Door(StrEnum):
        OPEN = "OPEN"
        SHUT = "SHUT"

    with pytest.raises(TypeError, match="SHUT"):
        described(Door, "A door.", OPEN="It is open.")
