"""Merging duplicates: both histories become one, and the merge can be undone.

Everything that points to the loser points to the winner afterwards, except documents that were sent or signed: they
keep the party they were made with, whose record stays and says where it went (`merged_into_id`). Row-level security
lets the winner read what still names the loser.
"""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.contacts import events, tree
from domain.contacts.errors import MergeImpossible, UnmergeImpossible
from domain.contacts.models import Contact, ContactMerge, ContactRelation, ContactType, Lifecycle
from domain.contacts.references import Reference, references, repoint
from domain.contacts.relations import record_about
from domain.errors import FieldPath
from domain.events.record import Payload, changes_of, plain
from domain.rows import find
from tenants.acting import acting_as
from tenants.actor import Actor
from tenants.models import Membership, MembershipStatus

FILLED = (
    "first_name",
    "last_name",
    "job_title",
    "legal_name",
    "email",
    "phone",
    "website",
    "kvk_number",
    "vat_number",
    "iban",
    "partner_model",
    "partner_code",
    "payment_terms_days",
    "address_id",
)
"""Columns that the winner takes from the loser where it has none."""
_HANDLED = {
    "organization_parent.organization_id",
    "organization_parent.parent_id",
    "contact_merge.winner_id",
    "contact_merge.loser_id",
    "contact_relation.contact_id",
    "contact.chain_organization_ids",
}
"""History that stays, and what is not changed by merely pointing elsewhere."""
_ORDER = [Lifecycle.INACTIVE, Lifecycle.LEAD, Lifecycle.PROSPECT, Lifecycle.CUSTOMER]


async def merge(session: AsyncSession, merger: Actor, winner_id: UUID, loser_id: UUID) -> Contact:
    """Let the winner take over all that the loser has. A session of the system actor; `merger` has to see both.

    Merging what is already merged so changes nothing. Rows that would double one of the winner's stay with the loser.
    """
    await tree.lock(session, moving=True)
    async with acting_as(session, merger):
        winner, loser = await _pair(session, winner_id, loser_id)
    if loser.merged_into_id == winner.id:
        return winner
    _refuse(winner, loser)
    snapshot: dict[str, Any] = {
        "loser": _columns(loser),
        "relations": {},
        "folded": {},
        "rows": {},
        "children": [],
        "filled": {},
    }
    await _move_children(session, winner, loser, snapshot)
    await _fold_relations(session, winner, loser, snapshot)
    await _repoint_all(session, winner, loser, snapshot)
    await _fill(session, winner, loser, snapshot)
    await _retire(session, winner, loser)
    kept = ContactMerge(winner_id=winner.id, loser_id=loser.id, snapshot=snapshot, merged_by_user_id=merger.user_id)
    session.add(kept)
    await _record(session, merger, winner, events.ContactsMerged(loser.id))
    return winner


async def unmerge(session: AsyncSession, merger: Actor, loser_id: UUID) -> Contact:
    """Undo the last merge of a contact into another: what was taken over goes back, what came later stays.

    A session of the system actor.
    """
    await tree.lock(session, moving=True)
    async with acting_as(session, merger):
        loser = await find(session, Contact, loser_id)
        merged = await _last_merge(session, loser)
        winner, loser = await _pair(session, merged.winner_id, loser.id)
    if winner.merged_into_id or winner.erased_at or loser.erased_at:
        raise UnmergeImpossible(field=("id",), reason=_LATER)
    merged.undone_at = datetime.now(UTC)
    await _restore(session, winner, loser, merged.snapshot)
    await _refresh(session, winner, loser)
    await _record(session, merger, winner, events.ContactsUnmerged(loser.id))
    return loser


_LATER = {
    "nl": "een van beide is daarna zelf samengevoegd of gewist",
    "en": "one of the two was merged or erased since",
}
_SELF = {"nl": "het is één en hetzelfde contact", "en": "it is one and the same contact"}
_TYPES = {"nl": "een persoon en een organisatie", "en": "a person and an organization"}
_ABOVE = {"nl": "de ene organisatie valt onder de andere", "en": "one organization is below the other"}
_GONE = {"nl": "een van beide is al samengevoegd of gewist", "en": "one of them is already merged or erased"}
_NOTHING = {"nl": "dit contact is niet samengevoegd", "en": "this contact is not merged"}


async def _pair(session: AsyncSession, winner_id: UUID, loser_id: UUID) -> tuple[Contact, Contact]:
    """Both rows, locked in the order of their ids so that opposite merges wait for each other."""
    if winner_id == loser_id:
        raise MergeImpossible(field=("loser_id",), reason=_SELF)
    fields: dict[UUID, FieldPath] = {winner_id: ("winner_id",), loser_id: ("loser_id",)}
    found = {id: await find(session, Contact, id, lock=True, field=fields[id]) for id in sorted(fields)}
    return found[winner_id], found[loser_id]


def _refuse(winner: Contact, loser: Contact) -> None:
    if winner.contact_type != loser.contact_type:
        raise MergeImpossible(field=("loser_id",), reason=_TYPES)
    if winner.merged_into_id or loser.merged_into_id or winner.erased_at or loser.erased_at:
        raise MergeImpossible(field=("loser_id",), reason=_GONE)
    if winner.id in loser.chain_organization_ids or loser.id in winner.chain_organization_ids:
        raise MergeImpossible(field=("loser_id",), reason=_ABOVE)


def _columns(row: Any) -> dict[str, Any]:
    return {attribute.key: plain(getattr(row, attribute.key)) for attribute in row.__mapper__.column_attrs}


async def _children(session: AsyncSession, id: UUID) -> list[Contact]:
    query = select(Contact).filter_by(parent_organization_id=id, contact_type=ContactType.ORGANIZATION.value)
    query = query.order_by(Contact.id).with_for_update()
    return list((await session.execute(query)).scalars())


async def _move_children(session: AsyncSession, winner: Contact, loser: Contact, snapshot: dict[str, Any]) -> None:
    """What is below the loser moves below the winner, from now on; the tree's history stays."""
    if loser.contact_type != ContactType.ORGANIZATION:
        return
    for child in await _children(session, loser.id):
        await tree.put_below(session, child, winner)
        snapshot["children"].append(str(child.id))
    await tree.put_below(session, loser, None)


async def _fold_relations(session: AsyncSession, winner: Contact, loser: Contact, snapshot: dict[str, Any]) -> None:
    """One relation per entity: the furthest lifecycle, the first acquisition, everybody who brought it."""
    own = {relation.entity_id: relation for relation in await _relations(session, winner.id)}
    for relation in await _relations(session, loser.id):
        snapshot["relations"][str(relation.entity_id)] = _columns(relation)
        if kept := own.get(relation.entity_id):
            snapshot["folded"][str(kept.id)] = _fold(kept, relation)
            await session.execute(delete(ContactRelation).where(ContactRelation.id == relation.id))
        else:
            relation.contact_id = winner.id
    await session.flush()


def _fold(kept: ContactRelation, folded: ContactRelation) -> dict[str, list[Any]]:
    if folded.acquired_on < kept.acquired_on:
        kept.acquired_on, kept.source = folded.acquired_on, folded.source
        kept.partner_organization_id = folded.partner_organization_id or kept.partner_organization_id
    kept.lifecycle = max(kept.lifecycle, folded.lifecycle, key=lambda state: _ORDER.index(Lifecycle(state)))
    kept.satisfaction = kept.satisfaction if kept.satisfaction is not None else folded.satisfaction
    kept.channel_organization_ids = _union(kept.channel_organization_ids, folded.channel_organization_ids)
    for name in ("communication_preferences", "scheduling_preferences", "service_preferences"):
        setattr(kept, name, {**getattr(folded, name), **getattr(kept, name)})
    return changes_of(kept)


async def _relations(session: AsyncSession, contact_id: UUID) -> list[ContactRelation]:
    query = select(ContactRelation).filter_by(contact_id=contact_id).order_by(ContactRelation.id).with_for_update()
    return list((await session.execute(query)).scalars())


async def _repoint_all(session: AsyncSession, winner: Contact, loser: Contact, snapshot: dict[str, Any]) -> None:
    for reference in await _changeable(session, loser):
        if keys := await repoint(session, reference, loser.id, winner.id):
            snapshot["rows"][reference.name] = keys
    await _revoke_left_over(session, loser, snapshot)


async def _revoke_left_over(session: AsyncSession, loser: Contact, snapshot: dict[str, Any]) -> None:
    """A user who is with both already is so for the winner alone."""
    left_over = or_(Membership.contact_id == loser.id, Membership.organization_id == loser.id)
    active = Membership.status == MembershipStatus.ACTIVE
    revoked = update(Membership).where(left_over, active).values(status=MembershipStatus.REVOKED.value)
    ids = (await session.execute(revoked.returning(Membership.id))).scalars()
    snapshot["revoked"] = [str(id) for id in ids]


async def _changeable(session: AsyncSession, loser: Contact) -> list[Reference]:
    is_organization = loser.contact_type == ContactType.ORGANIZATION
    found = [each for each in await references(session) if each.name not in _HANDLED]
    return [each for each in found if is_organization or not each.is_array]


async def _fill(session: AsyncSession, winner: Contact, loser: Contact, snapshot: dict[str, Any]) -> None:
    taken = {column: getattr(loser, column) for column in FILLED if getattr(winner, column) is None}
    loser.partner_code = None  # a code is one organization's
    await session.flush()
    for column, value in taken.items():
        if value is not None:
            setattr(winner, column, value)
            snapshot["filled"][column] = plain(value)


async def _retire(session: AsyncSession, winner: Contact, loser: Contact) -> None:
    """The loser stays for the documents that name it, visible to whoever sees the winner."""
    if winner.contact_type == ContactType.ORGANIZATION:
        await _refresh(session, winner, loser)
    else:
        winner.channel_organization_ids = _union(winner.channel_organization_ids, loser.channel_organization_ids)
    winner.entity_ids = _union(winner.entity_ids, loser.entity_ids)
    loser.entity_ids = list(winner.entity_ids)
    loser.channel_organization_ids = _union(loser.channel_organization_ids, winner.channel_organization_ids)
    loser.merged_into_id = winner.id
    await session.flush()


async def _refresh(session: AsyncSession, winner: Contact, loser: Contact) -> None:
    await tree.refresh_channels(session, [winner.id, loser.id])
    await session.refresh(winner)
    await session.refresh(loser)


def _union(first: list[UUID], second: list[UUID]) -> list[UUID]:
    return [*first, *(id for id in second if id not in first)]


async def _restore(session: AsyncSession, winner: Contact, loser: Contact, snapshot: dict[str, Any]) -> None:
    before = snapshot["loser"]
    for column, value in snapshot["filled"].items():
        if plain(getattr(winner, column)) == value:
            setattr(winner, column, None)
    loser.merged_into_id = None
    loser.entity_ids = [UUID(id) for id in before["entity_ids"]]
    await session.flush()
    loser.partner_code = before["partner_code"] if winner.partner_code != before["partner_code"] else None
    await _restore_rows(session, winner, loser, snapshot["rows"])
    await _restore_memberships(session, snapshot["revoked"])
    await _restore_relations(session, winner, loser, snapshot)
    if loser.contact_type == ContactType.ORGANIZATION:
        await _restore_place(session, winner, loser, snapshot)


async def _restore_memberships(session: AsyncSession, revoked: list[str]) -> None:
    again = update(Membership).where(Membership.id.in_([UUID(id) for id in revoked]))
    await session.execute(again.values(status=MembershipStatus.ACTIVE.value))


async def _restore_rows(session: AsyncSession, winner: Contact, loser: Contact, rows: dict[str, list[str]]) -> None:
    for reference in await _changeable(session, loser):
        if keys := rows.get(reference.name):
            await repoint(session, reference, winner.id, loser.id, only=keys)


async def _restore_relations(session: AsyncSession, winner: Contact, loser: Contact, snapshot: dict[str, Any]) -> None:
    """Relations that were taken over go back; those that were folded are made anew as they were."""
    own = {str(relation.id): relation for relation in await _relations(session, winner.id)}
    for before in snapshot["relations"].values():
        if moved := own.get(before["id"]):
            moved.contact_id = loser.id
        else:
            await session.execute(_MAKE_RELATION, {"row": json.dumps(before)})
    for id, changes in snapshot["folded"].items():
        if kept := own.get(id):
            unchanged = {
                name: before for name, (before, after) in changes.items() if plain(getattr(kept, name)) == after
            }
            await session.execute(_RESET_RELATION, {"id": kept.id, "row": json.dumps(unchanged)})
    await session.flush()
    remaining = [relation.entity_id for relation in await _relations(session, winner.id)]
    winner.entity_ids = [id for id in winner.entity_ids if id in remaining]


_MAKE_RELATION = text("""
    INSERT INTO contact_relation
    SELECT (jsonb_populate_record(CAST(NULL AS contact_relation), CAST(:row AS jsonb))).*
""")
_RESET_RELATION = text("""
    UPDATE contact_relation r SET lifecycle = b.lifecycle, source = b.source, acquired_on = b.acquired_on,
      partner_organization_id = b.partner_organization_id, channel_organization_ids = b.channel_organization_ids,
      satisfaction = b.satisfaction, communication_preferences = b.communication_preferences,
      scheduling_preferences = b.scheduling_preferences, service_preferences = b.service_preferences
    FROM contact_relation present
    CROSS JOIN LATERAL jsonb_populate_record(present, CAST(:row AS jsonb)) b
    WHERE r.id = :id AND present.id = r.id
""")
"""The columns in `row` become what they were, the others stay."""


async def _restore_place(session: AsyncSession, winner: Contact, loser: Contact, snapshot: dict[str, Any]) -> None:
    """Children that are still with the winner come back, and the loser goes back below its parent, where it can."""
    moved = set(snapshot["children"])
    for child in await _children(session, winner.id):
        if str(child.id) in moved:
            await tree.put_below(session, child, loser)
    await session.flush()
    parent_id = snapshot["loser"]["parent_organization_id"]
    parent = await session.get(Contact, UUID(parent_id)) if parent_id else None
    if parent and parent.merged_into_id is None and not await tree.is_above(session, loser, parent, datetime.now(UTC)):
        await tree.put_below(session, loser, parent)


async def _last_merge(session: AsyncSession, loser: Contact) -> ContactMerge:
    query = select(ContactMerge).filter_by(loser_id=loser.id, undone_at=None).order_by(ContactMerge.id.desc()).limit(1)
    merged = (await session.execute(query)).scalar_one_or_none()
    if merged is None:
        raise UnmergeImpossible(field=("id",), reason=_NOTHING)
    return merged


async def _record(session: AsyncSession, merger: Actor, winner: Contact, payload: Payload) -> None:
    """In the log of every entity that holds the contact; where the merger works, in its name."""
    for entity_id in winner.entity_ids:
        if entity_id in merger.entity_ids:
            async with acting_as(session, merger):
                await record_about(session, payload, winner, entity_id=entity_id)
        else:
            await record_about(session, payload, winner, entity_id=entity_id)
