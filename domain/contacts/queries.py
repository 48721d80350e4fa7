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
)
from sqlalchemy.dialects.postgresql import UUID, array
from sqlalchemy.orm import aliased

from domain.contacts.models import Contact, ContactType, OrganizationParent
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
    has_parent = exists().where(parents.organization_id == contact.id, parents.valid.op("@>")(at))
    has_child = exists().where(children.parent_id == contact.id, children.valid.op("@>")(at))
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
