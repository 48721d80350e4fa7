"""What a session costs: its usage by its tariff, what its driver has bought beforehand, and the VAT of its payer."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.chargers.models import Charger
from domain.charging_bills.hours import by_hour
from domain.invoices.payers import Payer, Profile
from domain.rows import find
from domain.sessions.metering import usage as usage_of
from domain.sessions.models import ChargingSession
from domain.tariffs.benefits import consume
from domain.tariffs.charging_vat import charging_vat
from domain.tariffs.models import TariffVersion
from domain.tariffs.pricing import LineKind, Price, PriceLine, Usage
from domain.tariffs.versions_in_force import terms_of, version_for
from domain.vat.rules import VatDecision
from tenants.models import BusinessEntity


@dataclass(frozen=True, slots=True)
class Priced:
    """A price with all that it follows from."""

    tariff_version_id: UUID
    price: Price
    usage: Usage
    lines: list[dict[str, Any]]
    """As they are stored, without ids."""
    inputs: dict[str, Any]

    @property
    def sha256(self) -> bytes:
        """Of the inputs: the same readings, tariff, benefits and VAT have the same."""
        telling = {name: value for name, value in self.inputs.items() if name != "hours"}
        return hashlib.sha256(json.dumps(telling, sort_keys=True).encode()).digest()


async def price_session(
    session: AsyncSession,
    charged: ChargingSession,
    paying: tuple[Payer, Profile] | None,
    otherwise: UUID | None = None,
) -> Priced | None:
    """The price of a session that is over, and what it takes of packs and subscriptions; None without a tariff.

    `otherwise`: the version of a tariff where none held when it began. For the system.
    """
    version = await _version(session, charged, otherwise)
    if version is None:
        return None
    usage, terms = await usage_of(session, charged.id), terms_of(version)
    vat = await _vat(session, charged, paying)
    price = await consume(
        session,
        charged.id,
        entity_id=charged.entity_id,
        contact_id=charged.driver_contact_id,
        terms=terms,
        usage=usage,
        vat=vat,
    )
    hours = by_hour(price.lines, usage.intervals, idle_apart=terms.idle_cents_per_hour is not None)
    lines = list(_rows(price, usage))
    inputs = _inputs(version.id, price, usage, lines) | {"hours": [each.as_json() for each in hours]}
    return Priced(version.id, price, usage, lines, inputs)


async def _vat(session: AsyncSession, charged: ChargingSession, paying: tuple[Payer, Profile] | None) -> VatDecision:
    """By the day on which it ended, and who pays."""
    seller = await find(session, BusinessEntity, charged.entity_id)
    charger = await find(session, Charger, charged.charger_id)
    ended = charged.ended_at or charged.started_at
    decide = partial(charging_vat, ended, seller_country=seller.country, charger_country=charger.country)
    return decide(payer=paying[0].party(paying[1])) if paying else decide()


async def _version(session: AsyncSession, charged: ChargingSession, otherwise: UUID | None) -> TariffVersion | None:
    """The version that held when it began, also where that was decided afterwards."""
    if charged.tariff_version_id is not None:
        return await find(session, TariffVersion, charged.tariff_version_id)
    held = await version_for(session, charged.charger_id, charged.started_at)
    if held is None and otherwise is not None:
        return await find(session, TariffVersion, otherwise)
    return held


def _inputs(version_id: UUID, price: Price, usage: Usage, lines: list[dict[str, Any]]) -> dict[str, Any]:
    """All that the bill follows from, in JSON's terms."""
    kept = ("kind", "segment", "starts_at", "ends_at", "formula", "inputs", "vat_inputs", "pack_id")
    return {
        "tariff_version_id": str(version_id),
        "emergency": usage.emergency,
        "energy_wh": int(usage.energy_wh),
        "vat_rule": price.vat.rule,
        "vat_rate": str(price.vat.rate),
        "lines": [{name: _plain(line[name]) for name in kept} for line in lines],
    }


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, str | dict) else str(value)


def _rows(price: Price, usage: Usage) -> Iterator[dict[str, Any]]:
    upto = 0
    for line in price.lines:
        read = (upto, upto + line.quantity) if line.kind is LineKind.ENERGY else (None, None)
        upto = read[1] if read[1] is not None else upto
        yield _row(line, price.currency) | {"from_wh": read[0], "until_wh": read[1], "readings": _readings(line, usage)}


def _row(line: PriceLine, currency: str) -> dict[str, Any]:
    segment = line.segment
    return {
        "kind": line.kind.value,
        "segment": segment.name if segment else "",
        "starts_at": segment.start.astimezone(UTC) if segment else None,
        "ends_at": segment.end.astimezone(UTC) if segment else None,
        "quantity": line.quantity,
        "unit": line.unit.value,
        "unit_price": line.unit_price,
        "multiplier": line.multiplier,
        "pack_id": line.pack_id,
        "formula": line.formula,
        "inputs": _written(line.inputs),
        "vat_inputs": _written(line.vat_inputs),
        "net_cents": line.net_cents,
        "vat_cents": line.vat_cents,
        "gross_cents": line.gross_cents,
        "currency": currency,
    }


def _written(inputs: dict[str, Decimal]) -> dict[str, str]:
    """Exact, and written in one way."""
    return {name: format(value.normalize() if value else Decimal(0), "f") for name, value in sorted(inputs.items())}


def _readings(line: PriceLine, usage: Usage) -> int | None:
    """How many stretches between readings are in the line's segment, whole or in part."""
    if line.segment is None:
        return None
    return sum(_overlap(each.start, each.end, line.segment.start, line.segment.end) for each in usage.intervals)


def _overlap(start: datetime, end: datetime, first: datetime, last: datetime) -> bool:
    return (start < last and end > first) or (start == end and first <= start < last)
