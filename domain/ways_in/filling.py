"""Filling a form in: who may, what was typed as a document, one order per page that was shown."""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.contacts.addresses import Locates
from domain.contacts.models import Contact
from domain.entities import theme
from domain.errors import DomainError, DomainErrors, FieldPath, OutOfRange, Required, WrongType, language_of
from domain.jobs.actors import standing
from domain.mail.service import queue_mail
from domain.partner_orders import integration
from domain.partner_orders.document import PartnerOrderDocument, json_path, parse
from domain.partner_orders.errors import IntegrationNotLive
from domain.partner_orders.models import Way
from domain.partner_orders.receipt import Receipt
from domain.partner_orders.submit import prepare, submit
from domain.ways_in import tickets
from domain.ways_in.errors import FormNeedsAToken
from domain.ways_in.fields import FieldKind
from domain.ways_in.mapping import field_of
from domain.ways_in.models import FormAccess, OrderForm
from tenants.actor import SYSTEM, Actor, actor
from tenants.auth.sealing import fingerprint
from tenants.engine import Database
from tenants.models import Brand, BrandCobranding
from tenants.permissions import Permission, Role
from tenants.settings import Settings

Posted = Mapping[str, str]
"""Input name → what was typed."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A form with the looks that it is shown in, taken out of the database."""

    id: UUID
    entity_id: UUID
    organization_id: UUID
    slug: str
    title: Mapping[str, str]
    intro: Mapping[str, str]
    fields: Sequence[Mapping[str, Any]]
    products: Sequence[Mapping[str, Any]]
    access: FormAccess
    token_hash: str | None
    notify_emails: Sequence[str]
    brand_name: str
    partner_name: str
    partner_language: str
    partner_email: str | None
    chain: Sequence[UUID]
    host: str
    locale: str
    logo: str | None
    looks: Mapping[str, str]

    @property
    def asked(self) -> list[Mapping[str, Any]]:
        """The fields that are shown."""
        return [field for field in self.fields if field["kind"] != FieldKind.FIXED]


class FormFaults(Exception):
    """What was typed is refused: faults by input name, those of no input under ''."""

    def __init__(self, faults: Mapping[str, DomainError]) -> None:
        super().__init__(", ".join(faults))
        self.faults = dict(faults)


async def shown(session: AsyncSession, brand_id: UUID, slug: str) -> Shown | None:
    """The open form at this address, in the partner's looks over the brand's. For the system."""
    query = (
        select(OrderForm, Brand, Contact, BrandCobranding)
        .join(Brand, Brand.id == OrderForm.brand_id)
        .join(Contact, Contact.id == OrderForm.organization_id)
        .outerjoin(
            BrandCobranding,
            (BrandCobranding.brand_id == OrderForm.brand_id)
            & (BrandCobranding.organization_id == OrderForm.organization_id),
        )
        .where(OrderForm.brand_id == brand_id, OrderForm.slug == slug, OrderForm.active)
    )
    row = (await session.execute(query)).one_or_none()
    return None if row is None else _shown(*row)


def _shown(form: OrderForm, brand: Brand, partner: Contact, looks: BrandCobranding | None) -> Shown:
    return Shown(
        id=form.id,
        entity_id=form.entity_id,
        organization_id=form.organization_id,
        slug=form.slug,
        title={"nl": form.title_nl, "en": form.title_en},
        intro={"nl": form.intro_nl, "en": form.intro_en},
        fields=form.fields,
        products=form.products,
        access=FormAccess(form.access),
        token_hash=form.token_hash,
        notify_emails=list(form.notify_emails),
        brand_name=brand.name,
        partner_name=looks.name if looks else partner.name,
        partner_language=partner.language,
        partner_email=partner.email,
        chain=list(partner.chain_organization_ids) or [partner.id],
        host=brand.host,
        locale=brand.locale,
        logo=looks.logo_url if looks and looks.logo_url else brand.logo_url,
        looks=theme.safe(brand.theme) | (theme.safe(looks.theme) if looks else {}),
    )


# --- who may ------------------------------------------------------------------------------------------------------


async def visitor(session: AsyncSession, settings: Settings, form: Shown, secret: str) -> Actor:
    """Who fills the form in, by the secret of its address. Raises: FormNeedsAToken. For the system."""
    by = await _user(session, settings, form, secret) if form.access is FormAccess.LOGIN else _anybody(form, secret)
    kept = await integration.governing(session, form.entity_id, form.chain)
    try:
        integration.require_taking(kept)
    except IntegrationNotLive:
        raise FormNeedsAToken() from None
    return by


def _anybody(form: Shown, secret: str) -> Actor:
    if not form.token_hash or not hmac.compare_digest(fingerprint(secret[:200]), form.token_hash):
        raise FormNeedsAToken()
    made = actor(Role.PARTNER_USER, form.entity_id, organization_id=form.organization_id)
    return replace(made, name=f"Form {form.title['nl']}", permissions=frozenset({Permission.PARTNER_ORDERS_SUBMIT}))


async def _user(session: AsyncSession, settings: Settings, form: Shown, secret: str) -> Actor:
    try:
        by = await standing(session, tickets.open_link(settings, form.id, secret))
    except tickets.TicketInvalid:
        by = None
    if by is None or form.entity_id not in by.entity_ids or by.organization_id != form.organization_id:
        raise FormNeedsAToken()
    return by


# --- what was typed -----------------------------------------------------------------------------------------------


def name_of(path: str) -> str:
    """Name of the input of a field."""
    return path.removeprefix("$.")


def quantity_name(place: int) -> str:
    """Name of the input of the n-th product."""
    return f"quantity.{place}"


def document_of(form: Shown, posted: Posted, number: str) -> PartnerOrderDocument:
    """What was typed as a document. Raises: FormFaults, all at once."""
    faults: dict[str, DomainError] = {}
    document: dict[str, Any] = {}
    for field in form.fields:
        value = field["value"] if field["kind"] == FieldKind.FIXED else posted.get(name_of(field["path"]), "").strip()
        if field["required"] and not value:
            faults[name_of(field["path"])] = Required()
        elif not _offered(field, value):
            faults[name_of(field["path"])] = WrongType(expected={"nl": "een van de keuzes", "en": "one of the choices"})
        elif value:
            _put(document, field["path"], value)
    document.setdefault("partner_order_id", number)
    places = _products(form, posted, document, faults)
    try:
        parsed = parse(document)
    except (DomainError, DomainErrors) as refused:
        for each in refused.errors:
            faults.setdefault(_input_of(form, each.field, places), each)
    if faults:
        raise FormFaults(faults)
    return parsed


def _offered(field: Mapping[str, Any], value: str) -> bool:
    if field["kind"] != FieldKind.CHOICE or not value:
        return True
    return value in [choice["value"] for choice in field["choices"]]


def _put(document: dict[str, Any], path: str, value: str) -> None:
    *parents, last = field_of(path)
    for name in parents:
        document = document.setdefault(str(name), {})
    document[str(last)] = value


def _products(form: Shown, posted: Posted, document: dict[str, Any], faults: dict[str, DomainError]) -> list[int]:
    """Puts what was chosen into the document; which of the form's products each line is."""
    places: list[int] = []
    document["products"] = []
    for place, product in enumerate(form.products):
        typed = posted.get(quantity_name(place), "").strip() or "0"
        if not typed.isascii() or not typed.isdigit() or not 0 <= int(typed[:9]) <= product["most"]:
            faults[quantity_name(place)] = OutOfRange(minimum=0, maximum=product["most"])
        elif int(typed):
            words = product["label"][language_of(form.partner_language)]
            line = {"partner_sku": product["partner_sku"], "quantity": int(typed), "description": words}
            document["products"].append(line)
            places.append(place)
    if not places and not any(name.startswith("quantity.") for name in faults):
        faults[quantity_name(0)] = Required()
    return places


def _input_of(form: Shown, path: FieldPath, places: list[int]) -> str:
    """The input that a fault is shown beside; '' where no input is to blame."""
    if len(path) > 1 and path[0] == "products" and isinstance(path[1], int) and path[1] < len(places):
        return quantity_name(places[path[1]])
    asked = [field["path"] for field in form.asked]
    return name_of(json_path(path)) if json_path(path) in asked else ""


# --- sending ------------------------------------------------------------------------------------------------------


async def send(
    database: Database, locator: Locates, form: Shown, by: Actor, document: PartnerOrderDocument, began: datetime
) -> Receipt:
    """Submit the order and tell the partner by mail. Raises: FormFaults for what its terms refuse."""
    located = await prepare(locator, document)
    try:
        async with database.session(SYSTEM) as session:
            receipt = await submit(
                session,
                entity_id=form.entity_id,
                organization_id=form.organization_id,
                document=document,
                located=located,
                way=Way.FORM,
                source_id=form.id,
                by=by,
                began=began,
            )
            if not receipt.repeated:
                await _confirm(session, form, receipt)
            return receipt
    except (DomainError, DomainErrors) as refused:
        raise FormFaults({_input_of(form, each.field, []): each for each in refused.errors}) from None


async def _confirm(session: AsyncSession, form: Shown, receipt: Receipt) -> None:
    """To the form's addresses, else the integration's, else the partner's own. Says nothing of the customer."""
    kept = await integration.governing(session, form.entity_id, form.chain)
    own = [form.partner_email] if form.partner_email else []
    subject, body = _letter(language_of(form.partner_language), form, receipt)
    for address in form.notify_emails or kept.notify_emails or own:
        await queue_mail(session, entity_id=form.entity_id, host=form.host, to=address, subject=subject, body=body)


def _letter(language: str, form: Shown, receipt: Receipt) -> tuple[str, str]:
    number = receipt.order_id or receipt.quote_number or "-"
    minutes = receipt.estimated_processing_minutes
    if language == "en":
        return (
            f"Order {receipt.partner_order_id} received",
            f"Your order {receipt.partner_order_id} came in through the form “{form.title['en']}”.\n\n"
            f"Our number: {number}\nExpected processing time: {minutes} minutes\n",
        )
    return (
        f"Bestelling {receipt.partner_order_id} ontvangen",
        f"Uw bestelling {receipt.partner_order_id} is binnengekomen via het formulier “{form.title['nl']}”.\n\n"
        f"Ons nummer: {number}\nVerwachte verwerkingstijd: {minutes} minuten\n",
    )
