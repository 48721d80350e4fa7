"""`recompute`: a past document computed again by the formulas and rates of a day, beside what is stored."""

from datetime import date
from decimal import Decimal
from typing import Annotated

import strawberry

from api.context import Info
from api.errors import camel
from api.reading import BadInput, BigInt, field
from api.reading.errors import forbidden
from api.reading.ids import parse_id
from domain.errors import DomainError
from domain.explanations.documents import COMPUTING
from domain.explanations.recomputing import Recomputed, Sheet, recompute
from tenants.permissions import Permission

NEEDS = {
    "Invoice": Permission.INVOICES_READ,
    "Commission": Permission.COMMISSIONS_READ,
    "ChargingBill": Permission.CHARGING_READ,
    "ChargingBillVersion": Permission.CHARGING_READ,
}
"""Beside QUOTES_READ."""
COST_OF_RECOMPUTING = 50
MOST_AMOUNTS = 2_000


@strawberry.type(description="An amount of a document, as it is stored and as it is computed again.")
class RecomputedAmount:
    path: str = strawberry.field(description="Where in the document, such as `lines.2.net`.")
    formula: str = strawberry.field(description="The formula.")
    version: int = strawberry.field(description="The version of it that was in force.")
    stored: BigInt = strawberry.field(description="Cents as stored.")
    recomputed: BigInt = strawberry.field(description="Cents as computed again.")
    rounding_remainder: Decimal = strawberry.field(description="What rounding has added, in cents.")
    equal: bool = strawberry.field(description="Whether both are the same.")


@strawberry.type(description="A document that was computed again.")
class Recomputation:
    subject_id: strawberry.ID = strawberry.field(description="The document.")
    as_of: date | None = strawberry.field(description="The day that was asked for; null: of each amount its own.")
    currency: str = strawberry.field(description="ISO 4217 code.")
    equal: bool = strawberry.field(description="Whether every amount is the same cent for cent.")
    amounts: list[RecomputedAmount] = strawberry.field(description="Those that you may see.")


_Id = Annotated[
    strawberry.ID,
    strawberry.argument(
        description="A quote, its version, an order, an invoice or credit note, commission, or the bill of a charging "
        "session or a version of it."
    ),
]
_AsOf = Annotated[
    date | None,
    strawberry.argument(
        description="By the formulas, VAT rates and commission terms of this day; those of its own day if left out."
    ),
]


@strawberry.type
class ExplanationQueries:
    @field(
        "Computes a past document again and holds it against what is stored; null where there is none. Another kind "
        "of id is refused with NOT_RECOMPUTABLE.",
        requires=Permission.QUOTES_READ,
        cost=COST_OF_RECOMPUTING,
        most=MOST_AMOUNTS,
    )
    async def recompute(self, info: Info, id: _Id, as_of: _AsOf = None) -> Recomputation | None:
        kind, key = parse_id(id, "id")
        needed = NEEDS.get(kind)
        if needed is not None and not info.context.actor.may(needed):
            raise forbidden(needed.value)
        async with info.context.read() as session:
            try:
                sheet = await recompute(session, COMPUTING, kind, key, as_of)
            except DomainError as refused:
                argument = camel(str(refused.field[0])) if refused.field else "asOf"
                raise BadInput(refused.code, argument, refused.message(info.context.language)) from None
        return _shown(id, sheet) if sheet else None


def _shown(id: strawberry.ID, sheet: Sheet) -> Recomputation:
    return Recomputation(
        subject_id=id,
        as_of=sheet.as_of,
        currency=sheet.currency,
        equal=sheet.equal,
        amounts=[_amount(each) for each in sheet.amounts[:MOST_AMOUNTS]],
    )


def _amount(each: Recomputed) -> RecomputedAmount:
    return RecomputedAmount(
        path=each.path,
        formula=each.formula,
        version=each.version,
        stored=BigInt(each.stored),
        recomputed=BigInt(each.recomputed),
        rounding_remainder=each.remainder,
        equal=each.equal,
    )
