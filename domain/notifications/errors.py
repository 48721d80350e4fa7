"""What can be wrong with templates, preferences and notifications."""

from domain.errors import Conflict, InvalidInput


class TemplateSyntax(InvalidInput):
    code = "TEMPLATE_SYNTAX"
    nl = "Regel {line}: het sjabloon is niet te lezen ({detail})."
    en = "Line {line}: the template cannot be read ({detail})."


class TemplateNotAllowed(InvalidInput):
    """Something that templates may not do: statements that loop, calls, filters that are not on the list."""

    code = "TEMPLATE_NOT_ALLOWED"
    nl = "Regel {line}, teken {column}: {what} mag niet in een sjabloon."
    en = "Line {line}, column {column}: {what} is not allowed in a template."


class UnknownVariable(InvalidInput):
    code = "UNKNOWN_VARIABLE"
    nl = "Regel {line}, teken {column}: {variable} bestaat niet bij deze soort. Kies uit: {choices}."
    en = "Line {line}, column {column}: {variable} does not exist for this kind. Choose from: {choices}."


class TemplateTooLong(InvalidInput):
    """Filled in, it is longer than the channel carries."""

    code = "TEMPLATE_TOO_LONG"
    nl = "Ingevuld is de tekst langer dan {maximum} tekens."
    en = "Filled in, the text is longer than {maximum} characters."


class NoSubjectHere(InvalidInput):
    code = "NO_SUBJECT_ON_CHANNEL"
    nl = "Een bericht over {channel} heeft geen onderwerp."
    en = "A message over {channel} has no subject."


class NoHtmlHere(InvalidInput):
    code = "NO_HTML_ON_CHANNEL"
    nl = "Alleen een e-mail heeft opmaak."
    en = "Only a mail has HTML."


class MustBeTold(InvalidInput):
    """A kind that its recipients need to know of."""

    code = "MUST_BE_TOLD"
    nl = "Berichten van de soort {kind} kunnen niet worden uitgezet."
    en = "Messages of the kind {kind} cannot be switched off."


class NothingToResend(Conflict):
    code = "NOTHING_TO_RESEND"
    nl = "Wat dit bericht zei, is niet meer bewaard."
    en = "What this message said is no longer kept."
