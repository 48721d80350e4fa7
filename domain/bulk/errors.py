"""Expected failures of exports and imports."""

from domain.errors import Conflict, DomainError, InvalidInput


class LineNotJson(InvalidInput):
    code = "BULK_LINE_NOT_JSON"
    nl = "De regel is geen JSON-object in UTF-8."
    en = "The line is not a JSON object in UTF-8."


class LineTooLong(InvalidInput):
    code = "BULK_LINE_TOO_LONG"
    nl = "De regel is langer dan {maximum} bytes."
    en = "The line is longer than {maximum} bytes."


class UnknownField(InvalidInput):
    """A field of an import that nothing would come of."""

    code = "BULK_UNKNOWN_FIELD"
    nl = "Dit veld kennen we hier niet; wel: {known}."
    en = "There is no such field here; there are: {known}."


class NotImportable(DomainError):
    code = "BULK_NOT_IMPORTABLE"
    nl = "Van deze soort kan alleen geëxporteerd worden."
    en = "Records of this kind can be exported only."


class TooManyOperations(DomainError):
    code = "BULK_TOO_MANY_OPERATIONS"
    nl = "Er zijn al {maximum} exports en imports bezig; wacht tot er een klaar is."
    en = "There are {maximum} exports and imports under way; wait until one is done."


class FileTooLarge(InvalidInput):
    code = "BULK_FILE_TOO_LARGE"
    nl = "Een bestand is ten hoogste {maximum} MB groot, in ten hoogste {parts} delen."
    en = "A file has at most {maximum} MB, in at most {parts} parts."


class PartDiffers(Conflict):
    """A part was sent again with other bytes."""

    code = "BULK_PART_DIFFERS"
    nl = "Deel {number} is al ontvangen met een andere inhoud."
    en = "Part {number} was already received with other content."


class PartMissing(DomainError):
    code = "BULK_PART_MISSING"
    nl = "Deel {number} ontbreekt."
    en = "Part {number} is missing."


class NothingToUndo(DomainError):
    code = "BULK_NOTHING_TO_UNDO"
    nl = "Hiervan is niets terug te draaien: het is een export, een controle, of een import van {subject}."
    en = "There is nothing to take back: it is an export, a check, or an import of {subject}."


class FilesGone(DomainError):
    code = "BULK_FILES_GONE"
    nl = "De bestanden zijn verwijderd; ze worden {days} dagen bewaard."
    en = "The files are gone; they are kept for {days} days."


class ChangedSince(Conflict):
    """What an import made was changed afterwards, so taking it back would lose that."""

    code = "BULK_CHANGED_SINCE"
    nl = "Dit is na de import gewijzigd of gebruikt en blijft daarom staan."
    en = "This was changed or used after the import and stays as it is."
