"""What commission refuses."""

from domain.errors import Conflict, DomainError, InvalidInput


class AlreadyDisputed(Conflict):
    code = "ALREADY_DISPUTED"
    nl = "Over deze provisie loopt al een bezwaar."
    en = "This commission is already disputed."


class NotDisputable(DomainError):
    code = "NOT_DISPUTABLE"
    nl = "Bezwaar kan alleen tegen de provisie zelf, niet tegen een correctie of terugboeking daarvan."
    en = "Only a commission itself can be disputed, not a correction or reversal of it."


class DisputeNotOpen(Conflict):
    code = "DISPUTE_NOT_OPEN"
    nl = "Dit bezwaar is niet meer open: {state}."
    en = "This dispute is not open any more: {state}."


class DisputeNotAnswered(Conflict):
    code = "DISPUTE_NOT_ANSWERED"
    nl = "Dit bezwaar is niet beantwoord: {state}."
    en = "This dispute has not been answered: {state}."


class NothingCorrected(InvalidInput):
    code = "NOTHING_CORRECTED"
    nl = "Het bedrag is al {amount}; wijs het bezwaar af, of noem een ander bedrag."
    en = "The amount is {amount} already; reject the dispute, or give another amount."


class TreeCircle(InvalidInput):
    code = "TREE_CIRCLE"
    nl = "Zo zou een organisatie onder zichzelf vallen."
    en = "This would place an organization below itself."


class SpanTooLong(InvalidInput):
    code = "SPAN_TOO_LONG"
    nl = "De periode mag hoogstens {months} maanden beslaan."
    en = "The period may span {months} months at most."
