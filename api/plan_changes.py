"""Asking for plans, stopping, publishing and taking them back."""

from datetime import date
from typing import Annotated
from uuid import UUID

import strawberry
from sqlalchemy.ext.asyncio import AsyncSession

from api.context import Info
from api.inputs import key_of
from api.mutations import Payload, mutation
from api.plans import Plan
from api.reading import read_in
from domain.plans import publishing, requests
from domain.plans.requests import DAYS, MOST_DAYS, MOST_SECONDS, SECONDS, PlanRequest
from tenants.acting import acting_as
from tenants.permissions import Permission

_WRITE = Permission.PLANNING_WRITE
_AS_IT_IS = "The plan as it is now."
PlanId = Annotated[strawberry.ID, strawberry.argument(description="The plan.")]


@strawberry.input(description="What to plan, and how long to look for the best.")
class RequestPlanInput:
    first_day: date | None = strawberry.field(
        default=None, description="The first day, tomorrow at the earliest; tomorrow if left out."
    )
    days: int = strawberry.field(default=DAYS, description=f"How many days, 1 to {MOST_DAYS}.")
    seconds: int = strawberry.field(
        default=SECONDS, description=f"How long the solver may take, 1 to {MOST_SECONDS} seconds."
    )
    team_ids: list[strawberry.ID] = strawberry.field(
        default_factory=list, description="Only these teams; all of them if neither teams nor regions are given."
    )
    region_ids: list[strawberry.ID] = strawberry.field(
        default_factory=list, description="Only teams of these regions, and those in teamIds."
    )
    seed: int = strawberry.field(default=0, description="What chance begins with.")


@strawberry.type(description="What requestPlan returns.")
class RequestPlanPayload(Payload):
    plan: Plan | None = strawberry.field(default=None, description="The plan, which a worker begins to make.")


@strawberry.type(description="What stopPlan returns.")
class StopPlanPayload(Payload):
    plan: Plan | None = strawberry.field(default=None, description=_AS_IT_IS)


@strawberry.type(description="What publishPlan returns.")
class PublishPlanPayload(Payload):
    plan: Plan | None = strawberry.field(default=None, description=_AS_IT_IS)


@strawberry.type(description="What revertPlan returns.")
class RevertPlanPayload(Payload):
    plan: Plan | None = strawberry.field(default=None, description=_AS_IT_IS)


@strawberry.type
class PlanMutations:
    @mutation("Asks for a plan, one at a time for the same days.", requires=_WRITE, idempotent=True)
    async def request_plan(self, info: Info, input: RequestPlanInput) -> RequestPlanPayload:
        wanted = PlanRequest(
            first_day=input.first_day,
            days=input.days,
            seconds=input.seconds,
            seed=input.seed,
            team_ids=[key_of("Team", id, "teamIds") for id in input.team_ids],
            region_ids=[key_of("Region", id, "regionIds") for id in input.region_ids],
        )
        entities = info.context.actor.entity_ids
        async with info.context.system() as session:
            plan = await requests.request(session, wanted, entity_id=entities[0] if entities else None)
            return RequestPlanPayload(plan=await _read(session, info, plan.id))

    @mutation("Ends making a plan; its best so far is kept.", requires=_WRITE)
    async def stop_plan(self, info: Info, id: PlanId) -> StopPlanPayload:
        async with info.context.system() as session:
            plan = await requests.stop(session, key_of("Plan", id))
            return StopPlanPayload(plan=await _read(session, info, plan.id))

    @mutation(
        "Puts a plan in force, whole or, where anything has changed since it was made, not at all.",
        requires=_WRITE,
        idempotent=True,
    )
    async def publish_plan(self, info: Info, id: PlanId) -> PublishPlanPayload:
        async with info.context.system() as session:
            plan = await publishing.publish(session, key_of("Plan", id))
            return PublishPlanPayload(plan=await _read(session, info, plan.id))

    @mutation(
        "Puts every visit where it was before a plan was published, as long as nothing has changed since.",
        requires=_WRITE,
        idempotent=True,
    )
    async def revert_plan(self, info: Info, id: PlanId) -> RevertPlanPayload:
        async with info.context.system() as session:
            plan = await publishing.revert(session, key_of("Plan", id))
            return RevertPlanPayload(plan=await _read(session, info, plan.id))


async def _read(session: AsyncSession, info: Info, id: UUID) -> Plan | None:
    """As the actor sees it."""
    async with acting_as(session, info.context.actor):
        found: Plan | None = await read_in(session, info, "plan", id)
    return found
