"""What stands in the way of reporting a disruption, and of its repaired plan."""

from domain.errors import Conflict, InvalidInput


class TeamsNeeded(InvalidInput):
    code = "DISRUPTION_NEEDS_TEAMS"
    nl = "Noem bij deze verstoring minstens één team."
    en = "Name at least one team for this disruption."


class TeamsNotNeeded(InvalidInput):
    code = "DISRUPTION_WITHOUT_TEAMS"
    nl = "Het weer treft geen teams maar gebieden: noem postcodes."
    en = "The weather concerns areas, not teams: name postcodes."


class OverrunNeedsMinutes(InvalidInput):
    code = "OVERRUN_NEEDS_MINUTES"
    nl = "Zeg met hoeveel minuten het werk uitloopt; alleen bij uitloop."
    en = "Say by how many minutes the work overruns; for an overrun only."


class OverrunIsToday(InvalidInput):
    code = "OVERRUN_IS_OF_ONE_DAY"
    nl = "Uitloop is van één dag."
    en = "An overrun is of one day."


class DisruptionNotProposed(Conflict):
    code = "DISRUPTION_HAS_NO_PLAN"
    nl = "Voor deze verstoring is er geen herstelplan dat nog kan worden toegepast."
    en = "This disruption has no repaired plan that can still be applied."


class DisruptionConcluded(Conflict):
    code = "DISRUPTION_CONCLUDED"
    nl = "Het herstelplan van deze verstoring is al toegepast of vervallen."
    en = "The repaired plan of this disruption was applied or discarded already."
