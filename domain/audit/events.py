"""What happens to the audit trail."""

from dataclasses import dataclass

from domain.events.record import Payload


@dataclass(frozen=True)
class AuditExported(Payload):
    """Somebody began to download the audit trail."""

    type = "audit.exported"
    subject_type = "BusinessEntity"
    internal = True
    filters: dict[str, str]
    format: str
