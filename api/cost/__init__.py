"""What requests may cost: `requested` before they run, `charge` to the budget of who asks, `Charge.settle` afterwards.

`docs/cost.md` says how costs are counted.
"""

from api.cost.budget import Budget
from api.cost.charge import Charge, charge
from api.cost.requested import Requested, requested

__all__ = ["Budget", "Charge", "Requested", "budget_of", "charge", "requested"]
