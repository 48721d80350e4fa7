"""Running a plan: the bytes that it writes, and what they cost."""

from collections.abc import Sequence
from io import BytesIO
from typing import Any

from api.reading.execute import fetch, fetch_rows
from api.reading.jsonsql import METER
from api.reading.plan import Plan
from tenants.ready_pool import ReadyPool

_METER = METER.encode()
_SHORT = 20_000


async def written(pool: ReadyPool, plan: Plan, values: Sequence[Any]) -> bytes:
    """The JSON text of a plan."""
    if plan.around is None:
        text: bytes = await fetch(pool, plan, values)
        return text
    rows = await fetch_rows(pool, plan, values)
    items = [row[0] for row in (reversed(rows) if plan.backwards else rows)]
    before, after = plan.around
    return b"".join([before, b",".join(items), after])


def metered(text: bytes) -> int:
    """How often the meter stands in a text. Lines are found faster than single characters are counted."""
    if len(text) < _SHORT:
        return text.count(_METER)
    return len(BytesIO(text).readlines()) - (not text.endswith(_METER))
