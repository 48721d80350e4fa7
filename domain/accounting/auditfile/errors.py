"""Why an audit file cannot be made."""

from domain.errors import DomainError


class AuditFileRefused(DomainError):
    code = "AUDIT_FILE_REFUSED"
    nl = "Het auditfile kan niet worden gemaakt: {why}."
    en = "The audit file cannot be made: {why}."
