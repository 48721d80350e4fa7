"""Mail to a partner about an order that needs attention."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from domain.contacts.models import Contact
from domain.errors import language_of
from domain.mail.service import queue_mail
from domain.partner_orders import integration
from domain.partner_orders.models import PartnerOrder
from domain.partner_orders.receipt import Issue

_MOST_ISSUES = 20


async def attention(session: AsyncSession, order: PartnerOrder, organization: Contact, issues: Sequence[Issue]) -> None:
    """To the addresses of the integration, else to the organization's own; to nobody where there is none."""
    kept = await integration.governing(session, order.entity_id, order.channel_organization_ids)
    own = [organization.email] if organization.email else []
    for address in kept.notify_emails or own:
        subject, body = _letter(language_of(organization.language), order, issues)
        await queue_mail(session, entity_id=order.entity_id, to=address, subject=subject, body=body)


def _letter(language: str, order: PartnerOrder, issues: Sequence[Issue]) -> tuple[str, str]:
    """Says nothing of the customer: mail goes further than one thinks."""
    points = "\n".join(f"- {issue.message[language]} ({issue.path})" for issue in issues[:_MOST_ISSUES])
    if language == "en":
        return (
            f"Order {order.partner_order_id} needs attention",
            f"We received your order {order.partner_order_id}. This needs attention:\n\n{points}\n\n"
            "Your data is kept as you sent it. We look at it; you can help in the portal, under the exceptions of "
            "your orders.",
        )
    return (
        f"Bestelling {order.partner_order_id} vraagt aandacht",
        f"Wij hebben uw bestelling {order.partner_order_id} ontvangen. Dit vraagt aandacht:\n\n{points}\n\n"
        "Uw gegevens zijn bewaard zoals u ze stuurde. Wij kijken ernaar; u kunt helpen in de portal, bij de "
        "uitzonderingen van uw bestellingen.",
    )
