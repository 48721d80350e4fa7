"""Addresses of contacts: as they were given, in their normal form, and where they are.

`located` may ask the geocoder, so it comes before the transaction; `add` is part of it.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain import validation
from domain.contacts.models import Address
from domain.errors import DomainError, Faults, FieldPath
from domain.geo.location import Address as Question
from domain.geo.location import AddressFlag, Exactness, Location

FIELDS = ("postal_code", "house_number", "house_number_addition", "street", "city", "country")
MAX_FOREIGN = 30
"""Length of postcodes and house numbers abroad, and of Dutch ones that are kept as they were given."""


class Locates(Protocol):
    """What finds an address on the map: domain.geo.locate.Locator."""

    async def locate(self, address: Question) -> Location: ...


@dataclass(frozen=True, slots=True)
class AddressDetails:
    """An address ready to be kept; `original` is exactly what was given."""

    postal_code: str
    house_number: str = ""
    house_number_addition: str = ""
    street: str = ""
    city: str = ""
    country: str = "NL"
    latitude: float | None = None
    longitude: float | None = None
    exactness: Exactness = Exactness.NONE
    location_source: str = ""
    flag_reason: AddressFlag | None = None
    original: dict[str, Any] = field(default_factory=dict)

    @property
    def flagged(self) -> bool:
        """Whether a person should look at it (O6)."""
        return self.flag_reason is not None


async def located(
    locator: Locates, given: Mapping[str, Any], *, strict: bool = True, at: FieldPath = ()
) -> AddressDetails:
    """The address in its normal form, with its place on the map.

    Strict: raises the faults of a Dutch postcode or house number, under the path `at`. Otherwise what cannot be
    understood stays as it was given and the address is flagged.
    """
    normal = parse(given, at=at) if strict else _as_far_as_possible(given)
    question = Question(
        normal["postal_code"],
        normal["house_number"],
        normal["house_number_addition"],
        normal["street"],
        normal["city"],
        normal["country"],
    )
    return _placed(normal, await locator.locate(question), _original(given))


async def add(session: AsyncSession, contact_id: UUID, details: AddressDetails, *, id: UUID | None = None) -> Address:
    """Keep an address of a contact. Addresses never change: documents keep the one they were made with."""
    id = id or (await session.execute(select(func.uuidv7()))).scalar_one()
    values = {**asdict(details), "exactness": details.exactness.value, "flagged": details.flagged}
    values["flag_reason"] = details.flag_reason.value if details.flag_reason else None
    address = Address(id=id, contact_id=contact_id, **values)
    session.add(address)
    await session.flush()
    return address


def parse(given: Mapping[str, Any], *, at: FieldPath = ()) -> dict[str, str]:
    """The fields in their normal form: "1234AB", "12" and "A-2" in the Netherlands; raises all faults together."""
    with Faults() as faults, faults.at(*at):
        return _parsed(given)
    raise AssertionError("Faults raises what it collected")


def _parsed(given: Mapping[str, Any]) -> dict[str, str]:
    with Faults() as faults:
        country = faults.take(validation.country, given.get("country") or "NL", "country") or "NL"
        street = faults.take(_line, given.get("street"), "street") or ""
        city = faults.take(_line, given.get("city"), "city") or ""
        parse_here = _dutch if country == "NL" else _foreign
        values = {**parse_here(faults, given), "street": street, "city": city, "country": country}
    return values


def _dutch(faults: Faults, given: Mapping[str, Any]) -> dict[str, str]:
    postal_code = faults.take(validation.postcode, given.get("postal_code") or "", "postal_code")
    whole = f"{given.get('house_number') or ''} {given.get('house_number_addition') or ''}".strip()
    number = faults.take(validation.house_number, whole, "house_number")
    return {
        "postal_code": (postal_code or "").replace(" ", ""),
        "house_number": str(number.number) if number else "",
        "house_number_addition": (number.addition or "") if number else "",
    }


def _foreign(faults: Faults, given: Mapping[str, Any]) -> dict[str, str]:
    names = ("postal_code", "house_number", "house_number_addition")
    return {name: faults.take(_short_line, given.get(name), name) or "" for name in names}


def _line(value: str | None) -> str:
    return validation.name(value or "", minimum=0)


def _short_line(value: str | None) -> str:
    return validation.name(value or "", minimum=0, maximum=MAX_FOREIGN)


def _as_far_as_possible(given: Mapping[str, Any]) -> dict[str, str]:
    """The normal form where there is one, else each field as it was given, less what cannot be shown."""
    try:
        return _parsed(given)
    except Exception as error:
        if not isinstance(error, DomainError) and not hasattr(error, "errors"):
            raise
    kept = {name: _shown(given.get(name), MAX_FOREIGN) for name in FIELDS[:3]}
    return {**kept, **{name: _shown(given.get(name), validation.MAX_NAME) for name in FIELDS[3:]}, "country": "NL"}


def _shown(value: object, maximum: int) -> str:
    printable = "".join(c if c.isprintable() else " " for c in str(value or ""))
    return " ".join(printable.split())[:maximum]


def _original(given: Mapping[str, Any]) -> dict[str, Any]:
    limit = validation.MAX_NAME
    return {name: str(given[name])[:limit].replace("\0", "") for name in FIELDS if given.get(name)}


def _placed(normal: dict[str, str], location: Location, original: dict[str, Any]) -> AddressDetails:
    """Street and city are completed from the register where they were left out and nothing is doubtful."""
    place = location.place if location.flag is None else None
    return AddressDetails(
        **{
            **normal,
            "street": normal["street"] or (place.street if place else ""),
            "city": normal["city"] or (place.city if place else ""),
        },
        latitude=location.latitude,
        longitude=location.longitude,
        exactness=location.exactness,
        location_source=location.source.value,
        flag_reason=location.flag,
        original=original,
    )
