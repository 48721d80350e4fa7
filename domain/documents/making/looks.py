"""A brand's looks in the template's terms."""

import colorsys
import re
from typing import Any

from domain.documents.printable import Look, Party
from domain.errors import language_of

PLAIN_COLOUR = "#1f4e79"
"""Of brands whose theme names none that we can read."""
_LONGEST_SMALL_PRINT = 240
_HEX = re.compile(r"#([0-9a-f]{3,8})", re.IGNORECASE)
_NUMBERS = re.compile(r"([0-9.]+)(%|deg)?")
_DARKEST_CONTRAST = 3.0
"""Large text on paper has to stand out at least so much (WCAG 2, 1.4.3)."""


def colour(given: str) -> str:
    """`#rrggbb` of a colour of a theme (hex, rgb(), hsl()), darkened until it can be read on paper."""
    red, green, blue = _parsed(given) or _parsed(PLAIN_COLOUR) or (0.0, 0.0, 0.0)
    hue, light, saturation = colorsys.rgb_to_hls(red, green, blue)
    while _contrast(red, green, blue) < _DARKEST_CONTRAST:
        light -= 0.02
        red, green, blue = colorsys.hls_to_rgb(hue, light, saturation)
    return "#" + "".join(f"{round(255 * part):02x}" for part in (red, green, blue))


def _parsed(given: str) -> tuple[float, float, float] | None:
    if match := _HEX.fullmatch(given):
        digits = match[1]
        parts = [digit * 2 for digit in digits] if len(digits) < 6 else [digits[at : at + 2] for at in (0, 2, 4)]
        return (int(parts[0], 16) / 255, int(parts[1], 16) / 255, int(parts[2], 16) / 255)
    numbers = [(float(value), unit) for value, unit in _NUMBERS.findall(given)][:3]
    if len(numbers) < 3:
        return None
    if given.lower().startswith("hsl"):
        (hue, _), (saturation, _), (light, _) = numbers
        return colorsys.hls_to_rgb(hue % 360 / 360, min(light / 100, 1), min(saturation / 100, 1))
    first, second, third = (min(value / (100 if unit == "%" else 255), 1) for value, unit in numbers)
    return (first, second, third) if given.lower().startswith("rgb") else None


def _contrast(red: float, green: float, blue: float) -> float:
    """Against white, WCAG 2."""
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in (red, green, blue)]
    return 1.05 / (0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05)


def look(given: Look) -> dict[str, Any]:
    """The letterhead."""
    logo = given.logo
    return {
        "brand": given.brand,
        "initial": given.brand[:1].upper(),
        "colour": colour(given.primary),
        "contact": [part for part in (given.website, given.email, phone(given.phone)) if part],
        "logo": list(logo.content) if logo else [],
        "logo_format": logo.format.value if logo else "",
    }


def footer(party: Party, words: dict[str, Any]) -> list[list[str]]:
    """Who is behind the document, as art. 2:186 BW and the VAT act ask for it: two lines of parts."""
    where = [party.registered_name, ", ".join(address(party, "nl")[1:])]
    numbers = (
        (words["kvk"], party.kvk_number),
        (words["vat_number"], party.vat_number),
        (words["iban"], iban(party.iban)),
    )
    known = [unbroken(f"{name} {number}") for name, number in numbers if number]
    return [line for line in ([part for part in where if part], known) if line]


def address(party: Party, language: str) -> list[str]:
    """Name and address, a line each; the country where it is another than ours."""
    postal = party.postal_code
    if party.country == "NL" and re.fullmatch(r"[0-9]{4}[A-Z]{2}", postal):
        postal = f"{postal[:4]} {postal[4:]}"
    town = f"{postal}  {party.city}".strip()
    abroad = country_name(party.country, language) if party.country != "NL" else ""
    return [part for part in (party.registered_name, party.street_line, town, abroad) if part]


def country_name(code: str, language: str) -> str:
    """The country in the document's language; its code where there is no name for it."""
    from babel import Locale

    return str(Locale.parse(language_of(language)).territories.get(code, code))


def iban(value: str) -> str:
    """In groups of four."""
    plain = value.replace(" ", "")
    return " ".join(plain[at : at + 4] for at in range(0, len(plain), 4))


def unbroken(value: str) -> str:
    """With spaces at which no line ends."""
    return value.replace(" ", "\u00a0")


def small_print(terms: str) -> str:
    """The brand's terms where they are a sentence or two; longer ones have a place of their own."""
    text = " ".join(terms.split())
    return text if len(text) <= _LONGEST_SMALL_PRINT else ""


def phone(value: str) -> str:
    """In the international form, spaced; as it is where it is no number."""
    import phonenumbers

    try:
        number = phonenumbers.parse(value, "NL")
    except phonenumbers.NumberParseException:
        return value
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
