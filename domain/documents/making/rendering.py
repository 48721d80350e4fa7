"""PDF/A-3b by typst: the same data give the same bytes. A compiler belongs to the thread that made it."""

import json
import threading
from datetime import UTC, date, datetime, time
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import typst

from domain.documents.making.layout import Layout
from domain.documents.making.statements import statement_data
from domain.documents.printable import PrintableInvoice, PrintableStatement

_TEMPLATES = Path(__file__).parent / "templates"
_STANDARD: Literal["a-3b"] = "a-3b"
_own = threading.local()


def invoice_pdf(invoice: PrintableInvoice, ubl: bytes = b"") -> bytes:
    """The invoice, with its electronic form as an associated file where given."""
    return _pdf("invoice.typ", Layout(invoice).data(), invoice.issued_on, xml=ubl.decode())


def statement_pdf(statement: PrintableStatement) -> bytes:
    """A statement of account, or a reminder with one."""
    return _pdf("statement.typ", statement_data(statement), statement.on)


def page_images(invoice: PrintableInvoice, ppi: float = 110) -> list[bytes]:
    """Its pages as PNG."""
    inputs = {"data": json.dumps(Layout(invoice).data()), "xml": ""}
    made = _compiler("invoice.typ").compile(format="png", ppi=ppi, sys_inputs=inputs)
    return made if isinstance(made, list) else [made or b""]


def _pdf(template: str, data: dict[str, Any], on: date, xml: str = "") -> bytes:
    made = _compiler(template).compile(
        format="pdf",
        sys_inputs={"data": json.dumps(data), "xml": xml},
        pdf_standards=_STANDARD,
        timestamp=datetime.combine(on, time(12), UTC),
    )
    if not isinstance(made, bytes):
        raise TypeError("typst gave no PDF")
    return made


def _compiler(template: str) -> typst.Compiler:
    kept: dict[str, typst.Compiler] = _own.__dict__.setdefault("compilers", {})
    if template not in kept:
        kept[template] = typst.Compiler(
            input=_TEMPLATES / template, root=_TEMPLATES, font_paths=[_fonts()], ignore_system_fonts=True
        )
    return kept[template]


def _fonts() -> Path:
    spec = find_spec("font_source_sans_pro")
    if spec is None or not spec.submodule_search_locations:
        raise LookupError("font-source-sans-pro is not installed")
    return Path(spec.submodule_search_locations[0]) / "files"
