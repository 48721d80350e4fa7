"""What happens to the jobs of a business entity; only its staff see it."""

from dataclasses import dataclass

from domain.events.record import Payload


@dataclass(frozen=True)
class JobFailed(Payload):
    """A job failed in all its attempts."""

    type = "job.failed"
    subject_type = "FailedJob"
    internal = True

    name: str
    error_id: str
    attempts: int


@dataclass(frozen=True)
class JobRetried(Payload):
    """A failed job was asked to run again."""

    type = "job.retried"
    subject_type = "FailedJob"
    internal = True

    name: str


@dataclass(frozen=True)
class JobDiscarded(Payload):
    """Somebody decided that a failed job stays undone."""

    type = "job.discarded"
    subject_type = "FailedJob"
    internal = True

    name: str
    reason: str
