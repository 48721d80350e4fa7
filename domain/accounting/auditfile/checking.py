"""Whether a file is an audit file: by the schema beside this module, and by its own sums. Read once, as it comes."""

from importlib.resources import files
from pathlib import Path
from typing import Any

from domain.accounting.auditfile.errors import AuditFileRefused
from domain.accounting.auditfile.writing import NAMESPACE, Sums
from domain.accounting.bookings import euros
from domain.accounting.packages.asking import cents

_OPEN = f"{{{NAMESPACE}}}"
_LINE, _COUNTED = f"{_OPEN}trLine", ("linesCount", "totalDebit", "totalCredit")


def check(path: Path) -> Sums:
    """The sums of its lines, which are those that it states. Raises: AuditFileRefused. For a thread of its own."""
    from lxml import etree

    schema = etree.XMLSchema(etree.fromstring(files(__package__).joinpath("xaf-3.2.xsd").read_bytes()))
    found, stated, whole = Sums(), {}, False
    try:
        for _, node in etree.iterparse(
            str(path), events=("end",), schema=schema, resolve_entities=False, no_network=True, load_dtd=False
        ):
            name = node.tag.removeprefix(_OPEN)
            if name in _COUNTED and node.getparent().tag == f"{_OPEN}transactions":
                stated[name] = node.text
            if node.tag == _LINE:
                _add(found, node)
            whole = name == "auditfile"
            if name == "transaction":
                node.clear()
                _forget_earlier(node)
    except etree.XMLSyntaxError as error:
        raise AuditFileRefused(why=str(error)[:300]) from error
    if not whole:
        raise AuditFileRefused(why="it ends too early")
    if _as_stated(found) != stated:
        raise AuditFileRefused(why=f"the lines sum to {_as_stated(found)}, it says {stated}")
    return found


def _add(found: Sums, node: Any) -> None:
    amount = cents(node.findtext(f"{_OPEN}amnt"))
    found.add(amount if node.findtext(f"{_OPEN}amntTp") == "D" else -amount)


def _forget_earlier(node: Any) -> None:
    """What was read is not kept: a year does not have to fit into memory."""
    while (before := node.getprevious()) is not None and before.tag == node.tag:
        node.getparent().remove(before)


def _as_stated(sums: Sums) -> dict[str, str]:
    return {
        "linesCount": str(sums.lines),
        "totalDebit": euros(sums.debit),
        "totalCredit": euros(sums.credit),
    }
