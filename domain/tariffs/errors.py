"""What tariffs and offers refuse."""

from domain.errors import Conflict, DomainError


class InvalidTariffCode(DomainError):
    code = "INVALID_TARIFF_CODE"
    nl = "Gebruik 1 tot 40 hoofdletters, cijfers, punten en streepjes, te beginnen met een letter of cijfer."
    en = "Use 1 to 40 capitals, digits, dots and dashes, starting with a letter or digit."


class NotADraft(Conflict):
    code = "NOT_A_DRAFT"
    nl = "Alleen een concept kan worden gepubliceerd; deze versie is dat niet."
    en = "Only a draft can be published; this version is none."


class TariffInThePast(DomainError):
    code = "TARIFF_IN_THE_PAST"
    nl = "Prijzen gelden niet met terugwerkende kracht; kies nu of later."
    en = "Prices do not hold in retrospect; choose now or later."


class SameStart(Conflict):
    code = "TARIFF_VERSION_STARTS_THEN"
    nl = "Op dat moment gaat al een andere versie van dit tarief in."
    en = "Another version of this tariff starts at that moment."


class VersionInForce(Conflict):
    """It cannot be taken back any more."""

    code = "TARIFF_VERSION_IN_FORCE"
    nl = "Deze versie is al ingegaan of al teruggetrokken; publiceer een nieuwe versie."
    en = "This version holds already, or was withdrawn; publish a new version."


class TariffNotPublished(Conflict):
    code = "TARIFF_NOT_PUBLISHED"
    nl = "Van dit tarief is nog niets gepubliceerd; publiceer het eerst."
    en = "Nothing of this tariff is published yet; publish it first."


class NotTheOwners(DomainError):
    code = "TARIFF_OF_ANOTHER_OWNER"
    nl = "Dit tarief is van een eigenaar en geldt alleen bij laadpalen van die eigenaar."
    en = "This tariff is of an owner, and holds at chargers of that owner only."


class OneTarget(DomainError):
    code = "ONE_TARIFF_TARGET"
    nl = "Geef een laadpaal of een eigenaar; geen van beide betekent alle laadpalen van de onderneming."
    en = "Give a charger or an owner; neither means all chargers of the business entity."


class AssignmentEnded(Conflict):
    code = "TARIFF_ASSIGNMENT_ENDED"
    nl = "Deze toewijzing is al beëindigd of ongedaan gemaakt."
    en = "This assignment has ended already, or was undone."


class NoTariff(DomainError):
    code = "NO_TARIFF"
    nl = "Bij deze laadpaal geldt op dat moment geen tarief."
    en = "No tariff holds at this charger at that time."


class OfferNotForSale(Conflict):
    code = "OFFER_NOT_FOR_SALE"
    nl = "Dit wordt niet (meer) aangeboden."
    en = "This is not offered, or not any more."


class AlreadyBought(Conflict):
    code = "ALREADY_SUBSCRIBED"
    nl = "Dit loopt al."
    en = "This runs already."


class NotRunning(Conflict):
    code = "SUBSCRIPTION_NOT_RUNNING"
    nl = "Dit loopt niet meer, of loopt door."
    en = "This runs no more, or runs on."


class PackInUse(Conflict):
    code = "PACK_IN_USE"
    nl = "Dit pakket is al gebruikt of geannuleerd, of is langer dan {days} dagen geleden gekocht."
    en = "This pack was used or cancelled already, or bought more than {days} days ago."


class OfferTerms(DomainError):
    """What a kind of offer needs, or knows nothing of."""

    code = "OFFER_TERMS"
    nl = "Alleen een pakket heeft energie, alleen een bundel een plafond, en alleen een lidmaatschap voorrang."
    en = "Only a pack has energy, only a subscription has a cap, and only a plan has priority."
