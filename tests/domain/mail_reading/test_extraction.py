"""What is read of a mail, how sure, and what is not read because it does not stand there."""

from dataclasses import replace
from datetime import date

import pytest

from domain.mail_reading import addresses, dates, fields, values
from domain.mail_reading.extraction import extract
from domain.mail_reading.fields import ExtractedField, ExtractedOrder, Known, Method, document_of, missing_in
from domain.mail_reading.message import SUBJECT, read

KNOWN = Known(
    {"GRO-ALFEN-11": "Alfen Eve Single", "GRO-ALFEN-22": "Alfen Eve Double", "GRO-INSTALL-1": "Installatie"},
    {"3511": "Utrecht", "2511": "'s-Gravenhage", "3701": "Zeist"},
)
WHOLE = """Ordernummer: A-1001
Naam: Jan de Wit
Adres: Dorpsstraat 12a
Postcode: 3511 AB
Plaats: Utrecht
Tel: 06-12345678
E-mail: jan@klant.example
Artikel: 1x GRO-ALFEN-11
"""


def orders(text: str, subject: str = "mail") -> list[ExtractedOrder]:
    head = f"From: V <v@dealer.example>\nDate: Fri, 13 Nov 2026 09:00:00 +0100\nSubject: {subject}\n\n"
    return extract(read((head + text).encode()), [], KNOWN)


def read_fields(text: str, subject: str = "mail") -> dict[str, ExtractedField]:
    (order,) = orders(text, subject)
    return dict(order.fields)


def test_a_plain_order_is_accepted_whole() -> None:
    (order,) = orders(WHOLE)
    assert order.document() == {
        "partner_order_id": "A-1001",
        "customer": {
            "name": "Jan de Wit",
            "email": "jan@klant.example",
            "phone": "+31612345678",
            "address": {"street": "Dorpsstraat", "house_number": "12A", "postal_code": "3511 AB", "city": "Utrecht"},
        },
        "products": [{"partner_sku": "GRO-ALFEN-11", "quantity": 1}],
    }
    assert (order.doubtful(), list(order.missing)) == ([], [])


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ("Naam: Jan de Wit", fields.NAME),
        ("Tel: 06-12345678", fields.PHONE),
        ("E-mail: jan@klant.example", fields.EMAIL),
        ("Postcode: 3511 AB", fields.POSTCODE),
        ("Ordernummer: A-1001", fields.ORDER_ID),
        ("Artikel: 1x GRO-ALFEN-11", fields.PRODUCTS),
    ],
)
def test_what_the_mail_does_not_say_is_missing_and_not_made_up(line: str, path: str) -> None:
    (order,) = orders(WHOLE.replace(f"{line}\n", ""))
    assert list(order.missing) == [path]
    assert path not in order.fields


def test_the_signature_is_not_the_customer() -> None:
    text = WHOLE.replace("Tel: 06-12345678\n", "").replace("E-mail: jan@klant.example\n", "")
    (order,) = orders(text + "\nMet vriendelijke groet,\nPiet\nTel: 06-87654321\npiet@elders.example\n")
    assert set(order.missing) == {fields.PHONE, fields.EMAIL}


@pytest.mark.parametrize(
    ("written", "path"),
    [
        ("Tel: 06-12345678 of 06-87654321", fields.PHONE),
        ("Tel: 06-12345678\nTelefoon: 06-87654321", fields.PHONE),
        ("Tel: 06-12345678\nPostcode: 3701 AA", fields.POSTCODE),
        ("Tel: 06-12345678\nKlantnaam: Piet Bos", fields.NAME),
        ("Tel: 06-12345678\nBestelling: 2x GRO-ALFEN-11", "$.products[0].quantity"),
    ],
)
def test_what_contradicts_itself_is_asked(written: str, path: str) -> None:
    found = read_fields(WHOLE.replace("Tel: 06-12345678", written))
    assert found[path].confidence < fields.THRESHOLD
    assert path in found
    assert read_fields(WHOLE)[path].confidence >= fields.THRESHOLD


def test_what_is_said_twice_is_surer() -> None:
    once = read_fields(WHOLE)[fields.ORDER_ID].confidence
    assert read_fields(WHOLE, "Order A-1001")[fields.ORDER_ID].confidence > once


def test_a_mail_that_takes_something_back_is_looked_at() -> None:
    (order,) = orders(WHOLE + "\nCorrectie: het adres klopt niet.\n")
    assert set(order.doubtful()) == set(order.fields)


def test_a_postcode_that_is_not_of_the_place_is_asked_with_it() -> None:
    found = read_fields(WHOLE.replace("3511 AB", "2511 AB"))
    assert max(found[fields.POSTCODE].confidence, found[fields.CITY].confidence) < fields.THRESHOLD


def test_a_postcode_that_nobody_knows_is_asked() -> None:
    assert read_fields(WHOLE.replace("3511 AB", "9999 XX"))[fields.POSTCODE].confidence < fields.THRESHOLD


def test_a_misspelt_place_is_that_of_its_postcode_and_says_what_is_written() -> None:
    city = read_fields(WHOLE.replace("Utrecht", "Utrect"))[fields.CITY]
    assert (city.value, city.text, city.method) == ("Utrecht", "Utrect", Method.FUZZY)


def test_a_misspelt_article_is_never_accepted_unseen() -> None:
    sku = read_fields(WHOLE.replace("GRO-ALFEN-11", "GRO-ALFEM-11"))["$.products[0].partner_sku"]
    assert (sku.value, sku.text, sku.method) == ("GRO-ALFEN-11", "GRO-ALFEM-11", Method.FUZZY)
    assert sku.confidence < fields.THRESHOLD


def test_an_article_in_words_is_asked_for_its_number() -> None:
    (order,) = orders(WHOLE.replace("1x GRO-ALFEN-11", "1x zwarte wandlader"))
    assert list(order.missing) == ["$.products[0].partner_sku"]
    assert order.document()["products"] == [{"quantity": 1, "description": "zwarte wandlader"}]


def test_a_number_of_pieces_that_is_not_said_is_not_returned() -> None:
    assert "$.products[0].quantity" not in read_fields(WHOLE.replace("1x ", ""))


def test_what_was_quoted_counts_only_where_nothing_new_is_said_and_is_asked() -> None:
    quoted = "Bij deze.\n\nOp do 12 nov. 2026 om 16:02 schreef A <a@x.example>:\n" + "".join(
        f"> {line}\n" for line in WHOLE.splitlines()
    )
    (order,) = orders(quoted)
    assert order.fields[fields.NAME].value == "Jan de Wit"
    assert order.fields[fields.NAME].confidence < fields.THRESHOLD
    (order,) = orders(WHOLE.replace("Jan de Wit", "Els Bos") + quoted)
    assert order.fields[fields.NAME].value == "Els Bos"


def test_a_mail_without_an_order_holds_none() -> None:
    assert orders("Beste, wanneer komt de factuur van oktober?\n\nGroet,\nPiet\n06-12345678\n3511 AB Utrecht") == []


def test_two_orders_are_two() -> None:
    other = WHOLE.replace("A-1001", "A-1002").replace("Jan de Wit", "Els Bos").replace("jan@", "els@")
    first, second = orders(f"{WHOLE}\n{other}\nGraag beide in december.\n")
    assert (first.fields[fields.ORDER_ID].value, second.fields[fields.ORDER_ID].value) == ("A-1001", "A-1002")
    assert (first.fields[fields.NAME].value, second.fields[fields.EMAIL].value) == ("Jan de Wit", "els@klant.example")


def test_the_place_of_a_value_may_be_the_subject() -> None:
    found = read_fields(WHOLE.replace("Ordernummer: A-1001\n", ""), "Order A-1001")[fields.ORDER_ID]
    assert (found.part, found.text) == (SUBJECT, "A-1001")


@pytest.mark.parametrize(
    ("written", "day", "english"),
    [
        ("8 december 2026", date(2026, 12, 8), False),
        ("di 8-12-2026", date(2026, 12, 8), False),
        ("2026-12-08", date(2026, 12, 8), True),
        ("8 jan.", date(2027, 1, 8), False),
        ("December 8th, 2026", date(2026, 12, 8), True),
        ("8/12/26", date(2026, 12, 8), False),
    ],
)
def test_days_as_people_write_them(written: str, day: date, english: bool) -> None:
    (found,) = dates.days_in(f"Graag {written} a.u.b.", date(2026, 11, 13), english)
    assert found.day == day
    assert found.doubt < 1


@pytest.mark.parametrize("written", ["31-02-2026", "12.5", "3.10 uur", "week 48", "06-12345678", "1/2/3/4"])
def test_what_is_no_day_is_none(written: str) -> None:
    assert list(dates.days_in(written, date(2026, 11, 13), False)) == []


@pytest.mark.parametrize("written", ["ma 8 december 2026", "8 november 2026", "03/04/2027", "8 december 2029"])
def test_days_that_cannot_be_meant_so_are_doubted(written: str) -> None:
    (found,) = dates.days_in(written, date(2026, 11, 13), True)
    assert found.doubt >= 2


@pytest.mark.parametrize(
    ("written", "street", "number"),
    [
        ("Dorpsstraat 12", "Dorpsstraat", "12"),
        ("1e Oosterparkstraat 12-3", "1e Oosterparkstraat", "12-3"),
        ("Plein 1944 7", "Plein 1944", "7"),
        ("Laan van Meerdervoort 500 b, 2511 AA Den Haag", "Laan van Meerdervoort", "500B"),
        ("Kerkweg nr. 4 bis", "Kerkweg", "4BIS"),
    ],
)
def test_streets_and_numbers(written: str, street: str, number: str) -> None:
    found = next(addresses.streets_in(written))
    assert (found[0].value, found[1].value) == (street, number)


@pytest.mark.parametrize("written", ["in 2026 op", "2000 kw", "1234 is", "0123 AB", "1234 SS", "12345 AB"])
def test_what_is_no_postcode_is_none(written: str) -> None:
    assert list(addresses.postcodes_in(written, labelled=False)) == []


def test_the_slip_of_a_mail_provider_is_doubted() -> None:
    slip, fine = values.emails_in("a@gmial.com b@gmail.com")
    assert (slip.doubt > 2, fine.doubt) == (True, 0)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("Dhr. P. de Vries, Zeist", "P. de Vries"),
        ("mevrouw El-Amrani (06-1)", "El-Amrani"),
        ("12345", None),
        ("-", None),
    ],
)
def test_names(written: str, name: str | None) -> None:
    found = values.name_in(written)
    assert (found.value if found else None) == name


def test_fields_survive_being_kept() -> None:
    found = read_fields(WHOLE)[fields.NAME]
    assert ExtractedField.from_json(replace(found).as_json()) == found


def test_documents_have_products_without_gaps() -> None:
    made = document_of({"$.products[2].partner_sku": "B", "$.products[0].quantity": 2, "$.customer.name": "J"})
    assert made == {"products": [{"quantity": 2}, {"partner_sku": "B"}], "customer": {"name": "J"}}
    assert fields.PRODUCTS not in missing_in(["$.products[2].partner_sku"])
