"""Documents as they were last accepted. `python -m tests.domain.documents.golden` accepts them as they are now."""

import io
from collections.abc import Iterator
from pathlib import Path

from pypdf import PdfReader

from domain.documents.making.whole import make
from domain.documents.printable import PrintableInvoice
from tests.domain.documents import samples

FOLDER = Path(__file__).parent / "golden"


def cases() -> Iterator[tuple[str, PrintableInvoice]]:
    """By name: the worked cases of the channel, reverse charge, a month, a credit that does not divide evenly."""
    for placed_at in samples.CHAINS:
        yield f"channel-{placed_at}-customer", samples.channel_order(placed_at)
        for level, commission in enumerate(samples.commissions(placed_at), start=1):
            yield f"channel-{placed_at}-commission-{level}", commission
    yield "consumer", samples.PLAIN
    yield "abroad", samples.ABROAD
    yield "subcontracted", samples.SUBCONTRACTED
    yield "collective", samples.COLLECTIVE
    yield "uneven", samples.UNEVEN
    yield "uneven-credit", samples.credit_of_one_of_three()


def text_of(pdf: bytes) -> str:
    """What a reader sees, page by page."""
    pages = (page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)
    return "\f".join("\n".join(line.rstrip() for line in page.splitlines()) for page in pages) + "\n"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, invoice in cases():
        made = make(invoice)
        (FOLDER / f"{name}.xml").write_bytes(made.ubl)
        (FOLDER / f"{name}.txt").write_text(text_of(made.pdf), encoding="utf-8")
