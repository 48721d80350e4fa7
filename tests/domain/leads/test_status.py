"""The status machine, walked over every pair of statuses."""

from itertools import product

import pytest

from domain.errors import InvalidState
from domain.leads.models import LeadStatus
from domain.leads.status import FOLLOWS, require

N, I, Q, QU, C, D = (  # noqa: E741  # one letter per status keeps the table readable
    LeadStatus.NEW,
    LeadStatus.INTAKE,
    LeadStatus.QUALIFIED,
    LeadStatus.QUOTED,
    LeadStatus.CONVERTED,
    LeadStatus.DISQUALIFIED,
)
ALLOWED = {(N, I), (N, Q), (I, Q), (Q, QU), (QU, C), (QU, Q)}
ALLOWED |= {(each, D) for each in (N, I, Q, QU)} | {(D, each) for each in (N, I, Q, QU)}


@pytest.mark.parametrize(("current", "wanted"), list(product(LeadStatus, LeadStatus)))
def test_only_the_moves_of_the_table_are_possible(current: LeadStatus, wanted: LeadStatus) -> None:
    if (current, wanted) in ALLOWED:
        require(current.value, wanted)
        return
    with pytest.raises(InvalidState) as caught:
        require(current.value, wanted)
    assert (caught.value.code, caught.value.field) == ("INVALID_STATE", ("id",))


def test_every_status_is_reached_and_only_conversion_is_final() -> None:
    reached = {N}
    while new := {to for current in reached for to in FOLLOWS[current]} - reached:
        reached |= new
    assert reached == set(LeadStatus)
    assert [status for status in LeadStatus if not FOLLOWS[status]] == [C]
