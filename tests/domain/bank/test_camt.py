"""CAMT.053: read in both versions, held to its own sums, and safe from what XML can do."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.bank import camt
from domain.bank.errors import (
    BankFileFormat,
    BankFileTooLarge,
    BankFileUnreadable,
    BankFileUnsafe,
    StatementCurrency,
    StatementIncomplete,
    StatementTotals,
)
from domain.bank.models import TransactionKind
from domain.bank.statement import Before, missing_before
from domain.bank.xml import MOST_BYTES
from domain.money import Money, total
from tests.camt import DAY, OWN, PAYER, Entry, Sheet, Tx, file, following, one

VERSIONS = ("02", "08")
CENTS = st.integers(-(10**9), 10**9).filter(bool)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_statement_says_the_same_in_both_versions(version: str) -> None:
    tx = Tx(12_100, "Jörg  Müller\n", PAYER, "factuur 12", "RF18539007547034", "E2E-1", bank_id="B1")
    [read] = camt.read(file(Sheet([Entry([tx])], sequence=7, summary={"count": 1, "net": 12_100}), version=version))
    assert (read.reference, read.sequence, read.iban, read.closed_on) == ("S1", 7, OWN, DAY)
    assert (read.opening, read.closing) == (Money(100_000), Money(112_100))
    [booking] = read.bookings
    assert (booking.counterparty_name, booking.counterparty_iban) == ("Jörg Müller", PAYER)
    assert (booking.creditor_reference, booking.end_to_end_id) == ("RF18539007547034", "E2E-1")
    assert (booking.remittance, booking.bank_reference, booking.amount) == ("factuur 12", "B1", Money(12_100))
    assert booking.kind is TransactionKind.TRANSFER


@pytest.mark.parametrize("version", VERSIONS)
@settings(max_examples=25, deadline=None)
@given(
    batches=st.lists(st.lists(st.integers(1, 10**9), min_size=1, max_size=4), max_size=5),
    signs=st.lists(st.sampled_from([1, -1]), min_size=5, max_size=5),
    opening=st.integers(-(10**10), 10**10),
)
def test_entries_and_payments_in_batches_add_up(
    version: str, batches: list[list[int]], signs: list[int], opening: int
) -> None:
    entries = [Entry([Tx(sign * cents) for cents in batch]) for batch, sign in zip(batches, signs, strict=False)]
    [read] = camt.read(file(Sheet(entries, opening=opening), version=version))
    assert read.opening + total(booking.amount for booking in read.bookings) == read.closing
    assert len(read.bookings) == sum(map(len, batches))
    assert len(set(read.identities())) == len(read.bookings)


@settings(max_examples=25, deadline=None)
@given(amounts=st.lists(CENTS, min_size=1, max_size=5), off=st.integers(-5, 5).filter(bool))
def test_a_closing_balance_that_is_off_by_a_cent_is_refused(amounts: list[int], off: int) -> None:
    sheet = Sheet([one(cents) for cents in amounts])
    with pytest.raises(StatementTotals):
        camt.read(file(Sheet(sheet.entries, closing=sheet.end + off)))


@pytest.mark.parametrize(
    "sheet",
    [
        Sheet([one(500)], summary={"count": 2}),
        Sheet([one(500)], summary={"net": 501}),
        Sheet([one(500)], summary={"net": -500}),
        Sheet([one(500), one(-200)], summary={"credits": 300}),
        Sheet([one(500), one(-200)], summary={"debits": 500}),
        Sheet([Entry([Tx(300), Tx(200)], cents=400)]),
        Sheet([Entry([Tx(300), Tx(200)], batch_cents=400)]),
        Sheet([Entry([Tx(300), Tx(200)], batch_count=3)]),
    ],
)
@pytest.mark.parametrize("version", VERSIONS)
def test_totals_that_the_entries_do_not_have_are_refused(version: str, sheet: Sheet) -> None:
    with pytest.raises(StatementTotals):
        camt.read(file(sheet, version=version))


def test_right_totals_are_taken() -> None:
    summary = {"count": 2, "net": 300, "credits": 500, "debits": 200}
    entries = [Entry([Tx(300), Tx(200)], batch_cents=500, batch_count=2), one(-200)]
    assert [len(each.bookings) for each in camt.read(file(Sheet(entries, summary=summary)))] == [3]


def test_a_batch_without_its_payments_is_one_booking() -> None:
    entry = Entry([Tx(500)], told=False, batch="CC-DD-2026-00001-1", batch_count=12)
    [booking] = camt.read(file(Sheet([entry])))[0].bookings
    assert (booking.amount, booking.batch_reference, booking.batch_count) == (Money(500), "CC-DD-2026-00001-1", 12)


def test_what_is_only_announced_is_in_no_balance() -> None:
    sheet = Sheet([one(500), Entry([Tx(900)], status="PDNG")])
    assert [booking.amount.cents for booking in camt.read(file(sheet))[0].bookings] == [500]


@pytest.mark.parametrize(
    ("entry", "kind"),
    [
        (Entry([Tx(-500, reason="AC04")]), TransactionKind.RETURN),
        (Entry([Tx(-500)], code=("PMNT", "IDDT", "UPDD")), TransactionKind.RETURN),
        (Entry([Tx(500, mandate="M1")]), TransactionKind.DIRECT_DEBIT),
        (Entry([Tx(500, name="Stichting Mollie Payments")]), TransactionKind.PROVIDER_PAYOUT),
        (Entry([Tx(-500, name="Mollie")]), TransactionKind.TRANSFER),
        (Entry([Tx(500, name="Molliefanclub")]), TransactionKind.TRANSFER),
        (Entry([Tx(-500, name=None)], code=("PMNT", "MDOP", "CHRG")), TransactionKind.CHARGE),
    ],
)
def test_kinds_follow_from_what_the_bank_says(entry: Entry, kind: TransactionKind) -> None:
    assert camt.read(file(Sheet([entry])))[0].bookings[0].kind is kind


# --- what others send -----------------------------------------------------------------------------------------------

XXE = b'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
LAUGHS = b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
EXTERNAL = b'<?xml version="1.0"?><!DOCTYPE Document SYSTEM "http://127.0.0.1:9/evil.dtd">'
PARAMETER = b'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY % p SYSTEM "http://127.0.0.1:9/x"> %p;]>'


@pytest.mark.parametrize("prologue", [XXE, LAUGHS, EXTERNAL, PARAMETER, XXE.replace(b"<!DOCTYPE", b"<!doctype")])
def test_a_document_type_is_refused_before_anything_is_read(prologue: bytes) -> None:
    body = file(Sheet([one(500, text="PLACE")])).split(b"?>", 1)[1].replace(b"PLACE", b"&x;")
    with pytest.raises(BankFileUnsafe):
        camt.read(prologue + body)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32"])
def test_a_document_type_cannot_hide_in_another_encoding(encoding: str) -> None:
    text = (XXE + file(Sheet()).split(b"?>", 1)[1]).decode()
    with pytest.raises((BankFileUnsafe, BankFileUnreadable)):
        camt.read(text.replace('version="1.0"', f'version="1.0" encoding="{encoding}"').encode(encoding))


def test_an_encoding_that_hides_angle_brackets_is_refused() -> None:
    data = b'<?xml version="1.0" encoding="UTF-7"?>+ADwAIQ-DOCTYPE d+AD4-' + file(Sheet()).split(b"?>", 1)[1]
    with pytest.raises((BankFileUnsafe, BankFileUnreadable)):
        camt.read(data)


def test_an_undeclared_entity_is_refused() -> None:
    with pytest.raises(BankFileUnreadable):
        camt.read(file(Sheet([one(5, text="PLACE")])).replace(b"PLACE", b"&nbsp;"))


def test_a_huge_file_is_refused_unread() -> None:
    with pytest.raises(BankFileTooLarge):
        camt.read(b"<" * (MOST_BYTES + 1))


def test_deep_nesting_is_refused() -> None:
    with pytest.raises(BankFileUnreadable):
        camt.read(b"<a>" * 100_000)


@pytest.mark.parametrize("data", [b"", b"MT940", b"<Document/>", b'<Document xmlns="urn:other"/>', b"\xff\xfe<a/>"])
def test_what_is_no_camt_is_refused(data: bytes) -> None:
    with pytest.raises((BankFileFormat, BankFileUnreadable)):
        camt.read(data)


def test_another_version_is_refused() -> None:
    with pytest.raises(BankFileFormat):
        camt.read(file(Sheet()).replace(b"camt.053.001.08", b"camt.053.001.12"))


@pytest.mark.parametrize(
    ("there", "put"),
    [
        (b"<Id>S1</Id>", b""),
        (b"<Cd>OPBD</Cd>", b"<Cd>XXXX</Cd>"),
        (b"<Cd>CLBD</Cd>", b"<Cd>ITBD</Cd>"),
        (b"<Cd>CLBD</Cd>", b"<Cd>OPBD</Cd>"),
        (b">5.00<", b">-5.00<"),
        (b">5.00<", b">5.001<"),
        (b">5.00<", b">1e9<"),
        (b">5.00<", b">99999999999999999999<"),
        (b"<CdtDbtInd>CRDT</CdtDbtInd><Sts>", b"<CdtDbtInd>BOTH</CdtDbtInd><Sts>"),
        (b"<Dt>2026-03-02</Dt></BookgDt>", b"<Dt>2026-02-30</Dt></BookgDt>"),
    ],
)
def test_what_is_missing_or_malformed_is_named(there: bytes, put: bytes) -> None:
    data = file(Sheet([one(500)]))
    assert there in data
    with pytest.raises(StatementIncomplete):
        camt.read(data.replace(there, put, 1))


def test_another_currency_is_refused() -> None:
    with pytest.raises(StatementCurrency):
        camt.read(file(Sheet([one(500, currency="USD")])))


def test_names_carry_nothing_invisible() -> None:
    name = "Jan\u202esnellaf\u200b Bank"
    assert camt.read(file(Sheet([one(5, name=name)])))[0].bookings[0].counterparty_name == "Jansnellaf Bank"


# --- one after another ----------------------------------------------------------------------------------------------


def test_what_is_missing_between_two_statements_is_told() -> None:
    first = Sheet([one(500)], sequence=3)
    before = Before(3, Money(first.end), DAY)

    def missing(sheet: Sheet) -> str | None:
        return missing_before(camt.read(file(sheet))[0], before)

    assert missing(following(first)) is None
    assert missing(following(first, sequence=7)) == "4-6"
    assert missing(following(first, sequence=5)) == "4"
    assert missing(following(first, opening=first.end + 250)) == "2.50 EUR"
    assert missing(following(first, sequence=1, day=date(2027, 1, 4))) is None
    assert missing_before(camt.read(file(first))[0], None) is None


def test_the_same_bookings_are_told_apart_by_place_and_recognized_by_the_banks_reference() -> None:
    twice = Sheet([one(500), one(500)])
    [read] = camt.read(file(twice))
    assert len(set(read.identities())) == 2
    [elsewhere] = camt.read(file(Sheet(twice.entries, id="S2")))
    assert not set(read.identities()) & set(elsewhere.identities())
    with_id = [one(500, bank_id="B7")]
    [one_file] = camt.read(file(Sheet(with_id)))
    [another] = camt.read(file(Sheet([one(900), *with_id], id="S2")))
    assert set(one_file.identities()) <= set(another.identities())


def test_the_digest_is_of_what_is_said_not_of_how() -> None:
    sheet = Sheet([one(500, text="a b")])
    spaced = file(sheet).replace(b"><", b">\n  <")
    assert camt.read(spaced)[0].digest == camt.read(file(sheet, version="02"))[0].digest
    assert camt.read(spaced)[0].digest != camt.read(file(Sheet([one(501, text="a b")])))[0].digest
