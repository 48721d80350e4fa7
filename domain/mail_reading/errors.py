"""Why rules of a template are refused."""

from domain.errors import InvalidInput


class UnknownMailField(InvalidInput):
    code = "UNKNOWN_MAIL_FIELD"
    nl = "{path} is geen veld dat uit een mail wordt gelezen."
    en = "{path} is no field that is read from a mail."


class TooManyRules(InvalidInput):
    code = "TOO_MANY_RULES"
    nl = "Hoogstens {maximum} regels."
    en = "At most {maximum} rules."
