"""The seal of an issued document: SHA-256 over its canonical form, so that a change behind our back is found."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import inspect

from domain.invoices.models import CREDITED, SETTLED, Invoice, InvoiceLine
from domain.proofs.canonical import Json, canonical, plain

_LEFT_OUT = {*SETTLED, "open_cents", "created_at", "sealed_sha256"}
_HEAD = tuple(sorted(column.key for column in inspect(Invoice).columns if column.key not in _LEFT_OUT))
_LINE = tuple(
    sorted(column.key for column in inspect(InvoiceLine).columns if column.key not in {*CREDITED, "created_at"})
)


def seal(head: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]) -> bytes:
    """The seal of a document from its columns and those of its lines, by position."""
    ordered = sorted(lines, key=lambda line: line["position"])
    document: Json = {
        "invoice": {name: plain(head.get(name)) for name in _HEAD},
        "lines": [{name: plain(line.get(name)) for name in _LINE} for line in ordered],
    }
    return hashlib.sha256(canonical(document)).digest()


def is_sealed(invoice: Invoice, lines: Sequence[InvoiceLine]) -> bool:
    """Whether a stored document is the one that was issued."""
    head = {name: getattr(invoice, name) for name in _HEAD}
    return seal(head, [{name: getattr(line, name) for name in _LINE} for line in lines]) == invoice.sealed_sha256
