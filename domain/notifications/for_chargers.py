"""What owners of chargers and the office are told: what is wrong with a charger, and that it is maintained."""

from domain.notifications.kinds import Category, Kind, RecipientRole, Variable, VariableType, declare
from domain.notifications.letters import both

_V, _T = Variable, VariableType
CHARGER = (
    _V("charger.name", _T.TEXT, "Name of the charger, or its identity.", "Parkeergarage 3"),
    _V("charger.place", _T.TEXT, "Where it is.", "Dorpsstraat 1, Nijkerk", optional=True),
)
ALERT = (
    *CHARGER,
    _V("alert.code", _T.TEXT, "What is wrong: OFFLINE, OVER_TEMPERATURE, or a code of the charger.", "OFFLINE"),
    _V("alert.severity", _T.TEXT, "WARNING or CRITICAL.", "WARNING"),
    _V("alert.text", _T.TEXT, "What the charger or the rule says of it.", "71.3 °C", optional=True),
    _V("alert.others", _T.TEXT, "For how many more chargers the same is open.", "12", optional=True),
)
MAINTENANCE = (
    *CHARGER,
    _V("maintenance.title", _T.TEXT, "What is to be done.", "Ventilator vervangen"),
    _V("maintenance.due_on", _T.DATE, "By when.", "2026-12-01"),
)


def _what(words: dict[str, str], other: str) -> str:
    """A sentence by the alert's code."""
    first, *rest = words
    branches = [f"{{% if alert.code == '{first}' %}}{words[first]}"]
    branches += [f"{{% elif alert.code == '{code}' %}}{words[code]}" for code in rest]
    return "".join(branches) + f"{{% else %}}{other}{{% endif %}}"


_NL = _what(
    {
        "OFFLINE": "is niet bereikbaar",
        "OVER_TEMPERATURE": "is te warm",
        "CONNECTOR_FAULTED": "heeft een storing",
        "ERROR_RATE": "heeft veel storingen",
        "DEGRADED_POWER": "laadt minder snel dan voorheen",
        "FAILURE_PREDICTED": "valt waarschijnlijk uit",
    },
    "meldt {{ alert.code }}",
)
_EN = _what(
    {
        "OFFLINE": "cannot be reached",
        "OVER_TEMPERATURE": "is too hot",
        "CONNECTOR_FAULTED": "has a fault",
        "ERROR_RATE": "has many faults",
        "DEGRADED_POWER": "charges more slowly than before",
        "FAILURE_PREDICTED": "is likely to fail",
    },
    "reports {{ alert.code }}",
)
_SAID = "{% if alert.text %} ({{ alert.text }}){% endif %}"
_MORE_NL = "{% if alert.others %} Hetzelfde geldt voor nog {{ alert.others }}.{% endif %}"
_MORE_EN = "{% if alert.others %} The same is true of {{ alert.others }} more.{% endif %}"
_AT = "{{ charger.name }}{% if charger.place %}, {{ charger.place }}{% endif %}"


def _to_owners(
    name: str, description: str, subject_type: str, nl: tuple[str, str], en: tuple[str, str], more: tuple[Variable, ...]
) -> None:
    """To customers, and under the same name with `.partner` to the people of organizations. (subject, sentence)."""
    words = both((*nl, nl[1]), (*en, en[1]))
    for suffix, to in (("", RecipientRole.CUSTOMER), (".partner", RecipientRole.PARTNER)):
        declare(Kind(f"{name}{suffix}", description, to, Category.CHARGERS, subject_type, words, more, optional=True))


_to_owners(
    "charger.alert",
    "Something is wrong with a charger.",
    "ChargerAlert",
    (f"{{{{ charger.name }}}} {_NL}", f"Uw laadpaal {_AT} {_NL}{_SAID}. Wij kijken ernaar."),
    (f"{{{{ charger.name }}}} {_EN}", f"Your charger {_AT} {_EN}{_SAID}. We are looking into it."),
    ALERT,
)
_to_owners(
    "charger.maintenance",
    "Maintenance of a charger was planned.",
    "MaintenanceTask",
    (
        "Onderhoud aan {{ charger.name }}",
        f"Uw laadpaal {_AT} krijgt uiterlijk op {{{{ maintenance.due_on }}}} onderhoud: {{{{ maintenance.title }}}}.",
    ),
    (
        "Maintenance of {{ charger.name }}",
        f"Your charger {_AT} is maintained by {{{{ maintenance.due_on }}}}: {{{{ maintenance.title }}}}.",
    ),
    MAINTENANCE,
)
declare(
    Kind(
        "charger.alert.staff",
        "Something is wrong with a charger, or with many.",
        RecipientRole.STAFF,
        Category.CHARGERS,
        "ChargerAlert",
        both(
            (f"{{{{ charger.name }}}} {_NL}", f"{_AT} {_NL}{_SAID}.{_MORE_NL}", f"{_AT} {_NL}{_SAID}.{_MORE_NL}"),
            (f"{{{{ charger.name }}}} {_EN}", f"{_AT} {_EN}{_SAID}.{_MORE_EN}", f"{_AT} {_EN}{_SAID}.{_MORE_EN}"),
        ),
        ALERT,
        channels=(),
        optional=True,
    )
)
