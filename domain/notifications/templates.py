"""Templates: saving a version, which one holds, and going back.

Of a partner (or one above it), of a brand, of the entity: the nearest that is active holds; where none is, the
platform's own words do.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain import validation
from domain.contacts import tree
from domain.errors import Faults, NotFound
from domain.events.record import record
from domain.notifications import events, rendering
from domain.notifications.catalogue import kind_named
from domain.notifications.errors import NoHtmlHere, NoSubjectHere, TemplateNotAllowed
from domain.notifications.kinds import Kind, default_text
from domain.notifications.models import Channel, Language, NotificationTemplate
from domain.notifications.rendering import RenderingFailed
from domain.rows import find
from tenants.models import Brand, BusinessEntity

MAX_SUBJECT, MAX_TEXT, MAX_HTML, MAX_NOTE = 200, 10_000, 50_000, 500
LONGEST = {Channel.SMS: 480, Channel.WHATSAPP: 1_000, Channel.PUSH: 240, Channel.IN_APP: 1_000, Channel.EMAIL: 20_000}
"""Characters of a filled in text."""
WITHOUT_SUBJECT = (Channel.SMS, Channel.WHATSAPP)
_PLACE = ("entity_id", "brand_id", "organization_id", "kind", "channel", "language")


@dataclass(frozen=True, slots=True)
class GivenTemplate:
    """A version as somebody writes it; `subject` is left out on channels without one."""

    entity_id: UUID
    kind: str
    channel: Channel
    language: Language
    text: str
    subject: str = ""
    html: str | None = None
    brand_id: UUID | None = None
    organization_id: UUID | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Wording:
    """What a message is made of: a template's words, or the platform's own."""

    subject: str
    text: str
    html: str | None = None
    template_id: UUID | None = None


# --- which one holds ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wordings:
    """The active templates that can hold for one message, nearest first."""

    kind: Kind
    found: Sequence[NotificationTemplate]

    def of(self, channel: Channel, language: Language) -> Wording:
        """The words of the nearest template, or the platform's."""
        for row in self.found:
            if (row.channel, row.language) == (channel, language):
                return Wording(row.subject, row.text, row.html, row.id)
        return own_words(self.kind, channel, language)


def own_words(kind: Kind, channel: Channel, language: Language) -> Wording:
    """What the platform says where nobody wrote anything."""
    return Wording(*default_text(kind, channel, language))


async def holding(
    session: AsyncSession, kind: Kind, entity_id: UUID, brand_id: UUID | None, chain: Sequence[UUID] = ()
) -> Wordings:
    """The templates for messages of a brand about what came through a chain of partners, from the root down."""
    query = select(NotificationTemplate).where(
        NotificationTemplate.entity_id == entity_id,
        NotificationTemplate.kind == kind.name,
        NotificationTemplate.active,
        NotificationTemplate.brand_id.is_(None) | (NotificationTemplate.brand_id == brand_id),
        NotificationTemplate.organization_id.is_(None) | NotificationTemplate.organization_id.in_(list(chain)),
    )
    rows = (await session.scalars(query)).all()
    return Wordings(kind, sorted(rows, key=lambda row: _distance(row, chain)))


def _distance(row: NotificationTemplate, chain: Sequence[UUID]) -> tuple[int, bool]:
    """A partner's before a brand's before the entity's; of partners the one that is lowest in the tree."""
    depth = chain.index(row.organization_id) + 1 if row.organization_id else 0
    return -depth, row.brand_id is None


# --- writing one --------------------------------------------------------------------------------------------------


async def save(session: AsyncSession, given: GivenTemplate, *, activate: bool = False) -> NotificationTemplate:
    """Add a version. The words are tried out first; what is wrong is told by line and column."""
    given = checked(given)
    await check_place(session, given, lock=True)
    row = NotificationTemplate(
        **{name: _value(getattr(given, name)) for name in (*_PLACE, "subject", "text", "html", "note")},
        version=await _next_version(session, given),
        active=False,
    )
    session.add(row)
    await session.flush()
    await _tell(session, events.TemplateSaved, row)
    if activate:
        await _activate(session, row)
    return row


async def activate(session: AsyncSession, id: UUID) -> NotificationTemplate:
    """Let this version hold, in place of the one that did."""
    row = await find(session, NotificationTemplate, id)
    await find(session, BusinessEntity, row.entity_id, lock=True)
    await session.refresh(row)
    if not row.active:
        await _activate(session, row)
    return row


async def revert(session: AsyncSession, id: UUID) -> NotificationTemplate:
    """Let this version hold no longer: a wider template does, or the platform's own words."""
    row = await find(session, NotificationTemplate, id)
    await find(session, BusinessEntity, row.entity_id, lock=True)
    await session.refresh(row)
    if row.active:
        row.active = False
        await session.flush()
        await _tell(session, events.TemplateReverted, row)
    return row


def checked(given: GivenTemplate) -> GivenTemplate:
    """A version in its normal form. Raises: all its faults together."""
    kind = kind_named(given.kind, "kind")
    given = _normal(given)
    with Faults() as faults:
        for name in ("subject", "text", "html"):
            with faults.at(name):
                _tried(kind, given, name)
    return given


def _normal(given: GivenTemplate) -> GivenTemplate:
    faults, silent = Faults(), given.channel in WITHOUT_SUBJECT
    if silent and given.subject:
        faults.add(NoSubjectHere(field=("subject",), channel=given.channel.value))
    if given.channel is not Channel.EMAIL and given.html is not None:
        faults.add(NoHtmlHere(field=("html",)))
    name, text = validation.name, validation.text
    subject = faults.take(lambda v: name(v, minimum=not silent, maximum=MAX_SUBJECT), given.subject, "subject")
    body = faults.take(lambda v: text(v, maximum=MAX_TEXT), given.text, "text")
    html = faults.take(lambda v: validation.optional(lambda t: text(t, maximum=MAX_HTML), v), given.html, "html")
    note = faults.take(lambda v: name(v, minimum=0, maximum=MAX_NOTE), given.note, "note")
    faults.raise_any()
    return replace(given, subject=subject or "", text=body or "", html=html, note=note or "")


def _tried(kind: Kind, given: GivenTemplate, name: str) -> None:
    """Fill it in, with every value and with none of those that may be missing."""
    source = getattr(given, name) or ""
    rendering.checked(source, kind)
    everything = rendering.examples(kind)
    least = {name: None if kind.named[name].optional else value for name, value in everything.items()}
    for values in (everything, least):
        made = _filled(kind, source, values, given.language, html=name == "html")
        if name == "text":
            rendering.bounded(made, LONGEST[given.channel])


def _filled(kind: Kind, source: str, values: Mapping[str, str | None], language: Language, *, html: bool) -> str:
    try:
        return rendering.filled(source, rendering.typed(kind.named.values(), values), language, html=html)
    except RenderingFailed as error:
        raise TemplateNotAllowed(line=1, column=1, what=_CANNOT_BE_FILLED) from error


_CANNOT_BE_FILLED = {
    "nl": "een uitdrukking die niet ingevuld kan worden",
    "en": "an expression that cannot be filled in",
}


async def check_place(session: AsyncSession, given: GivenTemplate, *, lock: bool = False) -> None:
    """Whether the actor works for the entity, and the brand and partner are the entity's. Raises: NotFound."""
    await find(session, BusinessEntity, given.entity_id, lock=lock, field=("entity_id",))
    if given.brand_id is not None:
        brand = await find(session, Brand, given.brand_id, field=("brand_id",))
        if brand.entity_id != given.entity_id:
            raise NotFound(field=("brand_id",))
    if given.organization_id is not None:
        partner = await tree.organization(session, given.organization_id, field=("organization_id",))
        if given.entity_id not in partner.entity_ids:
            raise NotFound(field=("organization_id",))


async def _next_version(session: AsyncSession, given: GivenTemplate) -> int:
    """The entity's row is locked, so nobody else counts at the same time."""
    newest = select(func.max(NotificationTemplate.version)).where(*_same_place(given))
    return int((await session.execute(newest)).scalar_one() or 0) + 1


async def _activate(session: AsyncSession, row: NotificationTemplate) -> None:
    others = update(NotificationTemplate).where(*_same_place(row), NotificationTemplate.active)
    await session.execute(others.values(active=False).execution_options(synchronize_session=False))
    row.active = True
    await session.flush()
    await _tell(session, events.TemplateActivated, row)


def _same_place(place: GivenTemplate | NotificationTemplate) -> list[Any]:
    columns = ((getattr(NotificationTemplate, name), _value(getattr(place, name))) for name in _PLACE)
    return [column.is_(None) if value is None else column == value for column, value in columns]


def _value(value: Any) -> Any:
    return value.value if isinstance(value, Channel | Language) else value


async def _tell(session: AsyncSession, payload: type[events._TemplateEvent], row: NotificationTemplate) -> None:
    told = payload(row.kind, row.channel, row.language, row.version)
    await record(session, told, entity_id=row.entity_id, subject_id=row.id)
