"""An answer takes as long for what is hidden as for what does not exist: a coarse look, for gross differences."""

import time
from statistics import median

import pytest

from tenants.actor import Actor
from tenants.permissions import Role
from tests.tenancy.conftest import World, missing
from tests.tenancy.ids import global_id, hidden

CALLS = 60
FACTOR = 1.5

DOCUMENTS = {
    "node": ("Order", "query($id: ID!) { node(id: $id) { __typename id } }"),
    "cancelOrder": (
        "Order",
        'mutation($id: ID!) { cancelOrder(id: $id, reason: "Bedacht") { userErrors { code field message } } }',
    ),
    "updateContact": (
        "Contact",
        'mutation($id: ID!) { updateContact(input: {id: $id, name: "Naam"}) { userErrors { code field message } } }',
    ),
}
"""By what is asked: the kind of id and the document."""


@pytest.mark.parametrize("name", DOCUMENTS)
async def test_hidden_takes_as_long_as_absent(world: World, name: str) -> None:
    kind, document = DOCUMENTS[name]
    actor = next(actor for actor in world.few.values() if actor.role is Role.PARTNER_ADMIN)
    key = hidden(world, actor, kind)
    assert key is not None
    ids = (global_id(kind, key), global_id(kind, missing(world.oracle.tables[world.kinds()[kind]])))
    slower = await _slower(world, actor, document, ids)
    if slower >= FACTOR:  # the machine had something else to do
        slower = await _slower(world, actor, document, ids)
    assert slower < FACTOR


async def _slower(world: World, actor: Actor, document: str, ids: tuple[str, str]) -> float:
    """How many times longer the slower of two ids takes, by the median of calls that take turns."""
    taken: tuple[list[float], list[float]] = ([], [])
    for turn in range(2 * CALLS):
        start = time.perf_counter()
        result = await world.execute(actor, document, {"id": ids[turn % 2]})
        taken[turn % 2].append(time.perf_counter() - start)
        assert not result.errors, result.errors
    medians = sorted(median(times) for times in taken)
    return medians[1] / medians[0]
