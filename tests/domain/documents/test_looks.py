"""What brands look like on paper."""

import io
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from pypdf import PdfReader

from domain.documents.logos import LARGEST, logo_of
from domain.documents.making import looks
from domain.documents.making.rendering import invoice_pdf, page_images, statement_pdf
from domain.documents.making.words import words_of
from domain.documents.printable import EntryKind, Logo, LogoFormat, PrintableStatement, StatementEntry
from tests.domain.documents import samples
from tests.domain.documents.golden import text_of

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10"><circle cx="5" cy="5" r="5" fill="#f00"/></svg>'


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("#0057d9", "#0057d9"),
        ("#036", "#003366"),
        ("rgb(0 87 217)", "#0057d9"),
        ("hsl(0, 100%, 30%)", "#990000"),
        ("", looks.PLAIN_COLOUR),
        ("url(x)", looks.PLAIN_COLOUR),
    ],
)
def test_colours_of_themes_are_read(given: str, shown: str) -> None:
    assert looks.colour(given) == shown


def test_a_colour_too_light_for_paper_is_darkened() -> None:
    assert looks.colour("#ffffff") < "#a0a0a0"
    assert looks.colour("#f59e0b") not in ("#f59e0b", looks.PLAIN_COLOUR)


def test_both_languages_have_the_same_words() -> None:
    def names(words: object, path: str = "") -> set[str]:
        if not isinstance(words, dict):
            return {path}
        return {name for key, value in words.items() for name in names(value, f"{path}.{key}")}

    assert names(words_of("nl")) == names(words_of("en"))


def test_a_logo_is_read_from_this_machine_only(tmp_path: Path) -> None:
    folder = tmp_path / "logos"
    folder.mkdir()
    assert logo_of(tmp_path, "brand.example") is None
    (folder / "brand.example.svg").write_bytes(SVG)
    (folder / "large.example.png").write_bytes(b"x" * (LARGEST + 1))
    assert logo_of(tmp_path, "brand.example") == Logo(LogoFormat.SVG, SVG)
    assert logo_of(tmp_path, "large.example") is None
    assert logo_of(tmp_path, "../logos/brand.example") is None


def test_a_logo_takes_the_place_of_the_mark() -> None:
    with_logo = replace(samples.PLAIN, look=replace(samples.LOOK, logo=Logo(LogoFormat.SVG, SVG)))
    assert "L LaderThuis" in text_of(invoice_pdf(samples.PLAIN))
    assert "L LaderThuis" not in text_of(invoice_pdf(with_logo))
    page = page_images(with_logo, ppi=40)[0]
    assert page.startswith(b"\x89PNG")
    assert page != page_images(samples.PLAIN, ppi=40)[0]


def test_a_long_invoice_repeats_its_head_and_numbers_its_pages() -> None:
    invoice = samples.invoice(*(samples.line(f"Artikel {number}", "1", 100) for number in range(90)))
    pages = text_of(invoice_pdf(invoice)).split("\f")
    assert [f"Pagina {at} van {len(pages)}" in page for at, page in enumerate(pages, start=1)] == [True] * len(pages)
    assert all("Omschrijving Aantal Prijs Btw Bedrag" in page for page in pages[:-1])
    assert len(pages) == 3


def test_markup_in_a_description_is_text() -> None:
    nasty = samples.line('#eval("1") $x$ *b* @ref <tag> \\ [a] // c', "1", 100)
    text = text_of(invoice_pdf(samples.invoice(nasty)))
    assert '#eval("1") $x$ *b* @ref <tag> \\ [a] // c' in text


def test_a_statement_shows_the_account() -> None:
    entries = (
        StatementEntry(date(2026, 3, 2), EntryKind.INVOICE, "LT-2026-00001", 172_227, 72_227, date(2026, 3, 16)),
        StatementEntry(date(2026, 3, 20), EntryKind.PAYMENT, "LT-P-2026-00004", -100_000),
    )
    statement = PrintableStatement(
        language="en",
        currency="EUR",
        on=date(2026, 3, 31),
        since=date(2026, 3, 1),
        seller=samples.SELLER,
        customer=samples.PARTNER,
        look=samples.LOOK,
        opening_cents=0,
        entries=entries,
        closing_cents=72_227,
        overdue_cents=72_227,
        letter="Dear customer,\n\nThis is open.",
        payment_reference="RF63LT202600001",
    )
    made = statement_pdf(statement)
    text = text_of(made)
    for said in ("Statement of account", "Invoice LT-2026-00001", "€722.27", "Of which overdue", "This is open."):
        assert said in text
    assert made == statement_pdf(statement)
    assert len(PdfReader(io.BytesIO(made)).pages) == 1
