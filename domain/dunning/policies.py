"""How an entity reminds: its policy, or the standard one."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.dunning.errors import StepsNotRising
from domain.dunning.events import DunningPolicySaved
from domain.dunning.models import DunningPolicy, ReminderKind
from domain.errors import TooMany
from domain.events.record import record
from domain.money import MAX_CENTS
from domain.rows import find
from domain.validation import integer
from tenants.models import BusinessEntity

MOST_STEPS = 10
_LATEST = 365
_SEVERITY = {ReminderKind.REMINDER: 0, ReminderKind.DEMAND: 1, ReminderKind.FINAL: 2}


@dataclass(frozen=True, slots=True)
class Step:
    """A reminder so many days after the due day."""

    days: int
    kind: ReminderKind


@dataclass(frozen=True, slots=True)
class Policy:
    """What holds for an entity."""

    active: bool = True
    steps: tuple[Step, ...] = (
        Step(7, ReminderKind.REMINDER),
        Step(14, ReminderKind.DEMAND),
        Step(21, ReminderKind.FINAL),
    )
    minimum_cents: int = 0
    collection_costs: bool = True
    interest: bool = False

    def wait_before(self, step: int) -> int:
        """Days between the reminder before and this one (from 1), so that nobody gets two at once."""
        before = self.steps[step - 2].days if step > 1 else 0
        return self.steps[step - 1].days - before


STANDARD = Policy()


def policy_of(row: DunningPolicy | None) -> Policy:
    """The policy of a row; the standard one where there is none."""
    if row is None:
        return STANDARD
    steps = tuple(Step(int(step["days"]), ReminderKind(step["kind"])) for step in row.steps)
    return Policy(row.active, steps, row.minimum_cents, row.collection_costs, row.interest)


async def load(session: AsyncSession, entity_id: UUID) -> Policy:
    """What holds for an entity now."""
    query = select(DunningPolicy).where(DunningPolicy.entity_id == entity_id)
    return policy_of((await session.execute(query)).scalar_one_or_none())


async def save(session: AsyncSession, entity_id: UUID, policy: Policy) -> DunningPolicy:
    """Let a policy hold; reminders that were sent stay. Raises: NotFound, StepsNotRising, OutOfRange. For staff."""
    entity = await find(session, BusinessEntity, entity_id, field=("entity_id",))
    check_steps(policy.steps)
    values = {
        "active": policy.active,
        "steps": [{"days": step.days, "kind": step.kind.value} for step in policy.steps],
        "minimum_cents": integer(policy.minimum_cents, 0, MAX_CENTS, "minimum_cents"),
        "collection_costs": policy.collection_costs,
        "interest": policy.interest,
    }
    made = insert(DunningPolicy).values(entity_id=entity.id, **values)
    kept = made.on_conflict_do_update(index_elements=["entity_id"], set_={**values, "updated_at": func.now()})
    id = (await session.execute(kept.returning(DunningPolicy.id))).scalar_one()
    said = [f"{step.days}:{step.kind.value}" for step in policy.steps]
    await record(session, DunningPolicySaved(policy.active, said), entity_id=entity.id, subject_id=id)
    return await find(session, DunningPolicy, id)


def check_steps(steps: Sequence[Step]) -> None:
    """Raises: TooMany, OutOfRange, StepsNotRising."""
    if len(steps) > MOST_STEPS:
        raise TooMany(maximum=MOST_STEPS, field=("steps",))
    for place, step in enumerate(steps):
        integer(step.days, 0, _LATEST, "steps", place, "days")
        before = steps[place - 1] if place else None
        if before and (step.days <= before.days or _SEVERITY[step.kind] < _SEVERITY[before.kind]):
            raise StepsNotRising(field=("steps", place))
