"""Payments over GraphQL: by staff, by whoever pays, and by nobody else."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from api.context import Context, RequestFacts
from domain.ledger.posting import today
from domain.money import Money
from domain.payments import registering
from domain.payments.links import url_of
from domain.payments.models import PaymentLink, PaymentMethod, Provider
from domain.payments.receiving import receive
from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.settings import Settings
from tests.asking import SCHEMA, codes, gid
from tests.paying import Shop, shop

_ERRORS = "userErrors { code field }"
LINK = f"""mutation L($id: ID!) {{
  createPaymentLink(invoiceId: $id) {{ link {{ id url status amount {{ cents }} }} {_ERRORS} }} }}"""
REGISTER = f"""mutation R($input: RegisterPaymentInput!) {{ registerPayment(input: $input) {{
  payment {{ id number status toWallet {{ cents }} allocations {{ amount {{ cents }} invoice {{ id status }} }} }}
  {_ERRORS} }} }}"""
REFUND = (
    f"mutation R($input: RefundPaymentInput!) {{ refundPayment(input: $input) {{ refund {{ id status }} {_ERRORS} }} }}"
)
WALLET_PAYS = f"""mutation W($id: ID!, $cents: BigInt) {{
  payFromWallet(invoiceId: $id, amountCents: $cents) {{ payment {{ method amount {{ cents }} }} {_ERRORS} }} }}"""
TOP_UP = f"""mutation T($cents: BigInt!, $contact: ID) {{
  topUpWallet(amountCents: $cents, contactId: $contact) {{ link {{ purpose url }} {_ERRORS} }} }}"""
REVERSE = (
    f'mutation U($id: ID!) {{ reversePayment(id: $id, reason: "Twice") {{ payment {{ status reason }} {_ERRORS} }} }}'
)
CORRECT = f"""mutation C($id: ID!, $cents: BigInt!) {{
  correctWallet(contactId: $id, amountCents: $cents, reason: "Goodwill") {{ wallet {{ balance {{ cents }} }}
  {_ERRORS} }} }}"""
SAVE = f"""mutation S($input: SavePaymentProviderInput!) {{ savePaymentProvider(input: $input) {{
  paymentProvider {{ id mode keyHint active webhookPath }} {_ERRORS} }} }}"""
SEEN = """{ payments(first: 10) { totalCount edges { node { number __typename } } }
  wallets(first: 10) { edges { node { balance { cents }
    movements(first: 5) { edges { node { kind amount { cents } } } } } } } }"""


async def ask(s: Shop, settings: Settings, who: str, document: str, key: str | None = None, **variables: Any) -> Any:
    """The first field of the answer."""
    facts = RequestFacts(uuid4().hex, uuid4().hex, idempotency_key=key or uuid4().hex)
    context = Context(s.actors[who], s.database, settings, facts)
    result = await SCHEMA.execute(document, variable_values=variables, context_value=context)
    if result.errors:
        return [str((error.extensions or {}).get("code")) for error in result.errors]
    assert result.data is not None
    return result.data if len(result.data) > 1 else next(iter(result.data.values()))


async def register(s: Shop, cents: int, *invoices: UUID) -> UUID:
    async with s.database.session(s.actors["finance"]) as session:
        made = await registering.register(
            session,
            entity_id=s.entity.id,
            amount=Money(cents),
            method=PaymentMethod.CASH,
            received_on=today(),
            invoice_ids=invoices,
            contact_id=s.customer.id,
        )
        return made.id


def registered(invoice: UUID, cents: str, **values: Any) -> dict[str, Any]:
    given = {"amountCents": cents, "method": "CASH", "receivedOn": today().isoformat()}
    return given | {"invoices": [{"invoiceId": gid("Invoice", invoice)}]} | values


async def test_whoever_may_read_an_invoice_gets_the_one_link_to_pay_it(database: Database, settings: Settings) -> None:
    s = await shop(database)
    id = await s.invoice(121_00)
    links = [(await ask(s, settings, who, LINK, id=gid("Invoice", id)))["link"] for who in ("customer", "finance")]
    assert links[0] == links[1]
    assert links[0]["amount"] == {"cents": "12100"}
    [row] = await _links(s)
    assert links[0]["url"] == url_of(settings, s.brand.host, row)
    for who in ("other", "partner"):
        answer = await ask(s, settings, who, LINK, id=gid("Invoice", id))
        assert codes(answer) == [("NOT_FOUND", ["invoiceId"])]
    await register(s, 121_00, id)
    assert codes(await ask(s, settings, "customer", LINK, id=gid("Invoice", id))) == [("NOTHING_OPEN", ["invoiceId"])]


async def _links(s: Shop) -> list[UUID]:
    async with s.database.session(SYSTEM) as session:
        query = select(PaymentLink.id).where(PaymentLink.entity_id == s.entity.id)
        return list((await session.execute(query)).scalars())


async def test_a_double_click_registers_once(database: Database, settings: Settings) -> None:
    s = await shop(database)
    id = await s.invoice(50_00)
    for _ in range(2):
        answer = await ask(s, settings, "finance", REGISTER, "same", input=registered(id, "6000"))
        assert answer["payment"]["toWallet"] == {"cents": "1000"}
        assert [each["amount"]["cents"] for each in answer["payment"]["allocations"]] == ["5000"]
    assert len(await s.payments()) == 1
    undone = await ask(s, settings, "finance", REVERSE, id=answer["payment"]["id"])
    assert undone["payment"] == {"status": "REVERSED", "reason": "Twice"}
    await s.require_sound_books()


@pytest.mark.parametrize(
    ("values", "code", "field"),
    [
        ({"amountCents": "0"}, "OUT_OF_RANGE", ["amountCents"]),
        ({"amountCents": "1000000000000001"}, "AMOUNT_TOO_LARGE", []),
        ({"currency": "XXY"}, "NOT_A_CHOICE", ["currency"]),
        ({"currency": "USD"}, "CURRENCY_MISMATCH", ["currency"]),
        ({"currency": "USD", "invoices": []}, "CURRENCY_MISMATCH", ["currency"]),
        ({"method": "IDEAL"}, "NOT_A_CHOICE", ["method"]),
        ({"receivedOn": "2999-01-01"}, "OUT_OF_RANGE", ["receivedOn"]),
        ({"reference": "x" * 141}, "TOO_LONG", ["reference"]),
    ],
)
async def test_what_cannot_be_registered(
    database: Database, settings: Settings, values: dict[str, Any], code: str, field: list[str]
) -> None:
    s = await shop(database)
    answer = await ask(s, settings, "finance", REGISTER, input=registered(await s.invoice(), "100", **values))
    assert codes(answer) == [(code, field)]
    assert await s.payments() == []


async def test_invoices_are_named_once_and_all_with_an_amount_or_none(database: Database, settings: Settings) -> None:
    s = await shop(database)
    one, two = [{"invoiceId": gid("Invoice", await s.invoice())} for _ in range(2)]
    for invoices, wanted in (
        ([one, one], ("DUPLICATE_VALUE", ["invoices", "1", "invoiceId"])),
        ([one | {"amountCents": "1"}, two], ("REQUIRED", ["invoices", "1", "amountCents"])),
    ):
        given = registered(uuid4(), "100", invoices=invoices)
        assert codes(await ask(s, settings, "finance", REGISTER, input=given)) == [wanted]


async def test_one_pays_from_ones_own_wallet(database: Database, settings: Settings) -> None:
    s = await shop(database)
    id = await s.invoice(50_00)
    await register(s, 30_00)
    assert codes(await ask(s, settings, "other", WALLET_PAYS, id=gid("Invoice", id))) == [("NOT_FOUND", ["invoiceId"])]
    too_much = await ask(s, settings, "customer", WALLET_PAYS, id=gid("Invoice", id), cents="3001")
    assert codes(too_much) == [("WALLET_TOO_LOW", ["amountCents"])]
    paid = await ask(s, settings, "customer", WALLET_PAYS, id=gid("Invoice", id))
    assert paid["payment"] == {"method": "WALLET", "amount": {"cents": "3000"}}
    assert codes(await ask(s, settings, "customer", WALLET_PAYS, id=gid("Invoice", id))) == [
        ("NO_WALLET", ["invoiceId"])
    ]
    await s.require_sound_books()


async def test_each_sees_its_own_payments_and_wallet(database: Database, settings: Settings) -> None:
    s = await shop(database)
    await register(s, 30_00)
    types = {"finance": "StaffPayment", "customer": "PayerPayment"}
    for who, kind in types.items():
        seen = await ask(s, settings, who, SEEN)
        assert [edge["node"]["__typename"] for edge in seen["payments"]["edges"]] == [kind]
        [wallet] = [edge["node"] for edge in seen["wallets"]["edges"]]
        assert wallet["balance"] == {"cents": "3000"}
        assert [edge["node"]["kind"] for edge in wallet["movements"]["edges"]] == ["SURPLUS"]
    for who in ("other", "partner"):
        seen = await ask(s, settings, who, SEEN)
        assert (seen["payments"]["totalCount"], seen["wallets"]["edges"]) == (0, [])


async def test_refunds_are_staffs_and_within_what_came_in(database: Database, settings: Settings) -> None:
    s = await shop(database)
    payment = gid("Payment", await register(s, 30_00, await s.invoice(30_00)))
    given = {"paymentId": payment, "reason": "Sent back"}
    assert await ask(s, settings, "customer", REFUND, input=given) == ["FORBIDDEN"]
    too_much = await ask(s, settings, "finance", REFUND, input=given | {"amountCents": "3001"})
    assert codes(too_much) == [("REFUND_TOO_HIGH", ["amountCents"])]
    done = await ask(s, settings, "finance", REFUND, input=given)
    assert done["refund"]["status"] == "SUCCEEDED"
    await s.require_sound_books()


async def test_top_ups_are_ones_own_or_for_staff_anybodys(database: Database, settings: Settings) -> None:
    s = await shop(database)
    mine = await ask(s, settings, "customer", TOP_UP, cents="5000", contact=gid("Contact", s.partner.id))
    assert mine["link"]["purpose"] == "TOP_UP"
    assert codes(await ask(s, settings, "finance", TOP_UP, cents="5000")) == [("REQUIRED", ["contactId"])]
    assert codes(await ask(s, settings, "customer", TOP_UP, cents="99")) == [("OUT_OF_RANGE", ["amountCents"])]
    for contact, cents, wanted in ((s.customer, "500", "500"), (s.customer, "-100", "400")):
        answer = await ask(s, settings, "finance", CORRECT, id=gid("Contact", contact.id), cents=cents)
        assert answer["wallet"]["balance"] == {"cents": wanted}
    await s.require_sound_books()


async def test_accounts_are_the_administrators_and_never_show_their_key(database: Database, settings: Settings) -> None:
    s, others = await shop(database), await shop(database)
    key = "sk_test_" + "k" * 26 + "tail"
    given = {"entityId": gid("BusinessEntity", s.entity.id), "provider": "STRIPE", "apiKey": key}
    assert await ask(s, settings, "finance", SAVE, input=given) == ["FORBIDDEN"]
    assert codes(await ask(s, settings, "admin", SAVE, input=given)) == [
        ("WEBHOOK_SECRET_NOT_ACCEPTED", ["webhookSecrets"])
    ]
    given |= {"webhookSecrets": ["whsec_" + "s" * 32]}
    assert codes(await ask(others, settings, "admin", SAVE, input=given)) == [("NOT_FOUND", ["entityId"])]
    made = (await ask(s, settings, "admin", SAVE, input=given))["paymentProvider"]
    assert (made["mode"], made["keyHint"], made["active"]) == ("TEST", "tail", True)
    assert made["webhookPath"].startswith("/payments/webhooks/stripe/")
    assert codes(await ask(s, settings, "admin", SAVE, input=given | {"provider": "BANK"})) == [
        ("NOT_A_CHOICE", ["provider"])
    ]


async def test_a_preview_shows_the_payment_and_keeps_nothing(database: Database, settings: Settings) -> None:
    s = await shop(database)
    id = await s.invoice(50_00)
    register_preview = REGISTER.replace("(input: $input)", "(input: $input, preview: true)")
    answer = await ask(s, settings, "finance", register_preview, input=registered(id, "6000"))
    assert [each["amount"]["cents"] for each in answer["payment"]["allocations"]] == ["5000"]
    await register(s, 60_00)
    wallet_preview = WALLET_PAYS.replace("amountCents: $cents", "amountCents: $cents, preview: true")
    answer = await ask(s, settings, "customer", wallet_preview, id=gid("Invoice", id))
    assert answer["payment"]["amount"] == {"cents": "5000"}
    link_preview = LINK.replace("(invoiceId: $id)", "(invoiceId: $id, preview: true)")
    assert (await ask(s, settings, "customer", link_preview, id=gid("Invoice", id)))["link"]["status"] == "ACTIVE"
    assert (len(await s.payments()), await s.balance(), await _links(s)) == (1, 60_00, [])


async def test_staff_find_what_pays_nothing_yet(database: Database, settings: Settings) -> None:
    s = await shop(database)
    await register(s, 10_00)
    async with database.session(SYSTEM) as session:
        lost = await receive(
            session,
            entity_id=s.entity.id,
            amount=Money(7_00),
            method=PaymentMethod.BANK_TRANSFER,
            provider=Provider.BANK,
            provider_id=uuid4().hex,
            received_on=today(),
        )
    document = "{ suspendedPayments(first: 5) { edges { node { number ... on StaffPayment { suspense } } } } }"
    found = await ask(s, settings, "finance", document)
    assert [edge["node"] for edge in found["edges"]] == [{"number": lost.number, "suspense": "UNKNOWN_PAYER"}]
    assert await ask(s, settings, "customer", document) == ["FORBIDDEN"]
