"""Making, publishing and assigning tariffs, and taking that back."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

import strawberry

from api.context import Info
from api.inputs import key_of, optional_key
from api.mutations import PreviewablePayload, mutation
from api.reading import BigInt, read_in
from api.tariffs import Tariff, TariffAssignment, TariffVersion
from domain.tariffs import assigning, publishing
from domain.tariffs.terms import NIGHT, PEAK, Multiplies, Window
from tenants.permissions import Permission

_WRITE = Permission.TARIFFS_WRITE
VersionId = Annotated[strawberry.ID, strawberry.argument(description="The version.")]
AssignmentId = Annotated[strawberry.ID, strawberry.argument(description="The assignment.")]


@strawberry.input(description="A part of every day, by the clock on the wall in Europe/Amsterdam.")
class TariffWindowInput:
    name: str = strawberry.field(description="What it is called, such as PEAK; at most 40 characters, once per tariff.")
    since: str = strawberry.field(description="The first minute, which is in it, such as `18:00`.")
    until: str = strawberry.field(description="The minute that is not in it any more; before `since`: over midnight.")
    multiplier: Decimal = strawberry.field(description="0 to 10 with at most three decimals.")


def _window_input(window: Window) -> TariffWindowInput:
    return TariffWindowInput(
        name=window.name,
        since=f"{window.starts:%H:%M}",
        until=f"{window.until:%H:%M}",
        multiplier=window.multiplier,
    )


@strawberry.input(description="What a version of a tariff says; all without VAT.")
class TariffTermsInput:
    energy_cents_per_kwh: Decimal = strawberry.field(
        default=Decimal(0), description="Cents per kWh with at most four decimals."
    )
    time_cents_per_hour: Decimal = strawberry.field(
        default=Decimal(0), description="Cents per hour with at most four decimals."
    )
    idle_cents_per_hour: Decimal | None = strawberry.field(
        default=None, description="Cents per hour in which nothing is charged; null: as any other hour."
    )
    start_fee_cents: BigInt = strawberry.field(default=BigInt(0), description="Per session.")
    minimum_cents: BigInt = strawberry.field(
        default=BigInt(0), description="The least that energy, time and start fee cost together, before discounts."
    )
    windows: list[TariffWindowInput] | None = strawberry.field(
        default=None,
        description="At most 8 parts of the day; left out: PEAK 18:00 to 21:00 × 1.5 and NIGHT 22:00 to 06:00 × 0.8.",
    )
    multiplies: Multiplies = strawberry.field(default=Multiplies.ALL, description="What they multiply.")
    multiplier_cap: Decimal | None = strawberry.field(
        default=None, description="The most that all multipliers make together; null: their product."
    )
    emergency_multiplier: Decimal = strawberry.field(
        default=Decimal(2), description="By what an emergency multiplies; 0 to 10."
    )
    damage_reserve_cents: BigInt = strawberry.field(default=BigInt(50), description="Per session.")
    currency: str = strawberry.field(default="EUR", description="EUR.")

    def as_json(self) -> dict[str, Any]:
        """As the domain reads it; what it finds wrong has the path of the field."""
        windows = self.windows if self.windows is not None else [_window_input(each) for each in (PEAK, NIGHT)]
        return {
            "currency": self.currency,
            "energy_cents_per_kwh": self.energy_cents_per_kwh,
            "time_cents_per_hour": self.time_cents_per_hour,
            "idle_cents_per_hour": self.idle_cents_per_hour,
            "start_fee_cents": int(self.start_fee_cents),
            "minimum_cents": int(self.minimum_cents),
            "windows": [
                {"name": each.name, "since": each.since, "until": each.until, "multiplier": each.multiplier}
                for each in windows
            ],
            "multiplies": self.multiplies.value,
            "multiplier_cap": self.multiplier_cap,
            "emergency_multiplier": self.emergency_multiplier,
            "damage_reserve_cents": int(self.damage_reserve_cents),
        }


@strawberry.input(description="A new tariff with its first draft.")
class CreateTariffInput:
    entity_id: strawberry.ID = strawberry.field(description="Whose it is.")
    code: str = strawberry.field(description="1 to 40 capitals, digits, dots and dashes; unique within the entity.")
    name: str = strawberry.field(description="What it is called, at most 200 characters.")
    terms: TariffTermsInput = strawberry.field(description="What it says.")
    owner_id: strawberry.ID | None = strawberry.field(
        default=None, description="The contact at whose chargers alone it holds; left out: at any of the entity."
    )


@strawberry.input(description="The next version of a tariff.")
class SaveTariffDraftInput:
    tariff_id: strawberry.ID = strawberry.field(description="The tariff.")
    terms: TariffTermsInput = strawberry.field(description="What it is to say; it takes the place of an earlier draft.")
    name: str | None = strawberry.field(default=None, description="What the tariff is called from now on.")


@strawberry.input(description="Where a tariff is to hold.")
class AssignTariffInput:
    tariff_id: strawberry.ID = strawberry.field(description="The tariff; something of it has to be published.")
    charger_id: strawberry.ID | None = strawberry.field(default=None, description="At this charger.")
    owner_id: strawberry.ID | None = strawberry.field(
        default=None, description="At all chargers of this contact; neither given: at all of the business entity."
    )
    valid_from: datetime | None = strawberry.field(
        default=None, description="From when, now or later; now if left out."
    )


@strawberry.type(description="What createTariff and saveTariffDraft return.")
class TariffPayload(PreviewablePayload):
    tariff: Tariff | None = strawberry.field(default=None, description="The tariff.")


@strawberry.type(description="What publishTariff and withdrawTariffVersion return.")
class TariffVersionPayload(PreviewablePayload):
    version: TariffVersion | None = strawberry.field(default=None, description="The version.")


@strawberry.type(description="What assignTariff and endTariffAssignment return.")
class TariffAssignmentPayload(PreviewablePayload):
    assignment: TariffAssignment | None = strawberry.field(default=None, description="The assignment.")


@strawberry.type(description="What undoTariffAssignment returns.")
class UndoTariffAssignmentPayload(PreviewablePayload):
    assignment: TariffAssignment | None = strawberry.field(
        default=None, description="What holds there again; null where nothing was assigned before."
    )


@strawberry.type
class TariffMutations:
    @mutation("Makes a tariff; nothing of it holds before it is published.", requires=_WRITE, previewable=True)
    async def create_tariff(self, info: Info, input: CreateTariffInput) -> TariffPayload:
        async with info.context.write() as session:
            made = await publishing.create(
                session,
                entity_id=key_of("BusinessEntity", input.entity_id, "entityId"),
                code=input.code,
                name=input.name,
                terms=input.terms.as_json(),
                owner_contact_id=optional_key("Contact", input.owner_id, "ownerId"),
            )
            return TariffPayload(tariff=await read_in(session, info, "tariff", made.id))

    @mutation("Writes the next version of a tariff.", requires=_WRITE, previewable=True)
    async def save_tariff_draft(self, info: Info, input: SaveTariffDraftInput) -> TariffPayload:
        key = key_of("Tariff", input.tariff_id, "tariffId")
        async with info.context.write() as session:
            await publishing.save_draft(session, key, input.terms.as_json(), name=input.name)
            return TariffPayload(tariff=await read_in(session, info, "tariff", key))

    @mutation(
        "Lets a draft hold from a moment on. Nothing of it can be changed any more; until that moment it can be "
        "withdrawn. Sessions that run keep the version that they began with.",
        requires=_WRITE,
        previewable=True,
    )
    async def publish_tariff(
        self,
        info: Info,
        version_id: VersionId,
        valid_from: Annotated[
            datetime | None, strawberry.argument(description="From when: now (left out) or later.")
        ] = None,
    ) -> TariffVersionPayload:
        async with info.context.write() as session:
            version = await publishing.publish(session, key_of("TariffVersion", version_id, "versionId"), valid_from)
            return TariffVersionPayload(version=await read_in(session, info, "version", version.id))

    @mutation(
        "Gives a draft up, or takes a version back that is published and does not hold yet.",
        requires=_WRITE,
        previewable=True,
    )
    async def withdraw_tariff_version(self, info: Info, id: VersionId) -> TariffVersionPayload:
        async with info.context.write() as session:
            version = await publishing.withdraw(session, key_of("TariffVersion", id))
            return TariffVersionPayload(version=await read_in(session, info, "version", version.id))

    @mutation(
        "Lets a tariff hold at a charger, at all of an owner, or at all of its business entity. What is assigned to "
        "the charger comes before what is assigned to its owner, and that before the entity's.",
        requires=_WRITE,
        previewable=True,
    )
    async def assign_tariff(self, info: Info, input: AssignTariffInput) -> TariffAssignmentPayload:
        async with info.context.write() as session:
            made = await assigning.assign(
                session,
                key_of("Tariff", input.tariff_id, "tariffId"),
                charger_id=optional_key("Charger", input.charger_id, "chargerId"),
                owner_contact_id=optional_key("Contact", input.owner_id, "ownerId"),
                valid_from=input.valid_from,
            )
            await session.flush()
            return TariffAssignmentPayload(assignment=await read_in(session, info, "assignment", made.id))

    @mutation(
        "Lets an assignment end now, or before it begins: what is assigned more widely holds then.",
        requires=_WRITE,
        previewable=True,
    )
    async def end_tariff_assignment(self, info: Info, id: AssignmentId) -> TariffAssignmentPayload:
        async with info.context.write() as session:
            ended = await assigning.end(session, key_of("TariffAssignment", id))
            return TariffAssignmentPayload(assignment=await read_in(session, info, "assignment", ended.id))

    @mutation(
        "Takes an assignment back: what held there before holds again, from now on.", requires=_WRITE, previewable=True
    )
    async def undo_tariff_assignment(self, info: Info, id: AssignmentId) -> UndoTariffAssignmentPayload:
        async with info.context.write() as session:
            again = await assigning.undo(session, key_of("TariffAssignment", id))
            if again is None:
                return UndoTariffAssignmentPayload()
            await session.flush()
            return UndoTariffAssignmentPayload(assignment=await read_in(session, info, "assignment", again.id))
