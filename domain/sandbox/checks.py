"""What going live asks for: what is checked, how much it weighs, and what to do where it is missing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.sandbox.models import CheckState, PartnerSandbox, RunState, SandboxRun


class Needs(StrEnum):
    """Whom a check concerns."""

    ANYBODY = "ANYBODY"
    API = "API"
    """Who has a key of the sandbox."""
    SIGNING = "SIGNING"
    """Who has to sign requests."""
    POLLING = "POLLING"
    """Who has a key, and no endpoint that is told."""
    WEBHOOK = "WEBHOOK"
    """Who has an endpoint."""


@dataclass(frozen=True, slots=True)
class Check:
    """One check. Words are Dutch and English."""

    code: str
    weight: int
    needs: Needs
    title: tuple[str, str]
    hint: tuple[str, str]
    optional: bool = False
    """Counts in the score; going live does not wait for it."""


_RESUBSCRIBE = (
    "Abonneer het endpoint op order.*, stuur twee orders en start de controle opnieuw.",
    "Subscribe the endpoint to order.*, send two orders and run the checks again.",
)
CHECKS: tuple[Check, ...] = (
    Check(
        "ORDER_ACCEPTED",
        3,
        Needs.ANYBODY,
        ("Een order is aangenomen, met bekende artikelen", "An order was accepted, with known articles"),
        (
            "Stuur een order waarvan alle partner_sku's in de artikelkoppeling staan.",
            "Send an order whose partner_skus are all in the article map.",
        ),
    ),
    Check(
        "DUPLICATE_HANDLED",
        2,
        Needs.API,
        ("Dezelfde order is nog eens gestuurd", "The same order was sent again"),
        (
            "Stuur een order nog eens onder hetzelfde partner_order_id: het antwoord is 200 met repeated: true.",
            "Send an order again under the same partner_order_id: the answer is 200 with repeated: true.",
        ),
    ),
    Check(
        "ERRORS_READ",
        1,
        Needs.API,
        ("Een afgekeurd verzoek is hersteld", "A refused request was mended"),
        (
            "Stuur een order met een fout veld, lees errors[].field, en stuur hem hersteld onder hetzelfde nummer.",
            "Send an order with a faulty field, read errors[].field, and send it mended under the same number.",
        ),
        optional=True,
    ),
    Check(
        "SIGNATURE_RIGHT",
        2,
        Needs.SIGNING,
        ("Een verzoek was goed ondertekend", "A request was signed rightly"),
        (
            "Onderteken tijd, punt en ruwe body met HMAC-SHA256 en het geheim van de sandbox.",
            "Sign time, full stop and raw body by HMAC-SHA256 with the sandbox's secret.",
        ),
    ),
    Check(
        "BAD_SIGNATURE_REFUSED",
        1,
        Needs.SIGNING,
        ("Een foute handtekening is geweigerd", "A wrong signature was refused"),
        (
            "Stuur een verzoek met een handtekening van een ander geheim: het antwoord is 401 SIGNATURE_INVALID.",
            "Send a request signed with another secret: the answer is 401 SIGNATURE_INVALID.",
        ),
    ),
    Check(
        "UNMAPPED_SKU_SEEN",
        1,
        Needs.API,
        ("Een onbekend artikel is gemeld", "An unknown article was reported"),
        (
            "Stuur een order met een partner_sku die niet is gekoppeld: issues[] zegt UNMAPPED_SKU.",
            "Send an order with a partner_sku that is not mapped: issues[] says UNMAPPED_SKU.",
        ),
    ),
    Check(
        "STATUS_POLLED",
        1,
        Needs.POLLING,
        ("De status is opgevraagd", "The status was asked for"),
        ("Vraag GET /orders/{partner_order_id}/status.", "Ask GET /orders/{partner_order_id}/status."),
    ),
    Check(
        "LOAD_CARRIED",
        1,
        Needs.API,
        ("Tien orders binnen een minuut", "Ten orders within a minute"),
        ("Stuur tien orders binnen een minuut.", "Send ten orders within a minute."),
        optional=True,
    ),
    Check(
        "WEBHOOK_ANSWERED",
        3,
        Needs.WEBHOOK,
        ("Het endpoint heeft een bericht aangenomen", "The endpoint accepted a message"),
        (
            "Antwoord binnen 10 seconden met 2xx, en doe het werk daarna.",
            "Answer 2xx within 10 seconds, and work after.",
        ),
    ),
    Check(
        "WEBHOOK_SIGNATURE_CHECKED",
        3,
        Needs.WEBHOOK,
        ("Een bericht met een foute handtekening is geweigerd", "A message with a wrong signature was refused"),
        (
            "Controleer webhook-signature vóór al het andere en antwoord 401 als die niet klopt.",
            "Check webhook-signature before anything else and answer 401 where it is wrong.",
        ),
    ),
    Check(
        "WEBHOOK_DUPLICATE",
        2,
        Needs.WEBHOOK,
        ("Hetzelfde bericht twee keer is aangenomen", "The same message was accepted twice"),
        (
            "Antwoord 2xx op een webhook-id dat u al kent, en doe het werk niet nog eens.",
            "Answer 2xx to a webhook-id that you know, and do the work once.",
        ),
    ),
    Check(
        "WEBHOOK_OUT_OF_ORDER",
        2,
        Needs.WEBHOOK,
        ("Een bericht na een later bericht is aangenomen", "A message after a later one was accepted"),
        (
            "Neem ook een ouder bericht aan; wat geldt, is de jongste status.",
            "Accept an older message too; the newest status holds.",
        ),
    ),
    Check(
        "WEBHOOK_RETRIED",
        2,
        Needs.WEBHOOK,
        ("Na een 500 is de herhaling aangenomen", "After a 500 the retry was accepted"),
        _RESUBSCRIBE,
    ),
    Check(
        "WEBHOOK_ANSWER_LOST",
        2,
        Needs.WEBHOOK,
        ("Na een verloren antwoord is de herhaling aangenomen", "After a lost answer the retry was accepted"),
        (
            "De herhaling heeft hetzelfde webhook-id: antwoord 2xx, en doe het werk niet nog eens.",
            "The retry has the same webhook-id: answer 2xx, and do the work once.",
        ),
    ),
    Check(
        "COMPLETION_SEEN",
        1,
        Needs.WEBHOOK,
        ("De afronding is aangenomen", "The completion was accepted"),
        _RESUBSCRIBE,
    ),
    Check(
        "CANCELLATION_SEEN",
        2,
        Needs.API,
        ("Een annulering is gezien", "A cancellation was seen"),
        (
            "Laat een order annuleren (CANCEL) en neem het bericht aan, of vraag daarna de status op.",
            "Let an order be cancelled (CANCEL) and accept the message, or ask for the status after it.",
        ),
    ),
)
BY_CODE: Mapping[str, Check] = {check.code: check for check in CHECKS}


@dataclass(frozen=True, slots=True)
class Profile:
    """How a partner works with its sandbox."""

    api: bool
    signing: bool
    webhook: bool

    def concerns(self, check: Check) -> bool:
        match check.needs:
            case Needs.API:
                return self.api
            case Needs.SIGNING:
                return self.signing
            case Needs.POLLING:
                return self.api and not self.webhook
            case Needs.WEBHOOK:
                return self.webhook
            case _:
                return True

    def requires(self, check: Check) -> bool:
        return self.concerns(check) and not check.optional


def score(states: Iterable[tuple[str, str]]) -> int:
    """Percent of the weight of what concerns the partner, by (code, state)."""
    counted = [(BY_CODE[code].weight, state) for code, state in states if state != CheckState.SKIPPED]
    whole = sum(weight for weight, _ in counted)
    return round(100 * sum(weight for weight, state in counted if state == CheckState.PASSED) / whole) if whole else 0


async def passed(session: AsyncSession, entity_id: UUID, organization_id: UUID) -> bool:
    """Whether the newest finished run since the sandbox was emptied last has passed: what the go-live gate asks."""
    query = (
        select(SandboxRun.state)
        .join(PartnerSandbox, PartnerSandbox.id == SandboxRun.sandbox_id)
        .where(PartnerSandbox.entity_id == entity_id, PartnerSandbox.organization_id == organization_id)
        .where(SandboxRun.state.in_([RunState.PASSED, RunState.FAILED]))
        .where(SandboxRun.created_at >= PartnerSandbox.emptied_at)
        .order_by(SandboxRun.created_at.desc(), SandboxRun.id.desc())
        .limit(1)
    )
    return (await session.execute(query)).scalar_one_or_none() == RunState.PASSED
