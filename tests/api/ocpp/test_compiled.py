"""Compiled schemas say yes to what the library's validator says yes to, and to nothing else."""

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.ocpp import schemas
from api.ocpp.compiled import NotCompiled, compiled
from api.ocpp.versions import Version

_CALL = 2
SCHEMAS = [
    (Version.OCPP16, "BootNotification"),
    (Version.OCPP16, "MeterValues"),
    (Version.OCPP16, "StatusNotification"),
    (Version.OCPP16, "StopTransaction"),
    (Version.OCPP201, "BootNotification"),
    (Version.OCPP201, "NotifyEvent"),
    (Version.OCPP201, "SetChargingProfile"),
    (Version.OCPP201, "StatusNotification"),
    (Version.OCPP201, "TransactionEvent"),
]
_ANYTHING = st.sampled_from([None, True, 0, -1, 1.5, 10**6, "", "Other", "x" * 2000, [], [1], {}, {"x": 1}])


def example(schema: Any, root: Any, depth: int = 0) -> Any:
    """A valid value with all that it may have."""
    if "$ref" in schema:
        return example(root["definitions"][schema["$ref"].rpartition("/")[2]], root, depth + 1)
    match schema.get("type"):
        case "object":
            return {name: example(each, root, depth + 1) for name, each in schema.get("properties", {}).items()}
        case "array":
            return [example(schema["items"], root, depth + 1) for _ in range(schema.get("minItems", 1))]
        case "string":
            return schema["enum"][0] if "enum" in schema else "a"
        case "boolean":
            return True
        case "integer" | "number":
            return int(schema.get("minimum", 3))
    return "anything"


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Ways to all that is inside."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else []
    found = [(*path, key) for key in keys]
    return found + [deeper for way in found for deeper in places(value[way[-1]], way)]


def changed(value: Any, way: tuple[Any, ...], put: Any) -> Any:
    """A copy with something else there; `...`: without it, and with what does not belong there."""
    made = copy.deepcopy(value)
    inside = made
    for key in way[:-1]:
        inside = inside[key]
    if put is not ...:
        inside[way[-1]] = put
    else:
        del inside[way[-1]]
        if isinstance(inside, dict):
            inside["stranger"] = 1
    return made


@pytest.mark.parametrize(("version", "action"), SCHEMAS)
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_compiled_and_interpreted_agree(version: Version, action: str, data: st.DataObject) -> None:
    validator = schemas._validator(_CALL, version, action)
    check, whole = compiled(validator.schema), example(validator.schema, validator.schema)
    assert check(whole)
    assert validator.is_valid(whole)
    made = changed(whole, data.draw(st.sampled_from(places(whole))), data.draw(_ANYTHING | st.just(...)))
    assert check(made) == validator.is_valid(made)


def test_all_that_is_heard_is_compiled() -> None:
    for version in Version:
        left = [action for action in schemas.actions(version) if schemas._check(_CALL, version, action) is None]
        assert set(left) <= {"RemoteStartTransaction", "SetChargingProfile"}


@pytest.mark.parametrize(
    "schema",
    [{"type": "string", "pattern": "a"}, {"anyOf": []}, {"type": "array"}, {"type": ["string", "null"]}, {"enum": [1]}],
)
def test_what_is_not_understood_is_not_compiled(schema: dict[str, Any]) -> None:
    with pytest.raises(NotCompiled):
        compiled(schema)
