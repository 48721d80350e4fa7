"""Amounts of rules that locate nobody."""

from types import SimpleNamespace
from typing import Any

import pytest

from api.slots import PlannedSlotOffer, shown
from domain.planning.discretion import coarse, down, up
from domain.planning.timing import Rule
from domain.plans import results
from domain.plans.reasons import WhyNot
from domain.slots.offers import Band, Offer, Reason
from domain.visits.models import DayBlock
from tenants.actor import SYSTEM
from tests.visiting import monday


@pytest.mark.parametrize(
    ("rule", "amount", "told"),
    [
        (Rule.RADIUS, 1, 5_000),
        (Rule.RADIUS, 5_000, 5_000),
        (Rule.RADIUS, 81_234, 85_000),
        (Rule.HOURS, 1, 5),
        (Rule.BLOCK, 60, 60),
        (Rule.JOBS, 1, 1),
        (Rule.MATERIAL, 3, 3),
        (Rule.SKILLS, 0, 0),
    ],
)
def test_amounts_come_in_steps(rule: Rule, amount: int, told: int) -> None:
    assert coarse(rule, amount) == told


def test_steps_go_outwards() -> None:
    assert [(down(at), up(at)) for at in (480, 481, 484)] == [(480, 480), (480, 485), (480, 485)]


def test_an_offer_does_not_say_how_far_a_hidden_visit_is() -> None:
    context: Any = SimpleNamespace(actor=SYSTEM)
    reasons = (Reason(Rule.RADIUS, 81_234),)
    [made] = shown(context, [Offer(monday(), DayBlock.MORNING, Band.FULL, 0, reasons=reasons)])
    assert isinstance(made, PlannedSlotOffer)
    assert [each.amount for each in made.rules] == [85_000]


def test_what_keeps_a_visit_out_of_a_plan_does_not_say_how_far_a_hidden_one_is() -> None:
    nowhere: Any = None
    row = results._not(nowhere, WhyNot((("RADIUS", 81_234), ("HOURS", 12), ("VALUE", 7))))
    assert (row["rule"], row["amount"]) == ("RADIUS", 85_000)
    assert [each["amount"] for each in row["blocking"]] == [85_000, 15, 7]
