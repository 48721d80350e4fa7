"""Expected failures of a team's day."""

from domain.errors import Conflict, DomainError, InvalidInput


class UnknownShift(DomainError):
    code = "TEAM_DOES_NOT_WORK"
    nl = "Het team werkt niet op {day}."
    en = "The team does not work on {day}."


class DayIsOver(DomainError):
    code = "DAY_IS_OVER"
    nl = "{day} is voorbij."
    en = "{day} is over."


class ReportInFuture(InvalidInput):
    code = "TIME_IN_FUTURE"
    nl = "Het tijdstip ligt in de toekomst; controleer de klok van het apparaat."
    en = "The time is in the future; check the clock of the device."


class ReportTooOld(InvalidInput):
    code = "TIME_TOO_OLD"
    nl = "Het tijdstip ligt meer dan {days} dagen terug."
    en = "The time is more than {days} days ago."


class ReportReused(Conflict):
    code = "REPORT_ID_REUSED"
    nl = "Dit nummer hoort bij een andere melding."
    en = "This number belongs to another report."


class ReportConflict(Conflict):
    """What a team reported contradicts what is known; kept for the planner, the visit stays as it is."""

    code = "REPORT_CONFLICT"
    nl = "De melding is in strijd met wat er al bekend is."
    en = "The report contradicts what is known already."


class NotTheDay(ReportConflict):
    """A visit is travelled to and begun on its own day."""

    code = "NOT_THE_DAY_OF_THE_VISIT"
    nl = "Het bezoek is gepland op {day}."
    en = "The visit is planned for {day}."


class VisitReassigned(ReportConflict):
    code = "VISIT_REASSIGNED"
    nl = "Het bezoek is intussen van uw team af; de planner krijgt uw melding te zien."
    en = "The visit has been taken from your team; the planner gets to see your report."


class VisitCalledOff(ReportConflict):
    code = "VISIT_CALLED_OFF"
    nl = "Het bezoek is geannuleerd; de planner krijgt uw melding te zien."
    en = "The visit was called off; the planner gets to see your report."


class VisitAlreadyCompleted(ReportConflict):
    code = "VISIT_ALREADY_COMPLETED"
    nl = "Het bezoek is al afgesloten met een andere uitkomst ({outcome})."
    en = "The visit is over already, with another outcome ({outcome})."


class TimesContradict(ReportConflict):
    code = "TIMES_CONTRADICT"
    nl = "Het tijdstip past niet bij een andere melding over dit bezoek."
    en = "The time does not fit another report about this visit."


class OutsideNetherlands(InvalidInput):
    code = "POSITION_OUTSIDE_NETHERLANDS"
    nl = "De positie ligt niet in Nederland."
    en = "The position is not in the Netherlands."


class OutsideWorkingHours(DomainError):
    """Nobody is followed in their own time."""

    code = "OUTSIDE_WORKING_HOURS"
    nl = "Buiten werktijd worden geen posities bewaard."
    en = "No positions are kept outside working hours."


class BreaksRule(DomainError):
    """A move that a hard rule forbids; one error per rule."""

    code = "BREAKS_RULE"
    nl = "Kan niet: {what}."
    en = "Not possible: {what}."


class PromiseToCustomer(DomainError):
    """Only with the planner's express consent."""

    code = "VISIT_IS_PROMISED"
    nl = "Dag en dagdeel zijn de klant toegezegd; bevestig dat de toezegging vervalt."
    en = "Day and part of the day were promised to the customer; confirm that the promise is released."


class NotMovable(DomainError):
    code = "VISIT_NOT_MOVABLE"
    nl = "Een bezoek met status {status} kan niet worden verplaatst."
    en = "A visit with status {status} cannot be moved."


class VisitPinnedDown(DomainError):
    code = "VISIT_IS_PINNED"
    nl = "Het bezoek is vastgezet; maak het eerst los."
    en = "The visit is pinned; unpin it first."


class NotPlanned(DomainError):
    code = "VISIT_HAS_NO_TEAM"
    nl = "Het bezoek heeft nog geen team en dag."
    en = "The visit has no team and day yet."


class BeingBooked(Conflict):
    """Its customer holds a place at this moment."""

    code = "VISIT_IS_BEING_BOOKED"
    nl = "De klant is dit bezoek nu aan het inplannen; probeer het over enkele minuten opnieuw."
    en = "The customer is booking this visit right now; try again in a few minutes."


class NothingToUndo(DomainError):
    code = "NOTHING_TO_UNDO"
    nl = "Er is geen verplaatsing van dit bezoek om ongedaan te maken."
    en = "There is no move of this visit to undo."


class DayChanged(Conflict):
    """Somebody planned on one of the days since the move."""

    code = "DAY_CHANGED"
    nl = "Een van de dagen is intussen gewijzigd; verplaats het bezoek opnieuw."
    en = "One of the days has changed since; move the visit again."
