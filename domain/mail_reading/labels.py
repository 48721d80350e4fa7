"""Words that say what stands beside them, in Dutch and English."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

from domain.mail_reading import fields as f

ADDRESS = "address"
"""Street and number, perhaps with postcode and place."""
PLACE = "place"
"""Postcode and place together."""
NUMBERED_STREET = "numbered street"
REACH = "reach"
"""A telephone number, a mail address, or both."""
FIRST_NAME, INFIX, LAST_NAME = "first name", "infix", "last name"
ADDITION = "addition"
PRODUCT = "product"
"""How many of what."""
IGNORED = ""
"""Something that is not of the order: who sells, who pays, what it costs."""

COVERS = {
    ADDRESS: frozenset({f.STREET, f.HOUSE_NUMBER, f.POSTCODE, f.CITY}),
    NUMBERED_STREET: frozenset({f.STREET, f.HOUSE_NUMBER}),
    PLACE: frozenset({f.POSTCODE, f.CITY}),
    f.STREET: frozenset({f.STREET, f.HOUSE_NUMBER}),
    f.CITY: frozenset({f.POSTCODE, f.CITY}),
    f.POSTCODE: frozenset({f.POSTCODE, f.CITY}),
    REACH: frozenset({f.PHONE, f.EMAIL}),
    **{part: frozenset({f.NAME}) for part in (FIRST_NAME, INFIX, LAST_NAME)},
    ADDITION: frozenset({f.HOUSE_NUMBER}),
    PRODUCT: frozenset(f.PRODUCT_FIELDS),
}
"""The fields that stand beside labels of more than one."""
_STRONG = {
    f.ORDER_ID: "ordernummer|ordernr|order nr|order no|order number|order id|orderid|order #|opdrachtnummer|opdrachtnr|"
    "bestelnummer|bestelnr|bestelling nr|bestellingnummer|bestelbonnummer|partner order id|partnerorder|partner order|"
    "our order|our order number|ons ordernummer|onze order|onze order nr|opdracht nr|werkordernummer|werkbonnummer|"
    "aanvraagnummer|dossiernummer|projectnummer|job number|request number|your reference order|partner ordernummer",
    f.NAME: "naam|name|klant|klantnaam|naam klant|naam van de klant|customer|customer name|name customer|naam bewoner|"
    "bewoner|naam eindklant|eindklant|end customer|eindgebruiker|end user|naam aanvrager|naam contactpersoon klant|"
    "volledige naam|full name|client|client name|contact klant|contactpersoon klant|naam consument|consument|"
    "contactpersoon op locatie|site contact|contact on site|opdrachtgever naam|naam e-rijder|berijder|naam berijder|"
    "driver|driver name|name of customer|name of the customer|naam en voorletters|voorletters en naam|resident",
    f.EMAIL: "e-mail|email|mail|e-mailadres|emailadres|mailadres|e-mail klant|email klant|email address|e-mail address|"
    "customer email|e-mailadres klant|emailadres klant|mail klant|customer e-mail|mailadres klant",
    f.PHONE: "telefoon|tel|telefoonnummer|telefoonnr|telnr|tel nr|tel.nr|mobiel|mobiele nummer|mobiel nummer|mob|gsm|"
    "phone|phone number|mobile|mobile number|mobile phone|cell|telephone|telefoon klant|telefoonnummer klant|"
    "tel klant|customer phone|06|06 nummer|06-nummer|mobielnummer|contact number|telephone number|t|m|bereikbaar op|"
    "telefonisch bereikbaar op|te bereiken op",
    f.STREET: "straat|straatnaam|street|street name",
    f.HOUSE_NUMBER: "huisnummer|huisnr|huis nr|house number|house no|house nr|nr|no|nummer|number|huisnummer en toevoeging|"
    "huisnummer + toevoeging|huisnummer/toevoeging|huisnr toev",
    f.POSTCODE: "postcode|pc|zip|zip code|zipcode|postal code|post code|postcode installatieadres",
    f.CITY: "plaats|woonplaats|stad|city|town|plaatsnaam|place|gemeente",
    f.PREFERRED_DATE: "gewenste datum|voorkeursdatum|voorkeur datum|datum voorkeur|gewenste installatiedatum|"
    "gewenste plaatsingsdatum|gewenste leverdatum|installatiedatum|plaatsingsdatum|uitvoerdatum|uitvoeringsdatum|"
    "preferred date|preferred installation date|desired date|installation date|requested date|requested installation date|"
    "wensdatum|gewenste uitvoerdatum|voorkeursdatum installatie|voorkeur installatiedatum|requested day|preferred day|"
    "datum installatie|gewenste dag|voorkeursdag|voorkeur",
    f.NOTES: "opmerking|opmerkingen|bijzonderheden|toelichting|notitie|notities|notes|note|remarks|remark|comments|comment|"
    "instructies|extra informatie|aanvullende informatie|overige opmerkingen|let op|nb|n.b|additional information|"
    "special instructions|instructions|site notes|bericht klant|opmerking klant|opmerkingen klant|situatie",
    f.DEALER_GROUP: "dealergroep|dealer groep|dealergroep id|dealergroepnummer|dealer group|dealer group id|dealer group no|"
    "dealergroepid|dealer_group_id|dealer id|dealernummer|dealernr|dealer nr|dealer number|dealercode|dealer code",
    f.PURCHASE_ORDER: "po|po nummer|po-nummer|po nr|po number|po no|ponummer|po #|purchase order|purchase order number|"
    "purchase order no|inkooporder|inkoopordernummer|inkoopnummer|inkooporder nr|inkoopordernr|inkoopreferentie",
    f.CUSTOMER_ACCOUNT: "klantnummer|klantnr|klant nr|klant id|klantid|customer account|customer number|customer no|"
    "customer id|account number|accountnummer|debiteurnummer|debiteurnr|debiteur|account|account no|relatienummer|"
    "relatienr|customer account number|klant-id",
    f.SKU: "artikelnummer|artikelnr|artikel nr|artikelcode|art nr|art.nr|art|sku|productcode|product code|productnummer|"
    "article number|article no|item number|item no|item code|part number|part no|artnr|product nr|partner sku|code|"
    "article code|bestelcode",
    f.QUANTITY: "aantal|quantity|qty|aant|hoeveelheid|aantal stuks|number of units|units|stuks|st|amount|pcs|count",
    f.DESCRIPTION: "omschrijving|description|artikelomschrijving|productomschrijving|product description|"
    "item description|productnaam|product name",
    ADDRESS: "adres|address|installatieadres|installatie adres|installation address|site address|plaatsingsadres|"
    "uitvoeringsadres|werkadres|locatie|location|adres klant|klantadres|customer address|leveradres|afleveradres|"
    "delivery address|montageadres|adres installatie|adresgegevens|home address|woonadres|opstellocatie|"
    "installatielocatie|plaats van uitvoering|bezoekadres klant",
    NUMBERED_STREET: "straat en huisnummer|straat + huisnummer|straat en nummer|straat/huisnummer|straat + nr|straat & nr|"
    "straat en huisnr|straat + huisnr|straat & huisnummer|street and number|street and house number|street + number|"
    "street & number|straat en nr|straat/nr|street address|adresregel|address line|address line 1|straat nr",
    PLACE: "postcode en plaats|postcode/plaats|postcode + plaats|pc/plaats|postcode & plaats|pc + plaats|pc en plaats|"
    "postcode en woonplaats|postcode/woonplaats|postcode + woonplaats|postcode & woonplaats|postcode plaats|"
    "postcode woonplaats|postal code and city|postal code / city|postcode / city|zip/city|postcode and city|"
    "postal code + city|postcode and town|zip and city|pc plaats|pc/woonplaats",
    REACH: "contact|contactgegevens klant|telefoon/e-mail|tel/mail|bereikbaar via|telefoon en e-mail|contact details|"
    "tel/email|telefoon / email|phone/email|phone and email|phone & email|contactgegevens|tel + mail|tel en mail|"
    "telefoon + e-mail",
    FIRST_NAME: "voornaam|voornamen|first name|voorletters|initials|firstname|given name",
    INFIX: "tussenvoegsel|tussenvoegsels|tv|infix|tussenv",
    LAST_NAME: "achternaam|last name|surname|lastname|familienaam|family name",
    ADDITION: "toevoeging|huisnummertoevoeging|toev|addition|house number addition|suffix|huisletter|huisnr toevoeging",
    PRODUCT: "product|producten|products|artikel|artikelen|article|item|items|bestelling|besteld|laadpaal|laadpunt|laadstation|"
    "charger|charge point|wallbox|te leveren|levering|te plaatsen|te installeren|gevraagd|betreft product|order lines|"
    "materiaal|type laadpaal|type lader|charging station|gewenst product|lader|gekozen laadpaal|type|pakket|package",
    IGNORED: "factuuradres|factuurgegevens|invoice address|billing address|bill to|factuur naar|factureren aan|afzender|"
    "sender|verkoper|sales|salesperson|sold by|accountmanager|account manager|dealer|dealer contact|contactpersoon dealer|"
    "contactpersoon|contact person|onze contactpersoon|our contact|behandeld door|ingevoerd door|handled by|adviseur|advisor|"
    "kvk|kvk-nummer|kvk nummer|kvknr|btw|btw-nummer|btw nummer|btw nr|vat|vat number|iban|bic|website|web|www|fax|"
    "orderdatum|besteldatum|order date|datum|date|aanvraagdatum|datum aanvraag|invoerdatum|datum opdracht|opdrachtdatum|"
    "datum order|verkoopdatum|akkoord op|prijs|price|bedrag|totaal|total|subtotaal|unit price|stukprijs|excl btw|incl btw|"
    "offertenummer|quote number|offerte|factuurnummer|invoice number|kenteken|license plate|merk auto|auto|car|leasemaatschappij|"
    "lease company|meterkast|aansluiting|netaansluiting|main connection|fuse|afstand|distance|wifi|aantal fasen|fasen|"
    "phases|bedrijf|company|bedrijfsnaam|company name|afdeling|department|functie|tijd|time|tijdstip|dagdeel|van|from|aan|to|"
    "cc|bcc|onderwerp|subject|verzonden|sent|betreft|re|regarding|status|land|country|geboortedatum|date of birth|"
    "vestiging|branch|filiaal|e-mail dealer|email dealer|telefoon dealer|dealer email|dealer phone|e-mail verkoper|"
    "telefoon verkoper|e-mail adviseur|telefoon adviseur|kantoor|office|btw nr|adres dealer|dealer address|"
    "naam dealer|dealer name|naam verkoper|monteur|installateur|planner|ean|ean-code|ean code|meternummer|serienummer|"
    "serial number|bouwjaar|type woning|kleur|colour|color|kabellengte|cable length|levertijd|garantie|geldig tot|"
    "ons kenmerk intern|ticket|ticketnummer|ticket number|ticket no|urgentie|prioriteit|priority|taal|language|"
    "vorige order|previous order|oude order|old order|vervangt order|replaces order|eerdere order|noodnummer|emergency",
}
_WEAK = {
    f.ORDER_ID: "order|opdracht|referentie|ref|reference|kenmerk|ons kenmerk|onze referentie|our reference|our ref|"
    "uw referentie|your reference|your ref|ref nr|ref no|referentienummer|reference number|bestelreferentie|order reference|"
    "order ref|partner reference|dossier|project|onze ref|bestelkenmerk|orderreferentie|zaaknummer",
    f.NAME: "heer|mevrouw|dhr|mevr|mw|aanvrager|de heer|requester|gegevens klant|huurder|eigenaar|owner|tenant",
    f.PREFERRED_DATE: "planning|gewenst|wanneer|when|leverdatum|delivery date|uitvoering|gewenste week|gewenste periode",
    f.NOTES: "info|informatie|extra|overig|memo|wensen|other",
    f.DESCRIPTION: "betreft artikel|merk|model",
    f.CUSTOMER_ACCOUNT: "contractnummer|contract number|contractnr",
    f.PHONE: "bereikbaar|contacttelefoon",
}
_HEADINGS = {
    "customer": "klantgegevens|gegevens klant|klant|customer|customer details|customer information|customer data|eindklant|"
    "gegevens eindklant|contactgegevens klant|installatieadres|installatie adres|installation address|installatielocatie|"
    "gegevens bewoner|bewoner|end customer|site|site details|locatie|adresgegevens|naw|naw-gegevens|naw gegevens|"
    "plaatsingsadres|gegevens installatieadres|gegevens|details|end user|gegevens berijder|berijder",
    "other": "factuuradres|factuurgegevens|factuur|facturatie|invoice address|billing address|billing|billing details|"
    "invoice details|dealer|dealergegevens|gegevens dealer|dealer details|verkoper|gegevens verkoper|aanvrager|partner|"
    "gegevens partner|opdrachtgever|gegevens opdrachtgever|afzender|sold by|bill to|invoice to|factuur aan|leverancier|supplier|"
    "contactpersoon dealer|reseller|our details|onze gegevens|verkoopadviseur|accountmanager|account manager|leasemaatschappij",
    "products": "producten|product|products|artikelen|bestelling|bestelde artikelen|order lines|orderregels|items|items ordered|"
    "ordered items|besteld|te leveren|materialen|levering|order items|productgegevens|articles",
    "order": "order|ordergegevens|order details|opdracht|opdrachtgegevens|planning|installatie|installation|overig|algemeen|"
    "general|referenties|references|technisch|technische gegevens",
}
_PUNCTUATION = re.compile(r"[*_:.•·()\[\]\"'`]+|^[-–>#\s]+")
_SPACE = re.compile(r"\s+")
_LONGEST = 45


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a label says: a path, a composite of this module, or IGNORED; `certainty` of the words, 0 to 1."""

    path: str
    certainty: float
    weight: float | None = None
    """In log-odds where it was learned."""


def normal(words: str) -> str:
    """A label without accents, capitals, punctuation and outer space."""
    plain = unicodedata.normalize("NFKD", words.casefold())
    bare = "".join(character for character in plain if not unicodedata.combining(character))
    return _SPACE.sub(" ", _PUNCTUATION.sub(" ", bare)).strip(" -–=/,;")


def _read(words: dict[str, str], certainty: float) -> dict[str, Meaning]:
    return {normal(label): Meaning(path, certainty) for path, labels in words.items() for label in labels.split("|")}


_WORDS = {**_read(_WEAK, 0.6), **_read(_STRONG, 1.0)}
_SECTIONS = {normal(label): section for section, labels in _HEADINGS.items() for label in labels.split("|")}
_BY_LENGTH: dict[int, list[str]] = {}
for _label in _WORDS:
    _BY_LENGTH.setdefault(len(_label), []).append(_label)
_SHORTEST_MISSPELT = 5


def covers(path: str, field: str) -> bool:
    """Whether a field is read beside a label of that meaning."""
    return field == path or field in COVERS.get(path, ())


def joined(path: str, field: str) -> str:
    """The meaning of a label that has both beside it; that of the field alone where there is none."""
    return next(
        (whole for whole in (PLACE, NUMBERED_STREET, ADDRESS, REACH) if {path, field} <= COVERS[whole] | {whole}), field
    )


@lru_cache(4096)
def meaning(words: str, exactly: bool = False) -> Meaning | None:
    """What a label means; a misspelt one less certainly."""
    if not words.strip() or len(words) > _LONGEST:
        return None
    label = normal(words)
    return _WORDS.get(label) or (None if exactly else _misspelt(label))


def _misspelt(label: str) -> Meaning | None:
    """One slip in five letters, two in ten; nothing where words of different meaning are as close."""
    most = min(2, len(label) // _SHORTEST_MISSPELT)
    if most == 0 or not label[0].isalpha():
        return None
    lengths = range(max(_SHORTEST_MISSPELT, len(label) - most), len(label) + most + 1)
    words = [word for length in lengths for word in _BY_LENGTH.get(length, ())]
    close = process.extract(label, words, scorer=DamerauLevenshtein.distance, score_cutoff=most, limit=4)
    paths = {_WORDS[word].path for word, distance, _ in close if distance == close[0][1]}
    return Meaning(paths.pop(), 0.5) if len(paths) == 1 else None


def section(words: str) -> str | None:
    """Which section a heading begins: customer, other, products, order."""
    return _SECTIONS.get(normal(words)) if len(words) <= _LONGEST else None
