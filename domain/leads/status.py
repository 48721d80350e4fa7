"""The life of a lead: which status follows which (L6), and what every change of status brings about."""

from domain.errors import InvalidState
from domain.leads.models import LeadStatus

_S = LeadStatus
FOLLOWS: dict[LeadStatus, frozenset[LeadStatus]] = {
    _S.NEW: frozenset({_S.INTAKE, _S.QUALIFIED, _S.DISQUALIFIED}),
    _S.INTAKE: frozenset({_S.QUALIFIED, _S.DISQUALIFIED}),
    _S.QUALIFIED: frozenset({_S.QUOTED, _S.DISQUALIFIED}),
    _S.QUOTED: frozenset({_S.CONVERTED, _S.QUALIFIED, _S.DISQUALIFIED}),
    _S.CONVERTED: frozenset(),
    _S.DISQUALIFIED: frozenset({_S.NEW, _S.INTAKE, _S.QUALIFIED, _S.QUOTED}),
}
"""QUOTED returns to QUALIFIED when its quotes have all ended; DISQUALIFIED returns to where it came from."""


def require(current: str, wanted: LeadStatus) -> None:
    """Raise InvalidState unless `wanted` follows `current`."""
    if wanted not in FOLLOWS[LeadStatus(current)]:
        raise InvalidState(current=current, wanted=wanted.value, field=("id",))
