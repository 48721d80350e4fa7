"""The arithmetic of roll-ups, written once: what is added when newer readings come is what recomputing gives.

Minutes are made of readings, hours of minutes, days (of Amsterdam) of hours. `rise` is how much the register rose
since the reading before that has one; where it fell, the meter started again, and what it counted before that reading
was seen is unknown: 0.
"""

AMSTERDAM = "Europe/Amsterdam"
_EPOCH = "timestamptz '2000-01-01 00:00:00+00'"

VALUES = (
    "readings",
    "energy_wh",
    "power_readings",
    "power_sum_w",
    "power_max_w",
    "voltage_min_mv",
    "voltage_max_mv",
    "current_max_ma",
    "temperature_max_dc",
    "soc_min_percent",
    "soc_max_percent",
)
_LEAST = {"voltage_min_mv", "soc_min_percent"}
_COUNTS = {"readings", "power_readings"}
_SUMS = {"energy_wh", "power_sum_w"}

OF_READINGS = (
    "count(*)::int AS readings, sum(rise)::bigint AS energy_wh, count(power_w)::int AS power_readings, "
    "sum(power_w)::bigint AS power_sum_w, max(power_w) AS power_max_w, min(voltage_mv) AS voltage_min_mv, "
    "max(voltage_mv) AS voltage_max_mv, max(current_ma) AS current_max_ma, "
    "max(temperature_dc) AS temperature_max_dc, min(soc_percent) AS soc_min_percent, "
    "max(soc_percent) AS soc_max_percent"
)


def _merged(column: str) -> str:
    if column in _COUNTS:
        return f"sum({column})::int AS {column}"
    if column in _SUMS:
        return f"sum({column})::bigint AS {column}"
    return f"{'min' if column in _LEAST else 'max'}({column}) AS {column}"


OF_ROLLUPS = ", ".join(map(_merged, VALUES))


def at(step: str, column: str) -> str:
    """The beginning of the minute or hour of a moment."""
    return f"date_bin('1 {step}', {column}, {_EPOCH})"


def day(column: str) -> str:
    """The day in Amsterdam of an hour."""
    return f"(timezone('{AMSTERDAM}', {column}))::date"


def rise(before: str, window: str = "charger_id, connector") -> str:
    """Of a reading over the one before it in its window; `before`: the register before the window's first."""
    return (
        f"greatest(energy_wh - coalesce(lag(energy_wh) OVER (PARTITION BY {window}, energy_wh IS NULL "
        f"ORDER BY read_at, sequence), {before}, energy_wh), 0 * energy_wh) AS rise"
    )


def upsert(table: str, key: str, source: str, *, add: bool) -> str:
    """Writes the rows of `source`: added to what is there, or in its place."""
    change = _added if add else _replaced
    return (
        f"INSERT INTO {table} AS old (charger_id, connector, {key}, {', '.join(VALUES)}) "  # noqa: S608  # declared names
        f"SELECT charger_id, connector, {key}, {', '.join(VALUES)} FROM {source} "
        f"ON CONFLICT (charger_id, connector, {key}) DO UPDATE SET {', '.join(map(change, VALUES))}"
    )


def _replaced(column: str) -> str:
    return f"{column} = excluded.{column}"


def _added(column: str) -> str:
    if column in _COUNTS:
        return f"{column} = old.{column} + excluded.{column}"
    if column in _SUMS:
        both = f"old.{column} + excluded.{column}"
        return f"{column} = coalesce({both}, old.{column}, excluded.{column})"
    return f"{column} = {'least' if column in _LEAST else 'greatest'}(old.{column}, excluded.{column})"
