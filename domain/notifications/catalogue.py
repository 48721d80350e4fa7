"""All kinds: importing this module declares them."""

import domain.notifications.for_customers
import domain.notifications.for_partners
import domain.notifications.for_staff  # noqa: F401  # imported for what they declare
from domain.errors import FieldPath, NotAChoice
from domain.notifications.kinds import KINDS, Kind


def kind_named(name: str, *field: str | int) -> Kind:
    """The kind of this name. Raises: NotAChoice."""
    path: FieldPath = field or ("kind",)
    if name not in KINDS:
        raise NotAChoice(field=path, choices=", ".join(sorted(KINDS)))
    return KINDS[name]
