"""Whatever value a message holds, its answer is never an error of ours."""

import random
from typing import Any

import orjson
import pytest

from api.ocpp import schemas
from api.ocpp.conversation import ANSWERS
from api.ocpp.versions import Version
from tenants.engine import Database
from tenants.settings import Settings
from tests.api.ocpp.stations import Platform, ask, platform, quarantined, raw, station
from tests.api.ocpp.test_compiled import changed, example, places

_CALL = 2
_EACH = 6
_NUMBERS = [0, -1, 2**31 - 1, 2**31, 2**62, 2**63, 2**64 - 1, -(2**63), 1e300, -1e300, 1.5]
_TEXTS = ["", "x" * 20, "\ud7ff\u202e", "'; drop", "1e999", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59Z"]
_NOW = "2026-01-01T00:00:00Z"


def told(value: Any) -> Any:
    """With moments where the schema only says text."""
    if isinstance(value, dict):
        return {key: _NOW if key == "timestamp" else told(each) for key, each in value.items()}
    return [told(each) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize("version", [*Version])
async def test_no_value_is_an_error_of_ours(settings: Settings, database: Database, version: Version) -> None:
    chance, s = random.Random(version.number), await station(database, version)
    async with platform(settings, database, ocpp_messages_per_second=100_000) as here, raw(here, s) as opened:
        for action in ANSWERS[version]:
            schema = schemas._validator(_CALL, version, action).schema
            whole = told(example(schema, schema))
            ways = places(whole)
            for _ in range(_EACH if ways else 1):
                put = chance.choice([*_NUMBERS, *_TEXTS, True, None])
                said = changed(whole, chance.choice(ways), put) if ways else whole
                answer = await ask(opened, orjson.dumps([2, "i", action, said]).decode())
                assert answer[0] == 3 or answer[2] != "InternalError", (action, said)


@pytest.mark.parametrize("version", [*Version])
async def test_many_readings_that_cannot_be_are_kept_once(here: Platform, database: Database, version: Version) -> None:
    s = await station(database, version)
    value = {"timestamp": "2100-01-01T00:00:00Z", "sampledValue": [{"value": "7" if version is Version.OCPP16 else 7}]}
    at = "connectorId" if version is Version.OCPP16 else "evseId"
    async with raw(here, s) as opened:
        answer = await ask(opened, orjson.dumps([2, "i", "MeterValues", {at: 1, "meterValue": [value] * 50}]).decode())
        assert answer == [3, "i", {}]
    [kept] = await quarantined(database, s)
    assert (kept.reason, kept.repeated) == ("FUTURE_CLOCK", 1)
    assert kept.detail.endswith("; and 49 more")
