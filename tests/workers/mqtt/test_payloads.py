"""What chargers write is read strictly, and what cannot be read has a reason, whatever it is."""

import contextlib
import json
import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.chargers.models import ConnectorStatus
from domain.chargers.reports import ConnectorReport
from domain.devices.port import RefusedReading as Impossible
from domain.telemetry.readings import Reading
from workers.mqtt import topics, writing
from workers.mqtt.metrics import MOST_READINGS, left_out, read_metrics
from workers.mqtt.reading import MOST_BYTES, Refusal, Refused
from workers.mqtt.status import Presence, read_alert, read_status

CHARGER = uuid4()
DOCS = Path(__file__).parents[3] / "docs" / "chargers.md"
SMALL = settings(max_examples=60, deadline=None)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=5),
    max_leaves=12,
)
INTEGERS = st.integers(-(2**63), 2**63 - 1)
NAMES = {
    "energyWh": "energy_wh",
    "powerW": "power_w",
    "voltageMv": "voltage_mv",
    "currentMa": "current_ma",
    "temperatureDc": "temperature_dc",
    "socPercent": "soc_percent",
}


def payload(**fields: Any) -> bytes:
    return json.dumps({"v": 1, **fields}).encode()


def one(**fields: Any) -> dict[str, Any]:
    return {"connector": 1, "at": "2026-11-20T18:00:00Z", **fields}


def refusal(text: bytes) -> Refusal:
    with pytest.raises(Refused) as found:
        read_metrics(CHARGER, text)
    return found.value.reason


@SMALL
@given(
    st.lists(
        st.builds(
            Reading,
            st.just(CHARGER),
            INTEGERS,
            st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30))])),
            INTEGERS,
            INTEGERS,
            *[st.none() | INTEGERS] * 6,
            st.none() | st.text("abc-1", min_size=1, max_size=64),
        ),
        max_size=5,
    )
)
def test_readings_come_out_as_they_were_written(readings: list[Reading]) -> None:
    try:
        expected = [reading._replace(read_at=reading.read_at.astimezone(UTC)) for reading in readings]
    except OverflowError:
        return
    written = [
        one(
            connector=r.connector,
            at=r.read_at.isoformat(),
            sequence=r.sequence,
            revision=r.revision,
            transactionId=r.transaction_id,
            **{name: getattr(r, field) for name, field in NAMES.items()},
        )
        for r in readings
    ]
    found = read_metrics(CHARGER, payload(messageId="m", readings=written))
    assert found.readings == expected
    assert (found.message_id, found.refused) == ("m", [])
    assert all(reading.read_at.tzinfo is UTC for reading in found.readings)


@SMALL
@given(ANY_JSON, st.binary(max_size=80))
def test_anything_else_is_refused_and_nothing_else_happens(value: Any, noise: bytes) -> None:
    texts = [noise, json.dumps(value).encode(), json.dumps({"v": 1, "readings": value}).encode()]
    texts.append(json.dumps({"v": 1, "readings": [value, one(powerW=1)]}).encode())
    texts += [
        json.dumps({"v": 1, "type": kind, "at": value, "connector": value}).encode() for kind in ("boot", "connector")
    ]
    for text in texts:
        for read in (lambda text: read_metrics(CHARGER, text), read_status, read_alert):
            with contextlib.suppress(Refused):
                read(text)


FIELD = st.sampled_from(["connector", "at", "sequence", "energyWh", "powerW", "transactionId", "strange"])
VALUE = st.none() | INTEGERS | st.booleans() | st.just("2026-11-20T10:00:00Z") | st.text(max_size=3) | st.just([1])


@SMALL
@given(st.dictionaries(FIELD, VALUE, max_size=6), st.lists(st.dictionaries(FIELD, VALUE, max_size=2), max_size=4))
def test_readings_that_are_alike_are_read_as_each_alone(common: dict[str, Any], changes: list[dict[str, Any]]) -> None:
    items = [one(**common) | change for change in ({}, *changes)]
    together = read_metrics(CHARGER, payload(readings=items))
    alone = [read_metrics(CHARGER, payload(readings=[item, 0])) for item in items]
    assert together.readings == [reading for each in alone for reading in each.readings]
    refused = [(at, fault) for at, each in enumerate(alone) for fault in each.refused if fault.index == 0]
    assert [(fault.index, fault.reason, fault.detail) for fault in together.refused] == [
        (at, fault.reason, fault.detail) for at, fault in refused
    ]


def test_what_does_not_fit_is_named() -> None:
    assert refusal(b"x" * (MOST_BYTES + 1)) is Refusal.OVERSIZE
    assert refusal(b"{") is refusal(b"[]") is refusal(b"\xff") is Refusal.MALFORMED
    assert refusal(b'{"readings":[]}') is refusal(b'{"v":2,"readings":[]}') is Refusal.WRONG_VERSION
    assert refusal(b'{"v":true,"readings":[]}') is refusal(b'{"v":1.0,"readings":[]}') is Refusal.WRONG_VERSION
    assert refusal(payload()) is Refusal.MISSING_FIELD
    assert refusal(payload(readings=[], more=1)) is Refusal.UNKNOWN_FIELD
    assert refusal(payload(readings=[], messageId="x" * 65)) is Refusal.BAD_FIELD
    assert refusal(payload(readings=[{}] * (MOST_READINGS + 1))) is Refusal.TOO_MANY_READINGS


@pytest.mark.parametrize(
    ("fault", "reason", "detail"),
    [
        ({"powerW": True}, Refusal.BAD_FIELD, "powerW"),
        ({"powerW": 1.5}, Refusal.BAD_FIELD, "powerW"),
        ({"powerW": 2**64}, Refusal.BAD_FIELD, "powerW"),
        ({"connector": None}, Refusal.MISSING_FIELD, "connector"),
        ({"connector": "1"}, Refusal.BAD_FIELD, "connector"),
        ({"sequence": None}, Refusal.BAD_FIELD, "sequence"),
        ({"at": "2026-11-20T18:00:00"}, Refusal.BAD_FIELD, "at"),
        ({"at": "0001-01-01T00:00:00+14:00"}, Refusal.BAD_FIELD, "at"),
        ({"at": None}, Refusal.MISSING_FIELD, "at"),
        ({"voltage": 230}, Refusal.UNKNOWN_FIELD, "voltage"),
        ({"transactionId": "a\x00"}, Refusal.BAD_FIELD, "transactionId"),
    ],
)
def test_one_reading_that_does_not_fit_leaves_the_others(fault: dict[str, Any], reason: Refusal, detail: str) -> None:
    found = read_metrics(CHARGER, payload(readings=[one(powerW=1), one(**fault), one(powerW=3)]))
    assert [reading.power_w for reading in found.readings] == [1, 3]
    assert [(left.index, left.reason) for left in found.refused] == [(1, reason)]
    assert found.refused[0].detail.startswith(detail)
    places = left_out(found, [Impossible(1, "FUTURE_CLOCK")])
    assert [(left.index, left.reason) for left in places] == [(1, reason), (2, "FUTURE_CLOCK")]


def test_every_documented_example_is_what_it_says() -> None:
    section = DOCS.read_text().split("\n## MQTT\n")[1].split("\n## ")[0]
    blocks = re.findall(r"\*\*(\w+)\*\*[^\n]*?:.*?```json\n(.*?)```", section, re.DOTALL)
    assert [name for name, _ in blocks] == ["metrics", "status", "alert", "command"]
    examples = {name: _objects(text.replace("0192…", str(CHARGER))) for name, text in blocks}
    assert [len(found) for found in examples.values()] == [1, 9, 1, 5]
    metrics = read_metrics(CHARGER, examples["metrics"][0])
    assert (len(metrics.readings), metrics.refused) == (2, [])
    said = [read_status(text).body for text in examples["status"]]
    assert said[0] is Presence.ONLINE
    assert isinstance(said[4], ConnectorReport)
    assert said[4].status is ConnectorStatus.CHARGING
    assert read_alert(examples["alert"][0]).message_id == "a-2"
    at = datetime(2026, 11, 20, 18, 1, tzinfo=UTC)
    assert orjson.loads(writing.command(CHARGER, "SET_POWER", 1, {"powerW": 7400}, at)) == orjson.loads(
        examples["command"][0]
    )
    ours = [writing.ack(["m"], [("m", 1, "x")]), writing.boot(True, 60), writing.transaction("t", "a", 1, "ACCEPTED")]
    ours.append(writing.authorization("r", "ACCEPTED"))
    assert [set(orjson.loads(text)) for text in ours] == [set(orjson.loads(t)) for t in examples["command"][1:]]


def _objects(text: str) -> list[bytes]:
    decoder, found, at = json.JSONDecoder(), [], 0
    while at < len(text):
        value, at = decoder.raw_decode(text, at)
        found.append(orjson.dumps(value))
        at += len(text[at:]) - len(text[at:].lstrip())
    return found


def test_a_charger_writes_and_reads_below_its_own_name_only() -> None:
    mine = ["charging/CP-1/metrics", "charging/CP-1/status", "charging/CP-1/alert"]
    assert all(topics.may_publish("CP-1", topic) for topic in mine)
    for topic in (
        "charging/CP-2/metrics",
        "charging/CP-1/command",
        "charging/CP-1",
        "charging/+/metrics",
        "$SYS/x",
        "",
    ):
        assert not topics.may_publish("CP-1", topic)
    assert topics.may_subscribe("CP-1", "charging/CP-1/command")
    for topic in (
        "charging/+/command",
        "charging/CP-2/command",
        "#",
        "charging/CP-1/#",
        "$share/x/charging/CP-1/command",
    ):
        assert not topics.may_subscribe("CP-1", topic)
