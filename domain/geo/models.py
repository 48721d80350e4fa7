"""Reference tables of places; they belong to no tenant."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Float
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from tenants.base import Base
from tenants.rls import protect, reference_data


class Pc4(Base):
    """A Dutch postcode area of four digits and its centre, imported from a file."""

    __tablename__ = "pc4"
    __table_args__ = (CheckConstraint("pc4 ~ '^[1-9][0-9]{3}$'", name="digits"),)

    pc4: Mapped[str] = mapped_column(primary_key=True)
    place: Mapped[str]
    municipality: Mapped[str]
    province: Mapped[str]
    latitude: Mapped[float] = mapped_column(Float)
    longitude: Mapped[float] = mapped_column(Float)


class GeocodeCache(Base):
    """What the geocoder answered to a question; an empty list means that it knows no such place."""

    __tablename__ = "geocode_cache"

    question: Mapped[str] = mapped_column(primary_key=True)
    """The parameters that were asked for, in normal form."""
    places: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    expires_at: Mapped[datetime] = mapped_column(index=True)


reference_data(Pc4)
# Which addresses were asked for is nobody's to see: the locator reads and writes as the system.
protect(GeocodeCache)
