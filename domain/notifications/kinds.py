"""What people are told about: every kind in one place, with what its texts may say and how it reaches whom."""

from dataclasses import dataclass, field
from enum import StrEnum

from domain.notifications.models import Channel, Language

OUTSIDE = (Channel.EMAIL, Channel.SMS, Channel.WHATSAPP, Channel.PUSH)
"""Channels that leave the platform; the inbox is within it."""


class Category(StrEnum):
    """What a recipient sets its channels for."""

    QUOTES = "QUOTES"
    ORDERS = "ORDERS"
    VISITS = "VISITS"
    REMINDERS = "REMINDERS"
    FOLLOW_UPS = "FOLLOW_UPS"
    LEADS = "LEADS"
    CHARGERS = "CHARGERS"
    INTEGRATIONS = "INTEGRATIONS"
    ACCOUNT = "ACCOUNT"


class RecipientRole(StrEnum):
    """To whom a kind goes."""

    CUSTOMER = "CUSTOMER"
    PARTNER = "PARTNER"
    TECHNICIAN = "TECHNICIAN"
    STAFF = "STAFF"
    USER = "USER"
    """The user that it is about."""


class VariableType(StrEnum):
    """What a variable holds, and so how it is written."""

    TEXT = "TEXT"
    URL = "URL"
    DATE = "DATE"
    """A day, written out: 3 maart 2026."""
    TIME = "TIME"
    """A moment, written as the clock in Amsterdam shows it: 09:30."""
    PART_OF_DAY = "PART_OF_DAY"
    """MORNING or AFTERNOON, written in the recipient's language."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A value that a text may name; one that is `optional` may be missing and is then empty."""

    name: str
    type: VariableType
    description: str
    example: str
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Words:
    """The platform's own text in one language: subject and text of a mail, and the short form for the rest."""

    subject: str
    text: str
    short: str


@dataclass(frozen=True, slots=True)
class Kind:
    """One thing that somebody is told about."""

    name: str
    description: str
    to: RecipientRole
    category: Category
    subject_type: str
    words: dict[Language, Words]
    variables: tuple[Variable, ...] = ()
    channels: tuple[Channel, ...] = (Channel.EMAIL,)
    """In the order in which they are tried; the inbox comes beside them."""
    optional: bool = False
    """Whether the recipient may switch it off."""
    urgent: bool = False
    """Whether it is sent in quiet hours too."""
    in_app: bool = True
    named: dict[str, Variable] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "named", {v.name: v for v in (*COMMON, *self.variables)})


_V, _T = Variable, VariableType
COMMON = (
    _V("recipient.name", _T.TEXT, "Name of the recipient.", "Jan Jansen"),
    _V("brand.name", _T.TEXT, "Name of the brand.", "LaderThuis.nl"),
    _V("brand.portal", _T.URL, "Address of the brand's portal.", "https://laderthuis.example"),
    _V("brand.email", _T.TEXT, "Mail address of the business entity.", "info@laderthuis.example"),
    _V("brand.phone", _T.TEXT, "Telephone number of the business entity.", "+31201234567"),
)
QUOTE = (
    _V("quote.number", _T.TEXT, "Number of the quote.", "LT-Q-2026-00042"),
    _V("quote.expires_on", _T.DATE, "Last day on which it can be signed.", "2026-03-31", optional=True),
    _V("quote.customer", _T.TEXT, "Name of the end customer.", "Jan Jansen"),
)
ORDER = (
    _V("order.number", _T.TEXT, "Number of the order.", "LT-2026-00123"),
    _V("order.customer", _T.TEXT, "Name of the end customer.", "Jan Jansen"),
    _V("order.partner_reference", _T.TEXT, "The partner's own number of the order.", "PO-4711", optional=True),
)
REASON = (_V("reason", _T.TEXT, "Why, in the words of whoever did it.", "De levering is vertraagd.", optional=True),)
VISIT = (
    _V("visit.day", _T.DATE, "The planned day.", "2026-03-12", optional=True),
    _V("visit.block", _T.PART_OF_DAY, "The planned part of the day.", "MORNING", optional=True),
    _V("visit.team", _T.TEXT, "Who comes.", "Team 3", optional=True),
)
ARRIVAL = (
    _V("visit.arrival_from", _T.TIME, "From when the team may arrive.", "2026-03-12T08:15:00+00:00", optional=True),
    _V("visit.arrival_until", _T.TIME, "Until when.", "2026-03-12T09:45:00+00:00", optional=True),
)
FORMER = (
    _V("visit.former_day", _T.DATE, "The day that it was planned on before.", "2026-03-10", optional=True),
    _V("visit.former_block", _T.PART_OF_DAY, "The part of that day.", "AFTERNOON", optional=True),
)
TO_CONFIRM = (
    _V("visit.to_confirm", _T.TEXT, "Set while the customer has not agreed to day and block.", "yes", optional=True),
)
ALTERNATIVES = tuple(
    variable
    for place, day in (("first", "2026-03-16"), ("second", "2026-03-17"), ("third", "2026-03-19"))
    for variable in (
        _V(f"alternative.{place}_day", _T.DATE, f"Day of the {place} alternative.", day, optional=True),
        _V(f"alternative.{place}_block", _T.PART_OF_DAY, "The part of that day.", "MORNING", optional=True),
    )
)
LEAD = (
    _V("lead.number", _T.TEXT, "Number of the lead.", "LT-L-2026-00007"),
    _V("lead.name", _T.TEXT, "Who asked.", "Jan Jansen"),
)

KINDS: dict[str, Kind] = {}
"""By name."""


def declare(kind: Kind) -> Kind:
    """Add a kind; a name is declared once."""
    if kind.name in KINDS:
        raise TypeError(f"notification kind {kind.name} is declared twice")
    if set(kind.words) != set(Language):
        raise TypeError(f"notification kind {kind.name} needs words in every language")
    KINDS[kind.name] = kind
    return kind


def default_text(kind: Kind, channel: Channel, language: Language) -> tuple[str, str]:
    """Subject and text where no template is active; messages by telephone have no subject."""
    words = kind.words[language]
    if channel is Channel.EMAIL:
        return words.subject, words.text
    return ("", words.short) if channel in (Channel.SMS, Channel.WHATSAPP) else (words.subject, words.short)
