"""What routing services answered before."""

from datetime import date

from sqlalchemy import CheckConstraint, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from tenants.base import Base
from tenants.rls import protect


class TravelRow(Base):
    """Drives from one cell of the map, as one provider gave them: all in one value, since they are read in bulk."""

    __tablename__ = "travel_row"
    __table_args__ = (CheckConstraint("octet_length(drives) % 12 = 0", name="whole_drives"),)

    provider: Mapped[str] = mapped_column(primary_key=True)
    origin: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """A cell of domain.travel.cells."""
    drives: Mapped[bytes] = mapped_column(LargeBinary)
    """Records of domain.travel.cache.DRIVE, by ascending cell."""
    answered_on: Mapped[date] = mapped_column(index=True)
    """The day of the newest of them."""


# Which places were asked for is nobody's to see: the matrix is read and written as the system.
protect(TravelRow)
