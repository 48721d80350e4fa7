"""All kinds: importing this module declares them."""

import domain.notifications.for_chargers
import domain.notifications.for_customers
import domain.notifications.for_drivers
import domain.notifications.for_partners
import domain.notifications.for_partnerships
import domain.notifications.for_payers
import domain.notifications.for_staff
import domain.notifications.for_visits  # noqa: F401  # imported for what they declare
from domain.errors import NotAChoice
from domain.notifications.kinds import KINDS as KINDS
from domain.notifications.kinds import Kind


def kind_named(name: str, *field: str | int) -> Kind:
    """The kind of this name. Raises: NotAChoice."""
    if name not in KINDS:
        raise NotAChoice(field=field, choices=", ".join(sorted(KINDS)))
    return KINDS[name]
