"""Snelstart's B2B API v2: https://b2bapi-developer.snelstart.nl. Documents are bookings (verkoop- and inkoopboekingen).

Two credentials: the key of a coupling (koppelsleutel) buys a bearer token for an hour, the subscription key of the
installation stands beside it. `$filter` is honoured by some resources and ignored by others, so every answer is
filtered again here. A relation has no field for a number of ours: it stands in its memo.
"""

from collections.abc import AsyncIterator, Callable
from datetime import date
from typing import Any

from domain.accounting.bookings import Document, Found, Line, Party, Settlement, There, euros
from domain.accounting.mapping import AccountMapping
from domain.accounting.models import Side
from domain.accounting.packages.asking import Asker, CredentialsRefused, Gate, Refused, cents, understood
from domain.accounting.packages.package import Catalogue, Choice
from domain.ledger.months import later

_PAGE = 500
_MOST_PAGES = 200
_MOST_NAME, _MOST_NUMBER, _MOST_TEXT, _MOST_STREET = 50, 25, 250, 50
_TAKEN = "BOE-0021"
"""The number of a document is in use."""
_LINE_VAT = {"S": "Hoog", "R": "Laag"}
_SALES_VAT = {"S": "VerkopenHoog", "R": "VerkopenLaag", "AE": "VerkopenVerlegd"}
_PURCHASE_VAT = {"S": "InkopenHoog", "R": "InkopenLaag", "AE": "InkopenVerlegd"}


class Snelstart:
    """The administration of one coupling key."""

    def __init__(
        self,
        url: str,
        auth_url: str,
        subscription_key: str,
        client_key: str,
        catalogue: Catalogue,
        mapped: AccountMapping,
        gate: Gate,
    ) -> None:
        subscription = {"ocp-apim-subscription-key": subscription_key, "accept": "application/json"}
        self._asker = Asker(url, subscription, gate, _errors)
        self._login = Asker("", subscription, gate, _errors)
        self._auth_url = auth_url
        self._client_key = client_key
        self._token: str | None = None
        self._mapped = mapped
        self._countries = {country.code: country.id for country in catalogue.countries}

    # --- what there is ----------------------------------------------------------------------------------------------

    async def look(self) -> Catalogue:
        company = await self._get("/companyInfo")
        return Catalogue(
            str(company.get("administratieIdentifier") or company.get("id") or ""),
            str(company.get("administratieNaam") or company.get("bedrijfsnaam") or ""),
            [_account(each) async for each in self._pages("/grootboeken", None)],
            [],
            [_journal(each) for each in await self._get("/dagboeken")],
            [_country(each) for each in await self._get("/landen")],
        )

    # --- contacts ---------------------------------------------------------------------------------------------------

    async def find_party(self, party: Party) -> Found | None:
        wanted = f"Naam eq {_quoted(_name(party))}"
        async for each in self._pages("/relaties", wanted):
            if _mark(party) in str(each.get("memo") or ""):
                return Found(str(each["id"]))
        return None

    async def create_party(self, party: Party) -> Found:
        body = await self._write("POST", "/relaties", self._relation(party))
        return understood(body, _found)

    async def change_party(self, external_id: str, party: Party) -> Found:
        """A PUT replaces all: what the bookkeeper wrote is read, and ours laid over it."""
        there = await self._get(f"/relaties/{external_id}")
        kinds = sorted({*(there.get("relatiesoort") or []), "Klant", "Leverancier"})
        memo = str(there.get("memo") or "")
        ours = self._relation(party) | {"id": external_id, "relatiesoort": kinds}
        ours["memo"] = memo if _mark(party) in memo else f"{memo}\n{_mark(party)}".strip()
        body = await self._write("PUT", f"/relaties/{external_id}", there | ours)
        return understood(body, _found)

    def _relation(self, party: Party) -> dict[str, Any]:
        country = self._countries.get(party.country)
        return {
            "relatiesoort": ["Klant", "Leverancier"],
            "naam": _name(party),
            "memo": f"{party.name}\n{_mark(party)}" if len(party.name) > _MOST_NAME else _mark(party),
            "email": party.email,
            "btwNummer": party.vat_number or None,
            "kvkNummer": party.kvk_number or None,
            "krediettermijn": party.payment_terms_days,
            "vestigingsAdres": {
                "straat": party.street[:_MOST_STREET],
                "postcode": party.postal_code,
                "plaats": party.city[:_MOST_STREET],
                **({"land": {"id": country}} if country else {}),
            },
        }

    # --- documents --------------------------------------------------------------------------------------------------

    async def find_document(self, document: Document) -> Found | None:
        resource, booking = _listing(document.kind.is_purchase)
        async for each in self._pages(resource, f"factuurnummer eq {_quoted(document.number)}"):
            if each.get("factuurnummer") == document.number:
                return Found(str(each[booking]["id"]), cents(each.get("factuurBedrag", 0)))
        return None

    async def create_document(self, document: Document) -> Found:
        path, body = self._booking(document)
        try:
            made = await self._write("POST", path, body)
        except Refused as refused:
            there = await self.find_document(document) if refused.code == _TAKEN else None
            if there is None:
                raise
            return there
        return Found(understood(made, _found).external_id, document.gross_cents, document.vat_cents)

    def _booking(self, document: Document) -> tuple[str, dict[str, Any]]:
        if len(document.number) > _MOST_NUMBER:
            raise Refused("NUMBER_TOO_LONG", document.number)
        purchase = document.kind.is_purchase
        body = {
            "factuurnummer": document.number,
            "factuurdatum": document.issued_on.isoformat(),
            "factuurbedrag": euros(document.gross_cents),
            "omschrijving": document.number,
            "boekingsregels": [self._line(line) for line in document.lines],
            "btw": _vat(document, _PURCHASE_VAT if purchase else _SALES_VAT),
        }
        contact = {"id": document.contact_external_id}
        if purchase:
            return "/inkoopboekingen", body | {"leverancier": contact}
        days = (document.due_on - document.issued_on).days
        return "/verkoopboekingen", body | {"klant": contact, "betalingstermijn": days}

    def _line(self, line: Line) -> dict[str, Any]:
        return {
            "omschrijving": line.description[:_MOST_TEXT],
            "grootboek": {"id": self._mapped.account(line.account, line.vat)},
            "bedrag": euros(line.net_cents),
            "btwSoort": _LINE_VAT.get(line.vat, "Geen"),
        }

    # --- payments ---------------------------------------------------------------------------------------------------

    async def find_settlement(self, settlement: Settlement) -> Found | None:
        number = _piece(settlement)
        async for each in self._pages("/bankboekingen", f"boekstuk eq {_quoted(number)}"):
            if each.get("boekstuk") == number:
                return Found(str(each["id"]))
        return None

    async def create_settlement(self, settlement: Settlement) -> Found:
        journal = self._mapped.payment_account
        if not journal:
            raise Refused("UNMAPPED_PAYMENT_ACCOUNT", "no journal is chosen for payments")
        # A purchase is settled by what leaves the bank.
        came_in = -settlement.cents if settlement.document_kind.is_purchase else settlement.cents
        received, spent = euros(max(came_in, 0)), euros(max(-came_in, 0))
        side = "inkoopboekingBoekingsRegels" if settlement.document_kind.is_purchase else "verkoopboekingBoekingsRegels"
        rule = {
            "boekingId": {"id": settlement.document_external_id},
            "omschrijving": settlement.document_number,
            "debet": spent,
            "credit": received,
        }
        body = {
            "datum": settlement.paid_on.isoformat(),
            "boekstuk": _piece(settlement),
            "omschrijving": settlement.document_number,
            "dagboek": {"id": journal},
            "bedragOntvangen": received,
            "bedragUitgegeven": spent,
            side: [rule],
        }
        made = await self._write("POST", "/bankboekingen", body)
        return understood(made, _found)

    # --- reconciliation ---------------------------------------------------------------------------------------------

    async def documents(self, side: Side, month: date) -> AsyncIterator[There]:
        resource, _ = _listing(side is Side.PURCHASES)
        until = later(month, 1)
        wanted = f"factuurDatum ge {month.isoformat()}T00:00:00 and factuurDatum lt {until.isoformat()}T00:00:00"
        async for each in self._pages(resource, wanted):
            if month.isoformat() <= str(each.get("factuurDatum", ""))[:10] < until.isoformat():
                gross = cents(each.get("factuurBedrag", 0))
                yield There(str(each.get("factuurnummer") or ""), gross, gross - cents(each.get("openstaandSaldo", 0)))

    async def close(self) -> None:
        await self._asker.close()
        await self._login.close()

    # --- asking -----------------------------------------------------------------------------------------------------

    async def _get(self, path: str, **query: str | int) -> Any:
        return await self._with_token(lambda headers: self._read(path, query, headers))

    async def _read(self, path: str, query: dict[str, str | int], headers: dict[str, str]) -> Any:
        return (await self._asker.read(path, query, headers)).body

    async def _write(self, method: str, path: str, body: Any) -> Any:
        async def write(headers: dict[str, str]) -> Any:
            return (await self._asker.send(method, path, json=body, headers=headers)).body

        return await self._with_token(write)

    async def _with_token(self, ask: Callable[[dict[str, str]], Any]) -> Any:
        """A token that has just run out is bought anew, once."""
        fresh = self._token is None
        try:
            return await ask(await self._headers())
        except CredentialsRefused:
            if fresh:
                raise
            self._token = None
            return await ask(await self._headers())

    async def _headers(self) -> dict[str, str]:
        if self._token is None:
            form = {"grant_type": "clientkey", "clientkey": self._client_key}
            self._token = await self._bought(form)
        return {"authorization": f"Bearer {self._token}"}

    async def _bought(self, form: dict[str, str]) -> str:
        """Raises: CredentialsRefused also for 400: that is how an unknown key is answered (RFC 6749, 5.2)."""
        try:
            body = (await self._login.post_form(self._auth_url, form)).body
        except Refused as refused:
            raise CredentialsRefused(refused.message) from refused
        if not isinstance(body, dict) or not body.get("access_token"):
            raise CredentialsRefused("no token in the answer")
        return str(body["access_token"])

    async def _pages(self, path: str, wanted: str | None) -> AsyncIterator[dict[str, Any]]:
        """Every row; there is no count and no link, a page that is not full is the last."""
        chosen = {"$filter": wanted} if wanted else {}
        for number in range(_MOST_PAGES):
            page = await self._get(path, **chosen, **{"$top": _PAGE, "$skip": number * _PAGE})
            for each in page:
                yield each
            if len(page) < _PAGE:
                return
        raise Refused("TOO_MANY_PAGES", f"{path} has more than {_MOST_PAGES} pages")


def _vat(document: Document, names: dict[str, str]) -> list[dict[str, str]]:
    """VAT per kind as we computed it; of shifted VAT nothing but that it was."""
    sums: dict[str, int] = {}
    for line in document.lines:
        if name := names.get(line.vat):
            sums[name] = sums.get(name, 0) + line.vat_cents
    return [{"btwSoort": name, "btwBedrag": euros(amount)} for name, amount in sums.items()]


def _listing(purchase: bool) -> tuple[str, str]:
    return ("/inkoopfacturen", "inkoopBoeking") if purchase else ("/verkoopfacturen", "verkoopBoeking")


def _found(body: dict[str, Any]) -> Found:
    return Found(str(body["id"]))


def _name(party: Party) -> str:
    return party.name[:_MOST_NAME].strip()


def _mark(party: Party) -> str:
    return f"ref {party.reference}"


def _piece(settlement: Settlement) -> str:
    """Its end: there the payments of one document differ."""
    return settlement.reference[-_MOST_NUMBER:]


def _quoted(value: str) -> str:
    """A text in OData."""
    doubled = value.replace("'", "''")
    return f"'{doubled}'"


def _account(body: dict[str, Any]) -> Choice:
    return Choice(
        str(body["id"]),
        str(body.get("nummer") or ""),
        str(body.get("omschrijving") or ""),
        str(body.get("rekeningCode") or ""),
    )


def _journal(body: dict[str, Any]) -> Choice:
    return Choice(
        str(body["id"]),
        str(body.get("nummer") or ""),
        str(body.get("omschrijving") or ""),
        str(body.get("soort") or ""),
    )


def _country(body: dict[str, Any]) -> Choice:
    return Choice(str(body["id"]), str(body.get("landcodeISO") or ""), str(body.get("naam") or ""))


def _errors(body: Any) -> tuple[str, str]:
    """`[{"errorCode": "BOE-0021", "message": "…"}]`, a single one of these, or OAuth's `error`."""
    first = body[0] if isinstance(body, list) and body else body
    if not isinstance(first, dict):
        return "REFUSED", str(first or "")
    code = str(first.get("errorCode") or first.get("error") or "REFUSED")
    return code, str(first.get("message") or first.get("error_description") or "")
