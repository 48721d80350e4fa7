"""Terms of planning, as every answer that has them describes them."""

from api.enums import described
from domain.planning.timing import Rule

__all__ = ["UTILIZATION", "Rule"]

UTILIZATION = (
    "Work at customers as a part of the minutes of such work that can be done; driving is in neither. Above 1 it is "
    "too much."
)

described(
    Rule,
    "A hard rule of planning; an amount is in the unit that it states. Where a visit of another business entity may be "
    "in the way, distances are rounded up to 5,000 metres, and minutes of HOURS and BLOCK to 5.",
    SKILLS="The team lacks a skill.",
    HOURS="The team would be back too late: minutes.",
    BLOCK="The work would begin after its part of the day: minutes.",
    JOBS="The team has more visits than it can make that day: how many too many.",
    WORKLOAD="More work than the team does in a day: minutes.",
    RADIUS="Too far from another visit of the day: metres in excess.",
    MATERIAL="The material comes later: days.",
    PREDECESSOR="Another visit of the order has to come first: days.",
    WEATHER="Work outdoors on a day that is unfit for it.",
    PIN="A planner fixed it elsewhere.",
    PROMISE="The customer was promised another day or part of it.",
    ABSENCE="The team does not work on that day.",
    PLACE="The address is unknown or outside the Netherlands.",
)
