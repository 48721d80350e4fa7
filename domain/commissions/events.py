"""What happens to commission. Told to staff and to the beneficiary alone: those above and below it learn nothing."""

from dataclasses import dataclass

from domain.events.record import Payload


@dataclass(frozen=True)
class _Record(Payload):
    subject_type = "Commission"
    kind: str
    amount_cents: int
    currency: str


@dataclass(frozen=True)
class CommissionAccrued(_Record):
    """Something is expected: an order was placed, a lead qualified, a figure reached."""

    type = "commission.accrued"


@dataclass(frozen=True)
class CommissionEarned(_Record):
    """What it depends on was paid: it is paid out with the next self-billing invoice."""

    type = "commission.earned"


@dataclass(frozen=True)
class CommissionUnearned(_Record):
    """What it depends on is not paid after all."""

    type = "commission.unearned"


@dataclass(frozen=True)
class CommissionAdjusted(_Record):
    """Something was taken back, restored or corrected; the amount is the difference."""

    type = "commission.adjusted"
    cause: str


@dataclass(frozen=True)
class CommissionBilled(Payload):
    """Commission of a month is on a self-billing invoice."""

    type = "commission.billed"
    subject_type = "Invoice"
    number: str
    records: int
    net_cents: int
    currency: str


@dataclass(frozen=True)
class CommissionPaid(Payload):
    """A self-billing invoice was paid, or is open again."""

    type = "commission.paid"
    subject_type = "Invoice"
    number: str
    paid: bool


@dataclass(frozen=True)
class CommissionRun(Payload):
    """The commission of a month was computed."""

    type = "commission.run"
    subject_type = "BusinessEntity"
    internal = True
    month: str
    accrued: int
    changed: int


@dataclass(frozen=True)
class _Dispute(Payload):
    subject_type = "Commission"
    reason: str


@dataclass(frozen=True)
class CommissionDisputed(_Dispute):
    """The beneficiary disputes a record."""

    type = "commission.disputed"


@dataclass(frozen=True)
class CommissionDisputeWithdrawn(_Dispute):
    """The beneficiary no longer disputes it."""

    type = "commission.dispute_withdrawn"


@dataclass(frozen=True)
class CommissionDisputeAnswered(_Dispute):
    """The dispute was upheld or rejected."""

    type = "commission.dispute_answered"
    upheld: bool
    answer: str
    correction_cents: int


@dataclass(frozen=True)
class CommissionDisputeReopened(_Dispute):
    """An answer was taken back: the dispute is open again."""

    type = "commission.dispute_reopened"
