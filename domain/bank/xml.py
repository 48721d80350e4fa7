"""Reading XML of others: no document type, no entity, nothing fetched, bounded."""

import re
from typing import TYPE_CHECKING

from domain.bank.errors import BankFileTooLarge, BankFileUnreadable, BankFileUnsafe

if TYPE_CHECKING:
    from lxml.etree import _Element

MOST_BYTES = 10 * 1024 * 1024
_DECLARATION = re.compile(rb"<!\s*(DOCTYPE|ENTITY|ELEMENT|ATTLIST|NOTATION)", re.IGNORECASE)
_ENCODINGS = frozenset({"utf-8", "us-ascii", "ascii", "iso-8859-1", "iso-8859-15", "windows-1252"})
"""Of these a document type is seen in the bytes, before anything is parsed."""


def parse(data: bytes) -> "_Element":
    """The root element. Raises: BankFileTooLarge, BankFileUnsafe, BankFileUnreadable."""
    from lxml import etree  # the API does not need it before somebody sends a file

    if len(data) > MOST_BYTES:
        raise BankFileTooLarge(maximum=MOST_BYTES)
    if b"\x00" in data:  # UTF-16 and UTF-32
        raise BankFileUnreadable(line=1)
    if _DECLARATION.search(data):
        raise BankFileUnsafe()
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise BankFileUnreadable(line=error.lineno or 1) from None
    _refuse_disguised(root)
    return root


def _refuse_disguised(root: "_Element") -> None:
    info = root.getroottree().docinfo
    if (info.encoding or "utf-8").lower() not in _ENCODINGS:
        raise BankFileUnreadable(line=1)
    if info.internalDTD is not None:
        raise BankFileUnsafe()
