"""What doing a visit is worth, in drive minutes: the formula that keeps old and distant work from starving.

    worth = 300 + 100 x priority + 4 x days waited + 8 x days waited beyond 28,  at most 5000

A day's drive from the base and back costs less than 300 wherever the customer lives, so that every visit is worth a
day of its own. What a distant visit costs more than a near one is at most that again, and waiting makes up for it: a
visit that has waited for 28 + (300 - 112) / 12 = 44 days is worth more than any fresh one of its class, however far it
is. A class of priority is worth 25 days of waiting.
"""

from datetime import date

BASE = 300
PER_CLASS = 100
PER_DAY = 4
PATIENCE_DAYS = 28
PER_LATE_DAY = 8
MOST = 5_000


def worth_of(priority: int, since: date, on: date) -> int:
    """Of a visit of class `priority` (0 to 9) that was called for on a day, in a plan that begins on another."""
    waited = max(0, (on - since).days)
    late = max(0, waited - PATIENCE_DAYS)
    return min(MOST, BASE + PER_CLASS * priority + PER_DAY * waited + PER_LATE_DAY * late)
