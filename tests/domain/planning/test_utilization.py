"""Utilization is one thing, wherever it is told."""

from dataclasses import replace
from typing import Any

import pytest

from api.planning_terms import UTILIZATION
from api.schema import platform_schema
from chargecars.bench.planning.instances import instance
from domain.days.capacity import Load
from domain.horizon.measured import in_force, measured
from domain.planning.utilization import utilization


@pytest.mark.parametrize(
    ("work", "available", "found"), [(240, 480, 0.5), (600, 480, 1.25), (0, 480, 0.0), (0, 0, 0.0), (90, 0, 1.0)]
)
def test_it_is_work_at_customers_in_what_can_be_done(work: int, available: int, found: float) -> None:
    assert utilization(work, available) == found
    assert Load(minutes_planned=work, minutes_available=available).utilization == found


def test_driving_and_hours_do_not_change_it() -> None:
    world = instance(1, 4)
    figures = measured(world, in_force(world), [world.days[0]] * len(world.jobs), ())
    longer = replace(figures, travel_minutes=figures.travel_minutes * 2)
    assert figures.available_minutes == sum(day.most_minutes for day in world.team_days)
    assert (
        longer.row["utilization"]
        == figures.row["utilization"]
        == utilization(figures.work_minutes, figures.available_minutes)
    )


def test_every_answer_says_it_in_the_same_words() -> None:
    schema: Any = platform_schema("")._schema
    kinds = [getattr(kind, "fields", {}) for kind in schema.type_map.values()]
    said = [fields["utilization"].description for fields in kinds if "utilization" in fields]
    assert len(said) == 5
    assert set(said) == {UTILIZATION}
