"""Texts of follow-up steps with placeholders in braces, such as `Beste {name}`."""

from collections.abc import Mapping
from string import Formatter

from domain.errors import InvalidInput
from domain.leads.errors import UnknownPlaceholder

PLACEHOLDERS = ("name", "number", "brand", "portal", "partner")
"""Who it is for, the lead's number, the brand's name, the address of its portal, the partner's name (may be empty)."""


class UnpairedBrace(InvalidInput):
    code = "UNPAIRED_BRACE"
    nl = "Een accolade hoort bij een invulveld zoals {example}; schrijf een losse accolade dubbel."
    en = "A brace belongs to a placeholder such as {example}; write a brace of the text twice."


def checked(template: str, *field: str | int) -> str:
    """The template, if all its placeholders are known and plain."""
    try:
        parts = list(Formatter().parse(template))
    except ValueError as error:
        raise UnpairedBrace(field=field, example="{name}") from error
    for _, name, format_spec, conversion in parts:
        if name is not None and (name not in PLACEHOLDERS or format_spec or conversion):
            raise UnknownPlaceholder(field=field, placeholder=f"{{{name}}}", choices=", ".join(PLACEHOLDERS))
    return template


def filled(template: str, values: Mapping[str, str]) -> str:
    """The text with the values in place; a value is never taken for a template."""
    texts = ((text, values[name] if name is not None else "") for text, name, _, _ in Formatter().parse(template))
    return "".join(part for pair in texts for part in pair)
