"""The five audiences: each has a database role of its own, its own policies and its own connections."""

from enum import StrEnum


class Audience(StrEnum):
    """For whom a statement runs."""

    STAFF = "staff"
    PARTNER = "partner"
    CUSTOMER = "customer"
    TECHNICIAN = "technician"
    SYSTEM = "system"

    @property
    def database_role(self) -> str:
        """The PostgreSQL role: it owns no table and cannot bypass row-level security."""
        return f"chargecars_{self.value}"
