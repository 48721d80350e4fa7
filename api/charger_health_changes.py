"""What people do with alerts of chargers, and the maintenance that they plan from them."""

from datetime import date
from typing import Annotated

import strawberry

from api.charger_health import ChargerAlert, MaintenanceTask
from api.context import Info
from api.inputs import key_of, optional_key
from api.mutations import Payload, mutation
from api.reading import read_in
from domain.health import handling, maintenance, visiting
from domain.health.handling import MOST_REASON
from domain.health.maintenance import MOST_ALERTS, MOST_NOTE, MOST_OUTCOME, MOST_TITLE, Wanted
from domain.health.models import Severity
from tenants.permissions import Permission

_WRITE, _PLAN = Permission.CHARGERS_WRITE, Permission.PLANNING_WRITE
AlertId = Annotated[strawberry.ID, strawberry.argument(description="The alert.")]
TaskId = Annotated[strawberry.ID, strawberry.argument(description="The maintenance.")]


@strawberry.input(description="Maintenance of a charger.")
class PlanMaintenanceInput:
    charger_id: strawberry.ID = strawberry.field(description="The charger.")
    title: str = strawberry.field(
        description=f"What is to be done, at most {MOST_TITLE} characters; the owner reads it."
    )
    due_on: date = strawberry.field(description="By when, in Amsterdam: today until two years ahead.")
    priority: Severity = strawberry.field(default=Severity.WARNING, description="How much it matters.")
    assigned_to: strawberry.ID | None = strawberry.field(
        default=None, description="Who sees to it: a user who works for the business entity."
    )
    note: str = strawberry.field(default="", description=f"For the office, at most {MOST_NOTE} characters.")
    alert_ids: list[strawberry.ID] = strawberry.field(
        default_factory=list, description=f"What it deals with: open alerts of this charger, at most {MOST_ALERTS}."
    )


@strawberry.input(description="What changes of maintenance; what is left out stays.")
class ChangeMaintenanceInput:
    title: str | None = strawberry.field(default=None, description="What is to be done.")
    due_on: date | None = strawberry.field(default=None, description="By when.")
    priority: Severity | None = strawberry.field(default=None, description="How much it matters.")
    note: str | None = strawberry.field(default=None, description="For the office.")


@strawberry.type(description="What acknowledgeAlert, closeAlert and reopenAlert return.")
class ChargerAlertPayload(Payload):
    alert: ChargerAlert | None = strawberry.field(default=None, description="The alert as it is now.")


@strawberry.type(description="What a change of maintenance returns.")
class MaintenancePayload(Payload):
    task: MaintenanceTask | None = strawberry.field(default=None, description="The maintenance as it is now.")


@strawberry.type
class ChargerHealthMutations:
    @mutation("Says that you see to an alert.", requires=_WRITE)
    async def acknowledge_alert(self, info: Info, id: AlertId) -> ChargerAlertPayload:
        async with info.context.write() as session:
            alert = await handling.acknowledge(session, key_of("ChargerAlert", id))
            return ChargerAlertPayload(alert=await read_in(session, info, "alert", alert.id))

    @mutation("Says that what was wrong is over; the same again opens another alert.", requires=_WRITE)
    async def close_alert(
        self,
        info: Info,
        id: AlertId,
        reason: Annotated[
            str, strawberry.argument(description=f"Why, at most {MOST_REASON} characters; the owner reads it.")
        ] = "",
    ) -> ChargerAlertPayload:
        async with info.context.write() as session:
            alert = await handling.close(session, key_of("ChargerAlert", id), reason)
            return ChargerAlertPayload(alert=await read_in(session, info, "alert", alert.id))

    @mutation("Takes back that an alert was acknowledged or closed.", requires=_WRITE)
    async def reopen_alert(self, info: Info, id: AlertId) -> ChargerAlertPayload:
        async with info.context.write() as session:
            alert = await handling.reopen(session, key_of("ChargerAlert", id))
            return ChargerAlertPayload(alert=await read_in(session, info, "alert", alert.id))

    @mutation(
        "Plans maintenance of a charger, from its alerts, its score or for its own sake; its owner is told.",
        requires=_WRITE,
        idempotent=True,
    )
    async def plan_maintenance(self, info: Info, input: PlanMaintenanceInput) -> MaintenancePayload:
        wanted = Wanted(
            charger_id=key_of("Charger", input.charger_id, "chargerId"),
            title=input.title,
            due_on=input.due_on,
            priority=input.priority,
            assigned_to=optional_key("User", input.assigned_to, "assignedTo"),
            note=input.note,
            alert_ids=[key_of("ChargerAlert", id, "alertIds") for id in input.alert_ids],
        )
        async with info.context.write() as session:
            task = await maintenance.plan(session, wanted)
            return MaintenancePayload(task=await read_in(session, info, "task", task.id))

    @mutation("Changes what is to be done, by when, or how much it matters.", requires=_WRITE)
    async def change_maintenance(self, info: Info, id: TaskId, input: ChangeMaintenanceInput) -> MaintenancePayload:
        async with info.context.write() as session:
            task = await maintenance.change(
                session,
                key_of("MaintenanceTask", id),
                title=input.title,
                due_on=input.due_on,
                priority=input.priority,
                note=input.note,
            )
            return MaintenancePayload(task=await read_in(session, info, "task", task.id))

    @mutation("Says who sees to maintenance; nobody where no user is given.", requires=_WRITE)
    async def assign_maintenance(
        self,
        info: Info,
        id: TaskId,
        user_id: Annotated[strawberry.ID | None, strawberry.argument(description="Who.")] = None,
    ) -> MaintenancePayload:
        async with info.context.write() as session:
            task = await maintenance.assign(
                session, key_of("MaintenanceTask", id), optional_key("User", user_id, "userId")
            )
            return MaintenancePayload(task=await read_in(session, info, "task", task.id))

    @mutation(
        "Has a visit deal with maintenance: one that is ahead, at the charger's owner or of the order that it came "
        "with. When the visit was made, the maintenance is done; when it is called off, it waits again.",
        requires=_PLAN,
    )
    async def schedule_maintenance(
        self,
        info: Info,
        id: TaskId,
        visit_id: Annotated[strawberry.ID, strawberry.argument(description="The visit.")],
    ) -> MaintenancePayload:
        async with info.context.write() as session:
            visit = key_of("Visit", visit_id, "visitId")
            task = await visiting.schedule(session, key_of("MaintenanceTask", id), visit)
            return MaintenancePayload(task=await read_in(session, info, "task", task.id))

    @mutation("Takes back that a visit deals with maintenance; the visit stays.", requires=_PLAN)
    async def unschedule_maintenance(self, info: Info, id: TaskId) -> MaintenancePayload:
        async with info.context.write() as session:
            task = await maintenance.unschedule(session, key_of("MaintenanceTask", id))
            return MaintenancePayload(task=await read_in(session, info, "task", task.id))

    @mutation("Says that maintenance was done: its alerts are over.", requires=_WRITE)
    async def complete_maintenance(
        self,
        info: Info,
        id: TaskId,
        outcome: Annotated[
            str,
            strawberry.argument(description=f"What was done, at most {MOST_OUTCOME} characters; the owner reads it."),
        ] = "",
    ) -> MaintenancePayload:
        async with info.context.write() as session:
            task = await maintenance.complete(session, key_of("MaintenanceTask", id), outcome)
            return MaintenancePayload(task=await read_in(session, info, "task", task.id))

    @mutation("Says that maintenance is not done: its alerts wait again.", requires=_WRITE)
    async def cancel_maintenance(
        self,
        info: Info,
        id: TaskId,
        reason: Annotated[
            str, strawberry.argument(description=f"Why, at most {MOST_OUTCOME} characters; the owner reads it.")
        ] = "",
    ) -> MaintenancePayload:
        async with info.context.write() as session:
            task = await maintenance.cancel(session, key_of("MaintenanceTask", id), reason)
            return MaintenancePayload(task=await read_in(session, info, "task", task.id))

    @mutation("Takes back that maintenance was done or cancelled; it has no visit then.", requires=_WRITE)
    async def reopen_maintenance(self, info: Info, id: TaskId) -> MaintenancePayload:
        async with info.context.write() as session:
            task = await maintenance.reopen(session, key_of("MaintenanceTask", id))
            return MaintenancePayload(task=await read_in(session, info, "task", task.id))
