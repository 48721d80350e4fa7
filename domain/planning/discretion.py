"""How exactly a rule may be told where it rests on visits that are not the reader's: so that it locates nobody."""

from domain.planning.timing import Rule

STEP_METRES = 5_000
STEP_MINUTES = 5
_STEPS = {Rule.RADIUS: STEP_METRES, Rule.HOURS: STEP_MINUTES, Rule.BLOCK: STEP_MINUTES}


def coarse(rule: Rule, amount: int) -> int:
    """An amount in the unit of its rule, rounded up where it says how far, or how long a drive, another visit is."""
    return up(amount, _STEPS.get(rule, 1))


def up(value: int, step: int = STEP_MINUTES) -> int:
    """The next whole step, or the value where it is one."""
    return -(-value // step) * step


def down(value: int, step: int = STEP_MINUTES) -> int:
    """The last whole step."""
    return value // step * step
