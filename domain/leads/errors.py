"""Expected failures of leads."""

from domain.errors import DomainError, InvalidInput


class PartnerRequired(DomainError):
    """The entity takes orders through a partner only (T2), and the lead has none."""

    code = "PARTNER_REQUIRED"
    nl = "Deze onderneming werkt alleen via een partner; koppel eerst een partner aan de lead."
    en = "This business entity works through partners only; assign a partner to the lead first."


class PartnerNotOfTheEntity(InvalidInput):
    code = "PARTNER_NOT_OF_THE_ENTITY"
    nl = "Deze organisatie is geen partner van de onderneming."
    en = "This organization is not a partner of the business entity."


class NoQuestionnaire(DomainError):
    code = "NO_QUESTIONNAIRE"
    nl = "Deze onderneming heeft geen vragenlijst."
    en = "This business entity has no questionnaire."


class UnknownQuestion(InvalidInput):
    code = "UNKNOWN_QUESTION"
    nl = "Deze vraag staat niet in de vragenlijst."
    en = "This question is not in the questionnaire."


class QuestionNotAsked(InvalidInput):
    code = "QUESTION_NOT_ASKED"
    nl = "Deze vraag wordt bij de gegeven antwoorden niet gesteld."
    en = "With the answers given, this question is not asked."


class TooPrecise(InvalidInput):
    code = "TOO_PRECISE"
    nl = "Maximaal {decimals} cijfers achter de komma."
    en = "At most {decimals} decimal places."


class InvalidKey(InvalidInput):
    code = "INVALID_KEY"
    nl = "Een sleutel begint met een kleine letter en bevat alleen kleine letters, cijfers en _, maximaal 40 tekens."
    en = "A key starts with a lower-case letter and has only lower-case letters, digits and _, at most 40 characters."


class NotForThisType(InvalidInput):
    code = "NOT_FOR_THIS_TYPE"
    nl = "Dit past niet bij een vraag van het type {type}."
    en = "This does not go with a question of type {type}."


class RefersForward(InvalidInput):
    code = "REFERS_FORWARD"
    nl = "Een voorwaarde mag alleen naar een eerdere vraag verwijzen."
    en = "A condition may only refer to an earlier question."


class OperatorNotForField(InvalidInput):
    code = "OPERATOR_NOT_FOR_FIELD"
    nl = "{operator} kan niet met dit gegeven; mogelijk: {choices}."
    en = "{operator} does not go with this field; possible: {choices}."


class UnknownPlaceholder(InvalidInput):
    code = "UNKNOWN_PLACEHOLDER"
    nl = "{placeholder} is geen bekend invulveld; mogelijk: {choices}."
    en = "{placeholder} is not a known placeholder; possible: {choices}."


class WeightsDoNotAddUp(InvalidInput):
    code = "WEIGHTS_DO_NOT_ADD_UP"
    nl = "De gewichten tellen op tot {sum}; het moet 100 zijn."
    en = "The weights add up to {sum}; it must be 100."


class PositionTaken(DomainError):
    code = "POSITION_TAKEN"
    nl = "Op plaats {position} staat al een stap."
    en = "There is already a step at position {position}."
