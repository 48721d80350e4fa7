"""What both versions of the protocol answer alike."""

from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from typing import Any

from api.ocpp import times
from api.ocpp.frames import Payload
from api.ocpp.sampled import measured
from api.ocpp.talk import Talk, persistently
from api.ocpp.versions import Version
from api.ocpp.violations import Code, Violation
from domain.chargers.reports import Boot, ConnectorReport
from domain.devices.port import RefusedReading
from domain.health.alerts import AlertReport
from domain.health.models import Severity
from domain.sessions.models import ReportKind
from domain.sessions.reports import Authorization, AuthorizationStatus, TransactionAnswer, TransactionReport
from domain.telemetry.readings import Reading

Answer = Callable[[Talk, Payload], Awaitable[Payload]]

_TOKEN_STATUS = {
    AuthorizationStatus.ACCEPTED: "Accepted",
    AuthorizationStatus.BLOCKED: "Blocked",
    AuthorizationStatus.EXPIRED: "Expired",
    AuthorizationStatus.INVALID: "Invalid",
    AuthorizationStatus.CONCURRENT_TX: "ConcurrentTx",
}
_FAILURES = {
    "DownloadFailed": Severity.WARNING,
    "InstallationFailed": Severity.WARNING,
    "InstallVerificationFailed": Severity.CRITICAL,
    "InvalidSignature": Severity.CRITICAL,
    "RevokedCertificate": Severity.CRITICAL,
    "UploadFailed": Severity.INFO,
    "UploadFailure": Severity.INFO,
    "BadMessage": Severity.INFO,
    "PermissionDenied": Severity.INFO,
}
_CRITICAL = frozenset(
    {
        "CsmsFailedToAuthenticate",
        "FailedToAuthenticateAtCentralSystem",
        "FailedToAuthenticateAtCsms",
        "InvalidCentralSystemCertificate",
        "InvalidChargePointCertificate",
        "InvalidChargingStationCertificate",
        "InvalidCsmsCertificate",
        "InvalidFirmwareSignature",
        "InvalidFirmwareSigningCertificate",
        "InvalidTLSCipherSuite",
        "InvalidTLSVersion",
        "SecurityLogWasCleared",
        "TamperDetectionActivated",
    }
)
_WARNINGS = frozenset({"MemoryExhaustion", "AttemptedReplayAttacks", "SettingSystemTime"})


async def nothing(_talk: Talk, _payload: Payload) -> Payload:
    """Heard, and of no consequence."""
    return {}


async def heartbeat(_talk: Talk, _payload: Payload) -> Payload:
    """The charger sets its clock by it."""
    return {"currentTime": times.written(times.now())}


async def unknown_vendor(_talk: Talk, payload: Payload) -> Payload:
    """DataTransfer: no vendor's own messages are known here."""
    return {"status": "UnknownVendorId"}


async def booted(talk: Talk, boot: Boot) -> Payload:
    """BootNotification."""
    talk.tracked.states.clear()
    answer = await talk.port.boot(talk.device, boot)
    status = "Accepted" if answer.accepted else "Rejected"
    return {"status": status, "currentTime": times.written(times.now()), "interval": answer.interval_seconds}


async def progressed(talk: Talk, payload: Payload) -> Payload:
    """(Signed)FirmwareStatusNotification, DiagnosticsStatusNotification, LogStatusNotification."""
    status = payload["status"]
    if (severity := _FAILURES.get(status)) is not None:
        await warns(talk, AlertReport(status, severity, times.now(), f"The charger reports {status}"))
    return {}


async def security_event(talk: Talk, payload: Payload) -> Payload:
    """SecurityEventNotification: what the protocol calls critical is; the rest is for who looks."""
    event = payload["type"]
    severity = Severity.CRITICAL if event in _CRITICAL else Severity.WARNING if event in _WARNINGS else Severity.INFO
    at = times.read(payload["timestamp"]) or times.now()
    text = payload.get("techInfo") or f"The charger reports {event}"
    await warns(talk, AlertReport(f"SECURITY_{event}", severity, at, text))
    return {}


async def warns(talk: Talk, report: AlertReport) -> None:
    """Told once only by the charger: it waits for a database that is away for a moment."""
    await persistently(lambda: talk.port.alert(talk.device, report))


async def metered(
    talk: Talk, version: Version, action: str, connector: int, values: Any, transaction_id: str | None
) -> list[Reading]:
    """Returns when the readings are committed; what cannot be read is quarantined, the rest is kept."""
    found = measured(version, talk.device.charger_id, connector, values, transaction_id)
    if found.refused:
        await talk.quarantine(action, "BAD_VALUE", "; ".join(found.refused)[:255], str(values))
    if found.readings:
        refused = await persistently(lambda: talk.port.readings(talk.device, found.readings))
        for reason, places in _by_reason(refused).items():
            more = f"; and {len(places) - 1} more" if len(places) > 1 else ""
            await talk.quarantine(action, reason, _shown(found.readings[places[0]]) + more, str(values))
    return found.readings


def _by_reason(refused: Iterable[RefusedReading]) -> dict[str, list[int]]:
    """A message is kept once for each reason, however many of its readings it concerns."""
    places: dict[str, list[int]] = {}
    for each in refused:
        places.setdefault(each.reason, []).append(each.place)
    return places


def _shown(reading: Reading) -> str:
    """What it measured, for who looks at why it was refused."""
    known = {name: value for name, value in reading._asdict().items() if value is not None and name != "charger_id"}
    return ", ".join(f"{name} {value}" for name, value in known.items())[:220]


async def stands(talk: Talk, report: ConnectorReport) -> None:
    """StatusNotification."""
    if reason := await persistently(lambda: talk.port.status(talk.device, report)):
        await talk.quarantine("StatusNotification", reason, f"connector {report.number}", str(report))


async def told(talk: Talk, report: TransactionReport) -> TransactionAnswer:
    """Returns when the report is committed; then the connection knows what runs."""
    answer = await persistently(lambda: talk.port.transaction(talk.device, report))
    if report.kind is ReportKind.ENDED:
        talk.tracked.ended(answer.transaction_id)
    else:
        talk.tracked.began(answer.transaction_id, report.connector)
    for refused in answer.refused:
        reason, _, detail = refused.partition(": ")
        await talk.quarantine(report.kind.value, reason, detail, str(report))
    return answer


def token_info(authorization: Authorization) -> Payload:
    """IdTagInfo of 1.6, IdTokenInfo of 2.0.1."""
    return {"status": _TOKEN_STATUS[authorization.status]}


def moment(text: str) -> datetime:
    """Raises: Violation for what is no timestamp."""
    at = times.read(text)
    if at is None:
        raise Violation(Code.PROPERTY, f"$.timestamp: {text[:40]!r} is no timestamp")
    return at
