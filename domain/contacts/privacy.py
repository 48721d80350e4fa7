"""A person's rights over its data (T15): a copy of everything, and erasure of what the law does not keep."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.contacts import events
from domain.contacts.errors import ContactMergedAway, HasOpenOrders, HeldElsewhere, NotAPerson
from domain.contacts.models import Contact, ContactType
from domain.contacts.personal import DECLARED
from domain.contacts.relations import record_about
from domain.events.redaction import redact
from domain.rows import find
from tenants.acting import acting_as
from tenants.actor import Actor
from tenants.audience import Audience
from tenants.listing import LISTED
from tenants.models import Membership, MembershipStatus

MOST_ROWS = 10_000
"""Of one table in a copy."""
_NOT_SHOWN = ("unit_cost_cents", "chain_organization_ids", "channel_organization_ids", "payer_chain_ids", "search_text")
"""Columns that say nothing of the person: our cost, and who else sees a row."""
_MOST_NUMBERS = 5

_POINTING = text("""
    SELECT c.relname AS "table", array_agg(DISTINCT a.attname) AS columns
    FROM pg_constraint con JOIN pg_class c ON c.oid = con.conrelid
      JOIN pg_attribute a ON a.attrelid = con.conrelid AND a.attnum = con.conkey[1]
    WHERE con.contype = 'f' AND con.confrelid = to_regclass(:target) AND cardinality(con.conkey) = 1
      AND has_column_privilege(c.oid, a.attnum, 'SELECT')
      AND c.relname <> ALL (ARRAY['organization_parent', 'contact_merge', 'contact'])
    GROUP BY c.relname ORDER BY c.relname
""")
_READABLE = text("""
    SELECT a.attname FROM pg_attribute a
    WHERE a.attrelid = to_regclass(:table) AND a.attnum > 0 AND NOT a.attisdropped
      AND a.atttypid <> ALL (ARRAY['bytea', 'bytea[]']::regtype[]) AND a.attname <> ALL (CAST(:hidden AS text[]))
      AND has_column_privilege(a.attrelid, a.attnum, 'SELECT')
    ORDER BY a.attnum
""")


@dataclass(frozen=True, slots=True)
class _Person:
    """The records, addresses and logins by which a person is known."""

    ids: list[UUID]
    emails: list[str]
    users: list[UUID]

    @property
    def parameters(self) -> dict[str, Any]:
        return {"ids": self.ids, "emails": self.emails, "users": self.users}


async def export(session: AsyncSession, contact_id: UUID) -> dict[str, Any]:
    """Everything that the actor's entities hold of a contact, per table, as JSON; recorded as an event."""
    contact = await find(session, Contact, contact_id)
    person = await _person(session, contact)
    tables = {"contact": await _rows(session, "contact", ["id"], person.ids)}
    for row in (await session.execute(_POINTING, {"target": "contact"})).all():
        tables[row.table] = await _rows(session, row.table, row.columns, person.ids)
    tables["user_account"] = await _rows(session, "user_account", ["id"], person.users)
    tables["event"] = await _events(session, person.ids)
    await record_about(session, events.PersonalDataExported(), contact)
    exported_at = datetime.now(UTC).isoformat()
    return {"exportedAt": exported_at, "contactIds": [str(id) for id in person.ids], "tables": tables}


async def erase(session: AsyncSession, eraser: Actor, contact_id: UUID) -> Contact:
    """Blank what is held of a person, everywhere and for good; documents that the law keeps stay without the contact's
    data around them. Erasing twice changes nothing. A session of the system actor; `eraser` has to see the contact.
    """
    async with acting_as(session, eraser):
        contact = await find(session, Contact, contact_id, lock=True)
    if contact.erased_at is not None:
        return contact
    _refuse(eraser, contact)
    person = await _person(session, contact)
    await _refuse_open(session, person)
    entity_ids = list(contact.entity_ids)
    for declared in DECLARED.values():
        for statement in declared.erase:
            await session.execute(text(statement), _used(statement, person))
    await _blank_addresses(session, person)
    await _forget_texts(session, person)
    await redact(session, person.ids, person.users)
    await session.refresh(contact)
    await _record(session, eraser, contact, entity_ids, await _kept(session, person))
    return contact


def _refuse(eraser: Actor, contact: Contact) -> None:
    if contact.contact_type != ContactType.PERSON:
        raise NotAPerson(field=("id",))
    if contact.merged_into_id is not None:
        raise ContactMergedAway(field=("id",))
    if eraser.audience is not Audience.SYSTEM and not set(contact.entity_ids) <= set(eraser.entity_ids):
        raise HeldElsewhere(field=("id",))


async def _person(session: AsyncSession, contact: Contact) -> _Person:
    """The contact with the duplicates that were merged into it, and the logins that are its alone."""
    same = or_(Contact.id == contact.id, Contact.merged_into_id == contact.id)
    rows = (await session.execute(select(Contact.id, Contact.email).where(same))).all()
    ids = [row.id for row in rows]
    own = select(Membership.user_id).where(Membership.contact_id.in_(ids))
    others = select(Membership.user_id).where(
        Membership.status == MembershipStatus.ACTIVE,
        or_(Membership.contact_id.is_(None), Membership.contact_id.not_in(ids)),
    )
    users = (await session.execute(own.where(Membership.user_id.not_in(others)).distinct())).scalars().all()
    return _Person(ids, sorted({row.email for row in rows if row.email}), list(users))


async def _refuse_open(session: AsyncSession, person: _Person) -> None:
    numbers: list[str] = []
    for declared in DECLARED.values():
        if declared.open:
            numbers += (await session.execute(text(declared.open), _used(declared.open, person))).scalars()
    if numbers:
        shown = ", ".join(numbers[:_MOST_NUMBERS]) + ("…" if len(numbers) > _MOST_NUMBERS else "")
        raise HasOpenOrders(field=("id",), numbers=shown)


def _used(statement: str, person: _Person) -> dict[str, Any]:
    return {name: value for name, value in person.parameters.items() if f":{name}" in statement}


async def _kept(session: AsyncSession, person: _Person) -> dict[str, int]:
    """How many rows of each table stay because the law keeps them."""
    counts = {}
    for declared in DECLARED.values():
        if declared.kept:
            query = f'SELECT count(*) FROM "{declared.table}" WHERE {declared.kept}'  # noqa: S608  # declared
            counts[declared.table] = (await session.execute(text(query), _used(query, person))).scalar_one()
    return {table: count for table, count in counts.items() if count}


async def _blank_addresses(session: AsyncSession, person: _Person) -> None:
    """Addresses that no kept document was made with."""
    pointing = (await session.execute(_POINTING, {"target": "address"})).all()
    used = [f'SELECT "{column}" FROM "{row.table}"' for row in pointing for column in row.columns]  # noqa: S608  # names of the catalog
    unused = "".join(f" AND NOT EXISTS (SELECT 1 FROM ({query}) u (id) WHERE u.id = a.id)" for query in used)  # noqa: S608  # names of the catalog
    blank = (
        "UPDATE address a SET street = '', house_number = '', house_number_addition = '', postal_code = '', city = '', "  # noqa: S608  # names of the catalog
        "latitude = NULL, longitude = NULL, exactness = 'NONE', location_source = '' "
        f"WHERE contact_id = ANY (CAST(:ids AS uuid[])){unused}"
    )
    await session.execute(text(blank), {"ids": person.ids})
    original = "UPDATE address SET original = '{}' WHERE contact_id = ANY (CAST(:ids AS uuid[]))"
    await session.execute(text(original), {"ids": person.ids})


async def _forget_texts(session: AsyncSession, person: _Person) -> None:
    """Let the search of leads, quotes and orders forget the name: their triggers write the text anew."""
    for row in (await session.execute(_POINTING, {"target": "contact"})).all():
        if row.table in LISTED:
            conditions = " OR ".join(f'"{column}" = ANY (CAST(:ids AS uuid[]))' for column in row.columns)
            touch = f'UPDATE "{row.table}" SET id = id WHERE {conditions}'  # noqa: S608  # names of the catalog
            await session.execute(text(touch), {"ids": person.ids})


async def _record(
    session: AsyncSession, eraser: Actor, contact: Contact, entity_ids: Sequence[UUID], kept: dict[str, int]
) -> None:
    for entity_id in entity_ids:
        if entity_id in eraser.entity_ids:
            async with acting_as(session, eraser):
                await record_about(session, events.ContactErased(kept), contact, entity_id=entity_id)
        else:
            await record_about(session, events.ContactErased(kept), contact, entity_id=entity_id)


async def _rows(session: AsyncSession, table: str, columns: Sequence[str], ids: Sequence[UUID]) -> list[Any]:
    """The readable columns of the rows that point to one of the ids, in key order."""
    shown = (await session.execute(_READABLE, {"table": f'"{table}"', "hidden": list(_NOT_SHOWN)})).scalars().all()
    conditions = " OR ".join(f'"{column}" = ANY (CAST(:ids AS uuid[]))' for column in columns)
    names = ", ".join(f'"{column}"' for column in shown)
    query = f'SELECT to_jsonb(r) FROM (SELECT {names} FROM "{table}" WHERE {conditions} ORDER BY 1 LIMIT :most) r'  # noqa: S608  # names of the catalog
    return list((await session.execute(text(query), {"ids": list(ids), "most": MOST_ROWS})).scalars())


async def _events(session: AsyncSession, ids: Sequence[UUID]) -> list[Any]:
    query = text("""
        SELECT jsonb_build_object('createdAt', created_at, 'type', type, 'payload', payload, 'changes', changes)
        FROM event WHERE contact_ids && CAST(:ids AS uuid[]) AND NOT internal ORDER BY created_at LIMIT :most
    """)
    return list((await session.execute(query, {"ids": list(ids), "most": MOST_ROWS})).scalars())
