"""What Prometheus is told of costs."""

from prometheus_client import Counter, Histogram

_COSTS = (1, 10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000, 100_000, 300_000)

REQUESTED = Histogram("chargecars_cost_requested", "Cost of operations before they ran.", buckets=_COSTS)
ACTUAL = Histogram("chargecars_cost_actual", "Cost of operations as measured.", buckets=_COSTS)
REFUSED = Counter("chargecars_cost_refused", "Operations refused for their cost.", ("code",))
UNDERESTIMATED = Counter("chargecars_cost_underestimated", "Operations that cost more than was requested.")
WITHOUT_REDIS = Counter("chargecars_cost_without_redis", "Budgets kept by this process because Redis was away.")
