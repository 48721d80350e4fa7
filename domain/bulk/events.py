"""What happens to exports and imports: who took what away, who brought what in. Payloads hold counts, no records."""

from dataclasses import dataclass

from domain.events.record import Payload


@dataclass(frozen=True)
class _BulkEvent(Payload):
    subject_type = "BulkOperation"
    kind: str
    subject: str


@dataclass(frozen=True)
class BulkCreated(_BulkEvent):
    """Somebody asked for an export, or began to send the file of an import."""

    type = "bulk_operation.created"


@dataclass(frozen=True)
class BulkQueued(_BulkEvent):
    """The file of an import is complete; it waits for its turn."""

    type = "bulk_operation.queued"


@dataclass(frozen=True)
class BulkStarted(_BulkEvent):
    """A worker began with it."""

    type = "bulk_operation.started"


@dataclass(frozen=True)
class BulkDone(_BulkEvent):
    """All its records were looked at; `failed` of an import were refused."""

    type = "bulk_operation.done"
    records: int
    failed: int


@dataclass(frozen=True)
class BulkFailed(_BulkEvent):
    """It stopped; what was done until then stays."""

    type = "bulk_operation.failed"
    reason: str
    records: int


@dataclass(frozen=True)
class BulkCancelled(_BulkEvent):
    """Somebody stopped it; what was done until then stays."""

    type = "bulk_operation.cancelled"
    records: int


@dataclass(frozen=True)
class BulkUndoing(_BulkEvent):
    """Somebody asked for what an import made to be taken back."""

    type = "bulk_operation.undoing"


@dataclass(frozen=True)
class BulkUndone(_BulkEvent):
    """What an import made was taken back, as far as it was not changed or used since."""

    type = "bulk_operation.undone"
    undone: int


@dataclass(frozen=True)
class BulkDownloaded(_BulkEvent):
    """Somebody downloaded a file of it."""

    type = "bulk_operation.downloaded"
    file: str
