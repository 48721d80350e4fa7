"""Posting to the books: the one way in. Keys make it idempotent; the database checks again (guard.py)."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Date, Integer, Text, bindparam, func, select, text, tuple_
from sqlalchemy.dialects.postgresql import UUID as PgUUID
from sqlalchemy.ext.asyncio import AsyncSession

from domain.ledger.errors import AlreadyReversed, PeriodClosed, PostedDifferently, Unbalanced
from domain.ledger.models import AccountRole, EntryKind, JournalEntry, JournalLine, LedgerAccount
from domain.money import Money, total
from domain.numbering.service import AMSTERDAM
from domain.rows import find


@dataclass(frozen=True, slots=True)
class Leg:
    """An amount for the account of a role: positive is debit, negative is credit; zero is left out."""

    role: AccountRole
    amount: Money
    contact_id: UUID | None = None
    order_id: UUID | None = None
    line_item_id: UUID | None = None
    intercompany_entity_id: UUID | None = None

    @property
    def about(self) -> tuple[UUID | None, ...]:
        """What the line refers to."""
        return self.contact_id, self.order_id, self.line_item_id, self.intercompany_entity_id


def debit(
    role: AccountRole,
    amount: Money,
    *,
    contact_id: UUID | None = None,
    order_id: UUID | None = None,
    line_item_id: UUID | None = None,
    intercompany_entity_id: UUID | None = None,
) -> Leg:
    """A leg that debits `amount` (a negative amount credits)."""
    return Leg(role, amount, contact_id, order_id, line_item_id, intercompany_entity_id)


def credit(
    role: AccountRole,
    amount: Money,
    *,
    contact_id: UUID | None = None,
    order_id: UUID | None = None,
    line_item_id: UUID | None = None,
    intercompany_entity_id: UUID | None = None,
) -> Leg:
    """A leg that credits `amount` (a negative amount debits)."""
    return Leg(role, -amount, contact_id, order_id, line_item_id, intercompany_entity_id)


@dataclass(frozen=True, slots=True)
class Entry:
    """What `post` takes, for many at once. `booked_on` None is today in Amsterdam."""

    entity_id: UUID
    kind: EntryKind
    key: str
    source: tuple[str, UUID]
    """GraphQL type and id of what is posted."""
    legs: Sequence[Leg]
    booked_on: date | None = None
    text: str = ""
    reverses_id: UUID | None = None

    @property
    def posted_legs(self) -> list[Leg]:
        return [leg for leg in self.legs if leg.amount]

    @property
    def day(self) -> date:
        return self.booked_on or today()

    @property
    def currency(self) -> str:
        return self.legs[0].amount.currency

    def check(self) -> None:
        """Raises: Unbalanced, CurrencyMismatch."""
        if len(self.posted_legs) < 2:
            raise Unbalanced(difference=sum(leg.amount.cents for leg in self.legs))
        if difference := total((leg.amount for leg in self.legs), self.currency).cents:
            raise Unbalanced(difference=difference)

    def fingerprint(self) -> str:
        """Of what is posted, whatever the day: a retry after midnight is the same posting."""
        legs = [[leg.role, leg.amount.cents, *map(str, leg.about)] for leg in self.posted_legs]
        said = [self.kind, self.source[0], str(self.source[1]), self.currency, str(self.reverses_id), sorted(legs)]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def today() -> date:
    """The day of the books: Amsterdam's."""
    return datetime.now(AMSTERDAM).date()


async def first_open_day(session: AsyncSession, entity_id: UUID) -> date | None:
    """The first day that may be posted to; None where no period was closed yet."""
    found: date | None = (await session.execute(select(func.ledger_open_from(entity_id, type_=Date)))).scalar_one()
    return found


async def open_day(session: AsyncSession, entity_id: UUID, wished: date) -> date:
    """The wished day, or the first open one where its period is closed: for what others dated (a bank)."""
    first = await first_open_day(session, entity_id)
    return wished if first is None else max(wished, first)


async def post(
    session: AsyncSession,
    *,
    entity_id: UUID,
    kind: EntryKind,
    key: str,
    source: tuple[str, UUID],
    legs: Sequence[Leg],
    booked_on: date | None = None,
    text: str = "",
) -> UUID:
    """Post one entry, once per (entity, key): the id of the entry, also where the key was posted before.

    Raises: Unbalanced, CurrencyMismatch, PeriodClosed, PostedDifferently.
    """
    entry = Entry(entity_id, kind, key, source, legs, booked_on, text)
    return (await post_many(session, [entry]))[0]


async def post_many(session: AsyncSession, entries: Sequence[Entry]) -> list[UUID]:
    """Post entries in two statements, however many; their ids in the order given. Raises as `post` does."""
    if not entries:
        return []
    asked = _by_key(entries)
    await session.flush()
    made = await _insert_entries(session, asked)
    await _insert_lines(session, [(id, asked[key]) for key, id in made.items()])
    known = await _posted_before(session, {key: entry for key, entry in asked.items() if key not in made})
    await _refuse_closed(session, [asked[key] for key in made])
    ids = made | known
    return [ids[_key(entry)] for entry in entries]


async def reverse(session: AsyncSession, entry_id: UUID, key: str, booked_on: date | None = None) -> UUID:
    """Post the exact opposite of an entry, once.

    Raises: NotFound, PeriodClosed, AlreadyReversed where it was reversed under another key.
    """
    original = await find(session, JournalEntry, entry_id)
    reversal = select(JournalEntry.key).where(JournalEntry.reverses_id == original.id)
    if (await session.execute(reversal)).scalar() not in (None, key):
        raise AlreadyReversed(field=("id",))
    source, legs = (original.source_type, original.source_id), await _opposite(session, original)
    kind, text = EntryKind.REVERSAL, original.text
    entry = Entry(original.entity_id, kind, key, source, legs, booked_on, text, reverses_id=original.id)
    return (await post_many(session, [entry]))[0]


async def seal(session: AsyncSession) -> None:
    """Check and number now what the transaction has posted so far, instead of when it commits."""
    await session.flush()
    await session.execute(text("SET CONSTRAINTS sealed IMMEDIATE"))
    await session.execute(text("SET CONSTRAINTS sealed DEFERRED"))


# --- statements -------------------------------------------------------------------------------------------------------

_Key = tuple[UUID, str]
_IDS, _TEXTS, _DATES = ARRAY(PgUUID(as_uuid=True)), ARRAY(Text), ARRAY(Date)


def _typed(**types: ARRAY[Any]) -> list[Any]:
    return [bindparam(name, type_=type_) for name, type_ in types.items()]


_ENTRIES = text(
    """
    INSERT INTO journal_entry
      (entity_id, kind, key, booked_on, currency, text, source_type, source_id, reverses_id, fingerprint)
    SELECT * FROM unnest(:entity_ids, :kinds, :keys, :days, :currencies, :texts, :types, :sources, :reversed, :prints)
    ON CONFLICT (entity_id, key) DO NOTHING
    RETURNING id, entity_id, key
    """
).bindparams(
    *_typed(entity_ids=_IDS, kinds=_TEXTS, keys=_TEXTS, days=_DATES, currencies=_TEXTS),
    *_typed(texts=_TEXTS, types=_TEXTS, sources=_IDS, reversed=_IDS, prints=_TEXTS),
)

_LINES = text(
    """
    INSERT INTO journal_line (entry_id, entity_id, position, account_id, debit_cents, credit_cents, currency, booked_on,
      contact_id, order_id, line_item_id, intercompany_entity_id)
    SELECT l.entry_id, l.entity_id, l.position, a.id, greatest(l.cents, 0), greatest(-l.cents, 0), l.currency, l.day,
      l.contact_id, l.order_id, l.line_item_id, l.other_id
    FROM unnest(:entries, :entity_ids, :positions, :roles, :cents, :currencies, :days, :contacts, :orders, :items,
      :others) AS l (entry_id, entity_id, position, role, cents, currency, day, contact_id, order_id, line_item_id,
      other_id)
    LEFT JOIN ledger_account a ON a.entity_id = l.entity_id AND a.role = l.role
    """
).bindparams(
    *_typed(entries=_IDS, entity_ids=_IDS, positions=ARRAY(Integer), roles=_TEXTS, cents=ARRAY(BigInteger)),
    *_typed(currencies=_TEXTS, days=_DATES, contacts=_IDS, orders=_IDS, items=_IDS, others=_IDS),
)


def _key(entry: Entry) -> _Key:
    return entry.entity_id, entry.key


def _by_key(entries: Iterable[Entry]) -> dict[_Key, Entry]:
    """Each entry once, checked, on one day whatever the clock does; the same key twice has to ask for the same."""
    asked: dict[_Key, Entry] = {}
    for given in entries:
        given.check()
        entry = replace(given, booked_on=given.day)
        twin = asked.setdefault(_key(entry), entry)
        if twin is not entry and twin.fingerprint() != entry.fingerprint():
            raise PostedDifferently(key=entry.key)
    return asked


async def _insert_entries(session: AsyncSession, asked: dict[_Key, Entry]) -> dict[_Key, UUID]:
    entries = sorted(asked.values(), key=_key)
    columns = {
        "entity_ids": [entry.entity_id for entry in entries],
        "kinds": [entry.kind.value for entry in entries],
        "keys": [entry.key for entry in entries],
        "days": [entry.day for entry in entries],
        "currencies": [entry.currency for entry in entries],
        "texts": [entry.text for entry in entries],
        "types": [entry.source[0] for entry in entries],
        "sources": [entry.source[1] for entry in entries],
        "reversed": [entry.reverses_id for entry in entries],
        "prints": [entry.fingerprint() for entry in entries],
    }
    made = await session.execute(_ENTRIES, columns)
    return {(row.entity_id, row.key): row.id for row in made}


async def _insert_lines(session: AsyncSession, entries: Sequence[tuple[UUID, Entry]]) -> None:
    lines = [
        (id, entry.entity_id, position, leg.role.value, leg.amount.cents, entry.currency, entry.day, *leg.about)
        for id, entry in entries
        for position, leg in enumerate(entry.posted_legs, start=1)
    ]
    names = ("entries", "entity_ids", "positions", "roles", "cents", "currencies", "days")
    if lines:
        columns = zip(*lines, strict=True)
        await session.execute(
            _LINES, dict(zip((*names, "contacts", "orders", "items", "others"), map(list, columns), strict=True))
        )


async def _posted_before(session: AsyncSession, asked: dict[_Key, Entry]) -> dict[_Key, UUID]:
    if not asked:
        return {}
    keys = tuple_(JournalEntry.entity_id, JournalEntry.key)
    query = select(JournalEntry.id, JournalEntry.entity_id, JournalEntry.key, JournalEntry.fingerprint)
    known = {}
    for row in await session.execute(query.where(keys.in_(list(asked)))):
        if row.fingerprint != asked[row.entity_id, row.key].fingerprint():
            raise PostedDifferently(key=row.key)
        known[row.entity_id, row.key] = row.id
    return known


async def _refuse_closed(session: AsyncSession, entries: Sequence[Entry]) -> None:
    """What the database refuses at the commit, said while there is somebody to tell."""
    earliest: dict[UUID, date] = {}
    for entry in entries:
        earliest[entry.entity_id] = min(entry.day, earliest.get(entry.entity_id, entry.day))
    for entity_id, day in earliest.items():
        first = await first_open_day(session, entity_id)
        if first is not None and day < first:
            raise PeriodClosed(first_open=first.isoformat())


async def _opposite(session: AsyncSession, entry: JournalEntry) -> list[Leg]:
    query = (
        select(JournalLine, LedgerAccount.role)
        .join(LedgerAccount, LedgerAccount.id == JournalLine.account_id)
        .where(JournalLine.entry_id == entry.id)
        .order_by(JournalLine.position)
    )
    return [
        Leg(
            AccountRole(role),
            Money(line.credit_cents - line.debit_cents, line.currency),
            line.contact_id,
            line.order_id,
            line.line_item_id,
            line.intercompany_entity_id,
        )
        for line, role in await session.execute(query)
    ]
