"""What a session would cost (PR7)."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated

import strawberry

import api.tariff_enums  # noqa: F401  # describes the enums before they are used here
from api.context import Info
from api.explained_amounts import Input, amount_of
from api.inputs import key_of, optional_key
from api.reading import BigInt, Money, field, global_id
from domain.rows import find
from domain.tariffs.estimating import Estimate, estimate
from domain.tariffs.models import Tariff as TariffRow
from domain.tariffs.prices import LineKind, LineUnit
from domain.tariffs.prices import PriceLine as Line
from tenants.permissions import Permission


@strawberry.type(description="A line of a price. Its formula and inputs are in the explanation of its amounts.")
class PriceLine:
    kind: LineKind = strawberry.field(description="What it is for.")
    window: str | None = strawberry.field(
        description="The windows of the day it is in, joined by `+`; STANDARD for none, null where it is of no time."
    )
    starts_at: datetime | None = strawberry.field(description="From when, where it is of a stretch of time.")
    ends_at: datetime | None = strawberry.field(description="Until when, not included.")
    quantity: BigInt = strawberry.field(description="How many of the unit.")
    unit: LineUnit = strawberry.field(description="What is counted.")
    unit_price_cents: Decimal = strawberry.field(description="Cents per kWh, per hour or per piece, without VAT.")
    multiplier: Decimal = strawberry.field(description="By what the unit price is multiplied.")
    net: Money = strawberry.field(description="Without VAT; negative where it takes something off.")
    vat: Money = strawberry.field(description="VAT.")
    gross: Money = strawberry.field(description="With VAT.")


@strawberry.type(description="What a session would cost, line by line.")
class PriceEstimate:
    tariff_id: strawberry.ID = strawberry.field(description="The tariff that holds.")
    tariff_code: str = strawberry.field(description="Its code.")
    tariff_version_id: strawberry.ID = strawberry.field(description="The version that holds when the session begins.")
    starts_at: datetime = strawberry.field(description="When it would begin.")
    ends_at: datetime = strawberry.field(description="When it would end.")
    energy_wh: BigInt = strawberry.field(description="What it would take, spread evenly over the time.")
    emergency: bool = strawberry.field(description="Whether it is reckoned as an emergency.")
    vat_rate: Decimal = strawberry.field(description="Percent.")
    vat_rule: str = strawberry.field(description="The rule that decided, such as NL-STANDARD.")
    lines: list[PriceLine] = strawberry.field(description="All lines, in the order in which they are reckoned.")
    net: Money = strawberry.field(description="Without VAT.")
    vat: Money = strawberry.field(description="VAT.")
    gross: Money = strawberry.field(description="What would be paid.")


@strawberry.type
class PriceEstimateQueries:
    @field(
        "What a session at a charger would cost, itemized; energy is spread evenly over the time. Drivers see it with "
        "what they have bought; nothing of that is used up.",
        requires=Permission.TARIFFS_READ,
    )
    async def price_estimate(
        self,
        info: Info,
        charger_id: Annotated[strawberry.ID, strawberry.argument(description="Where.")],
        starts_at: Annotated[datetime, strawberry.argument(description="From when.")],
        minutes: Annotated[int, strawberry.argument(description="How long: 1 to 44640 (31 days).")],
        energy_kwh: Annotated[Decimal, strawberry.argument(description="How much, at most 10000 with three decimals.")],
        emergency: Annotated[bool, strawberry.argument(description="Whether it is booked as an emergency.")] = False,
        contact_id: Annotated[
            strawberry.ID | None,
            strawberry.argument(description="For staff: with what this contact has bought."),
        ] = None,
    ) -> PriceEstimate:
        charger = key_of("Charger", charger_id, "chargerId")
        buyer = optional_key("Contact", contact_id, "contactId")
        async with info.context.read() as session:
            found = await estimate(
                session,
                charger,
                starts_at,
                minutes,
                energy_kwh,
                emergency=emergency,
                contact_id=buyer,
            )
            tariff = await find(session, TariffRow, found.version.tariff_id)
            return _shown(found, tariff.code, info.context.language)


def _shown(found: Estimate, code: str, language: str) -> PriceEstimate:
    price = found.price
    lines = [_line(line, price.currency, language) for line in price.lines]
    sums = {
        name: amount_of(
            getattr(price, f"{name}_cents"),
            price.currency,
            f"charging.{name}",
            [(name, getattr(line, f"{name}_cents")) for line in price.lines],
            language,
        )
        for name in ("net", "vat", "gross")
    }
    return PriceEstimate(
        tariff_id=strawberry.ID(global_id("Tariff", found.version.tariff_id)),
        tariff_code=code,
        tariff_version_id=strawberry.ID(global_id("TariffVersion", found.version.id)),
        starts_at=found.usage.started_at,
        ends_at=found.usage.ended_at,
        energy_wh=BigInt(int(found.usage.energy_wh)),
        emergency=found.usage.emergency,
        vat_rate=price.vat.rate,
        vat_rule=price.vat.rule,
        lines=lines,
        **sums,
    )


def _line(line: Line, currency: str, language: str) -> PriceLine:
    segment = line.segment

    def amount(cents: int, formula: str, inputs: dict[str, Decimal]) -> Money:
        given: list[Input] = list(inputs.items())
        return amount_of(cents, currency, formula, given, language)

    both = {"net": Decimal(line.net_cents), "vat": Decimal(line.vat_cents)}
    return PriceLine(
        kind=line.kind,
        window=segment.name if segment else None,
        starts_at=segment.start if segment else None,
        ends_at=segment.end if segment else None,
        quantity=BigInt(line.quantity),
        unit=line.unit,
        unit_price_cents=line.unit_price,
        multiplier=line.multiplier,
        net=amount(line.net_cents, line.formula, line.inputs),
        vat=amount(line.vat_cents, "charging.lineVat", line.vat_inputs),
        gross=amount(line.gross_cents, "charging.lineGross", both),
    )
