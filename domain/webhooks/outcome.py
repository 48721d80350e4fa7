"""What came of one attempt to deliver a message."""

from dataclasses import dataclass, field

from domain.webhooks.models import AttemptError, Fault


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an attempt; `error` is None when it arrived."""

    error: AttemptError | None = None
    status: int | None = None
    detail: str | None = None
    latency_ms: int | None = None
    address: str | None = None
    retry_after: float | None = None
    request_headers: dict[str, str] = field(default_factory=dict)
    response_headers: dict[str, str] = field(default_factory=dict)
    response_body: str | None = None
    fault: Fault | None = None
    """In a sandbox: how the attempt was made to go wrong."""
