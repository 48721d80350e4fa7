"""What stands in the way of trying a world."""

from domain.errors import InvalidInput


class NothingChanged(InvalidInput):
    code = "WHAT_IF_CHANGES_NOTHING"
    nl = "Zeg wat er anders is: teams, uren, straal, afwezigheid of werk."
    en = "Say what is different: teams, hours, radius, absences or work."
