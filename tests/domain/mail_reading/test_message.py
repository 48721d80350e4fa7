"""Mails as text: any bytes, regions, tables, charsets, files."""

import random
import time
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chargecars.bench.mail_corpus import corpus, known
from domain.mail_reading import pdf_text
from domain.mail_reading.extraction import extract
from domain.mail_reading.message import MailMessage, read
from domain.mail_reading.parts import PartKind, ProblemCode, RegionKind

_HEAD = b"From: a@dealer.example\nSubject: x\nDate: Fri, 13 Nov 2026 09:12:00 +0100\n"
_LONG = 90_000
_WORST_SECONDS = 8


def regions(message: MailMessage, kind: RegionKind) -> str:
    part = message.parts[0]
    return "".join(part.text[region.start : region.end] for region in part.regions if region.kind is kind)


def mail(text: str, subject: str = "order") -> MailMessage:
    return read(f"From: a@dealer.example\nSubject: {subject}\n\n{text}".encode())


def sound(raw: bytes) -> None:
    """Every place that is named holds the text that is said to stand there, and no value has an empty one."""
    message = read(raw)
    for part in message.parts:
        assert [region.start for region in part.regions][:1] == [0]
        for table in part.tables:
            assert all(part.text[cell.start : cell.end] == cell.text for row in table.rows for cell in row)
    for order in extract(message, [], known()):
        order.document()
        for found in order.fields.values():
            assert found.text
            assert message.text_of(found.part)[found.start : found.end] == found.text
            assert 0 < found.confidence < 1


@given(st.binary(max_size=600))
@settings(max_examples=60, deadline=None)
def test_any_bytes_are_read(raw: bytes) -> None:
    sound(raw)
    sound(_HEAD + b"\n" + raw)


@given(st.integers(0, 2**32))
@settings(max_examples=40, deadline=None)
def test_damaged_mails_are_read(seed: int) -> None:
    dice = random.Random(seed)
    raw = bytearray(dice.choice([mail.raw for mail in corpus() if b"application/pdf" not in mail.raw]))
    for _ in range(dice.randint(1, 20)):
        place, other = dice.randrange(len(raw)), dice.randrange(len(raw))
        match dice.randrange(3):
            case 0:
                raw[place] = dice.randrange(256)
            case 1:
                del raw[place : place + dice.randrange(40)]
            case _:
                raw[place:place] = raw[other : other + dice.randrange(150)]
        raw = raw or bytearray(b"x")
    sound(bytes(raw))


@pytest.mark.parametrize(
    "body",
    [
        b"\n" + b"Naam: " * (_LONG // 6),
        b"\n" + b"Naam: Jan\nPostcode: 3511 AB\n" * (_LONG // 30),
        b"\n" + b"1 " * (_LONG // 2),
        b"\n" + b" " * _LONG,
        b"\n" + b"straat 12-a-3 " * (_LONG // 14),
        b"Content-Type: text/html\n\n" + b"<table><tr><td>" * 8_000,
        b"Content-Type: multipart/mixed; boundary=x\n\n"
        + b"--x\nContent-Type: multipart/mixed; boundary=x\n\n" * 2_000,
        b"Content-Type: text/plain; " + b"a=b;" * 20_000 + b"\n\nx",
    ],
    ids=["labels", "orders", "digits", "spaces", "streets", "tables", "parts", "parameters"],
)
def test_mails_made_to_take_long_do_not(body: bytes) -> None:
    begun = time.process_time()
    sound(_HEAD + body)
    assert time.process_time() - begun < _WORST_SECONDS


def test_what_is_beyond_the_bounds_is_said() -> None:
    message = read(_HEAD + b"\n" + b"word " * 50_000)
    assert [problem.code for problem in message.problems] == [ProblemCode.TOO_MUCH_TEXT]
    nested = (
        b"Content-Type: multipart/mixed; boundary=x\n\n" + b"--x\nContent-Type: multipart/mixed; boundary=x\n\n" * 99
    )
    assert ProblemCode.TOO_MANY_PARTS in [problem.code for problem in read(_HEAD + nested).problems]


def test_the_head_is_decoded() -> None:
    raw = b"From: =?utf-8?q?J=C3=B6rg?= <J.Smit@Dealer.example>\nTo: a@x.example, B <b@x.example>\n"
    message = read(raw + b"Subject: =?iso-8859-1?q?Caf=E9?=\n =?utf-8?q?_order?=\nMessage-ID: <1@x>\n\nhoi")
    assert (message.sender, message.recipients) == ("j.smit@dealer.example", ("a@x.example", "b@x.example"))
    assert (message.subject, message.message_id, message.date) == ("Café order", "<1@x>", None)


def test_text_that_claims_another_charset_is_read_as_it_is() -> None:
    claimed = b"Content-Type: text/plain; charset=us-ascii\n\n"
    assert read(_HEAD + claimed + "Coëlho".encode()).parts[0].text == "Coëlho"
    assert read(_HEAD + claimed + "Coëlho €".encode("cp1252")).parts[0].text == "Coëlho €"
    assert read(_HEAD + b"Content-Type: text/plain; charset=nonsense\n\nhoi").parts[0].text == "hoi"


def test_regions_of_an_answer() -> None:
    message = mail(
        "Nieuw\n\nMet vriendelijke groet,\nPiet\n\nOp ma 9 nov. 2026 om 10:00 schreef A <a@x.example>:\n> Oud\n"
    )
    assert regions(message, RegionKind.BODY).strip() == "Nieuw"
    assert "Piet" in regions(message, RegionKind.SIGNATURE)
    assert regions(message, RegionKind.QUOTED).strip() == "> Oud"


def test_outlook_keeps_what_was_said_below_a_head_and_the_subject_says_which_it_is() -> None:
    below = "Zie onder\n\nVan: B\nVerzonden: maandag\nAan: A\nOnderwerp: iets\n\nNaam: Jan\n"
    assert "Naam: Jan" in regions(mail(below, "FW: iets"), RegionKind.FORWARDED)
    assert "Naam: Jan" in regions(mail(below, "RE: iets"), RegionKind.QUOTED)


def test_words_of_thanks_within_a_sentence_end_nothing() -> None:
    message = mail("Bedankt voor de snelle reactie op order 12.\nNaam: Jan\n")
    assert regions(message, RegionKind.SIGNATURE) == ""


def test_html_that_nobody_sees_is_not_read() -> None:
    html = "<style>x</style><p style='display: none'>geheim</p><script>1</script><p>A<br>B &amp; C</p><!-- n -->"
    raw = _HEAD + b"Content-Type: text/html\n\n" + html.encode()
    assert read(raw).parts[0].text.split("\n")[:2] == ["A", "B & C"]


def test_of_alternatives_the_one_with_a_table_is_read() -> None:
    made = EmailMessage()
    made.set_content("Dit is de platte tekst van de mail")
    made.add_alternative("<table><tr><td>Naam</td><td>Jan</td></tr></table>", subtype="html")
    assert [part.kind for part in read(made.as_bytes()).parts] == [PartKind.HTML]
    made = EmailMessage()
    made.set_content("Dit is de platte tekst van de mail")
    made.add_alternative("<p>Dit is de mail</p>", subtype="html")
    assert [part.kind for part in read(made.as_bytes()).parts] == [PartKind.TEXT]


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7\ngarbage", b"%PDF-1.4\n" + b"<<" * 5_000])
def test_a_broken_pdf_is_a_problem_and_no_failure(data: bytes) -> None:
    assert pdf_text.text_of(data) == ("", ProblemCode.UNREADABLE_PDF)
