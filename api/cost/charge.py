"""Charging an operation to a budget before it runs, and giving back what it did not need."""

import hashlib
import ipaddress
from collections.abc import Awaitable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

import structlog
from graphql import GraphQLError

from api.cost import measures
from api.cost.bucket import Rates
from api.cost.budget import Budget, Exhausted, Lease, budget_of
from api.cost.requested import Requested
from tenants.actor import Actor, ClientKind
from tenants.settings import Settings

if TYPE_CHECKING:
    from api.context import Context

TOO_COSTLY, BUDGET_EXHAUSTED = "TOO_COSTLY", "BUDGET_EXHAUSTED"

T = TypeVar("T")

_KEYS_OF_THEIR_OWN = frozenset({ClientKind.API_KEY, ClientKind.OAUTH_CLIENT})

log = structlog.get_logger(__name__)


@dataclass(slots=True, eq=False)
class Charge:
    """What an operation was charged. Unless it is settled it costs what was requested."""

    requested: Requested
    _budget: Budget
    _lease: Lease
    _settled: int | None = None

    def settle(self, counted: int) -> Mapping[str, int]:
        """Give back what was not spent, once; `counted` is what PostgreSQL's answers measure.

        Returns `extensions.cost`.
        """
        if self._settled is None:
            self._settled = counted + self.requested.base
            self._close(self._settled)
        rates = self._lease.rates
        return {
            "requested": self.requested.total,
            "actual": self._settled,
            "available": max(self._lease.available, 0),
            "maximum": rates.maximum,
            "restoreRate": rates.per_second,
        }

    def forfeit(self) -> Mapping[str, int]:
        """Settle an operation that was ended before it was measured: it costs what was requested."""
        return self.settle(self.requested.total - self.requested.base)

    def _close(self, actual: int) -> None:
        measures.ACTUAL.observe(actual)
        if actual > self.requested.total:
            measures.UNDERESTIMATED.inc()
            log.error("cost_underestimated", requested=self.requested.total, actual=actual, path=self.requested.path)
        self._budget.give(self._lease, self.requested.total - actual)


async def charge(context: "Context", requested: Requested) -> Charge:
    """Charge an operation to the budget of who asks. Raises: GraphQLError TOO_COSTLY or BUDGET_EXHAUSTED"""
    rates = rates_of(context.settings, signed_in=context.actor.signed_in)
    measures.REQUESTED.observe(requested.total)
    if requested.total > rates.maximum:
        raise _too_costly(requested, rates)
    budget = budget_of(context.redis)
    try:
        lease = await budget.take(payer(context), requested.total, rates)
    except Exhausted as exhausted:
        raise _exhausted(requested, exhausted) from None
    return Charge(requested, budget, lease)


async def charged(context: "Context", answering: Awaitable[T]) -> T:
    """The answer; one that is broken off, by the client too, costs what was requested."""
    try:
        return await answering
    except BaseException:
        if context.charge is not None:
            context.charge.forfeit()
        raise


def settled(context: "Context", errors: Iterable[Mapping[str, Any]]) -> Mapping[str, int] | None:
    """`extensions.cost` of an answer with these errors; None where nothing was admitted."""
    if context.charge is None:
        return None
    if any(error["extensions"]["code"] == "TIMEOUT" for error in errors):
        return context.charge.forfeit()
    return context.charge.settle(context.spent)


def payer(context: "Context") -> str:
    """The key of the budget: who asks, by API key, application, login or address, and for which entities."""
    actor = context.actor
    return f"cost:{_who(actor, context.request.ip_address)}:{_entities(actor.entity_ids)}"


def _who(actor: Actor, address: str) -> str:
    client = actor.client
    if client and client.kind in _KEYS_OF_THEIR_OWN:
        return f"{client.kind}:{client.id}:{actor.user_id or ''}"
    return f"user:{actor.user_id}" if actor.user_id else f"address:{_digest(_network(address))}"


def _network(address: str) -> str:
    """The address, of IPv6 the 64 bits that a subscriber has: the rest costs nothing to change."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    return address if parsed.version == 4 else str(ipaddress.ip_network((address, 64), strict=False))


@lru_cache(maxsize=4_096)
def _entities(ids: tuple[UUID, ...]) -> str:
    return str(ids[0]) if len(ids) == 1 else _digest(",".join(map(str, ids)))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


@lru_cache(maxsize=64)
def _rates(budget: int, per_second: int, maximum: int) -> Rates:
    return Rates(budget, per_second, maximum)


def rates_of(settings: Settings, *, signed_in: bool) -> Rates:
    """The figures for who has logged in, and for who has not."""
    if signed_in:
        return _rates(settings.cost_budget, settings.cost_restore_per_second, settings.cost_maximum)
    return _rates(
        settings.anonymous_cost_budget, settings.anonymous_cost_restore_per_second, settings.anonymous_cost_maximum
    )


def _too_costly(requested: Requested, rates: Rates) -> GraphQLError:
    path = requested.path
    measures.REFUSED.labels(TOO_COSTLY).inc()
    return GraphQLError(
        f"The document costs up to {requested.total}, most of it in `{path}`; at most {rates.maximum} are allowed.",
        extensions={
            "code": TOO_COSTLY,
            "requested": requested.total,
            "maximum": rates.maximum,
            "path": path,
        },
    )


def _exhausted(requested: Requested, exhausted: Exhausted) -> GraphQLError:
    seconds = max(1, -int(-exhausted.seconds // 1))
    measures.REFUSED.labels(BUDGET_EXHAUSTED).inc()
    return GraphQLError(
        f"The budget does not hold the {requested.total} that the document may cost; try again in {seconds} s.",
        extensions={"code": BUDGET_EXHAUSTED, "requested": requested.total, "retryAfter": seconds},
    )
