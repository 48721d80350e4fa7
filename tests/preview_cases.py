"""Mutations of quotes and orders with all that a preview tells of them, each set up in a market of its own."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from domain.commissions.months import month_of
from domain.ledger.posting import today
from domain.webhooks.models import WebhookEndpoint
from tenants.actor import SYSTEM
from tenants.auth import clock
from tenants.engine import Database
from tenants.permissions import Role
from tenants.settings import Settings
from tests import factories
from tests.api.test_quotes import line, wanted
from tests.asking import codes, gid
from tests.invoicing import completed, invoiced
from tests.previewing import PREVIEW
from tests.quoting import Market, market
from tests.trading import Trader, trader


@dataclass
class World:
    """A market whose entity and dealer are told by webhook; the settings are those of its askers."""

    m: Market
    settings: Settings

    def ask(self, who: str) -> Trader:
        return trader(self.m, self.settings, who)


async def world(database: Database, settings: Settings) -> World:
    m = await market(database, agreement={})
    async with database.session(SYSTEM) as session:
        m.actors["finance"] = await factories.actor_with(session, Role.FINANCE, m.entity)
        m.actors["admin"] = await factories.actor_with(session, Role.TENANT_ADMIN, m.entity)
        for organization_id in (None, m.dealer.id):
            session.add(
                WebhookEndpoint(
                    entity_id=m.entity.id,
                    organization_id=organization_id,
                    url="https://hooks.example.nl/",
                    event_types=["quote.*", "order.*", "invoice.*", "payment.*"],
                    secret=b"sealed",
                )
            )
    return World(m, settings)


Case = tuple[str, str, dict[str, Any]]
"""Who asks, the document, its variables."""
Setting = Callable[[World], Awaitable[Case]]


def document(name: str, arguments: str, result: str) -> str:
    """A mutation with all of a preview; `arguments` are `$id: ID!` and the like."""
    names = [each.split(":")[0].strip().removeprefix("$") for each in arguments.split(",")]
    passed = ", ".join(f"{each}: ${each}" for each in names)
    return (
        f"mutation M({arguments}, $preview: Boolean! = false) {{ {name}({passed}, preview: $preview) {{ "
        f"{result} {PREVIEW} userErrors {{ code field }} }} }}"
    )


QUOTE = "quote { status pendingParties gross { cents } lines { sku } }"
ORDER = "order { number stage onHold }"


async def create(w: World) -> Case:
    return "staff", document("createQuote", "$input: CreateQuoteInput!", QUOTE), {"input": wanted(w.m)}


async def revise(w: World) -> Case:
    given = {
        "quoteId": gid("Quote", await w.m.quote()),
        "reason": "Twee",
        "lines": [line(w.m, "station", quantity="2")],
    }
    return "staff", document("reviseQuote", "$input: ReviseQuoteInput!", QUOTE), {"input": given}


async def send(w: World) -> Case:
    quote_id = await w.m.quote(send=False)
    return "staff", document("sendQuote", "$id: ID!", QUOTE), {"id": gid("Quote", quote_id)}


async def withdraw(w: World) -> Case:
    given = {"id": gid("Quote", await w.m.quote()), "reason": "Vervallen"}
    return "staff", document("withdrawQuote", "$id: ID!, $reason: String!", QUOTE), given


async def decline(w: World) -> Case:
    given = {"quoteId": gid("Quote", await w.m.quote()), "reason": "Te duur"}
    return "customer", document("declineQuote", "$input: DeclineQuoteInput!", QUOTE), {"input": given}


async def sign_first(w: World) -> Case:
    return await _signing(w, "dealer", await w.m.quote())


async def sign_last(w: World) -> Case:
    quote_id = await w.m.quote()
    await w.m.sign("dealer", quote_id)
    return await _signing(w, "customer", quote_id)


async def _signing(w: World, name: str, quote_id: UUID) -> Case:
    given = {"quoteId": gid("Quote", quote_id), "documentHash": (await w.m.hash_of(quote_id)).hex()}
    return name, document("signQuote", "$input: SignQuoteInput!", f"{QUOTE} {ORDER}"), {"input": given}


def of_order(name: str, *before: str, reason: bool = True) -> Setting:
    async def set_up(w: World) -> Case:
        id, staff = gid("Order", await w.m.ordered()), w.ask("staff")
        for each in before:
            asked = f'mutation B($id: ID!) {{ {each}(id: $id, reason: "Zo") {{ userErrors {{ code field }} }} }}'
            assert not codes((await staff.ask(asked, id=id))[each])
        arguments, given = ("$id: ID!, $reason: String!", {"reason": "Zo"}) if reason else ("$id: ID!", {})
        return "staff", document(name, arguments, ORDER), {"id": id, **given}

    return set_up


async def note(w: World) -> Case:
    given = {"id": gid("Order", await w.m.ordered()), "note": "Bel eerst", "internal": False}
    return "staff", document("noteOrder", "$id: ID!, $note: String!, $internal: Boolean!", ORDER), given


async def repeat(w: World) -> Case:
    dealer: dict[str, Any] = {"end_customer_id": w.m.dealer.id, "service_address_id": None}
    quote_id = await w.m.quote(w.m.line("cable"), **dealer)
    await w.m.sign("dealer", quote_id)
    return "staff", document("repeatOrder", "$quoteId: ID!", ORDER), {"quoteId": gid("Quote", quote_id)}


INVOICE = "invoice { number status open { cents } }"


async def complete(w: World) -> Case:
    given = {"id": gid("Order", await w.m.ordered())}
    return "staff", document("completeOrder", "$id: ID!", ORDER), given


async def issue(w: World) -> Case:
    given = {"orderIds": [gid("Order", await completed(w.m)) for _ in range(2)]}
    return "finance", document("issueInvoices", "$input: IssueInvoicesInput!", "run { ordersTotal }"), {"input": given}


async def credit(w: World) -> Case:
    given = {"id": gid("Invoice", await _invoice(w)), "reason": "Te veel", "netCents": 12_34}
    result = "creditNote { number net { cents } } invoice { open { cents } }"
    return "finance", document("creditInvoice", "$input: CreditInvoiceInput!", result), {"input": given}


async def write_off(w: World) -> Case:
    given = {"id": gid("Invoice", await _invoice(w)), "reason": "Oninbaar"}
    return "finance", document("writeOffInvoice", "$id: ID!, $reason: String!", INVOICE), given


async def link(w: World) -> Case:
    given = {"invoiceId": gid("Invoice", await _invoice(w))}
    return "finance", document("createPaymentLink", "$invoiceId: ID!", "link { status amount { cents } }"), given


async def pay(w: World) -> Case:
    given = {
        "amountCents": "500000",
        "method": "BANK_TRANSFER",
        "receivedOn": today().isoformat(),
        "invoices": [{"invoiceId": gid("Invoice", await _invoice(w))}],
    }
    result = "payment { number status amount { cents } toWallet { cents } }"
    return "finance", document("registerPayment", "$input: RegisterPaymentInput!", result), {"input": given}


async def commission(w: World) -> Case:
    await w.m.ordered()
    given = {"entityId": gid("BusinessEntity", w.m.entity.id), "month": month_of(clock.now()).isoformat()}
    return "finance", document("runCommission", "$input: CommissionMonthInput!", "accrued changed"), {"input": given}


async def agree(w: World) -> Case:
    given = {
        "entityId": gid("BusinessEntity", w.m.entity.id),
        "organizationId": gid("Organization", w.m.dealer.id),
        "paymentTermsDays": 21,
    }
    result = "agreement { paymentTermsDays validUntil }"
    return "admin", document("saveAgreement", "$input: AgreementInput!", result), {"input": given}


async def _invoice(w: World) -> UUID:
    found = await invoiced(w.m)
    return max(found, key=lambda each: each.gross_cents).id


CASES: dict[str, Setting] = {
    "completeOrder": complete,
    "issueInvoices": issue,
    "creditInvoice": credit,
    "writeOffInvoice": write_off,
    "createPaymentLink": link,
    "registerPayment": pay,
    "runCommission": commission,
    "saveAgreement": agree,
    "createQuote": create,
    "reviseQuote": revise,
    "sendQuote": send,
    "withdrawQuote": withdraw,
    "declineQuote": decline,
    "signQuote": sign_first,
    "signQuote, the last": sign_last,
    "cancelOrder": of_order("cancelOrder"),
    "reopenOrder": of_order("reopenOrder", "cancelOrder"),
    "holdOrder": of_order("holdOrder"),
    "resumeOrder": of_order("resumeOrder", "holdOrder", reason=False),
    "noteOrder": note,
    "repeatOrder": repeat,
}
