"""What every accounting package can do for us."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol

from domain.accounting.bookings import Document, Found, Party, Settlement, There
from domain.accounting.models import Side


@dataclass(frozen=True, slots=True)
class Choice:
    """An account, VAT rate, journal or country there. `code` is what a bookkeeper says."""

    id: str
    code: str
    name: str
    kind: str = ""
    percentage: str | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "code": self.code,
            "name": self.name,
            "kind": self.kind,
            "percentage": self.percentage,
        }


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What an administration has to choose from."""

    administration: str
    name: str
    accounts: list[Choice] = field(default_factory=list)
    vat_rates: list[Choice] = field(default_factory=list)
    payment_accounts: list[Choice] = field(default_factory=list)
    countries: list[Choice] = field(default_factory=list)


class Package(Protocol):
    """An administration. Every method raises what packages.asking names, `create_*` and `change_*` Uncertain too.

    `find_*` looks for what an attempt with an unknown end may have written.
    """

    async def look(self) -> Catalogue: ...

    async def find_party(self, party: Party) -> Found | None: ...

    async def create_party(self, party: Party) -> Found: ...

    async def change_party(self, external_id: str, party: Party) -> Found: ...

    async def find_document(self, document: Document) -> Found | None: ...

    async def create_document(self, document: Document) -> Found: ...

    async def find_settlement(self, settlement: Settlement) -> Found | None: ...

    async def create_settlement(self, settlement: Settlement) -> Found: ...

    def documents(self, side: Side, month: date) -> AsyncIterator[There]: ...

    async def close(self) -> None: ...
