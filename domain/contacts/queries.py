"""What is read of contacts beyond plain rows: the tree at a time, look-alikes, where a customer was met."""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    DateTime,
    Integer,
    Select,
    Text,
    and_,
    cast,
    exists,
    func,
    literal,
    not_,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY, UUID, array
from sqlalchemy.orm import aliased

from domain.contacts.models import Address, Contact, ContactType, OrganizationParent
from domain.contacts.tree import MAX_DEPTH

Argument = ColumnElement[Any]


def organization_tree(
    root_id: Argument, as_of: Argument, depth: Argument, own_organization_id: Argument
) -> Select[Any]:
    """The tree at a time in preorder, names in order among siblings: organization_id, parent_id, depth, path.

    From one organization down, a partner's from its own; else all partners that had no parent that the actor sees.
    Row-level security leaves out what the actor does not see, and what was below that.
    """
    at = func.coalesce(cast(as_of, DateTime(timezone=True)), func.now())
    deepest = func.least(func.coalesce(cast(depth, Integer), MAX_DEPTH), MAX_DEPTH)
    root = func.coalesce(cast(root_id, UUID), cast(own_organization_id, UUID))
    tree = _roots(root, at).cte("tree", recursive=True)
    child, edge = aliased(Contact, name="child"), aliased(OrganizationParent, name="edge")
    below = (
        select(
            child.id, edge.parent_id, tree.c.depth + 1, _then(tree.c.path, child.id), _then(tree.c.place, _place(child))
        )
        .join(edge, and_(edge.parent_id == tree.c.organization_id, edge.valid.op("@>")(at)))
        .join(child, child.id == edge.organization_id)
        .where(tree.c.depth < deepest, child.id != func.all(tree.c.path))
    )
    tree = tree.union_all(below)
    return select(tree.c.organization_id, tree.c.parent_id, tree.c.depth, tree.c.path).order_by(tree.c.place)


def _roots(root: Argument, at: Argument) -> Select[Any]:
    contact, parents, children = aliased(Contact), aliased(OrganizationParent), aliased(OrganizationParent)
    has_parent = exists(select(parents.id).where(parents.organization_id == contact.id, parents.valid.op("@>")(at)))
    has_child = exists(select(children.id).where(children.parent_id == contact.id, children.valid.op("@>")(at)))
    is_partner = and_(contact.partner_model.is_not(None), contact.merged_into_id.is_(None))
    is_root = and_(root.is_(None), not_(has_parent), or_(has_child, is_partner))
    return select(
        contact.id.label("organization_id"),
        cast(null(), UUID).label("parent_id"),
        literal(0).label("depth"),
        array([contact.id]).label("path"),
        array([_place(contact)]).label("place"),
    ).where(
        contact.contact_type == ContactType.ORGANIZATION, contact.created_at <= at, or_(contact.id == root, is_root)
    )


def _place(contact: Any) -> ColumnElement[str]:
    return func.concat(func.lower(contact.name), " ", cast(contact.id, Text))


def _then(path: ColumnElement[Any], item: Any) -> ColumnElement[Any]:
    return func.array_append(path, item, type_=path.type)


LOOK_ALIKES = 100
_SCORES = {"EMAIL": 50, "PHONE": 40, "KVK": 60, "VAT": 60, "NAME_AND_POSTCODE": 45}
_SIMILAR_NAME = 0.5
"""Trigram similarity from which two names at one postcode may be one."""


def look_alikes(contact_id: Argument) -> Select[Any]:
    """Pairs of records of one type that may be one, best first: first_id (the older), second_id, reasons, score.

    Equal e-mail address, telephone, KvK or VAT number, or similar names at one postcode; the score adds up, to 100 at
    most. `contact_id` NULL: of all that the actor sees.
    """
    wanted = cast(contact_id, UUID)
    found = union_all(
        _equal("EMAIL", "email", wanted),
        _equal("PHONE", "phone", wanted),
        _equal("KVK", "kvk_number", wanted),
        _equal("VAT", "vat_number", wanted),
        _neighbours(wanted),
    ).subquery("found")
    score = func.least(100, func.sum(found.c.points))
    return (
        select(
            found.c.first_id,
            found.c.second_id,
            func.array_agg(found.c.reason.distinct(), type_=ARRAY(Text)).label("reasons"),
            cast(score, Integer).label("score"),
        )
        .group_by(found.c.first_id, found.c.second_id)
        .order_by(score.desc(), found.c.first_id, found.c.second_id)
        .limit(LOOK_ALIKES)
    )


def _pair(reason: str, first: Any, second: Any, wanted: Argument) -> Select[Any]:
    columns = (
        first.id.label("first_id"),
        second.id.label("second_id"),
        literal(reason).label("reason"),
        literal(_SCORES[reason]).label("points"),
    )
    of_one = or_(wanted.is_(None), first.id == wanted, second.id == wanted)
    current = [each.is_(None) for c in (first, second) for each in (c.merged_into_id, c.erased_at)]
    return select(*columns).where(first.id < second.id, first.contact_type == second.contact_type, *current, of_one)


def _equal(reason: str, column: str, wanted: Argument) -> Select[Any]:
    first, second = aliased(Contact), aliased(Contact)
    same = getattr(first, column) == getattr(second, column)
    return _pair(reason, first, second, wanted).where(same, getattr(first, column).is_not(None))


def _neighbours(wanted: Argument) -> Select[Any]:
    first, second = aliased(Contact), aliased(Contact)
    one, other = aliased(Address), aliased(Address)
    alike = func.similarity(func.lower(first.name), func.lower(second.name)) >= _SIMILAR_NAME
    return (
        _pair("NAME_AND_POSTCODE", first, second, wanted)
        .where(one.id == first.address_id, other.id == second.address_id)
        .where(one.postal_code == other.postal_code, one.postal_code != "", alike)
    )
