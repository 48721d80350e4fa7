"""What a version of a tariff says, as data; all prices are without VAT.

    {"currency": "EUR", "energy_cents_per_kwh": "50", "time_cents_per_hour": "300", "idle_cents_per_hour": null,
     "start_fee_cents": 0, "minimum_cents": 0,
     "windows": [{"name": "PEAK", "since": "18:00", "until": "21:00", "multiplier": "1.5"}],
     "multiplies": "ALL", "multiplier_cap": null, "emergency_multiplier": "2", "damage_reserve_cents": 50}

Decision 2 puts the tax last, so prices are net: one tariff serves payers of every VAT rule, and is counted like every
other price of the platform. What is shown to consumers carries the amounts with VAT beside them. Decimals are written
as text; parsing.py reads them, or gives every fault at its place.
"""

from dataclasses import dataclass
from datetime import time
from decimal import Decimal
from enum import StrEnum
from typing import Any

ONE = Decimal(1)


class Multiplies(StrEnum):
    """Which part of the price windows and emergencies multiply; never the start fee, the minimum or the reserve."""

    ALL = "ALL"
    """Energy and time."""
    ENERGY = "ENERGY"
    TIME = "TIME"


@dataclass(frozen=True, slots=True)
class Window:
    """A part of the day in Europe/Amsterdam: from the first minute, which is in it, to the last, which is not.

    One that ends before it starts goes over midnight.
    """

    name: str
    starts: time
    until: time
    multiplier: Decimal

    def holds(self, clock: time) -> bool:
        """Whether a time on the wall is in it."""
        if self.starts < self.until:
            return self.starts <= clock < self.until
        return clock >= self.starts or clock < self.until


PEAK = Window("PEAK", time(18), time(21), Decimal("1.5"))
NIGHT = Window("NIGHT", time(22), time(6), Decimal("0.8"))


@dataclass(frozen=True, slots=True)
class Terms:
    """One version of a tariff. Prices per kWh and per hour are cents with up to four decimals."""

    energy_cents_per_kwh: Decimal = Decimal(0)
    time_cents_per_hour: Decimal = Decimal(0)
    idle_cents_per_hour: Decimal | None = None
    """Of time in which nothing is charged; None: as much as any other time."""
    start_fee_cents: int = 0
    minimum_cents: int = 0
    """The least that energy, time and the start fee cost together, before discounts."""
    windows: tuple[Window, ...] = (PEAK, NIGHT)
    multiplies: Multiplies = Multiplies.ALL
    multiplier_cap: Decimal | None = None
    """The most that all multipliers together make; None: their product."""
    emergency_multiplier: Decimal = Decimal(2)
    damage_reserve_cents: int = 50
    """Per session, neither multiplied nor discounted."""
    currency: str = "EUR"

    def multiplier(self, clock: time, emergency: bool) -> Decimal:
        """The product of what applies at a time on the wall, cut to the cap."""
        product = self.emergency_multiplier if emergency else ONE
        for window in self.windows:
            if window.holds(clock):
                product *= window.multiplier
        return product if self.multiplier_cap is None else min(product, self.multiplier_cap)

    def names(self, clock: time) -> tuple[str, ...]:
        """The windows that a time on the wall is in."""
        return tuple(window.name for window in self.windows if window.holds(clock))


def as_json(terms: Terms) -> dict[str, Any]:
    """The normal form, which `parse` gives back as it was."""
    return {
        "currency": terms.currency,
        "energy_cents_per_kwh": written(terms.energy_cents_per_kwh),
        "time_cents_per_hour": written(terms.time_cents_per_hour),
        "idle_cents_per_hour": written(terms.idle_cents_per_hour),
        "start_fee_cents": terms.start_fee_cents,
        "minimum_cents": terms.minimum_cents,
        "windows": [_window_json(window) for window in terms.windows],
        "multiplies": terms.multiplies.value,
        "multiplier_cap": written(terms.multiplier_cap),
        "emergency_multiplier": written(terms.emergency_multiplier),
        "damage_reserve_cents": terms.damage_reserve_cents,
    }


def _window_json(window: Window) -> dict[str, str | None]:
    return {
        "name": window.name,
        "since": f"{window.starts:%H:%M}",
        "until": f"{window.until:%H:%M}",
        "multiplier": written(window.multiplier),
    }


def written(number: Decimal | None) -> str | None:
    """A decimal without an exponent and without zeros that say nothing."""
    if number is None:
        return None
    plain = f"{number:f}"
    return plain.rstrip("0").rstrip(".") if "." in plain else plain
