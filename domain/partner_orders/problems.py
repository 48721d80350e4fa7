"""What is wrong with an order that was taken in all the same: told to the partner, noted, and put into the queue."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from domain.contacts.addresses import AddressDetails
from domain.contacts.models import Contact
from domain.errors import DomainError
from domain.numbering.service import AMSTERDAM
from domain.partner_orders import events, exceptions, letters
from domain.partner_orders.document import PartnerOrderDocument
from domain.partner_orders.lines import Unmapped
from domain.partner_orders.models import ExceptionKind, PartnerOrder
from domain.partner_orders.receipt import Issue
from tenants.auth import clock

_MOST_UNKNOWN = 20


class Problems:
    """Collects what is wrong with one order; every method writes what belongs to it."""

    def __init__(self, session: AsyncSession, order: PartnerOrder, language: str) -> None:
        self._session = session
        self._order = order
        self._language = language
        self._found: list[Issue] = []
        self._needs_attention: list[Issue] = []

    @property
    def issues(self) -> list[dict[str, str]]:
        """As they are answered, in the submitter's language."""
        return [issue.told(self._language) for issue in self._found]

    async def products(self, document: PartnerOrderDocument, unmapped: Sequence[Unmapped]) -> None:
        """Each product that stands for no article (O5), and an order without any."""
        for each in unmapped:
            detail = each.product.model_dump(mode="json", exclude_none=True) | {"place": each.place}
            await self._open(ExceptionKind.UNMAPPED_SKU, each.path, _unmapped(each), detail)
        if not document.products:
            await self._open(ExceptionKind.NO_PRODUCTS, "$.products", _NO_PRODUCTS, {})

    async def not_sellable(self, refused: DomainError) -> None:
        """No offer can be made of products that are known."""
        self._note(Issue(ExceptionKind.NOT_SELLABLE.value, "$.products", _not_sellable(refused)))
        await not_sellable(self._session, self._order, refused)

    async def known_by_hand(self, number: str) -> None:
        """Staff made a quote with this number before the partner sent it."""
        message = {
            "nl": f"Deze bestelling was al met de hand vastgelegd als {number}; die geldt.",
            "en": f"This order was recorded by hand already as {number}; that one stands.",
        }
        await self._open(ExceptionKind.DUPLICATE, "$.partner_order_id", message, {"number": number})

    async def address(self, found: AddressDetails) -> None:
        """The address could not be verified: kept as given, flagged, told (O6)."""
        if found.flag_reason is None:
            return
        message = {language: found.flag_reason.message(language) for language in ("nl", "en")}
        detail = {"reason": found.flag_reason.value, "given": found.original}
        await self._open(ExceptionKind.ADDRESS, "$.customer.address", message, detail, code="ADDRESS_FLAGGED")
        payload = events.AddressFlagged(self._order.partner_order_id, found.flag_reason.value)
        await events.tell(self._session, self._order, payload)

    def remarks(self, document: PartnerOrderDocument) -> None:
        """What the partner should know and nobody has to look at."""
        self._found.extend(Issue("UNKNOWN_FIELD", path, _UNKNOWN_FIELD) for path in document.unknown[:_MOST_UNKNOWN])
        day = document.installation_preferences.preferred_date
        if day is not None and day < clock.now().astimezone(AMSTERDAM).date():
            path = "$.installation_preferences.preferred_date"
            self._found.append(Issue("PREFERRED_DATE_PASSED", path, _PASSED))

    async def mail(self, organization: Contact) -> None:
        """Tell the partner by mail, where something needs attention."""
        if self._needs_attention:
            await letters.attention(self._session, self._order, organization, self._needs_attention)

    async def _open(
        self,
        kind: ExceptionKind,
        path: str,
        message: Mapping[str, str],
        detail: Mapping[str, Any],
        *,
        code: str | None = None,
    ) -> None:
        self._note(Issue(code or kind.value, path, message))
        await exceptions.open_(
            self._session,
            entity_id=self._order.entity_id,
            organization_id=self._order.organization_id,
            kind=kind,
            message=message,
            field=path,
            detail=detail,
            order=self._order,
        )

    def _note(self, issue: Issue) -> None:
        self._found.append(issue)
        self._needs_attention.append(issue)


async def not_sellable(session: AsyncSession, order: PartnerOrder, refused: DomainError) -> None:
    """Put into the queue why no offer can be made of an order."""
    await exceptions.open_(
        session,
        entity_id=order.entity_id,
        organization_id=order.organization_id,
        kind=ExceptionKind.NOT_SELLABLE,
        message=_not_sellable(refused),
        field="$.products",
        detail={"code": refused.code},
        order=order,
    )


def _not_sellable(refused: DomainError) -> dict[str, str]:
    return {
        "nl": f"Er kan nog geen offerte van worden gemaakt: {refused.message('nl')}",
        "en": f"No quote can be made of it yet: {refused.message('en')}",
    }


def _unmapped(each: Unmapped) -> dict[str, str]:
    return {
        "nl": f"Niet gekoppeld aan een artikel: {each.words}.",
        "en": f"Not mapped to an article: {each.words}.",
    }


_NO_PRODUCTS = {"nl": "De bestelling noemt geen producten.", "en": "The order names no products."}
_UNKNOWN_FIELD = {
    "nl": "Dit veld kennen wij niet; het is bij de bestelling bewaard en verder niet gebruikt.",
    "en": "We do not know this field; it was kept with the order and not used.",
}
_PASSED = {"nl": "De voorkeursdatum is al voorbij.", "en": "The preferred day has passed."}
