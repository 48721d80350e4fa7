"""The frame of the platform's own mails: salutation and closing around what each of them says."""

from domain.notifications.kinds import Words
from domain.notifications.models import Language

_OPENING = {Language.NL: "Beste {{ recipient.name }},", Language.EN: "Dear {{ recipient.name }},"}
_CLOSING = {
    Language.NL: "Met vriendelijke groet,\n{{ brand.name }}",
    Language.EN: "Kind regards,\n{{ brand.name }}",
}


def both(nl: tuple[str, str, str], en: tuple[str, str, str]) -> dict[Language, Words]:
    """(subject, short, what the mail says) in Dutch and in English, framed."""
    return {Language.NL: _framed(Language.NL, *nl), Language.EN: _framed(Language.EN, *en)}


def _framed(language: Language, subject: str, short: str, body: str) -> Words:
    return Words(subject, f"{_OPENING[language]}\n\n{body}\n\n{_CLOSING[language]}\n", short)
