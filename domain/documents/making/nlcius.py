"""The fatal rules of NLCIUS 1.0 (SI-UBL 2.0), which EN 16931's own Schematron does not know, under their ids.

Sources: Gebruiksinstructie Basisfactuur, STPE, chapter on business rules, and Peppolautoriteit's `validation`.
BR-NL-5 (tax representatives) and BR-NL-13 (order lines) speak of what our documents never hold. As there, the rules are
for sellers in the Netherlands whose document claims to be NLCIUS.
"""

from collections.abc import Callable, Iterator

from lxml import etree

from domain.documents.errors import Fault

_NLCIUS = "urn:cen.eu:en16931:2017#compliant#urn:fdc:nen.nl:nlcius:v1.0"
_REGISTERS = ("0106", "0190")
"""KvK and OIN."""
_TYPES = {"Invoice": ("380", "384", "389"), "CreditNote": ("381",)}
_MEANS = ("30", "48", "49", "57", "58", "59")
_SPACES = {
    "cac": "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2",
    "cbc": "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2",
}
_SELLER, _BUYER = "cac:AccountingSupplierParty/cac:Party", "cac:AccountingCustomerParty/cac:Party"
_COUNTRY = "cac:PostalAddress/cac:Country/cbc:IdentificationCode"


def faults(root: "etree._Element") -> Iterator[Fault]:
    """What a document in UBL breaks of them."""
    if _text(root, "cbc:CustomizationID") != _NLCIUS or _text(root, f"{_SELLER}/{_COUNTRY}").upper() != "NL":
        return
    for id, holds, text in _RULES:
        if not holds(root):
            yield Fault(id, text)


def _seller_is_registered(root: "etree._Element") -> bool:
    return _is_registered(root, _SELLER)


def _says_what_for(root: "etree._Element") -> bool:
    return bool(_text(root, "cbc:BuyerReference") or _text(root, "cac:OrderReference/cbc:ID"))


def _seller_has_address(root: "etree._Element") -> bool:
    return _has_address(root, _SELLER)


def _buyer_has_address(root: "etree._Element") -> bool:
    return not _is_dutch(root, _BUYER) or _has_address(root, _BUYER)


def _is_of_a_known_type(root: "etree._Element") -> bool:
    return _type(root) in {code for codes in _TYPES.values() for code in codes}


def _type_fits_the_root(root: "etree._Element") -> bool:
    return _type(root) in _TYPES.get(etree.QName(root).localname, ()) or not _is_of_a_known_type(root)


def _correction_names_its_invoice(root: "etree._Element") -> bool:
    return _type(root) != "384" or bool(_text(root, "cac:BillingReference/cac:InvoiceDocumentReference/cbc:ID"))


def _buyer_is_registered(root: "etree._Element") -> bool:
    return not _is_dutch(root, _BUYER) or _is_registered(root, _BUYER)


def _says_how_to_pay(root: "etree._Element") -> bool:
    payable = float(_text(root, "cac:LegalMonetaryTotal/cbc:PayableAmount") or 0)
    owed = etree.QName(root).localname == "Invoice" and payable > 0
    return not owed or root.find("cac:PaymentMeans", _SPACES) is not None


def _is_paid_in_a_known_way(root: "etree._Element") -> bool:
    codes = root.findall("cac:PaymentMeans/cbc:PaymentMeansCode", _SPACES)
    return all((code.text or "").strip() in _MEANS for code in codes)


_RULES: tuple[tuple[str, Callable[["etree._Element"], bool], str], ...] = (
    ("BR-NL-1", _seller_is_registered, "The seller's KvK number (0106) or OIN (0190) is missing."),
    ("BR-NL-2", _says_what_for, "A buyer reference or an order reference is missing."),
    ("BR-NL-3", _seller_has_address, "The seller's address lacks street, city or postal code."),
    ("BR-NL-4", _buyer_has_address, "The Dutch buyer's address lacks street, city or postal code."),
    ("BR-NL-7", _is_of_a_known_type, "The type is none of 380, 381, 384 and 389."),
    ("BR-NL-8", _type_fits_the_root, "The type does not fit an Invoice or a CreditNote, whichever it is."),
    ("BR-NL-9", _correction_names_its_invoice, "A correction does not say which invoice it corrects."),
    ("BR-NL-10", _buyer_is_registered, "The Dutch buyer's KvK number (0106) or OIN (0190) is missing."),
    ("BR-NL-11", _says_how_to_pay, "Something is to be paid, and how is missing."),
    ("BR-NL-12", _is_paid_in_a_known_way, "The means of payment is none of 30, 48, 49, 57, 58 and 59."),
)


def _is_registered(root: "etree._Element", party: str) -> bool:
    found = root.findall(f"{party}/cac:PartyLegalEntity/cbc:CompanyID", _SPACES)
    return any(id.get("schemeID") in _REGISTERS and (id.text or "").strip() for id in found)


def _has_address(root: "etree._Element", party: str) -> bool:
    parts = ("StreetName", "CityName", "PostalZone")
    return all(_text(root, f"{party}/cac:PostalAddress/cbc:{part}") for part in parts)


def _is_dutch(root: "etree._Element", party: str) -> bool:
    return _text(root, f"{party}/{_COUNTRY}").upper() == "NL"


def _type(root: "etree._Element") -> str:
    return _text(root, "cbc:InvoiceTypeCode") or _text(root, "cbc:CreditNoteTypeCode")


def _text(root: "etree._Element", path: str) -> str:
    return (root.findtext(path, namespaces=_SPACES) or "").strip()
