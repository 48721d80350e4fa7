"""What is asked of a category of partners, as data (K1): criteria, documents, prices, commission, deadlines.

    {"partner_model": "B2B_CONTRACTOR", "orders_per_month": 10, "registers": ["KVK", "VIES"],
     "automatic_acceptance": true, "own_prices": false, "own_commission": false, "automatic_go_live": false,
     "documents": [{"kind": "LIABILITY_INSURANCE", "insured_cents": 250000000, "grace_days": 14}],
     "partner_days": 14, "staff_days": 2}

DEFAULTS are the platform's; `onboarding_category` holds what an entity asks instead.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain import validation
from domain.agreements.parsing import UnknownTerm
from domain.contacts.models import PartnerModel
from domain.errors import Duplicate, Faults, NotFound, TooMany, WrongType
from domain.onboarding.models import OnboardingCategory, WayIn

MOST_CENTS = 100_000_000_000


class DocumentType(StrEnum):
    """What a partner may have to show."""

    COMPANY_EXTRACT = "COMPANY_EXTRACT"
    LIABILITY_INSURANCE = "LIABILITY_INSURANCE"
    PROFESSIONAL_INDEMNITY = "PROFESSIONAL_INDEMNITY"
    SAFETY_CERTIFICATE = "SAFETY_CERTIFICATE"
    INSTALLER_CERTIFICATE = "INSTALLER_CERTIFICATE"
    SECURITY_CERTIFICATE = "SECURITY_CERTIFICATE"
    TAX_STATEMENT = "TAX_STATEMENT"


NAMES: dict[DocumentType, tuple[str, str]] = {
    DocumentType.COMPANY_EXTRACT: ("Uittreksel van de Kamer van Koophandel", "Extract of the Chamber of Commerce"),
    DocumentType.LIABILITY_INSURANCE: ("Aansprakelijkheidsverzekering", "Liability insurance"),
    DocumentType.PROFESSIONAL_INDEMNITY: ("Beroepsaansprakelijkheidsverzekering", "Professional indemnity insurance"),
    DocumentType.SAFETY_CERTIFICATE: ("Veiligheidscertificaat (VCA)", "Safety certificate (VCA)"),
    DocumentType.INSTALLER_CERTIFICATE: ("Erkenning als installateur", "Recognition as installer"),
    DocumentType.SECURITY_CERTIFICATE: ("Certificaat informatiebeveiliging", "Information security certificate"),
    DocumentType.TAX_STATEMENT: ("Verklaring betalingsgedrag Belastingdienst", "Statement of the tax authority"),
}


class Register(StrEnum):
    """Where a company is looked up."""

    KVK = "KVK"
    VIES = "VIES"


class OnExpiry(StrEnum):
    """What becomes of a live partner whose document has expired."""

    WARN = "WARN"
    """A task and reminders; orders go on."""
    SUSPEND = "SUSPEND"
    """As WARN, and after the days of grace no new orders until a new version is verified."""


@dataclass(frozen=True, slots=True)
class AskedDocument:
    """A document that a category asks for."""

    kind: DocumentType
    required: bool = True
    expires: bool = True
    """Whether it has to name its last day."""
    insured_cents: int | None = None
    """The least that has to be insured per claim."""
    longest_days: int | None = None
    """The oldest that it may be when it is given."""
    remind_days: tuple[int, ...] = (60, 30, 14, 7, 1)
    """Reminders so many days before it expires."""
    on_expiry: OnExpiry = OnExpiry.WARN
    grace_days: int = 14


@dataclass(frozen=True, slots=True)
class Definition:
    """What a category asks."""

    partner_model: PartnerModel
    orders_per_month: int | None = None
    """The least that has to be expected; less is judged by a person."""
    registers: tuple[Register, ...] = (Register.KVK, Register.VIES)
    ways_in: tuple[WayIn, ...] = tuple(WayIn)
    automatic_acceptance: bool = True
    """Accept at once where registers confirm the company, the criteria hold and nothing like it is known."""
    documents: tuple[AskedDocument, ...] = ()
    own_prices: bool = False
    """Whether a price list of its own has to be agreed; else the standard list holds."""
    own_commission: bool = False
    """Whether commission has to be agreed; else the entity's standard holds."""
    automatic_go_live: bool = False
    """Go live as soon as the gate opens, instead of when the partner says so."""
    partner_days: int = 14
    """In which tasks of the partner are due."""
    staff_days: int = 2

    def document(self, kind: str) -> AskedDocument | None:
        return next((asked for asked in self.documents if asked.kind == kind), None)


_INSURED = AskedDocument(
    DocumentType.LIABILITY_INSURANCE, insured_cents=250_000_000, on_expiry=OnExpiry.SUSPEND, grace_days=14
)
_EXTRACT = AskedDocument(DocumentType.COMPANY_EXTRACT, expires=False, longest_days=90, remind_days=())
DEFAULTS: dict[str, Definition] = {
    PartnerModel.LEAD_TRANSFER.value: Definition(PartnerModel.LEAD_TRANSFER, documents=(_EXTRACT,)),
    PartnerModel.AUTOMOTIVE.value: Definition(
        PartnerModel.AUTOMOTIVE, orders_per_month=10, documents=(_EXTRACT, replace(_INSURED, on_expiry=OnExpiry.WARN))
    ),
    PartnerModel.ENERGY.value: Definition(
        PartnerModel.ENERGY,
        orders_per_month=50,
        documents=(_EXTRACT, _INSURED, AskedDocument(DocumentType.SECURITY_CERTIFICATE, required=False)),
        own_prices=True,
        own_commission=True,
    ),
    PartnerModel.B2B_CONTRACTOR.value: Definition(
        PartnerModel.B2B_CONTRACTOR,
        orders_per_month=5,
        documents=(
            _EXTRACT,
            _INSURED,
            AskedDocument(DocumentType.SAFETY_CERTIFICATE, on_expiry=OnExpiry.SUSPEND),
            AskedDocument(DocumentType.INSTALLER_CERTIFICATE, required=False),
        ),
    ),
}


async def of(session: AsyncSession, entity_id: UUID, code: str) -> Definition:
    """What an entity asks of a category. NotFound where there is none of this code."""
    query = select(OnboardingCategory.definition).filter_by(entity_id=entity_id, code=code)
    if (kept := (await session.execute(query)).scalar_one_or_none()) is not None:
        return parse(kept)
    if code not in DEFAULTS:
        raise NotFound(field=("category",))
    return DEFAULTS[code]


async def all_of(session: AsyncSession, entity_id: UUID) -> dict[str, Definition]:
    """All categories of an entity, by code."""
    rows = await session.execute(
        select(OnboardingCategory.code, OnboardingCategory.definition).filter_by(entity_id=entity_id)
    )
    return dict(sorted((DEFAULTS | {code: parse(kept) for code, kept in rows}).items()))


def as_json(definition: Definition) -> dict[str, Any]:
    """What `parse` gives back as it was."""
    return {name: _plain(value) for name, value in asdict(definition).items() if value is not None}


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items() if item is not None}
    return value.value if isinstance(value, StrEnum) else value


# --- reading --------------------------------------------------------------------------------------------------------


def parse(given: object) -> Definition:
    """The definition of its JSON. Raises InvalidInput, or DomainErrors with all faults, each at its path."""
    with Faults() as faults:
        parts = _parts(faults, given, _PARSERS)
        if "partner_model" not in parts and not faults.errors:
            faults.take(lambda value: validation.choice(value or "", tuple(PartnerModel)), None, "partner_model")
    return Definition(**parts)


def _parts(faults: Faults, given: object, parsers: Mapping[str, Callable[[Any], Any]]) -> dict[str, Any]:
    if not isinstance(given, Mapping):
        raise WrongType(expected={"nl": "een object", "en": "an object"})
    for name in given:
        if name not in parsers:
            faults.add(UnknownTerm(known=", ".join(parsers), field=(str(name),)))
    present = {name: given[name] for name in parsers if given.get(name) is not None}
    return {name: faults.take(parsers[name], value, name) for name, value in present.items()}


def _document(given: object) -> AskedDocument:
    with Faults() as faults:
        parts = _parts(faults, given, _DOCUMENT)
        if "kind" not in parts:
            faults.take(lambda value: validation.choice(value or "", tuple(DocumentType)), None, "kind")
    return AskedDocument(**parts)


def _documents(value: object) -> tuple[AskedDocument, ...]:
    found = _list(value, len(DocumentType), _document)
    if len({asked.kind for asked in found}) < len(found):
        raise Duplicate()
    return found


def _list(value: object, most: int, parse_one: Callable[[Any], Any]) -> tuple[Any, ...]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise WrongType(expected={"nl": "een lijst", "en": "a list"})
    if len(value) > most:
        raise TooMany(maximum=most)
    with Faults() as faults:
        found = tuple(faults.take(parse_one, item, place) for place, item in enumerate(value))
    return found


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise WrongType(expected={"nl": "true of false", "en": "true or false"})
    return value


def _whole(minimum: int, maximum: int) -> Callable[[Any], int]:
    return lambda value: validation.integer(value, minimum, maximum)


def _one(kind: type[StrEnum]) -> Callable[[Any], Any]:
    return lambda value: kind(validation.choice(value, tuple(one.value for one in kind)))


def _some(kind: type[StrEnum]) -> Callable[[Any], tuple[Any, ...]]:
    def some(value: object) -> tuple[Any, ...]:
        found = _list(value, len(kind), _one(kind))
        if len(set(found)) < len(found):
            raise Duplicate()
        return found

    return some


def _days(value: object) -> tuple[int, ...]:
    return tuple(sorted(set(_list(value, 10, _whole(1, 365))), reverse=True))


_DOCUMENT: dict[str, Callable[[Any], Any]] = {
    "kind": _one(DocumentType),
    "required": _flag,
    "expires": _flag,
    "insured_cents": _whole(0, MOST_CENTS),
    "longest_days": _whole(1, 3_650),
    "remind_days": _days,
    "on_expiry": _one(OnExpiry),
    "grace_days": _whole(0, 365),
}
_PARSERS: dict[str, Callable[[Any], Any]] = {
    "partner_model": _one(PartnerModel),
    "orders_per_month": _whole(0, 1_000_000),
    "registers": _some(Register),
    "ways_in": _some(WayIn),
    "automatic_acceptance": _flag,
    "documents": _documents,
    "own_prices": _flag,
    "own_commission": _flag,
    "automatic_go_live": _flag,
    "partner_days": _whole(1, 365),
    "staff_days": _whole(1, 90),
}
