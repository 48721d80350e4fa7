"""Resuming: what came after a cursor, in order, and then live, without gap or duplicate.

The subscription is a member of its group from the start, with a floor above every position, so that the group sends it
nothing. It reads the log itself until it has passed what the group has delivered; at that moment its floor becomes the
last position that it has dealt with. What the group sends later is above that, or dropped by the floor.
"""

from collections.abc import Collection

from api.live import metrics
from api.live.codes import cursor_expired
from api.live.groups import UpdatesGroup
from api.live.plans import Planned
from api.live.routing import Entry
from api.live.running import Runner, patiently
from api.live.subscriber import Subscriber
from api.reading.errors import BadInput
from domain.events.addressed import oldest
from domain.events.cursor import BadCursor, position_of
from domain.events.positions import Positioned, after
from tenants.actor import SYSTEM
from tenants.engine import Database

_PAGE = 500
_STATEMENT = 100


def position_after(cursor: str, argument: str = "after") -> int:
    """The position of a client's cursor. Raises: BadInput BAD_CURSOR."""
    try:
        return position_of(cursor)
    except BadCursor:
        raise BadInput("BAD_CURSOR", argument, "this is not the cursor of an update.") from None


class Replay:
    """Reads the log for clients that resume."""

    def __init__(self, database: Database, runner: Runner) -> None:
        self._database = database
        self._runner = runner

    async def catch_up(self, subscriber: Subscriber, group: UpdatesGroup, planned: Planned, position: int) -> None:
        """Send what came after `position`, then let the group go on. Raises: GraphQLError CURSOR_EXPIRED."""
        await patiently(lambda: self._check_kept(position))
        while subscriber.group is group:
            delivered, begin = group.delivered, position
            page = await patiently(lambda begin=begin: self._page(group, planned, begin))  # type: ignore[misc]  # as of this round
            await self._send(subscriber, group, planned, page)
            if page:
                position = page[-1].position
            if len(page) == _PAGE:
                continue
            position = max(position, delivered)  # all that the group had delivered before the page was read is in it
            if group.delivered <= position:
                subscriber.floor = position
                return

    async def _check_kept(self, position: int) -> None:
        async with self._database.session(SYSTEM) as session:
            if position + 1 < await oldest(session):
                raise cursor_expired()

    async def _page(self, group: UpdatesGroup, planned: Planned, position: int) -> list[Positioned]:
        wants, types = group.wants, _given(group.wants.types)
        async with self._database.session(planned.actor) as session:
            return await after(session, position, _PAGE, types=types, subject_id=wants.subject_id)

    async def _send(
        self, subscriber: Subscriber, group: UpdatesGroup, planned: Planned, page: list[Positioned]
    ) -> None:
        entries = [Entry.of(at) for at in page if group.wants(at)]
        for first in range(0, len(entries), _STATEMENT):
            part = entries[first : first + _STATEMENT]
            batch = await patiently(lambda part=part: self._runner.updates(planned, part))  # type: ignore[misc]  # as of this round
            if batch.texts and subscriber.group is group:
                subscriber.outlet.send(batch)
                metrics.REPLAYED.inc(len(batch.texts))
                await subscriber.outlet.drained()


def _given(types: Collection[str] | None) -> list[str] | None:
    return None if types is None else sorted(types)
