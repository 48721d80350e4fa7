"""Frames as text, and what is said of those that are none."""

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.ocpp import frames, schemas
from api.ocpp.credentials import basic
from api.ocpp.frames import Call, Failure, Result
from api.ocpp.pace import Pace, Paces
from api.ocpp.versions import Version, chosen
from api.ocpp.violations import Code, Violation


def test_the_three_kinds_of_frames() -> None:
    assert frames.read('[2,"a","Heartbeat",{}]') == Call("a", "Heartbeat", {})
    assert frames.read('[3,"a",{"status":"Accepted"}]') == Result("a", {"status": "Accepted"})
    assert frames.read('[4,"a","InternalError","busy",{}]') == Failure("a", "InternalError", "busy")


@pytest.mark.parametrize(
    ("text", "code", "id"),
    [
        ("", Code.FRAMEWORK, "-1"),
        ("hello", Code.FRAMEWORK, "-1"),
        ("{}", Code.FRAMEWORK, "-1"),
        ("[]", Code.FRAMEWORK, "-1"),
        ("[" * 100_000, Code.FRAMEWORK, "-1"),
        ('[2,"a"]', Code.FRAMEWORK, "a"),
        ('[2,7,"Heartbeat",{}]', Code.FRAMEWORK, "-1"),
        (f'[2,"{"x" * 65}","Heartbeat",{{}}]', Code.FRAMEWORK, "-1"),
        ('[2,"a","Heartbeat",[]]', Code.FORMAT, "a"),
        ('[2,"a","Heartbeat",{},1]', Code.FRAMEWORK, "a"),
        ('[2,"a","Heartbeat",{"x":NaN}]', Code.FRAMEWORK, "-1"),
        ('[7,"a","Heartbeat",{}]', Code.MESSAGE_TYPE, "a"),
        ('[true,"a","Heartbeat",{}]', Code.MESSAGE_TYPE, "a"),
        ('[2,"a","Authorize",{"idTag":"a\\u0000b"}]', Code.FORMAT, "a"),
        ('[3,"a",[]]', Code.FRAMEWORK, "a"),
        ('[4,"a",5,"",{}]', Code.FRAMEWORK, "a"),
    ],
)
def test_what_is_no_frame_has_its_code_and_the_id_that_can_be_read(text: str, code: Code, id: str) -> None:
    with pytest.raises(Violation) as raised:
        frames.read(text)
    assert (raised.value.code, raised.value.id) == (code, id)
    assert raised.value.of_answer == text.startswith(("[3", "[4"))


@given(st.text(max_size=60) | st.recursive(st.none() | st.integers() | st.text(), st.lists, max_leaves=8).map(str))
@settings(max_examples=80, deadline=None)
def test_whatever_comes_is_a_frame_or_a_violation(text: str) -> None:
    found: list[str] = []
    try:
        frames.read(text)
    except Violation as violation:
        found = [frames.error(violation, version) for version in Version]
    assert all(orjson.loads(answer)[:2] == [4, "-1"] for answer in found)


def test_errors_are_spelled_as_the_version_spells_them() -> None:
    violation = Violation(Code.FORMAT, "why", id="a")
    assert orjson.loads(frames.error(violation, Version.OCPP16)) == [4, "a", "FormationViolation", "why", {}]
    assert orjson.loads(frames.error(violation, Version.OCPP201)) == [4, "a", "FormatViolation", "why", {}]


@pytest.mark.parametrize(
    ("action", "payload", "code"),
    [
        ("Authorize", {"idTag": 7}, Code.TYPE),
        ("Authorize", {}, Code.OCCURRENCE),
        ("Authorize", {"idTag": "x" * 21}, Code.PROPERTY),
        ("Authorize", {"idTag": "x", "more": 1}, Code.FORMAT),
        ("StatusNotification", {"connectorId": 1, "errorCode": "NoError", "status": "Dancing"}, Code.PROPERTY),
        ("MeterValues", {"connectorId": 1, "meterValue": []}, Code.OCCURRENCE),
        ("Dance", {}, Code.NOT_SUPPORTED),
        ("../../v16/schemas/Authorize", {"idTag": "x"}, Code.NOT_SUPPORTED),
        ("TransactionEvent", {}, Code.NOT_SUPPORTED),
    ],
)
def test_violations_of_schemas_have_the_protocols_codes(action: str, payload: frames.Payload, code: Code) -> None:
    with pytest.raises(Violation) as raised:
        schemas.check_call(Version.OCPP16, Call("a", action, payload))
    assert raised.value.code is code


@pytest.mark.parametrize("version", [*Version])
def test_what_is_wrong_ten_thousand_times_is_not_looked_at_ten_thousand_times(version: Version) -> None:
    """Else one message of a charger stops everybody else's for seconds."""
    looked = 0

    class Item(dict[str, object]):
        def __contains__(self, _: object) -> bool:
            nonlocal looked
            looked += 1
            return False

    values = {"connectorId" if version is Version.OCPP16 else "evseId": 1, "meterValue": [Item()] * 10_000}
    with pytest.raises(Violation) as raised:
        schemas.check_call(version, Call("a", "MeterValues", values))
    assert raised.value.code is Code.OCCURRENCE
    assert looked < 100


def test_what_is_nested_deeper_than_can_be_told_is_refused() -> None:
    deep = orjson.loads('{"vendorId":"x","data":' + '{"a":' * 1_015 + "1" + "}" * 1_016)
    with pytest.raises(Violation) as raised:
        schemas.check_call(Version.OCPP16, Call("a", "DataTransfer", deep))
    assert raised.value.code is Code.FORMAT
    assert schemas.check_answer(Version.OCPP16, "DataTransfer", {"status": "Accepted", "data": deep}) is not None


def test_the_charger_chooses_among_the_versions() -> None:
    assert chosen(["ocpp2.0.1", "ocpp1.6"]) is Version.OCPP201
    assert chosen(["ocpp2.1", "ocpp1.6"]) is Version.OCPP16
    assert chosen(["ocpp1.5", "OCPP1.6"]) is None
    assert chosen([]) is None


def test_credentials_are_read_as_bytes() -> None:
    assert basic(b"Basic Q1A6c2VjcmV0") == ("CP", b"secret")
    assert basic(b"basic Q1A6OmE=") == ("CP", b":a")
    assert basic(b"Basic Q1A6/wA=") == ("CP", b"\xff\x00")
    for bad in (None, b"", b"Bearer Q1A6c2VjcmV0", b"Basic !!!", b"Basic Q1A=", b"Basic " + b"QUFB" * 200):
        assert basic(bad) is None


def test_a_pace_allows_a_burst_and_then_makes_wait() -> None:
    pace = Pace(10, 3)
    assert [pace.take() for _ in range(3)] == [0, 0, 0]
    assert 0.05 < pace.take() <= 0.1
    assert 0.15 < pace.take() <= 0.2


def test_a_stranger_is_stopped_and_others_are_not() -> None:
    paces = Paces(0.001, 2, most=2)
    for name in ("a", "a", "b"):
        assert not paces.exhausted(name)
        paces.take(name)
    assert (paces.exhausted("a"), paces.exhausted("b")) == (True, False)
    paces.take("c")
    assert not paces.exhausted("a")
