"""The normal form of a value that stands in a text, field by field; nothing where the text holds none."""

import re
from collections.abc import Iterator

import phonenumbers
from rapidfuzz.distance import DamerauLevenshtein

from domain import validation
from domain.errors import DomainError
from domain.mail_reading import words
from domain.mail_reading.addresses import Found

_EMAIL = re.compile(
    r"(?<![\w.+@-])(?:mailto:)?(?P<address>[A-Za-z0-9._%+'-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,5})(?![\w@])"
)
_HIDDEN_EMAIL = re.compile(
    r"(?<![\w.+-])(?P<user>[A-Za-z0-9._%+-]{1,64})\s?[\[(]\s?(?:at|apenstaartje|"
    r"@)\s?[\])]\s?(?P<domain>[A-Za-z0-9-]{1,63}(?:\s?(?:\.|[\[(]\s?(?:dot|"
    r"punt)\s?[\])])\s?[A-Za-z]{2,20}){1,3})",
    re.IGNORECASE,
)
PROVIDERS = frozenset(words.listed("mail_providers"))
_PHONE = re.compile(r"(?<![\w/.-])(?:\+|00)?[\d(][\d ()./-]{7,20}\d(?![\w/-]?\d)")
TOKEN = re.compile(r"(?<![\w./-])#?(?P<token>[A-Za-z0-9](?:[A-Za-z0-9._/-]{0,38}[A-Za-z0-9])?)(?![\w])")
_TITLE = re.compile(
    r"^(?:(?:t\.?a\.?v\.?|attn\.?|(?:(?:de|the|onze|our)\s+)?(?:klant|customer|client))\s+)*"
    r"(?:(?:dhr|mevr|mw|mr|mrs|ms|miss|dr|drs|ing|ir|de heer|heer|mevrouw|meneer|mvr|hr)\b\.?\s*(?:(?:/|"
    r"en|and|&)\s*)?)*",
    re.IGNORECASE,
)
_NAME_END = re.compile(
    r"\s*(?:[,;(|/\t]|(?<=[^\W\d_]{4})\.(?:\s|$)|\s-\s|\s–\s|\bwoont\b|\btel\b|\be-?mail\b|<| {2,}|"
    r"\bop\b (?=de|het)|\s(?:van|"
    r"in) (?=het|de firma))"
)
_NAME_SHAPE = re.compile(
    r"(?:[^\W\d_][\w.'\u2019&+-]*|&|\+|\d[\w.-]*)(?:[ ](?:[^\W\d_(][\w.'\u2019&+-]*|&|\+|\d[\w.-]*)){0,7}"
)
_NUMBER_WORDS = {
    "één": 1, "one": 1, "twee": 2, "two": 2, "drie": 3, "three": 3, "vier": 4, "four": 4, "vijf": 5, "five": 5,
    "zes": 6, "six": 6, "zeven": 7, "seven": 7, "acht": 8, "eight": 8, "negen": 9, "nine": 9, "tien": 10, "ten": 10,
}  # fmt: skip
_QUANTITY = re.compile(
    r"(?<![\w.,-])(?P<number>\d{1,4})(?:[.,]0{1,3})?\s*(?:x\b|×|stuks?\b|st\b\.?|pcs?\b\.?|units?\b|"
    r"pieces?\b|maal\b)?(?![\w-])",
    re.IGNORECASE,
)
MOST = 1_000


def emails_in(text: str) -> Iterator[Found]:
    """Mail addresses; one whose domain is a slip away from that of a large provider is doubted."""
    for found in _EMAIL.finditer(text):
        written = found["address"].rstrip(".'-")
        try:
            value = validation.email(written)
        except DomainError:
            continue
        start = found.start("address")
        yield Found(value, start, start + len(written), 4.0 if _is_slip(value) else 0.0)
    for found in _HIDDEN_EMAIL.finditer(text):
        domain = re.sub(
            r"\s|[\[(]\s?(?:dot|punt)\s?[\])]",
            lambda m: "." if m[0].strip() else "",
            found["domain"],
            flags=re.IGNORECASE,
        )
        try:
            yield Found(validation.email(f"{found['user']}@{domain}"), *found.span(), 3.0, True)
        except DomainError:
            continue


def _is_slip(address: str) -> bool:
    domain = address.partition("@")[2]
    return domain not in PROVIDERS and any(
        DamerauLevenshtein.distance(domain, provider, score_cutoff=1) == 1 for provider in PROVIDERS
    )


def phones_in(text: str) -> Iterator[Found]:
    """Telephone numbers in E.164; national ones are Dutch."""
    for found in _PHONE.finditer(text):
        written = found[0].rstrip(" (./-")
        try:
            number = phonenumbers.parse(written.replace("(0)", ""), "NL")
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            value = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
            yield Found(value, found.start(), found.start() + len(written))


def name_in(text: str) -> Found | None:
    """A person's or a firm's name at the beginning of a text, without how one is addressed."""
    at = _TITLE.match(text)
    start = at.end() if at else 0
    rest = text[start:]
    cut = _NAME_END.search(rest)
    shape = _NAME_SHAPE.match(rest[: cut.start()] if cut else rest)
    if shape is None:
        return None
    name = shape[0].strip(" .,-") + ("." if re.search(r"(?:B\.V|N\.V|\b[A-Z])\.$", shape[0].strip(" ,-")) else "")
    letters = sum(character.isalpha() for character in name)
    if letters < 2 or len(name) > 80 or letters < 0.6 * len(name.replace(" ", "")):
        return None
    doubt = 0.0 if any(character.isupper() for character in name) else 0.8
    if " " not in name:
        doubt += 2.3  # a first name, a title, half of it
    if " te " in name:
        doubt += 2.2  # part of the name, or where somebody lives
    return Found(name, start, start + len(name), doubt)


def token_in(text: str) -> Found | None:
    """A reference at the beginning of a text: letters, digits and marks in one piece, a digit among them."""
    found = TOKEN.match(text.lstrip())
    if found is None:
        return None
    offset = len(text) - len(text.lstrip())
    token = found["token"]
    if not any(character.isdigit() for character in token):
        return None
    rest = text[offset + found.end() :].strip(" .,;)")
    return Found(token, offset + found.start("token"), offset + found.end("token"), 0.0 if not rest else 0.7)


def quantity_in(text: str) -> Found | None:
    """A whole number of pieces from 1, in digits or as a word."""
    for found in _QUANTITY.finditer(text):
        if 1 <= int(found["number"]) <= MOST:
            return Found(str(int(found["number"])), found.start("number"), found.end("number"))
    for word in re.finditer(r"[^\W\d_]+", text):
        if (number := _NUMBER_WORDS.get(word[0].lower())) is not None:
            return Found(str(number), *word.span())
    return None
