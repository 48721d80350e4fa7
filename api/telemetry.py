"""What chargers measured, for charts: readings as they came, or minutes, hours and days with their gaps."""

from datetime import datetime
from typing import Any

import strawberry

from api.enums import described
from api.reading import BigInt, argument, column, read_list, reads
from domain.telemetry.series import MOST, Resolution, series
from tenants.permissions import Permission

TelemetryResolution = described(
    strawberry.enum(Resolution, name="TelemetryResolution"),
    "How finely telemetry is told.",
    RAW="The readings themselves.",
    MINUTE="A minute.",
    HOUR="An hour.",
    DAY="A day of the calendar in Amsterdam, 23 or 25 hours long when the clock changes.",
)


@reads(None)
@strawberry.type(
    description="What a connector measured in a minute, hour or day, or with RAW at a moment. "
    "Energy: how much the register rose, over each of its readings, since the reading before, wherever that was; "
    "buckets therefore add up to the register, and what was used in a gap stands where the next reading is."
)
class TelemetryPoint:
    at: datetime = column("When it begins; with RAW, when it was read.")
    until: datetime | None = column("When it ends; null with RAW.")
    readings: int = column("How many readings it is made of; 0 is a gap.")
    energy_wh: BigInt | None = column("Wh used; null where no reading has a register. 0 where the register fell.")
    average_power_w: int | None = column("Mean over the readings that have a power, in W.")
    max_power_w: int | None = column("The highest, in W.")
    min_voltage_mv: int | None = column("The lowest mean of the phases, in mV.")
    max_voltage_mv: int | None = column("The highest mean of the phases, in mV.")
    max_current_ma: int | None = column("The highest of any phase, in mA.")
    max_temperature_dc: int | None = column("The highest, in tenths of a degree Celsius.")
    min_soc_percent: int | None = column("The lowest state of charge of the car.")
    max_soc_percent: int | None = column("The highest state of charge of the car.")
    register_wh: BigInt | None = column("RAW: the register itself, in Wh.")
    sequence: int | None = column("RAW: the device's number of the reading.")
    revision: int | None = column("RAW: above 0 it was corrected.")


def _series(arguments: Any) -> Any:
    a = arguments
    return series(a.charger_id, a.connector, a.resolution, getattr(a, "from"), a.until)


@strawberry.type
class TelemetryQueries:
    telemetry_series: list[TelemetryPoint] = read_list(
        f"What a connector measured, oldest first, up to now: the first {MOST:,} points. Go on where the last one ends "
        "(with RAW, from its moment: it comes again, with the same sequence). Buckets without readings are there with "
        "0 readings; the first is the one that `from` is in.",
        rows=_series,
        limit=MOST,
        cost=20,
        arguments={
            "charger_id": argument(strawberry.ID, "The charger.", node="Charger"),
            "connector": argument(int, "The number of its connector; 0 is the charger as a whole."),
            "resolution": argument(TelemetryResolution, "How finely."),
            "from": argument(datetime, "From this time on."),
            "until": argument(datetime, "Before this time."),
        },
        requires=Permission.CHARGERS_READ,
    )
