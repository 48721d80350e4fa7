"""Moneybird's API v2: https://developer.moneybird.com. Our invoices are its *external sales invoices*.

Prices are sent with VAT, so that what a customer owes is the same to the cent; how VAT is cut out of it is Moneybird's
own rounding, and the difference is told. Ids are numbers beyond what JavaScript can count and stay text.
"""

from collections.abc import AsyncIterator
from datetime import date
from typing import Any

from domain.accounting.bookings import Document, Found, Line, Party, Settlement, There, euros
from domain.accounting.mapping import AccountMapping
from domain.accounting.models import RecordKind, Side
from domain.accounting.months import last_day
from domain.accounting.packages.asking import Asker, Gate, Refused, cents, understood
from domain.accounting.packages.package import Catalogue, Choice

_PAGE = 100
_MOST_PAGES = 500
_CUSTOMER_ID = "customer_id"
_SALES, _PURCHASES = "external_sales_invoices", "documents/purchase_invoices"


class Moneybird:
    """One administration, by a bearer token."""

    def __init__(self, url: str, token: str, administration: str, mapped: AccountMapping, gate: Gate) -> None:
        headers = {"authorization": f"Bearer {token}", "accept": "application/json"}
        self._asker = Asker(url, headers, gate, _errors)
        self._administration = administration
        self._mapped = mapped

    # --- what there is ----------------------------------------------------------------------------------------------

    async def look(self) -> Catalogue:
        administrations = await self._asker.get("/administrations.json")
        mine = next((each for each in administrations if str(each.get("id")) == self._administration), None)
        if mine is None:
            raise Refused("UNKNOWN_ADMINISTRATION", f"the token opens no administration {self._administration}")
        return Catalogue(
            self._administration,
            str(mine.get("name", "")),
            [_account(each) for each in await self._all("ledger_accounts")],
            [_rate(each) for each in await self._all("tax_rates") if each.get("active", True)],
            [_choice(each) for each in await self._all("financial_accounts")],
        )

    # --- contacts ---------------------------------------------------------------------------------------------------

    async def find_party(self, party: Party) -> Found | None:
        body = await self._asker.get_or_none(self._path(f"contacts/customer_id/{party.reference}"))
        return Found(str(body["id"])) if body else None

    async def create_party(self, party: Party) -> Found:
        """A contact that bears our reference already is the one."""
        body = {"contact": _contact(party) | {"customer_id": party.reference}}
        try:
            return await self._written("POST", "contacts", body)
        except Refused as refused:
            there = await self.find_party(party) if _CUSTOMER_ID in refused.message else None
            if there is None:
                raise
            return await self.change_party(there.external_id, party)

    async def change_party(self, external_id: str, party: Party) -> Found:
        return await self._written("PATCH", f"contacts/{external_id}", {"contact": _contact(party)})

    # --- documents --------------------------------------------------------------------------------------------------

    async def find_document(self, document: Document) -> Found | None:
        day = f"{document.issued_on:%Y%m%d}"
        wanted = f"period:{day}..{day},contact_id:{document.contact_external_id}"
        async for each in self._pages(_resource(document.kind), wanted):
            if each.get("reference") == document.number:
                return _document(each)
        return None

    async def create_document(self, document: Document) -> Found:
        resource = _resource(document.kind)
        body = await self._asker.write("POST", self._path(resource), {_wrapper(resource): self._invoice(document)})
        return understood(body, _document)

    def _invoice(self, document: Document) -> dict[str, Any]:
        return {
            "contact_id": document.contact_external_id,
            "reference": document.number,
            "date": document.issued_on.isoformat(),
            "due_date": document.due_on.isoformat(),
            "currency": document.currency,
            "prices_are_incl_tax": True,
            "details_attributes": [
                self._detail(line, place, document.kind) for place, line in enumerate(document.lines)
            ],
        }

    def _detail(self, line: Line, place: int, kind: RecordKind) -> dict[str, Any]:
        return {
            "description": line.description,
            "amount": "1",
            "price": euros(line.net_cents + line.vat_cents),
            "tax_rate_id": self._mapped.vat_rate(line.vat, purchase=kind.is_purchase),
            "ledger_account_id": self._mapped.account(line.account, line.vat),
            "row_order": place,
        }

    # --- payments ---------------------------------------------------------------------------------------------------

    async def find_settlement(self, settlement: Settlement) -> Found | None:
        body = await self._asker.get_or_none(self._path(self._settled(settlement)))
        for payment in (body or {}).get("payments") or []:
            if payment.get("transaction_identifier") == settlement.reference:
                return Found(str(payment["id"]), cents(payment.get("price")))
        return None

    async def create_settlement(self, settlement: Settlement) -> Found:
        account = self._mapped.payment_account
        how = {"financial_account_id": account} if account else {"manual_payment_action": "bank_transfer"}
        payment = {
            "payment_date": settlement.paid_on.isoformat(),
            "price": euros(settlement.cents),
            "transaction_identifier": settlement.reference,
            **how,
        }
        return await self._written("POST", f"{self._settled(settlement)}/payments", {"payment": payment})

    def _settled(self, settlement: Settlement) -> str:
        return f"{_resource(settlement.document_kind)}/{settlement.document_external_id}"

    # --- reconciliation ---------------------------------------------------------------------------------------------

    async def documents(self, side: Side, month: date) -> AsyncIterator[There]:
        resource = _SALES if side is Side.SALES else _PURCHASES
        async for each in self._pages(resource, f"period:{month:%Y%m%d}..{last_day(month):%Y%m%d}"):
            gross = cents(each.get("total_price_incl_tax", 0))
            paid = sum(cents(payment.get("price", 0)) for payment in each.get("payments") or [])
            yield There(str(each.get("reference") or ""), gross, paid)

    async def close(self) -> None:
        await self._asker.close()

    # --- asking -----------------------------------------------------------------------------------------------------

    def _path(self, resource: str) -> str:
        return f"/{self._administration}/{resource}.json"

    async def _written(self, method: str, resource: str, body: Any) -> Found:
        answer = await self._asker.write(method, self._path(resource), body)
        return understood(answer, lambda body: Found(str(body["id"])))

    async def _all(self, resource: str) -> list[dict[str, Any]]:
        return [each async for each in self._pages(resource, "")]

    async def _pages(self, resource: str, wanted: str) -> AsyncIterator[dict[str, Any]]:
        """Every row; a page that is not full is the last."""
        chosen = {"filter": f"state:all,{wanted}"} if wanted else {}
        for number in range(1, _MOST_PAGES + 1):
            page = await self._asker.get(self._path(resource), page=number, per_page=_PAGE, **chosen)
            for each in page:
                yield each
            if len(page) < _PAGE:
                return
        raise Refused("TOO_MANY_PAGES", f"{resource} has more than {_MOST_PAGES} pages")


def _resource(kind: RecordKind) -> str:
    return _PURCHASES if kind.is_purchase else _SALES


def _wrapper(resource: str) -> str:
    return "purchase_invoice" if resource == _PURCHASES else "external_sales_invoice"


def _contact(party: Party) -> dict[str, Any]:
    first, _, last = party.name.partition(" ")
    person = {"firstname": first if last else "", "lastname": last or first}
    return {
        **({"company_name": party.name} if party.is_organization else person),
        "address1": party.street,
        "zipcode": party.postal_code,
        "city": party.city,
        "country": party.country,
        "send_invoices_to_email": party.email,
        "tax_number": party.vat_number,
        "chamber_of_commerce": party.kvk_number,
    }


def _document(body: dict[str, Any]) -> Found:
    gross = cents(body.get("total_price_incl_tax", 0))
    return Found(str(body["id"]), gross, gross - cents(body.get("total_price_excl_tax", 0)))


def _choice(body: dict[str, Any]) -> Choice:
    return Choice(str(body["id"]), str(body.get("identifier") or ""), str(body.get("name") or ""))


def _account(body: dict[str, Any]) -> Choice:
    code = body.get("account_id") or body.get("account_number") or ""
    return Choice(str(body["id"]), str(code), str(body.get("name") or ""), str(body.get("account_type") or ""))


def _rate(body: dict[str, Any]) -> Choice:
    kind, percentage = str(body.get("tax_rate_type") or ""), body.get("percentage")
    said = None if percentage is None else str(percentage)
    return Choice(str(body["id"]), "", str(body.get("name") or ""), kind, said)


def _errors(body: Any) -> tuple[str, str]:
    """`{"error": "…"}`, or per field `{"error": {"reference": ["…"]}}`; `symbolic` has stable names."""
    error = body.get("error", body) if isinstance(body, dict) else body
    if isinstance(error, dict):
        said = [f"{name}: {', '.join(map(str, _listed(why)))}" for name, why in error.items()]
        return "REFUSED", "; ".join(said)
    return "REFUSED", str(error or "")


def _listed(why: Any) -> list[Any]:
    return why if isinstance(why, list) else [why]
