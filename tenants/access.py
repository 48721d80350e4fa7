"""Why an actor sees a row or does not: the table's rule for its audience, condition by condition."""

import re
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import UUID as PgUUID

from tenants.actor import SYSTEM, Actor
from tenants.audience import Audience
from tenants.auth.standing import entities_in_role
from tenants.engine import Database
from tenants.models import Membership, UserAccount
from tenants.permissions import Role
from tenants.rls import REGISTRY, Rule

_MACRO = re.compile(r"\{(entities|organization|contact|team|user|audience)\}")
_SAME_ORGANIZATION = (
    "ARRAY(SELECT c.id FROM contact c WHERE c.id = {organization} OR c.merged_into_id = {organization})"
)
_IDS = ("organization", "contact", "team", "user")


@dataclass(frozen=True)
class Condition:
    """One part of a rule, as written beside its table, and whether the row meets it for the actor."""

    rule: str
    holds: bool


@dataclass(frozen=True)
class Explanation:
    """Whether the database shows a row to an actor, and by which rule. `reason` is a sentence for people."""

    visible: bool
    audience: Audience
    table: str
    reason: str
    conditions: tuple[Condition, ...]
    hidden_columns: tuple[str, ...]


async def explain(database: Database, table: str, id: UUID, actor: Actor) -> Explanation:
    """Ask the database as `actor` for the row, and hold each condition of the rule against it.

    The conditions are evaluated by the platform with the actor's values, so that each can be judged by itself; whether
    the row is visible is what the actor's own role answers.
    """
    protected = REGISTRY[table]
    if actor.audience is Audience.SYSTEM:
        return Explanation(True, actor.audience, table, "The platform sees every row.", (), ())
    rule = protected.rules.get(actor.audience)
    if rule is None:
        reason = f"No rule gives the audience {actor.audience.value} access to {table}."
        return Explanation(False, actor.audience, table, reason, (), ())
    visible = rule.reads and await _visible(database, table, id, actor)
    conditions = await _conditions(database, table, id, actor, rule)
    reason = protected.explain.get(actor.audience, "")
    if not visible:
        reason = f"Not so: {reason[:1].lower()}{reason[1:]}"
    return Explanation(visible, actor.audience, table, reason, conditions, rule.unread)


def conjuncts(rule: str) -> list[str]:
    """The parts of a condition that are joined by AND at its top level; the whole where an OR joins them."""
    words = re.split(r"(\(|\)|\bAND\b|\bOR\b)", rule)
    parts, depth = [""], 0
    for word in words:
        depth += (word == "(") - (word == ")")
        if word == "OR" and depth == 0:
            return [rule.strip()]
        if word == "AND" and depth == 0:
            parts.append("")
        else:
            parts[-1] += word
    return [part.strip() for part in parts]


async def actor_of(database: Database, membership_id: UUID) -> Actor:
    """The actor that the user of a membership is when logged in with it."""
    query = (
        select(Membership, UserAccount, entities_in_role(Membership).scalar_subquery())
        .join(UserAccount, UserAccount.id == Membership.user_id)
        .where(Membership.id == membership_id)
    )
    async with database.session(SYSTEM) as session:
        membership, user, entities = (await session.execute(query)).one()
    return Actor(
        role=Role(membership.role),
        entity_ids=tuple(sorted(entities or ())),
        user_id=user.id,
        organization_id=membership.organization_id,
        contact_id=membership.contact_id,
        team_id=membership.team_id,
    )


async def _visible(database: Database, table: str, id: UUID, actor: Actor) -> bool:
    async with database.session(actor) as session:
        found = await session.execute(text(f'SELECT 1 FROM "{table}" WHERE id = :id'), {"id": id})  # noqa: S608  # a declared table
        return found.first() is not None


async def _conditions(database: Database, table: str, id: UUID, actor: Actor, rule: Rule) -> tuple[Condition, ...]:
    values = _values(actor)
    judged = []
    async with database.session(SYSTEM) as session:
        for part in conjuncts(rule.sees):
            spelled_out = part.replace("{organizations}", _SAME_ORGANIZATION)
            used = set(_MACRO.findall(spelled_out))
            condition = _MACRO.sub(lambda macro: f"(:{macro[1]})", spelled_out)
            query = text(f'SELECT coalesce(({condition}), false) FROM "{table}" WHERE id = :id')  # noqa: S608  # a declared rule
            query = query.bindparams(*(_typed(name, values[name]) for name in used), bindparam("id", id))
            judged.append(Condition(part, bool((await session.execute(query)).scalar())))
    return tuple(judged)


def _values(actor: Actor) -> dict[str, Any]:
    ids = {name: getattr(actor, f"{name}_id") for name in _IDS}
    return ids | {"entities": list(actor.entity_ids), "audience": actor.audience.value}


def _typed(name: str, value: Any) -> Any:
    if name == "audience":
        return bindparam(name, value)
    return bindparam(name, value, ARRAY(PgUUID) if name == "entities" else PgUUID)
