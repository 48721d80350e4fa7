"""The mails of onboarding, in Dutch and English: to applicants, who have no login yet, and to partners."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import language_of
from domain.mail.service import queue_mail
from domain.notifications import recipients
from domain.onboarding import steps
from domain.onboarding.criteria import NAMES, DocumentType
from domain.onboarding.models import OnboardingState, PartnerDocument, PartnerOnboarding, PartnerTask
from domain.users.letters import Letter
from domain.users.portals import portal_of
from tenants.secrets import with_secrets
from tenants.settings import settings

STAGES = {
    OnboardingState.APPLIED: ("aangevraagd", "applied for"),
    OnboardingState.DOCUMENTS: ("documenten en overeenkomst", "documents and agreement"),
    OnboardingState.TECHNICAL: ("techniek", "technical setup"),
    OnboardingState.SANDBOX: ("sandbox", "sandbox"),
    OnboardingState.GO_LIVE: ("gereed om live te gaan", "ready to go live"),
    OnboardingState.LIVE: ("live", "live"),
    OnboardingState.REJECTED: ("afgewezen", "rejected"),
    OnboardingState.WITHDRAWN: ("ingetrokken", "withdrawn"),
}


async def ask_to_confirm(session: AsyncSession, row: PartnerOnboarding, secret: str, days: int) -> None:
    """The link that proves the applicant's address."""
    portal = await portal_of(session, with_secrets(settings()), row.entity_id, row.host)
    link = portal.link("partner-worden", secret)
    letter = _confirmation(row, portal.name, link, days)
    await queue_mail(
        session, entity_id=row.entity_id, to=row.email, subject=letter.subject, body=letter.body, host=portal.host,
        secret=True,
    )  # fmt: skip


def _confirmation(row: PartnerOnboarding, brand: str, link: str, days: int) -> Letter:
    if language_of(row.language) == "en":
        return Letter(
            f"Your application as a partner of {brand}",
            f"Somebody applied at {brand} for a partnership with this e-mail address. Confirm it here:\n\n{link}\n\n"
            f"The link works once, for {days} days. Was it not you? Then you need not do anything: without "
            "confirmation the application is deleted.",
        )
    return Letter(
        f"Uw aanvraag als partner van {brand}",
        f"Met dit e-mailadres is bij {brand} een partnerschap aangevraagd. Bevestig het hier:\n\n{link}\n\n"
        f"De link werkt één keer, {days} dagen lang. Was u dat niet? Dan hoeft u niets te doen: zonder bevestiging "
        "wordt de aanvraag gewist.",
    )


async def tell_stage(session: AsyncSession, row: PartnerOnboarding, open_steps: Sequence[str]) -> None:
    """Where the partner stands, and what comes next."""
    nl = language_of(row.language) == "nl"
    stage = STAGES[OnboardingState(row.state)][0 if nl else 1]
    titles = [steps.by_code(code).title[0 if nl else 1] for code in open_steps]
    todo = "\n".join(f"- {title}" for title in titles)
    if nl:
        letter = Letter(
            f"{row.number}: {stage}",
            f"Uw partnerschap {row.number} is nu in de fase '{stage}'."
            + (f"\n\nWat nog nodig is:\n{todo}" if todo else ""),
        )
    else:
        letter = Letter(
            f"{row.number}: {stage}",
            f"Your partnership {row.number} is now at the stage '{stage}'."
            + (f"\n\nTo be done:\n{todo}" if todo else ""),
        )
    await _to_applicant(session, row, letter)


async def tell_closed(session: AsyncSession, row: PartnerOnboarding) -> None:
    """That it was rejected or withdrawn, and why."""
    nl = language_of(row.language) == "nl"
    stage = STAGES[OnboardingState(row.state)][0 if nl else 1]
    reason = row.closed_reason or ""
    words = (
        f"Uw aanvraag {row.number} is {stage}. Reden: {reason}"
        if nl
        else f"Your application {row.number} was {stage}. Reason: {reason}"
    )
    await _to_applicant(session, row, Letter(f"{row.number}: {stage}", words))


async def _to_applicant(session: AsyncSession, row: PartnerOnboarding, letter: Letter) -> None:
    if row.confirmed_at is None:  # an address that nobody has proved gets one mail, the one that asks for the proof
        return
    await queue_mail(
        session, entity_id=row.entity_id, to=row.email, subject=letter.subject, body=letter.body, host=row.host or None
    )


async def tell_document(session: AsyncSession, row: PartnerDocument, what: str, **values: str) -> None:
    """What became of a document, to the partner's people: EXPIRING, EXPIRED, REJECTED, SUSPENDED or RESUMED."""
    nl, en = NAMES[DocumentType(row.kind)]
    for to in await recipients.partner_people(session, row.entity_id, row.organization_id):
        words = _DOCUMENT[what][0 if to.language == "nl" else 1]
        filled = words.format(name=nl if to.language == "nl" else en, on=_day(row.expires_on), **values)
        subject, _, body = filled.partition("\n")
        if to.email:
            await queue_mail(session, entity_id=row.entity_id, to=to.email, subject=subject, body=body)


_DOCUMENT = {
    "EXPIRING": (
        "{name} verloopt over {days} dagen\nUw document '{name}' is geldig tot en met {on}. Lever op tijd een nieuwe "
        "versie aan in het portaal.",
        "{name} expires in {days} days\nYour document '{name}' is valid up to and including {on}. Please hand in a new "
        "version in the portal in time.",
    ),
    "EXPIRED": (
        "{name} is verlopen\nUw document '{name}' was geldig tot en met {on}. Lever een nieuwe versie aan. {then}",
        "{name} has expired\nYour document '{name}' was valid up to and including {on}. Please hand in a new version. "
        "{then}",
    ),
    "REJECTED": (
        "{name} is afgekeurd\nUw document '{name}' is afgekeurd: {reason}. Lever een nieuwe versie aan.",
        "{name} was rejected\nYour document '{name}' was rejected: {reason}. Please hand in a new version.",
    ),
    "SUSPENDED": (
        "Nieuwe orders zijn opgeschort\n'{name}' is verlopen en er is geen geldige nieuwe versie. Nieuwe orders worden "
        "niet aangenomen totdat die is goedgekeurd; lopende orders gaan door.",
        "New orders are suspended\n'{name}' has expired and there is no valid new version. New orders are not taken "
        "until there is; orders under way go on.",
    ),
    "RESUMED": (
        "Nieuwe orders worden weer aangenomen\n'{name}' is weer geldig.",
        "New orders are taken again\n'{name}' is valid again.",
    ),
}


async def remind_of_task(session: AsyncSession, row: PartnerTask, organization_id: UUID) -> None:
    """That a task of the partner is overdue."""
    for to in await recipients.partner_people(session, row.entity_id, organization_id):
        nl = to.language == "nl"
        title = row.title_nl if nl else row.title_en
        letter = (
            Letter(f"Nog te doen: {title}", f"'{title}' had op {row.due_on} gereed moeten zijn.")
            if nl
            else Letter(f"To be done: {title}", f"'{title}' was due on {row.due_on}.")
        )
        if to.email:
            await queue_mail(session, entity_id=row.entity_id, to=to.email, subject=letter.subject, body=letter.body)


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""
