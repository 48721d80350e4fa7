"""Lines of what was metered: energy and time per segment, and what packs take off the energy."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from domain.tariffs import formulas
from domain.tariffs.formulas import Carry, Rule
from domain.tariffs.prices import LineKind, LineUnit, PackShare, PriceLine
from domain.tariffs.segments import Segment
from domain.tariffs.terms import ONE, Multiplies, Terms


@dataclass(frozen=True, slots=True)
class Meter:
    """One kind of line per segment: how much of it, at what price."""

    kind: LineKind
    price: Decimal
    measure: Callable[[Segment], int]
    multiplied: bool
    unit: LineUnit = LineUnit.SECOND

    @property
    def rule(self) -> Rule:
        return formulas.ENERGY if self.unit is LineUnit.WATT_HOUR else formulas.TIME

    def inputs(self, quantity: int, multiplier: Decimal) -> dict[str, int | Decimal]:
        names = ("energyWh", "pricePerKwh") if self.unit is LineUnit.WATT_HOUR else ("seconds", "pricePerHour")
        return {names[0]: quantity, names[1]: self.price, "multiplier": multiplier}


def meters(terms: Terms) -> list[Meter]:
    """What a tariff counts; time that is not priced apart is one kind."""
    of_time = terms.multiplies is not Multiplies.ENERGY
    per_hour, idle = terms.time_cents_per_hour, terms.idle_cents_per_hour
    energy = Meter(
        LineKind.ENERGY,
        terms.energy_cents_per_kwh,
        lambda segment: segment.energy_wh,
        terms.multiplies is not Multiplies.TIME,
        LineUnit.WATT_HOUR,
    )
    if idle is None:
        return [energy, Meter(LineKind.TIME, per_hour, lambda s: s.charging_seconds + s.idle_seconds, of_time)]
    return [
        energy,
        Meter(LineKind.TIME, per_hour, lambda segment: segment.charging_seconds, of_time),
        Meter(LineKind.IDLE, idle, lambda segment: segment.idle_seconds, of_time),
    ]


def metered(terms: Terms, segments: Sequence[Segment], emergency: bool) -> list[PriceLine]:
    """The lines of energy, then those of time, by segment; what costs nothing per unit has no line."""
    return [line for meter in meters(terms) if meter.price for line in _lines(meter, terms, segments, emergency)]


def _lines(meter: Meter, terms: Terms, segments: Sequence[Segment], emergency: bool) -> Iterator[PriceLine]:
    carry = Carry(meter.rule)
    for segment in segments:
        if not (quantity := meter.measure(segment)):
            continue
        multiplier = terms.multiplier(segment.clock, emergency) if meter.multiplied else ONE
        cents, inputs = carry.cents(meter.inputs(quantity, multiplier))
        yield PriceLine(
            meter.kind,
            meter.rule.name,
            inputs,
            cents,
            quantity,
            meter.unit,
            meter.price,
            multiplier,
            segment,
        )


def from_packs(lines: Iterable[PriceLine], packs: Iterable[PackShare]) -> Iterator[PriceLine]:
    """What packs take off lines of energy, from the first Wh on until they are used up."""
    rest = [pack for pack in packs if pack.wh > 0]
    carry = Carry(formulas.PACK)
    for line in lines:
        open_wh = line.quantity
        while rest and open_wh:
            pack, taken = rest[0], min(open_wh, rest[0].wh)
            yield _from_pack(line, pack, taken, carry)
            open_wh -= taken
            rest[:1] = [replace(pack, wh=pack.wh - taken)] if taken < pack.wh else []


def _from_pack(line: PriceLine, pack: PackShare, wh: int, carry: Carry) -> PriceLine:
    priced = {"energyWh": wh, "pricePerKwh": line.unit_price, "multiplier": line.multiplier}
    cents, inputs = carry.cents({**priced, "discountPercent": pack.discount_percent})
    return PriceLine(
        LineKind.PACK,
        formulas.PACK.name,
        inputs,
        cents,
        wh,
        LineUnit.WATT_HOUR,
        line.unit_price,
        line.multiplier,
        line.segment,
        pack.pack_id,
    )
