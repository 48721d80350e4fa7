"""The bank and reminders over GraphQL and HTTP: from a file to paid invoices, and everything that can be taken back."""

import base64
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import update

from api.app import create_app
from api.context import Context, RequestFacts
from api.rest import bank as rest
from domain.bank import runs
from domain.bank import settings as bank_settings
from domain.contacts.models import Contact
from domain.ledger.posting import today
from domain.money import Money
from domain.payments import refunding
from domain.payments.models import Destination
from tenants.actor import SYSTEM, Actor, anonymous
from tenants.engine import Database
from tenants.settings import Settings
from tests.asking import SCHEMA, codes, gid
from tests.camt import PAYER, Entry, Sheet, Tx, file, one
from tests.domain.bank.banking import lines_of_file, numbered
from tests.paying import Shop, shop

_ERRORS = "userErrors { code field message }"
IMPORT = f"""mutation I($input: ImportBankStatementInput!, $preview: Boolean! = false) {{
  importBankStatement(input: $input, preview: $preview) {{
    imported {{ outcome reference transactions matched proposed unmatched duplicates missing }}
    statements {{ reference closing {{ cents }} file {{ kind size }} }}
    {_ERRORS} }} }}"""
QUEUE = """query Q {
  bankTransactions(first: 10, filter: {state: {in: [UNMATCHED, PROPOSED]}}, orderBy: {field: BOOKED_ON}) {
  totalCount edges { node { id state amount { cents } counterpartyName statement { reference }
    proposals { id score reasons invoices { id } } } } }
  matchProposals(first: 5) { edges { node { id kind score transaction { id } } } } }"""
MATCH = f"""mutation M($input: MatchPaymentInput!) {{ matchPayment(input: $input) {{
  transaction {{ state matches {{ kind rule automatic amount {{ cents }} invoice {{ status }} matchedBy {{ id }} }} }}
  {_ERRORS} }} }}"""
UNMATCH = f"""mutation U($id: ID!) {{ unmatchPayment(transactionId: $id, reason: "Verkeerd") {{
  transaction {{ state matches {{ id }} history {{ undoneAt }} }} {_ERRORS} }} }}"""
SIGN = f"""mutation S($input: SignMandateInput!) {{ signMandate(input: $input) {{
  mandate {{ id reference state lapsesOn scheme contact {{ id }} }} {_ERRORS} }} }}"""
COLLECT = f"""mutation C($input: CreateDirectDebitRunInput!, $preview: Boolean! = false) {{
  createDirectDebitRun(input: $input, preview: $preview) {{
    file {{ id number state kind lineCount total {{ cents }} document {{ kind }}
      lines(first: 5) {{ edges {{ node {{ state sequenceType endToEndReference invoice {{ id }} }} }} }} }}
    leftOut {{ number reason }} {_ERRORS} }} }}"""
CANCEL = f"""mutation C($id: ID!) {{ cancelBankFile(id: $id, reason: "Vergissing") {{
  file {{ state lines(first: 5) {{ edges {{ node {{ state }} }} }} }} {_ERRORS} }} }}"""
PUT_BACK = (
    f"""mutation B($id: ID!) {{ cancelRefund(id: $id, reason: "Vergissing") {{ refund {{ status }} {_ERRORS} }} }}"""
)
REMIND = (
    f"""mutation R($id: ID!) {{ remindInvoice(id: $id) {{ reminder {{ kind step open {{ cents }} }} {_ERRORS} }} }}"""
)
POLICY = f"""mutation P($input: SaveDunningPolicyInput!) {{ saveDunningPolicy(input: $input) {{
  policy {{ standard steps {{ days kind }} minimum {{ cents }} }} {_ERRORS} }} }}"""
STATEMENT = """query S($contact: ID!, $entity: ID!, $from: Date!, $until: Date!) {
  statement(contactId: $contact, entityId: $entity, from: $from, until: $until) {
    opening { cents } closing { cents } entries { kind number amount { cents } balance { cents } }
    ageing { notDue { cents } days1To30 { cents } total { cents } } } }"""
AGED = """query A { agedReceivables { payerCount total { total { cents } } payers { contactId invoices
  ageing { overdue { cents } } } contacts { id name } } }"""


async def ask(s: Shop, settings: Settings, who: str, document: str, **variables: Any) -> Any:
    """The data, or the codes of the errors."""
    facts = RequestFacts(uuid4().hex, uuid4().hex, idempotency_key=uuid4().hex)
    context = Context(s.actors[who], s.database, settings, facts)
    result = await SCHEMA.execute(document, variable_values=variables, context_value=context)
    if result.errors:
        return [str((error.extensions or {}).get("code") or error.message) for error in result.errors]
    data = result.data or {}
    return data if len(data) > 1 else next(iter(data.values()))


def sheet_of(s: Shop) -> Sheet:
    return Sheet([one(100_00, text=f"{s.entity.code}-2026-00012"), one(70_00, name=s.customer.name, bank_id="B1")])


async def import_(s: Shop, settings: Settings, who: str = "finance", **values: Any) -> Any:
    given = {"entityId": gid("BusinessEntity", s.entity.id), "xml": file(sheet_of(s)).decode()} | values
    preview = given.pop("preview", False)
    return await ask(s, settings, who, IMPORT, input=given, preview=preview)


async def test_from_a_file_to_matched_payments_and_back(database: Database, settings: Settings) -> None:
    s = await shop(database)
    await numbered(s, 12, 100_00)
    waiting = await numbered(s, 13, 70_00)
    done = await import_(s, settings)
    assert done["userErrors"] == []
    [imported] = done["imported"]
    assert (imported["outcome"], imported["matched"], imported["proposed"]) == ("IMPORTED", 1, 1)
    assert done["statements"][0]["closing"] == {"cents": "117000"}
    assert done["statements"][0]["file"]["kind"] == "CAMT"
    again = await import_(s, settings, xml=None, base64=base64.b64encode(file(sheet_of(s), version="02")).decode())
    assert again["imported"][0]["outcome"] == "ALREADY_IMPORTED"
    queue = await ask(s, settings, "finance", QUEUE)
    [edge] = queue["bankTransactions"]["edges"]
    [proposal] = edge["node"]["proposals"]
    assert proposal["invoices"] == [{"id": gid("Invoice", waiting)}]
    assert set(proposal["reasons"]) == {"AMOUNT_EQUALS_OPEN", "NAME_EQUAL"}
    matched = await ask(s, settings, "finance", MATCH, input={"proposalId": proposal["id"]})
    assert matched["userErrors"] == []
    [match] = matched["transaction"]["matches"]
    assert (match["rule"], match["automatic"], match["invoice"]) == ("PROPOSAL", False, {"status": "PAID"})
    undone = await ask(s, settings, "finance", UNMATCH, id=edge["node"]["id"])
    assert (undone["transaction"]["state"], undone["transaction"]["matches"]) == ("PROPOSED", [])
    assert undone["transaction"]["history"][0]["undoneAt"] is not None
    split = {"transactionId": edge["node"]["id"]}
    split["parts"] = [  # type: ignore[assignment]  # GraphQL's values
        {"amountCents": "5000", "invoiceId": gid("Invoice", waiting)},
        {"amountCents": "2000", "walletContactId": gid("Contact", s.customer.id)},
    ]
    assert (await ask(s, settings, "finance", MATCH, input=split))["userErrors"] == []
    await s.require_sound_books()


async def test_a_preview_imports_nothing(database: Database, settings: Settings) -> None:
    s = await shop(database)
    invoice = await numbered(s, 12, 100_00)
    foreseen = await import_(s, settings, preview=True)
    assert foreseen["imported"][0]["matched"] == 1
    assert (await s.invoice_row(invoice)).open_cents == 100_00
    assert (await import_(s, settings))["imported"][0]["outcome"] == "IMPORTED"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"xml": "<a/>"}, "BANK_FILE_FORMAT"),
        ({"xml": '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'}, "BANK_FILE_UNSAFE"),
        ({"xml": file(Sheet([one(5)], closing=1)).decode()}, "STATEMENT_TOTALS"),
        ({"xml": file(Sheet([one(5)], iban=PAYER)).decode()}, "STATEMENT_OF_OTHER_ACCOUNT"),
        ({"xml": None, "base64": "***"}, "BANK_FILE_NOT_GIVEN"),
        ({"xml": "<a/>", "base64": "PGEvPg=="}, "BANK_FILE_NOT_GIVEN"),
    ],
)
async def test_a_faulty_file_is_refused_with_a_code(
    database: Database, settings: Settings, given: dict[str, Any], code: str
) -> None:
    s = await shop(database)
    refused = await import_(s, settings, **given)
    assert [each["code"] for each in refused["userErrors"]] == [code]
    assert refused["imported"] == []


@pytest.mark.parametrize("who", ["customer", "partner"])
async def test_the_bank_is_for_finance(database: Database, settings: Settings, who: str) -> None:
    s = await shop(database)
    assert await import_(s, settings, who) == ["FORBIDDEN"]
    assert await ask(s, settings, who, QUEUE) == ["FORBIDDEN"]


async def test_a_refund_that_the_bank_is_asked_to_pay_is_not_put_back(database: Database, settings: Settings) -> None:
    s = await shop(database)
    await numbered(s, 12, 100_00)
    await import_(s, settings, xml=file(Sheet([one(100_00, text=f"{s.entity.code}-2026-00012", iban=PAYER)])).decode())
    [payment] = await s.payments()
    async with database.session(s.actors["finance"]) as session:
        out = await refunding.refund(session, payment.id, Money(30_00), Destination.SOURCE, "Te veel")
        run = await runs.pay_out(session, entity_id=s.entity.id)
    id = gid("Payment", out.id)
    assert codes(await ask(s, settings, "finance", PUT_BACK, id=id)) == [("IN_ANOTHER_FILE", ["id"])]
    await ask(s, settings, "finance", CANCEL, id=gid("BankFile", run.file.id))
    assert (await ask(s, settings, "finance", PUT_BACK, id=id))["refund"] == {"status": "FAILED"}


async def test_a_file_is_collected_and_cancelled(database: Database, settings: Settings) -> None:
    s = await shop(database)
    async with database.session(s.actors["admin"]) as session:
        await bank_settings.save(session, s.entity.id, "NL28ZZZ091860820000")
    entity = gid("BusinessEntity", s.entity.id)
    mandate = {"entityId": entity, "contactId": gid("Contact", s.customer.id), "iban": PAYER}
    mandate |= {"accountHolder": "J. Jansen", "signedOn": today().isoformat()}
    signed = await ask(s, settings, "finance", SIGN, input=mandate)
    assert signed["mandate"]["state"] == "ACTIVE"
    assert codes(await ask(s, settings, "finance", SIGN, input=mandate)) == [("MANDATE_IN_FORCE", ["contactId"])]
    invoice = await numbered(s, 12, 100_00, due_in=0)
    foreseen = await ask(s, settings, "finance", COLLECT, input={"entityId": entity}, preview=True)
    assert foreseen["file"]["lineCount"] == 1
    made = await ask(s, settings, "finance", COLLECT, input={"entityId": entity})
    [line] = [edge["node"] for edge in made["file"]["lines"]["edges"]]
    assert (line["sequenceType"], line["invoice"]) == ("FRST", {"id": gid("Invoice", invoice)})
    assert made["file"]["document"]["kind"] == "PAIN"
    named = {"entityId": entity, "invoiceIds": [gid("Invoice", invoice)]}
    assert codes(await ask(s, settings, "finance", COLLECT, input=named)) == [("IN_ANOTHER_FILE", [])]
    cancelled = await ask(s, settings, "finance", CANCEL, id=made["file"]["id"])
    assert cancelled["file"] == {"state": "CANCELLED", "lines": {"edges": [{"node": {"state": "CANCELLED"}}]}}
    again = await ask(s, settings, "finance", COLLECT, input=named)
    assert again["userErrors"] == []
    [pending] = await lines_of_file(s, again["file"]["number"])
    told = Sheet([Entry([Tx(100_00, end_to_end=pending.end_to_end_id)])])
    assert (await import_(s, settings, xml=file(told).decode()))["imported"][0]["matched"] == 1


async def test_reminders_accounts_and_ageing(database: Database, settings: Settings) -> None:
    s = await shop(database)
    late, entity = await s.invoice(100_00, due_in=-10), gid("BusinessEntity", s.entity.id)
    async with database.session(SYSTEM) as session:
        await session.execute(update(Contact).where(Contact.id == s.customer.id).values(email=None))
    assert codes(await ask(s, settings, "finance", REMIND, id=gid("Invoice", late))) == [("NOBODY_TO_REMIND", ["id"])]
    steps = [{"days": 3, "kind": "REMINDER"}, {"days": 9, "kind": "FINAL"}]
    saved = await ask(s, settings, "finance", POLICY, input={"entityId": entity, "steps": steps, "minimumCents": "500"})
    assert saved["policy"] == {"standard": False, "steps": steps, "minimum": {"cents": "500"}}
    asked = {
        "contact": gid("Contact", s.customer.id),
        "entity": entity,
        "from": "2026-01-01",
        "until": today().isoformat(),
    }
    for who in ("finance", "customer"):
        account = await ask(s, settings, who, STATEMENT, **asked)
        assert account["closing"] == {"cents": "10000"}
        assert [entry["kind"] for entry in account["entries"]] == ["INVOICE"]
        assert account["ageing"]["days1To30"] == {"cents": "10000"}
    assert await ask(s, settings, "other", STATEMENT, **asked) is None
    found = await ask(s, settings, "finance", AGED)
    assert found["total"] == {"total": {"cents": "10000"}}
    assert found["payers"][0]["contactId"] == found["contacts"][0]["id"] == gid("Contact", s.customer.id)


# --- over HTTP ------------------------------------------------------------------------------------------------------


async def test_a_file_is_sent_over_http(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    s = await shop(database)
    await numbered(s, 12, 100_00)
    asking = [anonymous(s.entity.id), s.actors["customer"], *[s.actors["finance"]] * 7]

    async def asked(_request: Any) -> Actor:
        return asking.pop(0)

    monkeypatch.setattr(rest, "actor_of", asked)
    app = create_app(settings, SCHEMA)
    app.state.database = database
    at, xml = f"/bank/statements?entityId={gid('BusinessEntity', s.entity.id)}", {"Content-Type": "application/xml"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:

        async def send(content: bytes, to: str = at, headers: dict[str, str] = xml) -> httpx.Response:
            return await client.post(to, content=content, headers=headers)

        good = file(sheet_of(s))
        assert (await send(good)).status_code == 401
        assert (await send(good)).status_code == 403
        assert (await send(good, headers={"Content-Type": "text/plain"})).status_code == 415
        sent = await send(good)
        assert (sent.status_code, sent.json()[0]["matched"]) == (201, 1)
        assert (await send(good)).status_code == 200
        wrong = await send(file(Sheet([one(5)], closing=1)))
        assert (wrong.status_code, wrong.json()["error"]["code"]) == (422, "STATEMENT_TOTALS")
        differs = await send(file(Sheet([one(5)])))
        assert (differs.status_code, differs.json()["error"]["code"]) == (409, "STATEMENT_DIFFERS")
        assert (await send(good, f"/bank/statements?entityId={gid('BusinessEntity', uuid4())}")).status_code == 404
        assert (await send(b"x" * (settings.max_body_bytes + 1))).status_code == 413
    assert asking == []
    await app.state.redis.aclose()
