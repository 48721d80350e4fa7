"""A bank statement as plain data, and the sums that it has to hold to."""

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from domain.bank.errors import StatementTotals
from domain.bank.models import TransactionKind
from domain.money import Money, total


@dataclass(frozen=True, slots=True)
class Booking:
    """One payment on an account, positive where it was received."""

    amount: Money
    booked_on: date
    valued_on: date
    kind: TransactionKind
    counterparty_name: str | None = None
    counterparty_iban: str | None = None
    counterparty_bic: str | None = None
    end_to_end_id: str | None = None
    mandate_reference: str | None = None
    creditor_reference: str | None = None
    remittance: str = ""
    bank_reference: str | None = None
    batch_reference: str | None = None
    batch_count: int | None = None
    return_reason: str | None = None
    bank_code: str = ""

    @property
    def told(self) -> tuple[str, ...]:
        """All that it says, for telling bookings apart."""
        values = (getattr(self, name) for name in self.__dataclass_fields__ if name != "amount")
        return (str(self.amount.cents), self.amount.currency, *("" if v is None else str(v) for v in values))


@dataclass(frozen=True, slots=True)
class Totals:
    """What the file says of its own entries; None where it says nothing."""

    entries: int | None = None
    credits: Money | None = None
    debits: Money | None = None
    """As a positive amount."""
    net: Money | None = None


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement; `entries` are the booked amounts one by one, `bookings` the same with batches taken apart."""

    reference: str
    sequence: int | None
    iban: str
    currency: str
    opened_on: date
    closed_on: date
    opening: Money
    closing: Money
    format: str
    entries: tuple[Money, ...] = ()
    bookings: tuple[Booking, ...] = ()
    totals: Totals = Totals()

    def checked(self) -> "Statement":
        """Itself. Raises: StatementTotals where opening + entries is not closing, or a stated total is wrong."""
        moved = total(self.entries, self.currency)
        self._agree("closing balance", "het eindsaldo", self.closing, self.opening + moved)
        self._agree("sum of the bookings", "de som van de posten", moved, total(self._amounts(), self.currency))
        stated = self.totals
        for name, dutch, wanted, counted in (
            ("number of entries", "het aantal boekingen", stated.entries, len(self.entries)),
            ("sum of credits", "de som van bij", stated.credits, self._sum(credit=True)),
            ("sum of debits", "de som van af", stated.debits, -self._sum(credit=False)),
            ("net sum", "het nettobedrag", stated.net, moved),
        ):
            if wanted is not None:
                self._agree(name, dutch, wanted, counted)
        return self

    def _amounts(self) -> Iterable[Money]:
        return (booking.amount for booking in self.bookings)

    def _sum(self, *, credit: bool) -> Money:
        return total((entry for entry in self.entries if (entry.cents > 0) == credit), self.currency)

    def _agree(self, name: str, dutch: str, stated: Money | int, counted: Money | int) -> None:
        if stated != counted:
            raise StatementTotals(
                statement=self.reference,
                what={"en": f"the {name}", "nl": dutch},
                stated=_shown(stated),
                counted=_shown(counted),
            )

    @property
    def digest(self) -> str:
        """SHA-256 of what it says, whatever its number and however its file is written."""
        head = (self.iban, self.currency, str(self.opened_on), str(self.closed_on))
        sums = (str(self.opening.cents), str(self.closing.cents))
        return _hashed((*head, *sums, *(part for booking in self.bookings for part in booking.told)))

    def identities(self) -> list[str]:
        """Of each booking what makes it one, in order.

        With the bank's own reference it is recognized in another statement too; without one, equal bookings of
        different statements are different ones: two people may pay the same on one day.
        """
        seen: Counter[tuple[str, ...]] = Counter()
        found: list[str] = []
        for booking in self.bookings:
            apart = () if booking.bank_reference else (self.reference, str(self.closed_on))
            key = (self.iban, *apart, *booking.told)
            seen[key] += 1
            found.append(_hashed((*key, str(seen[key]))))
        return found


def _shown(value: Money | int) -> str:
    return str(value) if isinstance(value, int) else f"{value.amount} {value.currency}"


def _hashed(parts: tuple[str, ...]) -> str:
    digest = hashlib.sha256()
    for part in parts:  # each with its length: parts cannot run into one another
        raw = part.encode()
        digest.update(f"{len(raw)}:".encode() + raw)
    return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class Before:
    """The statement before on the same account, as far as it is known."""

    sequence: int | None
    closing: Money
    closed_on: date


def missing_before(statement: Statement, before: Before | None) -> str | None:
    """What was not received between two statements: `3-5` of their numbers, or `12.34 EUR`; none where nothing is."""
    if before is None:
        return None
    ours, last = statement.sequence, before.sequence
    starts_anew = statement.opened_on.year != before.closed_on.year and ours == 1
    if ours is not None and last is not None and ours > last + 1 and not starts_anew:
        return str(last + 1) if ours == last + 2 else f"{last + 1}-{ours - 1}"
    apart = statement.opening - before.closing
    return _shown(apart) if apart else None
