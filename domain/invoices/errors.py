"""Expected failures of invoicing."""

from domain.errors import DomainError, InvalidInput


class NothingOpen(DomainError):
    code = "NOTHING_OPEN"
    nl = "Op factuur {number} staat niets open."
    en = "Nothing is open on invoice {number}."


class MoreThanOpen(InvalidInput):
    code = "MORE_THAN_OPEN"
    nl = "Op factuur {number} staat maar {open} cent open."
    en = "Only {open} cents are open on invoice {number}."


class MoreThanPaid(InvalidInput):
    code = "MORE_THAN_PAID"
    nl = "Op factuur {number} is maar {paid} cent betaald."
    en = "Only {paid} cents were paid on invoice {number}."


class NotCreditable(DomainError):
    """A credit note, or a document that is credited in another way."""

    code = "NOT_CREDITABLE"
    nl = "{number} kan niet worden gecrediteerd."
    en = "{number} cannot be credited."


class NothingToCredit(DomainError):
    code = "NOTHING_TO_CREDIT"
    nl = "Van factuur {number} is alles al gecrediteerd."
    en = "All of invoice {number} is already credited."


class MoreThanBilled(InvalidInput):
    """A credit never exceeds what was billed."""

    code = "MORE_THAN_BILLED"
    nl = "Van deze regel is nog {left} te crediteren."
    en = "Of this line {left} is left to be credited."


class QuantityOrAmount(InvalidInput):
    code = "QUANTITY_OR_AMOUNT"
    nl = "Geef een aantal of een bedrag, niet beide."
    en = "Give a quantity or an amount, not both."


class BillAgainWhole(InvalidInput):
    code = "BILL_AGAIN_WHOLE"
    nl = "Opnieuw factureren kan alleen na een volledige creditering van een orderfactuur."
    en = "Only an invoice of orders that is credited as a whole can be billed again."


class NotWrittenOff(DomainError):
    code = "NOT_WRITTEN_OFF"
    nl = "Factuur {number} is niet afgeboekt."
    en = "Invoice {number} is not written off."


class OrderNotBillable(DomainError):
    """The order is in a state in which nothing is billed; `reason` says which."""

    code = "ORDER_NOT_BILLABLE"
    nl = "Van deze order kan nu niets worden gefactureerd: {reason}."
    en = "Nothing of this order can be billed now: {reason}."


class MixedEntities(InvalidInput):
    code = "MIXED_ENTITIES"
    nl = "De orders zijn van verschillende entiteiten."
    en = "The orders are of different business entities."


class PeriodTooLong(InvalidInput):
    code = "PERIOD_TOO_LONG"
    nl = "De periode begint voor haar einde en duurt ten hoogste {days} dagen."
    en = "The period begins before its end and takes at most {days} days."


class OrdersOrPeriod(InvalidInput):
    code = "ORDERS_OR_PERIOD"
    nl = "Geef orders, of een entiteit en een periode."
    en = "Give orders, or a business entity and a period."


class VatNumberRequired(InvalidInput):
    code = "VAT_NUMBER_REQUIRED"
    nl = "Btw verleggen kan alleen naar een organisatie met een geldig btw-nummer."
    en = "VAT can only be shifted to an organization with a valid VAT number."


class SharesNotRising(InvalidInput):
    code = "SHARES_NOT_RISING"
    nl = "De percentages lopen op, vanaf de aanbetaling, en blijven onder de 100."
    en = "The percentages rise, from the deposit on, and stay below 100."


class InvoiceTooLarge(DomainError):
    code = "INVOICE_TOO_LARGE"
    nl = "Het totaal van de factuur is te groot."
    en = "The total of the invoice is too large."


class NoLines(InvalidInput):
    code = "NO_LINES"
    nl = "Een factuur heeft ten minste één regel."
    en = "An invoice has at least one line."
