"""One running subscription of one client."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from graphql import GraphQLError

from api.live import metrics
from api.live.frames import Batch
from api.live.wire import Outlet

if TYPE_CHECKING:
    from api.live.groups import Group

NOT_YET = 2**63
"""Floor of a subscription that is still catching up: above every position."""


class Subscriber:
    """A member of a group; what is at or below its `floor` it has, or does not want."""

    __slots__ = ("__weakref__", "_failed", "floor", "group", "left", "outlet", "shown")

    def __init__(self, outlet: Outlet, failed: Callable[[Sequence[GraphQLError]], None]) -> None:
        self.outlet = outlet
        self.floor = NOT_YET
        self.group: Group | None = None
        self.left = False
        self.shown: bytes | None = None
        """The figures that it was sent last."""
        self._failed = failed

    def take(self, batch: Batch) -> int:
        """Send what of a batch is new to it; returns how many updates."""
        if self.floor >= batch.positions[0]:
            batch = batch.after(self.floor)
        if self.group is None or not batch.texts:
            return 0
        self.outlet.send(batch)
        return len(batch.texts)

    def fail(self, errors: Sequence[GraphQLError]) -> None:
        """Tell the client that its subscription is over."""
        self.leave()
        self._failed(errors)

    def leave(self) -> None:
        """Get nothing any more, and join no group."""
        self.left = True
        if self.group is not None:
            group, self.group = self.group, None
            metrics.SUBSCRIPTIONS.labels(group.planned.name).dec()
            group.remove(self)
