"""Refusals of contacts and the channel tree."""

from domain.errors import Conflict, DomainError, InvalidInput, PermissionDenied


class NotAnOrganization(InvalidInput):
    code = "NOT_AN_ORGANIZATION"
    nl = "Dit is een persoon; hier wordt een organisatie verwacht."
    en = "This is a person; an organization is expected here."


class NotAPerson(InvalidInput):
    code = "NOT_A_PERSON"
    nl = "Dit is een organisatie; hier wordt een persoon verwacht."
    en = "This is an organization; a person is expected here."


class OrganizationCycle(Conflict):
    code = "ORGANIZATION_CYCLE"
    nl = "Een organisatie kan niet onder zichzelf vallen, ook niet via andere organisaties."
    en = "An organization cannot be below itself, not through other organizations either."


class MoveTooEarly(InvalidInput):
    code = "MOVE_TOO_EARLY"
    nl = "Wat er tot {earliest} in de boom stond, verandert niet meer; kies een later moment."
    en = "What the tree was until {earliest} does not change any more; choose a later time."


class MoveInFuture(InvalidInput):
    code = "MOVE_IN_FUTURE"
    nl = "Een organisatie wordt nu verplaatst of vanaf een moment in het verleden, niet in de toekomst."
    en = "An organization is moved now or as of a time in the past, not in the future."


class TreeTooDeep(Conflict):
    code = "TREE_TOO_DEEP"
    nl = "De boom kan niet dieper worden dan {maximum} niveaus."
    en = "The tree cannot become deeper than {maximum} levels."


class SetByStaff(PermissionDenied):
    code = "SET_BY_STAFF"
    nl = "Dit gegeven wordt door ons vastgelegd; neem contact met ons op."
    en = "This value is set by us; please contact us."


class ContactConfirmed(PermissionDenied):
    code = "CONTACT_CONFIRMED"
    nl = "Deze klant heeft al zelf met ons te maken; e-mail en telefoon wijzigt de klant zelf of doen wij."
    en = "This customer already deals with us; the customer or we change its e-mail and telephone."


class ContactErased(Conflict):
    code = "CONTACT_ERASED"
    nl = "De gegevens van dit contact zijn gewist."
    en = "The data of this contact were erased."


class ContactMergedAway(Conflict):
    code = "CONTACT_MERGED"
    nl = "Dit contact is samengevoegd met een ander; gebruik dat."
    en = "This contact was merged into another; use that one."


class MergeImpossible(DomainError):
    code = "MERGE_IMPOSSIBLE"
    nl = "Samenvoegen kan niet: {reason}."
    en = "Merging is not possible: {reason}."


class UnmergeImpossible(DomainError):
    code = "UNMERGE_IMPOSSIBLE"
    nl = "Het samenvoegen kan niet ongedaan worden gemaakt: {reason}."
    en = "The merge cannot be undone: {reason}."


class HasOpenOrders(Conflict):
    code = "HAS_OPEN_ORDERS"
    nl = "Er lopen nog orders ({numbers}); wissen kan als die zijn afgerond of geannuleerd."
    en = "Orders are still open ({numbers}); erasure is possible when they are completed or cancelled."


class HeldElsewhere(Conflict):
    code = "HELD_BY_OTHER_ENTITIES"
    nl = "Andere bedrijfsonderdelen houden dit contact ook bij; een platformbeheerder kan het wissen."
    en = "Other business entities hold this contact too; a platform administrator can erase it."


class UnknownPreference(InvalidInput):
    code = "UNKNOWN_PREFERENCE"
    nl = "Deze voorkeur bestaat niet; kies uit {choices}."
    en = "There is no such preference; choose from {choices}."
