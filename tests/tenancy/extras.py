"""What the demo has none of, so that every table that the API reads has rows to leak."""

import hashlib
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import Text, cast, func, null, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.accounting.models import AccountingConnection, AccountingReconciliation, AccountingRecord, AuditFile
from domain.days.models import TeamPosition, TeamTrack
from domain.deprecations.models import DeprecatedUse
from domain.jobs.models import FailedJob, Job
from domain.notifications.models import (
    Notification,
    NotificationDelivery,
    NotificationPreference,
    NotificationTemplate,
)
from domain.slots.models import SlotHold
from domain.teams.models import Team
from domain.trusted_documents.models import TrustedDocument
from domain.visits.models import Visit
from tenants.actor import SYSTEM, ClientKind
from tenants.auth.models import ApiKey, IdentityProvider, Invitation, OAuthClient
from tenants.engine import Database
from tenants.models import Brand, BrandCobranding, BusinessEntity, Membership
from tenants.permissions import Role
from tests.factories import unique
from tests.tenancy.banking import add_bank
from tests.tenancy.bills import add_invoices
from tests.tenancy.books import add_books
from tests.tenancy.bulk import add_bulk
from tests.tenancy.chargers import add_chargers
from tests.tenancy.charging_bills import add_charging_bills
from tests.tenancy.dues import add_commissions
from tests.tenancy.health import add_health
from tests.tenancy.hooks import add_webhooks
from tests.tenancy.inbound_mail import add_inbound_mail
from tests.tenancy.mail_templates import add_mail_templates
from tests.tenancy.onboarding import add_onboarding
from tests.tenancy.papers import add_documents
from tests.tenancy.partner_management import add_partner_management
from tests.tenancy.partner_orders import add_partner_orders
from tests.tenancy.payments import add_payments
from tests.tenancy.plans import add_plans
from tests.tenancy.sandboxes import add_sandboxes
from tests.tenancy.sessions import add_sessions
from tests.tenancy.tariffs import add_tariffs
from tests.tenancy.telemetry import add_readings
from tests.tenancy.upsets import add_upsets
from tests.tenancy.ways_in import add_ways_in

_DOCUMENT = {
    "document": "query Mine { __typename }",
    "hash": hashlib.sha256(b"query Mine { __typename }").hexdigest(),
    "operation_names": ["Mine"],
}
_USED = {
    "part": "Order.nr",
    "since": date(2026, 1, 1),
    "removal": date(2026, 9, 1),
    "replacement": "`number`",
    "day": date(2026, 2, 3),
    "uses": 3,
    "last_used_at": datetime(2026, 2, 3, tzinfo=UTC),
}


async def add_extras(database: Database) -> None:
    """Keys, applications, invitations, identity providers and brandings of every entity and of its partners."""
    async with database.session(SYSTEM) as session:
        for entity in (await session.execute(select(BusinessEntity))).scalars():
            await _of_entity(session, entity)
        await add_chargers(session)
        await add_readings(session)
        await add_plans(session)
        await add_commissions(session)
        await _positions(session)
        await add_upsets(session)
        await add_invoices(session)
        await add_payments(session)
        await add_bank(session)
        await add_books(session)
        await add_tariffs(session)
        await add_charging_bills(session)
        await add_sessions(session)
        await add_health(session)
        await add_sandboxes(session)
        await add_partner_orders(session)
        await add_partner_management(session)
        await add_inbound_mail(session)
        await add_ways_in(session)
        await add_bulk(session)
        await add_onboarding(session)


async def _of_entity(session: AsyncSession, entity: BusinessEntity) -> None:
    brand = (await session.execute(select(Brand).where(Brand.entity_id == entity.id))).scalars().first()
    assert brand is not None
    partners = select(Membership.organization_id).where(
        Membership.entity_id == entity.id, Membership.role == Role.PARTNER_ADMIN
    )
    for organization_id in [None, *(await session.execute(partners.distinct().limit(3))).scalars()]:
        await _of_owner(session, entity, brand, organization_id)
    session.add(
        IdentityProvider(
            entity_id=entity.id,
            name="Login",
            issuer=f"https://login.{unique()}.example",
            client_key="client",
            client_secret=b"sealed",
            email_domains=["example.nl"],
        )
    )
    session.add(TrustedDocument(entity_id=entity.id, **_DOCUMENT, brand_id=brand.id))
    _deprecated_uses(session, entity, brand)
    await _jobs(session, entity)
    await _holds(session, entity)
    await _notifications(session, entity, brand)
    await add_documents(session, entity)
    await _accounting(session, entity)
    await session.flush()


def _deprecated_uses(session: AsyncSession, entity: BusinessEntity, brand: Brand) -> None:
    """Of the portal in each role."""
    for role in Role:
        client = {"client_kind": ClientKind.PORTAL, "client_id": brand.id, "role": role}
        session.add(DeprecatedUse(entity_id=entity.id, **client, **_USED))


async def _jobs(session: AsyncSession, entity: BusinessEntity) -> None:
    """One of each role's, and one of the platform for the entity; each failed once."""
    users = select(func.min(cast(Membership.user_id, Text))).where(Membership.entity_id == entity.id)
    asking = (await session.execute(users.group_by(Membership.role))).scalars().all()
    for user_id in [None, *map(UUID, asking)]:
        job = Job(name="test", queue="default", actor={}, entity_id=entity.id, user_id=user_id)
        session.add(job)
        await session.flush()
        failure = {"attempts": 3, "error": "RuntimeError", "error_id": unique()}
        session.add(FailedJob(name="test", job_id=job.id, entity_id=entity.id, **failure))


async def _accounting(session: AsyncSession, entity: BusinessEntity) -> None:
    """A connection, what failed to be told of somebody, a month that was compared, an audit file."""
    somebody = select(Membership.contact_id).where(
        Membership.entity_id == entity.id, Membership.contact_id.is_not(None)
    )
    contact_id = (await session.scalars(somebody.order_by(Membership.id).limit(1))).one_or_none()
    connection = AccountingConnection(
        entity_id=entity.id, package="MONEYBIRD", credentials=b"sealed", since=date(2026, 1, 1), state="ACTIVE"
    )
    session.add(connection)
    await session.flush()
    of = {"entity_id": entity.id, "connection_id": connection.id}
    if contact_id:
        failed = {"state": "FAILED", "code": "REFUSED", "next_attempt_at": null()}
        record = {"kind": "CONTACT", "rank": 0, "subject_id": contact_id, "contact_id": contact_id}
        session.add(AccountingRecord(**of, **record, **failed, reference="a", booked_on=date(2026, 1, 1)))
    sums = ("count_here", "count_there", "gross_cents_here", "gross_cents_there", "paid_cents_here", "paid_cents_there")
    month = {"month": date(2026, 1, 1), "side": "SALES", "agrees": True, **dict.fromkeys(sums, 1)}
    session.add(AccountingReconciliation(**of, **month))
    session.add(AuditFile(entity_id=entity.id, year=2025))


async def _positions(session: AsyncSession) -> None:
    """Of every team: on its way for one of the entities, or for none."""
    entities = [None, *await session.scalars(select(BusinessEntity.id).order_by(BusinessEntity.id))]
    for number, team_id in enumerate(await session.scalars(select(Team.id).order_by(Team.id))):
        place = {"team_id": team_id, "at": datetime.now(UTC), "latitude": 52.0, "longitude": 5.0}
        entity_id = entities[number % len(entities)]
        place["entity_ids"] = [entity_id] if entity_id else []
        session.add_all([TeamPosition(**place), TeamTrack(**place)])
    await session.flush()


async def _holds(session: AsyncSession, entity: BusinessEntity) -> None:
    """Places for visits of customers who have a login and of partners, each on a day of its own."""
    customers = select(Membership.contact_id).where(Membership.entity_id == entity.id, Membership.role == Role.CUSTOMER)
    of_entity = select(Visit).where(Visit.entity_id == entity.id).order_by(Visit.id).limit(3)
    theirs = of_entity.where(Visit.end_customer_contact_id.in_(customers))
    sold = of_entity.where(func.cardinality(Visit.channel_organization_ids) > 0)
    team_id = (await session.scalars(select(Team.id).order_by(Team.id).limit(1))).one()
    held = (await session.scalars(select(func.count()).select_from(SlotHold))).one()
    visits = {visit.id: visit for query in (theirs, sold) for visit in await session.scalars(query)}
    for number, visit in enumerate(visits.values(), start=held):
        begin = datetime(2027, 1, 4, 8, tzinfo=UTC) + timedelta(days=number)
        hold = {"day": begin.date(), "block": "MORNING", "team_id": team_id, "starts_at": begin}
        hold |= {"ends_at": begin + timedelta(hours=2), "expires_at": datetime.now(UTC) + timedelta(days=1)}
        of = {"visit_id": visit.id, "entity_id": entity.id, "end_customer_contact_id": visit.end_customer_contact_id}
        session.add(SlotHold(**of, **hold, channel_organization_ids=visit.channel_organization_ids))
    await session.flush()


async def _notifications(session: AsyncSession, entity: BusinessEntity, brand: Brand) -> None:
    """To one of each role's, to some customers, with a delivery each; preferences of all, and templates."""
    members = select(Membership).where(Membership.entity_id == entity.id).order_by(Membership.id)
    by_role: dict[str, list[Membership]] = {}
    for member in (await session.execute(members)).scalars():
        by_role.setdefault(member.role, []).append(member)
    for found in by_role.values():
        for member in found[:3]:
            to_contact = member.role == Role.CUSTOMER
            await _notification(
                session,
                entity,
                {"contact_id": member.contact_id} if to_contact else {"user_id": member.user_id},
                member.organization_id,
            )
    written = {"entity_id": entity.id, "kind": "quote.sent", "channel": "SMS", "language": "nl", "text": "Offerte"}
    partner = next((m.organization_id for m in by_role.get(Role.PARTNER_ADMIN, [])), None)
    session.add(NotificationTemplate(**written, version=1, active=True))
    session.add(NotificationTemplate(**written, version=2, brand_id=brand.id))
    session.add(NotificationTemplate(**written, version=3, organization_id=partner))


async def _notification(
    session: AsyncSession, entity: BusinessEntity, recipient: dict[str, UUID | None], organization_id: UUID | None
) -> None:
    about = {"entity_id": entity.id, "kind": "quote.sent", "subject_type": "Quote", "subject_id": uuid4(), **recipient}
    told = {"key": unique(), "category": "QUOTES", "language": "nl", "title": "Offerte", "seal_context": "context"}
    notification = Notification(**about, **told, organization_id=organization_id)
    session.add(notification)
    await session.flush()
    to = {"notification_id": notification.id, "organization_id": organization_id, "address": f"{unique()}@example.nl"}
    session.add(NotificationDelivery(**about, **to, position=1, channel="EMAIL", state="SENT"))
    session.add(NotificationPreference(entity_id=entity.id, **recipient, muted=["quote.reminder"]))
    await session.flush()


async def _of_owner(session: AsyncSession, entity: BusinessEntity, brand: Brand, organization_id: object) -> None:
    soon = datetime.now(UTC) + timedelta(days=7)
    owner = {"entity_id": entity.id, "organization_id": organization_id}
    key = ApiKey(**owner, name="Key", prefix=unique(), secret_hash="hash", scopes=["orders:read"])
    application = OAuthClient(**owner, name="Application", client_key=unique(), scopes=["orders:read"])
    session.add_all([key, application])
    await session.flush()
    session.add(TrustedDocument(**owner, **_DOCUMENT, api_key_id=key.id))
    await add_webhooks(session, owner)
    used = {
        "client_kind": ClientKind.API_KEY,
        "client_id": key.id,
        "role": Role.PARTNER_USER if organization_id else Role.OPERATIONS,
    }
    session.add(DeprecatedUse(**owner, **used, **_USED))
    session.add(TrustedDocument(**owner, **_DOCUMENT, oauth_client_id=application.id))
    role = Role.PARTNER_USER if organization_id else Role.OPERATIONS
    invited = {"email": f"{unique()}@example.nl", "name": "Invited", "token_hash": unique(), "expires_at": soon}
    session.add(Invitation(**owner, **invited, role=role.value))
    if organization_id:
        await add_mail_templates(session, owner)
        session.add(BrandCobranding(**owner, brand_id=brand.id, slug=unique(), name="Co-branded"))
    await session.flush()
