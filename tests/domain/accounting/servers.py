"""Moneybird and Snelstart as their documentation describes them, listening on this machine, with faults of real ones.

`faults` is worked off request by request: what comes of the next one. Nothing left: they do what they are asked.
"""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from enum import Enum, auto
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit


class Fault(Enum):
    TOO_MANY = auto()
    """429 with Retry-After."""
    FAILS = auto()
    """500 before anything is done."""
    FAILS_AFTER_WRITING = auto()
    """Does it, and answers 500."""
    SILENT_AFTER_WRITING = auto()
    """Does it, and hangs up without a word."""
    HANGS = auto()
    """Does it, and answers when the client has long gone."""
    NO_JSON = auto()
    """A proxy's page, with 200."""
    UNREADABLE = auto()
    """Does it, and answers with an amount that is none."""
    REFUSES = auto()
    """422, whatever is asked."""
    NONE = auto()


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any


Reply = tuple[int, Any]


@dataclass
class Server:
    """What is common to both."""

    asked: list[Asked] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    limit: int | None = None
    """Requests that are allowed in all; then 429."""
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def writes(self) -> list[Asked]:
        return [each for each in self.asked if each.method != "GET" and "token" not in each.path]

    def answer(self, asked: Asked) -> Reply:
        raise NotImplementedError

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await _read(reader)
        self.asked.append(asked)
        fault = self.faults.pop(0) if self.faults else Fault.NONE
        over = self.limit is not None and len(self.asked) > self.limit
        before = {Fault.TOO_MANY: 429, Fault.FAILS: 500, Fault.REFUSES: 422}.get(fault)
        status, body = (429, {"error": "slow down"}) if over else (before, {}) if before else self.answer(asked)
        if fault is Fault.FAILS_AFTER_WRITING:
            status, body = 500, {"error": "internal"}
        if fault is Fault.UNREADABLE:
            body = {"total_price_incl_tax": "?"}
        if fault is Fault.SILENT_AFTER_WRITING:
            writer.transport.abort()
            return
        if fault is Fault.HANGS:
            await asyncio.Event().wait()
        raw = b"<html>" if fault is Fault.NO_JSON else json.dumps(body, default=str).encode()
        lines = [f"HTTP/1.1 {status} X", f"content-length: {len(raw)}", "connection: close", "retry-after: 7"]
        writer.write("\r\n".join([*lines, "", ""]).encode() + raw)
        await writer.drain()
        writer.close()


async def _read(reader: asyncio.StreamReader) -> Asked:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
    raw = await reader.readexactly(int(headers.get("content-length", "0")))
    method, target, _ = head[0].split(" ")
    parts = urlsplit(target)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    form = headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    body = {n: v[0] for n, v in parse_qs(raw.decode()).items()} if form else json.loads(raw) if raw else None
    return Asked(method, unquote(parts.path), query, headers, body)


@dataclass
class MoneybirdServer(Server):
    """An administration with two VAT rates a side and accounts of our numbers."""

    administration: str = "123"
    token: str = "a token"
    contacts: dict[str, dict[str, Any]] = field(default_factory=dict)
    sales: dict[str, dict[str, Any]] = field(default_factory=dict)
    purchases: dict[str, dict[str, Any]] = field(default_factory=dict)
    next_id: int = 446_241_636_268_115_807
    accounts: tuple[str, ...] = ("8000", "8030", "7100", "1300")

    def answer(self, asked: Asked) -> Reply:
        if asked.headers.get("authorization") != f"Bearer {self.token}":
            return 401, {"error": "Access token is required"}
        path = asked.path.removesuffix(".json").strip("/")
        if path == "administrations":
            return 200, [{"id": self.administration, "name": "ChargeCars B.V."}]
        administration, _, rest = path.partition("/")
        if administration != self.administration:
            return 404, {"error": "record not found"}
        return self._resource(asked, rest)

    def _resource(self, asked: Asked, path: str) -> Reply:
        match asked.method, path.split("/"):
            case "GET", ["ledger_accounts"]:
                return 200, self._page(asked, [_account(n, code) for n, code in enumerate(self.accounts)])
            case "GET", ["tax_rates"]:
                return 200, self._page(asked, _RATES)
            case "GET", ["financial_accounts"]:
                return 200, self._page(asked, [{"id": "900", "name": "Bank", "identifier": "NL00BANK"}])
            case "GET", ["contacts", "customer_id", reference]:
                found = [each for each in self.contacts.values() if each["customer_id"] == reference]
                return (200, found[0]) if found else (404, {"error": "record not found"})
            case "POST", ["contacts"]:
                return self._contact(asked.body["contact"])
            case "PATCH", ["contacts", id]:
                self.contacts[id] |= asked.body["contact"]
                return 200, self.contacts[id]
            case _, ["documents", "purchase_invoices", *rest]:
                return self._invoices(asked, self.purchases, "purchase_invoice", rest)
            case _, ["external_sales_invoices", *rest]:
                return self._invoices(asked, self.sales, "external_sales_invoice", rest)
        return 404, {"error": "record not found"}

    def _contact(self, given: dict[str, Any]) -> Reply:
        if any(each["customer_id"] == given["customer_id"] for each in self.contacts.values()):
            return 422, {"error": {"customer_id": ["has already been taken"]}}
        if not (given.get("company_name") or given.get("lastname")):
            return 422, {"error": {"company_name": ["can't be blank"]}}
        id = self._id()
        self.contacts[id] = {"id": id, **given}
        return 201, self.contacts[id]

    def _invoices(self, asked: Asked, kept: dict[str, dict[str, Any]], wrapper: str, rest: list[str]) -> Reply:
        match asked.method, rest:
            case "GET", []:
                return 200, self._page(asked, [each for each in kept.values() if _wanted(asked, each)])
            case "GET", [id]:
                return (200, kept[id]) if id in kept else (404, {"error": "record not found"})
            case "POST", []:
                return self._invoice(kept, asked.body[wrapper])
            case "POST", [id, "payments"]:
                payment = {"id": self._id(), **asked.body["payment"]}
                kept[id]["payments"].append(payment)
                return 201, payment
        return 404, {"error": "record not found"}

    def _invoice(self, kept: dict[str, dict[str, Any]], given: dict[str, Any]) -> Reply:
        if given["contact_id"] not in self.contacts:
            return 422, {"error": {"contact_id": ["is invalid"]}}
        rates = {each["id"]: Decimal(each["percentage"]) for each in _RATES}
        gross, net = Decimal(0), Decimal(0)
        for detail in given["details_attributes"]:
            if detail["tax_rate_id"] not in rates:
                return 422, {"error": {"details.tax_rate": ["must exist"]}}
            price = Decimal(detail["price"]) * Decimal(detail["amount"])
            gross += price
            net += (price / (1 + rates[detail["tax_rate_id"]] / 100)).quantize(Decimal("0.01"), ROUND_HALF_UP)
        id = self._id()
        totals = {"total_price_incl_tax": str(gross), "total_price_excl_tax": str(net), "payments": []}
        kept[id] = {"id": id, **given, **totals}
        return 201, kept[id]

    def _page(self, asked: Asked, rows: list[Any]) -> list[Any]:
        number, size = int(asked.query.get("page", 1)), int(asked.query.get("per_page", 50))
        return rows[(number - 1) * size : number * size]

    def _id(self) -> str:
        self.next_id += 1
        return str(self.next_id)


def _account(number: int, code: str) -> dict[str, Any]:
    return {"id": f"70{number}", "name": f"Rekening {code}", "account_type": "revenue", "account_id": code}


def _rate(id: str, percentage: str, kind: str) -> dict[str, Any]:
    return {"id": id, "name": f"{percentage}%", "percentage": percentage, "tax_rate_type": kind, "active": True}


_RATES = [
    _rate("801", "21.0", "sales_invoice"),
    _rate("802", "9.0", "sales_invoice"),
    _rate("803", "0.0", "sales_invoice"),
    _rate("811", "21.0", "purchase_invoice"),
    _rate("812", "9.0", "purchase_invoice"),
]


def _wanted(asked: Asked, row: dict[str, Any]) -> bool:
    chosen = dict(part.split(":", 1) for part in asked.query.get("filter", "").split(",") if part)
    first, _, last = chosen.get("period", "00000000..99999999").partition("..")
    day = row["date"].replace("-", "")
    return bool(first <= day <= last and chosen.get("contact_id", row["contact_id"]) == row["contact_id"])


@dataclass
class SnelstartServer(Server):
    """An administration of one coupling key; a token lasts for `token_uses` requests."""

    client_key: str = "a key"
    subscription_key: str = "a subscription"
    token_uses: int = 10_000
    tokens: dict[str, int] = field(default_factory=dict)
    relations: dict[str, dict[str, Any]] = field(default_factory=dict)
    bookings: dict[str, dict[str, Any]] = field(default_factory=dict)
    bank: dict[str, dict[str, Any]] = field(default_factory=dict)

    def answer(self, asked: Asked) -> Reply:
        if asked.headers.get("ocp-apim-subscription-key") != self.subscription_key:
            return 401, {"statusCode": 401, "message": "Access denied due to missing subscription key."}
        if asked.path == "/b2b/token":
            return self._token(asked.body)
        token = asked.headers.get("authorization", "").removeprefix("Bearer ")
        if self.tokens.get(token, 0) <= 0:
            return 401, {"message": "Unauthorized"}
        self.tokens[token] -= 1
        return self._resource(asked)

    def _token(self, form: dict[str, str]) -> Reply:
        if form.get("grant_type") != "clientkey" or form.get("clientkey") != self.client_key:
            return 400, {"error": "invalid_grant"}
        token = uuid.uuid4().hex
        self.tokens[token] = self.token_uses
        return 200, {"access_token": token, "token_type": "bearer", "expires_in": 3599}

    def _resource(self, asked: Asked) -> Reply:
        path = asked.path.removeprefix("/v2/").split("/")
        lists = {
            "companyInfo": {"administratieIdentifier": "adm", "administratieNaam": "LaderThuis B.V."},
            "grootboeken": _rows(asked, [_ledger(code) for code in ("8000", "8030", "7100")]),
            "dagboeken": [{"id": "bank", "nummer": 1010, "omschrijving": "Bank", "soort": "Bank"}],
            "landen": [{"id": "land-nl", "naam": "Nederland", "landcodeISO": "NL"}],
        }
        if path[0] in lists:
            return 200, lists[path[0]]
        return self._read(asked, path) if asked.method == "GET" else self._written(asked, path)

    def _written(self, asked: Asked, path: list[str]) -> Reply:
        match asked.method, path:
            case "POST", ["relaties"]:
                return self._kept(self.relations, asked.body)
            case "PUT", ["relaties", id]:
                self.relations[id] = asked.body
                return 200, asked.body
            case "POST", ["verkoopboekingen"]:
                return self._booked(asked.body, "klant", ("VerkopenHoog", "VerkopenLaag", "VerkopenVerlegd"))
            case "POST", ["inkoopboekingen"]:
                return self._booked(asked.body, "leverancier", ("InkopenHoog", "InkopenLaag", "InkopenVerlegd"))
            case "POST", ["bankboekingen"]:
                return self._kept(self.bank, asked.body)
        return 404, {"message": "Resource not found"}

    def _read(self, asked: Asked, path: list[str]) -> Reply:
        match path:
            case ["relaties", id]:
                return 200, self.relations[id]
            case ["relaties"]:
                return 200, _rows(asked, list(self.relations.values()), naam="Naam")
            case ["verkoopfacturen"]:
                return 200, _rows(asked, self._listed("klant", "verkoopBoeking"), factuurnummer="factuurnummer")
            case ["inkoopfacturen"]:
                return 200, _rows(asked, self._listed("leverancier", "inkoopBoeking"), factuurnummer="factuurnummer")
            case ["bankboekingen"]:
                return 200, _rows(asked, list(self.bank.values()), boekstuk="boekstuk")
        return 404, {"message": "Resource not found"}

    def _kept(self, kept: dict[str, dict[str, Any]], body: dict[str, Any]) -> Reply:
        id = str(uuid.uuid4())
        kept[id] = body | {"id": id}
        return 201, kept[id]

    def _booked(self, body: dict[str, Any], party: str, kinds: tuple[str, ...]) -> Reply:
        number = body["factuurnummer"]
        if any(each["factuurnummer"] == number and party in each for each in self.bookings.values()):
            return 400, [{"errorCode": "BOE-0021", "message": "Het factuurnummer bestaat al"}]
        if any(each["btwSoort"] not in kinds for each in body["btw"]):
            return 400, [{"errorCode": "BOE-0082", "message": "Een btw-soort ontbreekt"}]
        vat = sum(Decimal(each["btwBedrag"]) for each in body["btw"])
        net = sum(Decimal(each["bedrag"]) for each in body["boekingsregels"])
        if net + vat != Decimal(body["factuurbedrag"]):
            return 400, [{"errorCode": "BOE-0040", "message": "De boeking is niet in evenwicht"}]
        return self._kept(self.bookings, body)

    def _listed(self, party: str, booking: str) -> list[dict[str, Any]]:
        return [
            {
                "id": f"f-{id}",
                "factuurnummer": each["factuurnummer"],
                "factuurDatum": f"{each['factuurdatum']}T00:00:00",
                "factuurBedrag": each["factuurbedrag"],
                "openstaandSaldo": str(Decimal(each["factuurbedrag"]) - self._paid(id)),
                booking: {"id": id},
            }
            for id, each in self.bookings.items()
            if party in each
        ]

    def _paid(self, id: str) -> Decimal:
        paid = Decimal(0)
        for each in self.bank.values():
            for side, sign in (("verkoopboekingBoekingsRegels", 1), ("inkoopboekingBoekingsRegels", -1)):
                for rule in each.get(side, []):
                    if rule["boekingId"]["id"] == id:
                        paid += sign * (Decimal(rule["credit"]) - Decimal(rule["debet"]))
        return paid


def _ledger(code: str) -> dict[str, Any]:
    return {"id": f"g-{code}", "nummer": int(code), "omschrijving": f"Rekening {code}"}


def _rows(asked: Asked, rows: list[dict[str, Any]], **names: str) -> list[dict[str, Any]]:
    """$filter of the form `name eq 'text'`; others are ignored, as some resources do."""
    chosen = asked.query.get("$filter", "")
    for column, name in names.items():
        if chosen.startswith(f"{name} eq '"):
            wanted = chosen[len(name) + 5 : -1].replace("''", "'")
            rows = [row for row in rows if row.get(column) == wanted]
    skip, top = int(asked.query.get("$skip", 0)), int(asked.query.get("$top", 500))
    return rows[skip : skip + top]


@asynccontextmanager
async def listening(server: Server) -> AsyncIterator[Server]:
    waiting: set[asyncio.Task[None]] = set()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(server.serve(reader, writer))
        waiting.add(task)
        task.add_done_callback(waiting.discard)

    handler: Callable[[asyncio.StreamReader, asyncio.StreamWriter], None] = begin
    served = await asyncio.start_server(handler, "127.0.0.1", 0)
    server.port = served.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        for task in list(waiting):
            task.cancel()
        served.close()
