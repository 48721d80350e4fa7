"""Expected failures of bank statements, matching, mandates and files for the bank."""

from domain.errors import Conflict, DomainError, InvalidInput


class BankFileTooLarge(InvalidInput):
    code = "BANK_FILE_TOO_LARGE"
    nl = "Het bestand is te groot; maximaal {maximum} bytes."
    en = "The file is too large; at most {maximum} bytes."


class BankFileUnsafe(InvalidInput):
    code = "BANK_FILE_UNSAFE"
    nl = "Het bestand bevat een documenttype of entiteiten; die worden niet gelezen."
    en = "The file has a document type or entities; those are not read."


class BankFileUnreadable(InvalidInput):
    code = "BANK_FILE_UNREADABLE"
    nl = "Het bestand is geen leesbare XML (regel {line})."
    en = "The file is not readable XML (line {line})."


class BankFileFormat(InvalidInput):
    code = "BANK_FILE_FORMAT"
    nl = "Het bestand is {found}; verwacht: CAMT.053 versie 02 of 08."
    en = "The file is {found}; expected: CAMT.053 version 02 or 08."


class NotTheFile(InvalidInput):
    code = "BANK_FILE_NOT_GIVEN"
    nl = "Geef het bestand als tekst, of als base64."
    en = "Give the file as text, or in base64."


class StatementIncomplete(InvalidInput):
    code = "STATEMENT_INCOMPLETE"
    nl = "Afschrift {statement}: {element} ontbreekt of is ongeldig."
    en = "Statement {statement}: {element} is missing or invalid."


class StatementTotals(InvalidInput):
    code = "STATEMENT_TOTALS"
    nl = "Afschrift {statement}: {what} is {stated}, maar de boekingen geven {counted}."
    en = "Statement {statement}: {what} is {stated}, but the entries give {counted}."


class StatementCurrency(InvalidInput):
    code = "STATEMENT_CURRENCY"
    nl = "Afschrift {statement}: {found} in plaats van {expected}."
    en = "Statement {statement}: {found} instead of {expected}."


class StatementOfOtherAccount(InvalidInput):
    code = "STATEMENT_OF_OTHER_ACCOUNT"
    nl = "Afschrift {statement} is niet van de rekening van deze onderneming."
    en = "Statement {statement} is not of this business entity's account."


class StatementDiffers(Conflict):
    code = "STATEMENT_DIFFERS"
    nl = "Afschrift {statement} is al ingelezen, maar met een andere inhoud."
    en = "Statement {statement} was imported before, with other contents."


class AlreadyMatched(Conflict):
    code = "TRANSACTION_ALREADY_MATCHED"
    nl = "Deze boeking is al verwerkt; maak dat eerst ongedaan."
    en = "This transaction is matched already; undo that first."


class NotMatched(Conflict):
    code = "TRANSACTION_NOT_MATCHED"
    nl = "Deze boeking is niet verwerkt."
    en = "This transaction is not matched."


class PartsDoNotAddUp(InvalidInput):
    code = "PARTS_DO_NOT_ADD_UP"
    nl = "De delen zijn samen {parts}; de boeking is {whole}."
    en = "The parts are {parts} together; the transaction is {whole}."


class WrongDirection(InvalidInput):
    code = "WRONG_DIRECTION"
    nl = "Daarvoor heeft de boeking het verkeerde teken (bij in plaats van af, of omgekeerd)."
    en = "The transaction has the wrong sign for that (credit instead of debit, or the other way)."


class UnmatchRefused(Conflict):
    code = "UNMATCH_REFUSED"
    nl = "Dit kan niet ongedaan worden gemaakt: {why}."
    en = "This cannot be undone: {why}."


class MandateInForce(Conflict):
    code = "MANDATE_IN_FORCE"
    nl = "Deze betaler heeft al een doorlopende machtiging ({reference})."
    en = "This payer has a recurrent mandate already ({reference})."


class MandateNotUsable(DomainError):
    code = "MANDATE_NOT_USABLE"
    nl = "Er is geen geldige machtiging voor factuur {what}."
    en = "There is no valid mandate for invoice {what}."


class NoAccount(DomainError):
    code = "NO_BANK_ACCOUNT"
    nl = "Van wie {what} krijgt is geen bankrekening bekend."
    en = "No bank account is known of whoever is paid by {what}."


class NotToBeRun(DomainError):
    code = "NOT_FOR_THIS_FILE"
    nl = "{what} hoort niet in dit bestand: er staat niets open, of het is een ander soort document."
    en = "{what} is not for this file: nothing is open on it, or it is another kind of document."


class NothingToRun(DomainError):
    code = "NOTHING_TO_RUN"
    nl = "Er is niets om in het bestand op te nemen."
    en = "There is nothing to put into the file."


class InAnotherFile(Conflict):
    code = "IN_ANOTHER_FILE"
    nl = "Factuur of terugbetaling {what} staat al in een lopend bestand."
    en = "Invoice or refund {what} is in a running file already."


class NotABankDay(InvalidInput):
    code = "NOT_A_BANK_DAY"
    nl = "{day} is geen dag waarop banken betalingen uitvoeren; de eerste mogelijkheid is {first}."
    en = "{day} is not a day on which banks carry out payments; the first possible one is {first}."


class NoCreditorId(DomainError):
    code = "NO_CREDITOR_ID"
    nl = "De onderneming heeft geen incassant-ID; stel het in bij de instellingen."
    en = "The business entity has no creditor identifier; set it in its settings."


class InvalidCreditorId(InvalidInput):
    code = "INVALID_CREDITOR_ID"
    nl = "Geen geldig incassant-ID (SEPA)."
    en = "Not a valid SEPA creditor identifier."


class FileUnderWay(Conflict):
    code = "FILE_UNDER_WAY"
    nl = "De bank heeft dit bestand al (deels) uitgevoerd."
    en = "The bank has carried out (part of) this file already."


class FileRefused(DomainError):
    """What we would write does not hold to the schema: a fault of our data."""

    code = "BANK_FILE_REFUSED"
    nl = "Het bestand voldoet niet aan het schema: {why}."
    en = "The file does not hold to the schema: {why}."
