"""What happens to the jobs of a business entity; only its staff see it."""

from dataclasses import dataclass

from domain.events.record import Payload


@dataclass(frozen=True)
class JobFailed(Payload):
    type = "job.failed"
    subject_type = "FailedJob"
    internal = True

    name: str
    error_id: str
    attempts: int


@dataclass(frozen=True)
class JobRetried(Payload):
    type = "job.retried"
    subject_type = "FailedJob"
    internal = True

    name: str


@dataclass(frozen=True)
class JobDiscarded(Payload):
    type = "job.discarded"
    subject_type = "FailedJob"
    internal = True

    name: str
    reason: str
