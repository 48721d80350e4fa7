"""How a connector is at the moment: its newest point at a resolution."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, literal_column, select

from domain.telemetry.models import TelemetryLatest
from domain.telemetry.series import Resolution, series


def newest(
    charger_id: UUID | ColumnElement[UUID],
    connector: int | ColumnElement[int],
    resolution: Resolution | ColumnElement[str],
) -> Select[Any]:
    """The newest reading, or the minute, hour or day that it is in so far; no row where there is none to see."""
    mine = (TelemetryLatest.charger_id == charger_id, TelemetryLatest.connector == connector)
    at: ColumnElement[Any] = select(TelemetryLatest.read_at).where(*mine).scalar_subquery()
    points = series(charger_id, connector, resolution, at, at + literal_column("interval '1 microsecond'")).subquery()
    return select(points).order_by(points.c.sequence.desc().nulls_last()).limit(1)
