"""The JSON schemas of the protocol, as the library `ocpp` brings them."""

from decimal import Decimal
from functools import cache
from itertools import islice
from pathlib import Path

from jsonschema import Draft4Validator
from jsonschema.exceptions import ValidationError, best_match
from ocpp import messages

from api.ocpp.compiled import Check, NotCompiled, compiled
from api.ocpp.frames import Call, Payload
from api.ocpp.versions import Version
from api.ocpp.violations import Code, Violation

_ROOT = Path(messages.__file__).parent
_CALL, _RESULT = messages.MessageType.Call, messages.MessageType.CallResult
_MOST_LOOKED_AT = 20
"""Of what is wrong with a message, where more is said than can be told: a list may be wrong ten thousand times."""
_CODES = {
    "type": Code.TYPE,
    "required": Code.OCCURRENCE,
    "minItems": Code.OCCURRENCE,
    "maxItems": Code.OCCURRENCE,
    "additionalProperties": Code.FORMAT,
}


@cache
def actions(version: Version) -> frozenset[str]:
    """The names of all messages of a version."""
    ending = ".json" if version is Version.OCPP16 else "Request.json"
    files = (_ROOT / f"v{version.number.replace('.', '')}" / "schemas").glob(f"*{ending}")
    return frozenset(file.name.removesuffix(ending) for file in files if not file.name.endswith("Response.json"))


def check_call(version: Version, call: Call) -> None:
    """Raises: Violation for an unknown action, or a payload that is not as its schema wants it."""
    if call.action not in actions(version):
        cause = f"{call.action} is no message of OCPP {version.number}"
        raise Violation(Code.NOT_SUPPORTED, cause, id=call.id, action=call.action)
    try:
        wrong = _wrong(_CALL, version, call.action, call.payload)
    except RecursionError:
        raise Violation(Code.FORMAT, "it is nested too deeply", id=call.id, action=call.action) from None
    if wrong is not None:
        code = _CODES.get(str(wrong.validator), Code.PROPERTY)
        raise Violation(code, f"{wrong.json_path}: {wrong.message}", id=call.id, action=call.action)


def check_order(version: Version, action: str, payload: Payload) -> str | None:
    """What is wrong with a call of ours."""
    wrong = _wrong(_CALL, version, action, payload)
    return None if wrong is None else f"{wrong.json_path}: {wrong.message}"


def check_answer(version: Version, action: str, payload: Payload) -> str | None:
    """What is wrong with a charger's answer to a call of ours."""
    try:
        wrong = _wrong(_RESULT, version, action, payload)
    except RecursionError:
        return "it is nested too deeply"
    return None if wrong is None else f"{wrong.json_path}: {wrong.message}"


def _validator(kind: int, version: Version, action: str) -> Draft4Validator:
    return messages.get_validator(kind, action, version.number, Decimal)


@cache
def _check(kind: int, version: Version, action: str) -> Check | None:
    """None for a schema that only `jsonschema` understands."""
    try:
        return compiled(_validator(kind, version, action).schema)
    except NotCompiled:
        return None


def _wrong(kind: int, version: Version, action: str, payload: Payload) -> ValidationError | None:
    check = _check(kind, version, action)
    if check is not None and check(payload):
        return None
    validator = _validator(kind, version, action)
    if validator.is_valid(payload):
        return None
    found = best_match(islice(validator.iter_errors(payload), _MOST_LOOKED_AT))
    assert isinstance(found, ValidationError)
    return found
