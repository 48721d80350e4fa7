"""What is wrong with a message of a charger, in the words of its version of the protocol."""

from enum import StrEnum

from api.ocpp.versions import Version


class Code(StrEnum):
    """Codes of a CALLERROR: OCPP-J 1.6, 4.2.3; OCPP 2.0.1 part 4, 4.3."""

    FORMAT = "FormatViolation"
    FRAMEWORK = "RpcFrameworkError"
    MESSAGE_TYPE = "MessageTypeNotSupported"
    NOT_IMPLEMENTED = "NotImplemented"
    NOT_SUPPORTED = "NotSupported"
    PROTOCOL = "ProtocolError"
    PROPERTY = "PropertyConstraintViolation"
    OCCURRENCE = "OccurenceConstraintViolation"
    TYPE = "TypeConstraintViolation"
    INTERNAL = "InternalError"

    def of(self, version: Version) -> str:
        """1.6 spells one otherwise and has no code for what is no message at all."""
        if version is Version.OCPP16 and self in (Code.FORMAT, Code.FRAMEWORK):
            return "FormationViolation"
        if version is Version.OCPP16 and self is Code.MESSAGE_TYPE:
            return "NotSupported"
        return self.value


UNKNOWN = "-1"
"""Id of the answer to what has none that can be read (2.0.1 part 4, 4.2.3; 1.6 says nothing of it)."""
_DETAIL = 255


class Violation(Exception):
    """A message that cannot be followed: it is answered with this code, and quarantined."""

    def __init__(self, code: Code, cause: str, *, id: str = UNKNOWN, action: str = "", of_answer: bool = False) -> None:
        self.code = code
        self.cause = cause[:_DETAIL]
        self.id = id
        self.action = action
        self.of_answer = of_answer
        """It is itself an answer to us: that is not answered."""
        super().__init__(f"{code}: {self.cause}")

    @property
    def reason(self) -> str:
        """Code of the quarantine."""
        return _REASONS.get(self.code, "SCHEMA_VIOLATION")


_REASONS = {
    Code.FORMAT: "MALFORMED",
    Code.FRAMEWORK: "MALFORMED",
    Code.MESSAGE_TYPE: "MALFORMED",
    Code.NOT_IMPLEMENTED: "UNKNOWN_ACTION",
    Code.NOT_SUPPORTED: "UNKNOWN_ACTION",
}
