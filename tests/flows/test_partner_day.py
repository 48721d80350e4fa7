"""A day of five partners through their five ways in, with every kind of fault: nothing is lost, doubled or untold."""

from chargecars.bench.partner.day import replay
from chargecars.bench.partner.day_plan import FAULTS, Fault
from tenants.engine import Database
from tenants.settings import Settings
from tests.asking import SCHEMA


async def test_a_small_day_with_every_kind_of_fault(database: Database, settings: Settings) -> None:
    day = await replay(database, settings, scale=0.3, seed=7, schema=SCHEMA)
    assert day.problems == []
    assert day.faults.keys() >= {fault.value for kinds in FAULTS.values() for fault in kinds}
    assert day.orders >= sum(map(len, FAULTS.values()))
    assert day.updates == day.orders
    assert {"UNMAPPED_SKU", "ADDRESS", "DUPLICATE", "MAPPING_FAILED", "LOW_CONFIDENCE"} <= day.exceptions.keys()
    assert Fault.NONE.value not in day.exceptions
