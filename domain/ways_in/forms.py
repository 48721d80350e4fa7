"""Forms of partners: made, changed, given another address. `session` is the platform's, see webhooks.py."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain import validation
from domain.errors import Duplicate, Faults, FieldPath, InvalidState, PermissionDenied, TooMany
from domain.events.record import changes_of
from domain.rows import find
from domain.unique import refusing_taken
from domain.users.rights import entity_within
from domain.ways_in import events, fields, tickets
from domain.ways_in.errors import NoSecretToRotate, TooManyForms
from domain.ways_in.models import FormAccess, OrderForm
from domain.ways_in.webhooks import partner_within, slug
from tenants.acting import acting_as
from tenants.actor import Actor
from tenants.audience import Audience
from tenants.auth.sealing import fingerprint, random_secret
from tenants.models import Brand
from tenants.permissions import Permission
from tenants.settings import Settings

MOST = 50
MOST_ADDRESSES = 5
_SHOWN_IN_AUDIT = ("title_nl", "title_en", "intro_nl", "intro_en", "fields", "products", "active", "access")


@dataclass(frozen=True)
class Made:
    """A form, and the secret of its address where it has a new one; it cannot be shown again."""

    form: OrderForm
    token: str | None


async def create(
    session: AsyncSession,
    actor: Actor,
    given: Mapping[str, Any],
    *,
    brand_id: UUID,
    organization_id: UUID | None = None,
) -> Made:
    """Make a form of the actor's organization on a brand's host; staff name the organization."""
    values = checked({"fields": None, **given}, new=True)
    async with acting_as(session, actor):
        brand = await find(session, Brand, brand_id, field=("brand_id",))
    entity_id = await entity_within(session, actor, brand.entity_id)
    owner = await partner_within(session, actor, organization_id, entity_id)
    await _require_room(session, entity_id, owner)
    form = OrderForm(
        entity_id=entity_id, organization_id=owner, brand_id=brand.id, created_by_user_id=actor.user_id, **values
    )
    token = _give_token(form)
    async with refusing_taken(session, uq_order_form_brand_id_slug=("slug",)):
        session.add(form)
    await events.tell(session, form, events.OrderFormCreated(form.slug))
    return Made(form, token)


async def change(session: AsyncSession, actor: Actor, id: UUID, given: Mapping[str, Any]) -> Made:
    """Change what is given; what is left out stays. Another access gives another address."""
    form = await mine(session, actor, id)
    values = checked(given)
    access = form.access
    async with refusing_taken(session, uq_order_form_brand_id_slug=("slug",)):
        for name, value in values.items():
            setattr(form, name, value)
        token = _give_token(form) if form.access != access else None
        changes = {name: both for name, both in changes_of(form).items() if name in _SHOWN_IN_AUDIT}
    if changes:
        await events.tell(session, form, events.OrderFormChanged(form.active), changes)
    return Made(form, token)


async def replace_link(session: AsyncSession, actor: Actor, id: UUID) -> Made:
    """A new address with a new secret; the one before is void at once."""
    form = await mine(session, actor, id)
    if form.access != FormAccess.OPEN_WITH_TOKEN:
        raise NoSecretToRotate(current=form.access, wanted="replace")
    token = _give_token(form)
    await session.flush()
    await events.tell(session, form, events.OrderFormLinkReplaced())
    return Made(form, token)


async def login_link(session: AsyncSession, settings: Settings, actor: Actor, id: UUID) -> tuple[OrderForm, str]:
    """A secret with which the actor itself may fill the form in for an hour."""
    if actor.audience is not Audience.PARTNER or not actor.may(Permission.PARTNER_ORDERS_SUBMIT):
        raise PermissionDenied()
    async with acting_as(session, actor):
        form = await find(session, OrderForm, id)
    if form.access != FormAccess.LOGIN:
        raise InvalidState(current=form.access, wanted=FormAccess.LOGIN.value, field=("id",))
    narrowed = replace(actor, permissions=frozenset({Permission.PARTNER_ORDERS_SUBMIT}))
    return form, tickets.new_link(settings, form.id, narrowed)


async def mine(session: AsyncSession, actor: Actor, id: UUID, *, field: FieldPath = ("id",)) -> OrderForm:
    """The form, locked, where the actor sees it. Raises: NotFound."""
    async with acting_as(session, actor):
        await find(session, OrderForm, id, field=field)
    return await find(session, OrderForm, id, lock=True, field=field)


def checked(given: Mapping[str, Any], *, new: bool = False) -> dict[str, Any]:
    """The columns in their normal form. Raises InvalidInput or DomainErrors: all faults at once."""
    values: dict[str, Any] = {}
    with Faults() as faults:
        for name, parse in _PARSERS.items():
            if name in given or (new and name in _NEEDED):
                values[name] = faults.take(parse, given.get(name), name)
        if "fields" in given:
            values["fields"] = faults.take(fields.checked, given["fields"]) if given["fields"] else fields.usual()
        if "products" in given or new:
            values["products"] = faults.take(fields.checked_products, given.get("products"))
    return values


def _addresses(given: Any) -> list[str]:
    if len(given or []) > MOST_ADDRESSES:
        raise TooMany(maximum=MOST_ADDRESSES)
    made: list[str] = []
    with Faults() as faults:
        for place, each in enumerate(given or []):
            address = faults.take(validation.email, each, place)
            if address in made:
                faults.add(Duplicate(field=(place,)))
            made.append(address or "")
    return made


def _title(given: Any) -> str:
    return validation.name(given, maximum=100)


def _intro(given: Any) -> str:
    return validation.text(given or "", minimum=0, maximum=1000)


def _flag(given: Any) -> bool:
    return given is not False


_PARSERS: dict[str, Any] = {
    "slug": slug,
    "title_nl": _title,
    "title_en": _title,
    "intro_nl": _intro,
    "intro_en": _intro,
    "active": _flag,
    "access": lambda given: FormAccess(given).value,
    "notify_emails": _addresses,
}
_NEEDED = ("slug", "title_nl", "title_en")


def _give_token(form: OrderForm) -> str | None:
    """A fresh secret for its address, where its address holds one."""
    if (form.access or FormAccess.OPEN_WITH_TOKEN.value) != FormAccess.OPEN_WITH_TOKEN:
        form.token_hash = None
        return None
    token = random_secret(24)
    form.token_hash = fingerprint(token)
    return token


async def _require_room(session: AsyncSession, entity_id: UUID, organization_id: UUID) -> None:
    used = select(func.count()).select_from(OrderForm)
    used = used.where(OrderForm.entity_id == entity_id, OrderForm.organization_id == organization_id)
    if (await session.execute(used)).scalar_one() >= MOST:
        raise TooManyForms(maximum=MOST)
