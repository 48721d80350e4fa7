"""Asking for places in the tests: for a planner, over six weeks."""

from domain.slots.cache import boards_of
from domain.slots.rules import SlotRules
from domain.slots.service import Desk
from tenants.actor import Actor
from tests.visiting import Work

RULES = SlotRules(horizon_days=42)


def desk(some: Work, actor: Actor | None = None, rules: SlotRules = RULES) -> Desk:
    """For a planner of the first entity unless another actor is given."""
    return Desk(actor or some.actor, rules, boards_of(some.database))
