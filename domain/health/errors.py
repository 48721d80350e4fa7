"""What stands in the way of dealing with alerts and maintenance."""

from domain.errors import Conflict, InvalidInput


class AlertClosedAlready(Conflict):
    code = "ALERT_CLOSED"
    nl = "Deze melding is al gesloten."
    en = "This alert is closed already."


class AlertNotDealtWith(Conflict):
    code = "ALERT_OPEN"
    nl = "Deze melding staat al open."
    en = "This alert is open already."


class AlertOpenedAnew(Conflict):
    code = "ALERT_OPENED_ANEW"
    nl = "Hetzelfde is intussen opnieuw gemeld: behandel die melding."
    en = "The same was reported anew meanwhile: deal with that alert."


class AlertOfAnotherCharger(InvalidInput):
    code = "ALERT_OF_ANOTHER_CHARGER"
    nl = "Deze melding is van een andere laadpaal."
    en = "This alert is of another charger."


class AlertHasMaintenance(Conflict):
    code = "ALERT_HAS_MAINTENANCE"
    nl = "Voor deze melding is al onderhoud gepland."
    en = "Maintenance is planned for this alert already."


class NotOfTheStaff(InvalidInput):
    code = "NOT_OF_THE_STAFF"
    nl = "Deze gebruiker werkt niet voor de onderneming van de laadpaal."
    en = "This user does not work for the business entity of the charger."


class MaintenanceEnded(Conflict):
    code = "MAINTENANCE_ENDED"
    nl = "Dit onderhoud is al uitgevoerd of vervallen."
    en = "This maintenance was done or cancelled already."


class MaintenanceNotEnded(Conflict):
    code = "MAINTENANCE_NOT_ENDED"
    nl = "Dit onderhoud is nog niet uitgevoerd of vervallen."
    en = "This maintenance was neither done nor cancelled."


class MaintenanceNotScheduled(Conflict):
    code = "MAINTENANCE_NOT_SCHEDULED"
    nl = "Aan dit onderhoud is geen bezoek verbonden."
    en = "This maintenance has no visit."


class VisitElsewhere(InvalidInput):
    code = "VISIT_ELSEWHERE"
    nl = "Dit bezoek is niet bij de eigenaar van de laadpaal en niet van de opdracht waarmee hij is geplaatst."
    en = "This visit is neither at the charger's owner nor of the order by which it was installed."


class VisitOver(Conflict):
    code = "VISIT_OVER"
    nl = "Dit bezoek is al geweest of geannuleerd."
    en = "This visit is over or cancelled."
