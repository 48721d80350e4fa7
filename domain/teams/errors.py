"""Refusals of teams, regions and their calendar."""

from domain.errors import Conflict, InvalidInput


class InvalidRegionCode(InvalidInput):
    code = "INVALID_REGION_CODE"
    nl = "Verwacht 1 tot 20 hoofdletters, cijfers of koppeltekens, zoals MIDDEN."
    en = "Expected 1 to 20 capitals, digits or hyphens, such as MIDDEN."


class InvalidPostcodePrefix(InvalidInput):
    code = "INVALID_POSTCODE_PREFIX"
    nl = "Verwacht het begin van een postcode: een tot vier cijfers, het eerste geen 0."
    en = "Expected the start of a postcode: one to four digits, the first of them not 0."


class UnknownPlace(InvalidInput):
    code = "UNKNOWN_PLACE"
    nl = "Bij deze postcode is geen plaats in Nederland bekend."
    en = "No place in the Netherlands is known for this postcode."


class InvalidTime(InvalidInput):
    code = "INVALID_TIME"
    nl = "Verwacht een tijd in hele minuten zonder tijdzone, zoals 07:30."
    en = "Expected a time in whole minutes without a time zone, such as 07:30."


class EndsBeforeStart(InvalidInput):
    code = "ENDS_BEFORE_START"
    nl = "Het einde moet na het begin liggen."
    en = "The end has to come after the start."


class LastRegion(Conflict):
    """A team without a region works everywhere: removing its last one would send it through the whole country."""

    code = "LAST_REGION"
    nl = "Dit is het enige gebied van {teams}. Geef eerst een ander gebied op."
    en = "This is the only region of {teams}. Give another region first."


class NotPlannable(Conflict):
    code = "NOT_PLANNABLE"
    nl = "Dit bezoek is begonnen, gedaan of geannuleerd."
    en = "This visit has begun, is over or was called off."
