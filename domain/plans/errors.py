"""What stands in the way of a plan."""

from domain.errors import Conflict


class PlanRunning(Conflict):
    code = "PLAN_RUNNING"
    nl = "Voor deze dagen wordt al een planning gemaakt (nummer {number})."
    en = "A plan for these days is being made already (number {number})."


class PlanNotRunning(Conflict):
    code = "PLAN_NOT_RUNNING"
    nl = "Deze planning wordt niet gemaakt; er is niets te stoppen."
    en = "This plan is not being made; there is nothing to stop."


class PlanNotPublishable(Conflict):
    code = "PLAN_NOT_PUBLISHABLE"
    nl = "Alleen een planning die klaar of gestopt is kan in gebruik worden genomen."
    en = "Only a plan that is finished or was stopped can be published."


class PlanOutdated(Conflict):
    code = "PLAN_OUTDATED"
    nl = "Sinds deze planning is er iets veranderd op: {days}. Er is niets gewijzigd; maak een nieuwe planning."
    en = "Since this plan something has changed on: {days}. Nothing was changed; make a new plan."


class PlanDoesNotFit(Conflict):
    code = "PLAN_DOES_NOT_FIT"
    nl = "Er is geen plaats voor deze planning naast bezoeken die blijven staan waar ze zijn, op: {days}."
    en = "There is no room for this plan beside visits that stay where they are, on: {days}."


class PlanNotRevertible(Conflict):
    code = "PLAN_NOT_REVERTIBLE"
    nl = "Alleen de planning die het laatst in gebruik is genomen kan worden teruggedraaid."
    en = "Only the plan that was published last can be taken back."


class NoTeamsToPlan(Conflict):
    code = "NO_TEAMS_TO_PLAN"
    nl = "Op deze dagen werkt geen van de gekozen teams."
    en = "None of the chosen teams works on these days."
