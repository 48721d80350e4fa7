"""What recipients want: channels per category, optional kinds, quiet hours; together with the consent of contacts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import time
from uuid import UUID

from sqlalchemy import column, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.contacts.models import Contact
from domain.contacts.relations import entity_of
from domain.errors import Faults, NotFound, PermissionDenied, Required
from domain.events.record import record
from domain.notifications.catalogue import KINDS, kind_named
from domain.notifications.errors import MustBeTold
from domain.notifications.events import NotificationPreferencesSet, UserNotificationPreferencesSet
from domain.notifications.kinds import OUTSIDE, Category, Kind
from domain.notifications.models import Channel, NotificationPreference
from domain.notifications.quiet import NEVER, Quiet
from domain.notifications.recipients import Recipient
from domain.rows import actor_of, find
from domain.validation import choice
from tenants.audience import Audience
from tenants.permissions import Permission

_SAVED = ("channels", "muted", "quiet", "quiet_from", "quiet_until", "quiet_weekends", "quiet_holidays")


@dataclass(frozen=True, slots=True)
class Wishes:
    """As a recipient gives them; what is left out stays with the entity's."""

    channels: Mapping[str, Sequence[str]] = field(default_factory=dict)
    muted: Sequence[str] = ()
    quiet: bool = True
    quiet_from: time | None = None
    quiet_until: time | None = None
    quiet_weekends: bool | None = None
    quiet_holidays: bool | None = None


# --- what they come to --------------------------------------------------------------------------------------------


async def of(session: AsyncSession, entity_id: UUID, recipient: Recipient) -> NotificationPreference | None:
    """What the recipient has said, if anything. System sessions."""
    query = select(NotificationPreference).filter_by(
        entity_id=entity_id, contact_id=recipient.contact_id, user_id=recipient.user_id
    )
    return (await session.execute(query)).scalar_one_or_none()


def is_wanted(kind: Kind, recipient: Recipient, kept: NotificationPreference | None) -> bool:
    """Whether an optional kind may be sent; what people have to know of always may."""
    if not kind.optional:
        return True
    if kind.category is Category.REMINDERS and not recipient.reminders:
        return False
    if kind.category is Category.FOLLOW_UPS and not recipient.marketing:
        return False
    return kept is None or kind.name not in kept.muted


def reach(kind: Kind, recipient: Recipient, kept: NotificationPreference | None) -> list[Channel]:
    """The channels to try in turn: what the recipient said for the category, or else prefers, then the kind's own.

    Somebody who wants no channel for a category is still written to where it has to be told.
    """
    said = None if kept is None else kept.channels.get(kind.category.value)
    if said is not None:
        chosen = [Channel(name) for name in said if name in OUTSIDE]
        rest: Sequence[Channel] = () if kind.optional else kind.channels
    else:
        chosen = [Channel(recipient.preferred)] if recipient.preferred in ("EMAIL", "SMS", "WHATSAPP") else []
        chosen = chosen if kind.channels else []
        rest = kind.channels
    return list(dict.fromkeys([*chosen, *rest]))


def quiet_of(kept: NotificationPreference | None, usual: Quiet) -> Quiet:
    """The recipient's quiet hours, where it said nothing those of the entity."""
    if kept is None:
        return usual
    if not kept.quiet:
        return NEVER
    return Quiet(
        usual.start if kept.quiet_from is None else kept.quiet_from,
        usual.end if kept.quiet_until is None else kept.quiet_until,
        usual.weekends if kept.quiet_weekends is None else kept.quiet_weekends,
        usual.holidays if kept.quiet_holidays is None else kept.quiet_holidays,
    )


# --- saying it ----------------------------------------------------------------------------------------------------


async def save(
    session: AsyncSession, wishes: Wishes, *, entity_id: UUID | None = None, contact_id: UUID | None = None
) -> NotificationPreference:
    """Keep what the actor wants, or (staff) what a contact said it wants."""
    entity = await entity_of(session, entity_id)
    values = _checked(wishes)
    about = await _about(session, entity, contact_id)
    kept = await _upsert(session, {"entity_id": entity, **about}, values)
    await _tell(session, kept)
    return kept


async def mute(
    session: AsyncSession, entity_id: UUID, kind: Kind, *, contact_id: UUID | None, user_id: UUID | None
) -> bool:
    """Switch off all optional kinds of a kind's category for a recipient; whether that changed anything. System."""
    if not kind.optional:
        return False
    about = {"entity_id": entity_id, "contact_id": contact_id, "user_id": user_id}
    kinds = sorted(k.name for k in KINDS.values() if k.optional and (k.category, k.to) == (kind.category, kind.to))
    made = insert(NotificationPreference).values(**about, muted=kinds)
    more = select(func.array_agg(func.distinct(column("name"))))
    more = more.select_from(func.unnest(NotificationPreference.muted.op("||")(made.excluded.muted)).alias("name"))
    again = made.on_conflict_do_update(
        index_elements=list(about),
        set_={"muted": more.scalar_subquery(), "updated_at": func.now()},
        where=~NotificationPreference.muted.contains(made.excluded.muted),
    )
    changed = (await session.execute(again.returning(NotificationPreference.id))).scalar_one_or_none()
    if changed is None:
        return False
    await _tell(session, await session.get_one(NotificationPreference, changed, populate_existing=True))
    return True


async def _about(session: AsyncSession, entity_id: UUID, contact_id: UUID | None) -> dict[str, UUID | None]:
    actor = actor_of(session)
    own = actor.contact_id if actor.audience is Audience.CUSTOMER else None
    if contact_id is not None and contact_id != own:
        if not actor.may(Permission.CONTACTS_WRITE) or actor.audience is not Audience.STAFF:
            raise PermissionDenied(field=("contact_id",))
        found = await find(session, Contact, contact_id, field=("contact_id",))
        if entity_id not in found.entity_ids:
            raise NotFound(field=("contact_id",))
        return {"contact_id": found.id, "user_id": None}
    if own is not None:
        return {"contact_id": own, "user_id": None}
    if actor.user_id is None:
        raise PermissionDenied()
    return {"contact_id": None, "user_id": actor.user_id}


def _checked(wishes: Wishes) -> dict[str, object]:
    with Faults() as faults:
        channels: dict[str, list[str]] = {}
        for category, names in wishes.channels.items():
            faults.take(lambda value: choice(value, tuple(Category)), category, "channels")
            channels[category] = _known(faults, names, "channels", category)
        muted = [name for name in dict.fromkeys(wishes.muted) if faults.take(_optional, name, "muted")]
        if (wishes.quiet_from is None) != (wishes.quiet_until is None):
            faults.add(Required(field=("quiet_until" if wishes.quiet_until is None else "quiet_from",)))
    values: dict[str, object] = {name: getattr(wishes, name) for name in _SAVED}
    return values | {"channels": channels, "muted": muted}


def _known(faults: Faults, names: Iterable[str], *path: str) -> list[str]:
    wanted = dict.fromkeys(names)
    allowed = tuple(channel.value for channel in OUTSIDE)
    return [name for name in wanted if faults.take(lambda value: choice(value, allowed), name, *path)]


def _optional(name: str) -> str:
    if not kind_named(name).optional:
        raise MustBeTold(kind=name)
    return name


async def _upsert(
    session: AsyncSession, about: Mapping[str, UUID | None], values: Mapping[str, object]
) -> NotificationPreference:
    made = insert(NotificationPreference).values(**about, **values)
    again = made.on_conflict_do_update(
        index_elements=["entity_id", "contact_id", "user_id"], set_={**values, "updated_at": func.now()}
    )
    id = (await session.execute(again.returning(NotificationPreference.id))).scalar_one()
    return await session.get_one(NotificationPreference, id, populate_existing=True)


async def _tell(session: AsyncSession, kept: NotificationPreference) -> None:
    if kept.contact_id is not None:
        payload = NotificationPreferencesSet(list(kept.muted))
        await record(
            session, payload, entity_id=kept.entity_id, subject_id=kept.contact_id, contact_ids=[kept.contact_id]
        )
        return
    assert kept.user_id is not None
    own = UserNotificationPreferencesSet(list(kept.muted))
    await record(session, own, entity_id=kept.entity_id, subject_id=kept.user_id)
