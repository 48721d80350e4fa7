"""Files for the bank: pain.008.001.08 (collections) and pain.001.001.09 (payouts), held to their XML schemas."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from domain.bank.errors import FileRefused
from domain.bank.sepa_text import sepa_id, sepa_text

if TYPE_CHECKING:
    from lxml.etree import XMLSchema, _Element

COLLECTIONS = "pain.008.001.08"
PAYOUTS = "pain.001.001.09"
_LONGEST_NAME, _LONGEST_TEXT = 70, 140


@dataclass(frozen=True, slots=True)
class Party:
    """The business entity as the file names it."""

    name: str
    iban: str
    creditor_id: str | None = None
    """Incassant-ID (AT-02); collections need it."""


@dataclass(frozen=True, slots=True)
class Collection:
    """One direct debit, in cents."""

    name: str
    iban: str
    bic: str | None
    cents: int
    mandate: str
    signed_on: date
    sequence_type: str
    """`FRST`, `RCUR` or `OOFF`"""
    end_to_end_id: str
    description: str


@dataclass(frozen=True, slots=True)
class Payout:
    """One credit transfer, in cents."""

    name: str
    iban: str
    cents: int
    end_to_end_id: str
    description: str


def collections_file(
    creditor: Party, scheme: str, collect_on: date, message_id: str, wanted: Sequence[Collection]
) -> bytes:
    """pain.008 of one scheme and day, a payment information block per sequence type. Raises: FileRefused."""
    from sepaxml import SepaDD  # type: ignore[import-untyped]  # ships no types

    config = _config(creditor) | {"creditor_id": creditor.creditor_id, "instrument": scheme}
    made = SepaDD(config, schema=COLLECTIONS, clean=False)
    for each in wanted:
        bic = {"BIC": each.bic} if each.bic else {}
        mandate = {"mandate_id": sepa_id(each.mandate), "mandate_date": each.signed_on, "type": each.sequence_type}
        made.add_payment(_payment(each) | mandate | {"collection_date": collect_on} | bic)
    return _finished(made.export(validate=False), COLLECTIONS, message_id)


def payouts_file(debtor: Party, execute_on: date, message_id: str, wanted: Sequence[Payout]) -> bytes:
    """pain.001 of one day. Raises: FileRefused."""
    from sepaxml import SepaTransfer

    made = SepaTransfer(_config(debtor), schema=PAYOUTS, clean=False)
    for each in wanted:
        made.add_payment(_payment(each) | {"execution_date": execute_on})
    return _finished(made.export(validate=False), PAYOUTS, message_id)


def _config(own: Party) -> dict[str, Any]:
    return {"name": sepa_text(own.name, _LONGEST_NAME), "IBAN": own.iban, "batch": True, "currency": "EUR"}


def _payment(each: Collection | Payout) -> dict[str, Any]:
    return {
        "name": sepa_text(each.name, _LONGEST_NAME),
        "IBAN": each.iban,
        "amount": each.cents,
        "description": sepa_text(each.description, _LONGEST_TEXT),
        "endtoend_id": sepa_id(each.end_to_end_id),
    }


def _finished(data: bytes, message: str, message_id: str) -> bytes:
    """With identifiers of ours instead of random ones, so that the bank's answers are recognized."""
    from lxml import etree

    root = etree.fromstring(data)
    space = f"{{urn:iso:std:iso:20022:tech:xsd:{message}}}"
    _name(root.iter(f"{space}MsgId"), [sepa_id(message_id)])
    blocks = [*root.iter(f"{space}PmtInfId")]
    _name(blocks, [sepa_id(f"{message_id}-{number}") for number, _ in enumerate(blocks, start=1)])
    _say_that_banks_are_left_out(root, space)
    _check(root, message)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _say_that_banks_are_left_out(root: "_Element", space: str) -> None:
    """An IBAN is enough; where there is no BIC, EPC's guidelines want NOTPROVIDED."""
    from lxml import etree

    for institution in root.iter(f"{space}FinInstnId"):
        if not len(institution):
            other = etree.SubElement(institution, f"{space}Othr")
            etree.SubElement(other, f"{space}Id").text = "NOTPROVIDED"


def _name(elements: Iterable["_Element"], ids: Sequence[str]) -> None:
    for element, id in zip(elements, ids, strict=True):
        element.text = id


def _check(root: "_Element", message: str) -> None:
    schema = _schema(message)
    if not schema.validate(root):
        raise FileRefused(why=str(schema.error_log)[:300])


@lru_cache(maxsize=4)
def _schema(message: str) -> "XMLSchema":
    """The ISO 20022 schema of a message, as sepaxml brings it along."""
    import sepaxml
    from lxml import etree

    return etree.XMLSchema(etree.parse(str(Path(sepaxml.__file__).parent / "schemas" / f"{message}.xsd")))
