"""The stages of an order: which follows which, how far along each is, and in which an order may still be stopped."""

from domain.errors import InvalidState
from domain.orders.models import OrderStage

_S = OrderStage

FOLLOWS: dict[OrderStage, frozenset[OrderStage]] = {
    _S.RECEIVED: frozenset({_S.PLANNING, _S.SCHEDULED, _S.IN_PROGRESS, _S.COMPLETED, _S.CANCELLED}),
    _S.PLANNING: frozenset({_S.RECEIVED, _S.SCHEDULED, _S.CANCELLED}),
    _S.SCHEDULED: frozenset({_S.PLANNING, _S.IN_PROGRESS, _S.CANCELLED}),
    _S.IN_PROGRESS: frozenset({_S.PLANNING, _S.SCHEDULED, _S.COMPLETED, _S.CANCELLED}),
    _S.COMPLETED: frozenset({_S.IN_PROGRESS}),
    _S.CANCELLED: frozenset({_S.RECEIVED}),
}
"""RECEIVED goes straight to IN_PROGRESS and COMPLETED where nothing has to be planned (deliveries). A second visit
takes IN_PROGRESS back to SCHEDULED or PLANNING. Rework reopens COMPLETED; a mistaken cancellation is undone."""

PROGRESS: dict[OrderStage, int] = {
    _S.RECEIVED: 10,
    _S.PLANNING: 25,
    _S.SCHEDULED: 50,
    _S.IN_PROGRESS: 75,
    _S.COMPLETED: 100,
}
"""Percent shown per stage; a cancelled order keeps the figure it had."""

LIVE = (_S.RECEIVED, _S.PLANNING, _S.SCHEDULED, _S.IN_PROGRESS)
"""Stages in which visits are still to be made."""

BEFORE_WORK = frozenset({_S.RECEIVED, _S.PLANNING, _S.SCHEDULED})
"""Stages in which a customer or partner may still cancel."""

OPEN = BEFORE_WORK | {_S.IN_PROGRESS}


def require(current: str, wanted: OrderStage) -> None:
    """Raise InvalidState unless `wanted` follows `current`."""
    if wanted not in FOLLOWS[OrderStage(current)]:
        raise InvalidState(current=current, wanted=wanted.value, field=("id",))
