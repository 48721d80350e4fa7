"""What requests may cost: `requested` before they run, `charge` to the budget of who asks, `settled` afterwards.

`docs/cost.md` says how costs are counted.
"""

from api.cost.budget import Budget, budget_of
from api.cost.charge import BUDGET_EXHAUSTED, TOO_COSTLY, Charge, charge, charged, settled
from api.cost.requested import Requested, requested

__all__ = [
    "BUDGET_EXHAUSTED",
    "TOO_COSTLY",
    "Budget",
    "Charge",
    "Requested",
    "budget_of",
    "charge",
    "charged",
    "requested",
    "settled",
]
