"""What payments refuse."""

from domain.errors import Conflict, DomainError, Unavailable


class NotPayable(DomainError):
    code = "NOT_PAYABLE"
    nl = "Dit document wordt niet betaald: het is geen factuur van ons."
    en = "This document is not paid: it is not an invoice of ours."


class RefundTooHigh(DomainError):
    code = "REFUND_TOO_HIGH"
    nl = "Van deze betaling kan nog {left} worden terugbetaald."
    en = "{left} of this payment can still be refunded."


class AllocatedTooMuch(DomainError):
    code = "ALLOCATED_TOO_MUCH"
    nl = "Er is {given} toegewezen, dat is meer dan {limit}."
    en = "{given} is allocated, which is more than {limit}."


class PaymentInUse(Conflict):
    """It cannot be undone any more."""

    code = "PAYMENT_IN_USE"
    nl = "Van deze betaling is al iets terugbetaald of uitgegeven."
    en = "Part of this payment was already refunded or spent."


class NotUndone(DomainError):
    code = "PAYMENT_NOT_UNDONE"
    nl = "Een betaling via {provider} wordt niet teruggedraaid: betaal terug of maak de koppeling ongedaan."
    en = "A payment through {provider} is not undone: refund it, or undo the match."


class NotInSuspense(DomainError):
    code = "NOT_IN_SUSPENSE"
    nl = "Van deze betaling staat niets open om toe te wijzen."
    en = "Nothing of this payment is waiting to be allocated."


class NoPaymentProvider(DomainError):
    code = "NO_PAYMENT_PROVIDER"
    nl = "Er is geen betaaldienst ingesteld."
    en = "No payment provider is set up."


class KeyNotAccepted(DomainError):
    code = "PROVIDER_KEY_NOT_ACCEPTED"
    nl = "Dit is geen sleutel van {provider}."
    en = "This is not a key of {provider}."


class KeyOfTestMode(DomainError):
    code = "PROVIDER_TEST_KEY"
    nl = "Een testsleutel kan hier niet: betalingen daarmee brengen niets op."
    en = "A test key is not possible here: payments by it bring in nothing."


class WebhookSecretNotAccepted(DomainError):
    code = "WEBHOOK_SECRET_NOT_ACCEPTED"
    nl = "Stripe heeft minstens één ondertekeningsgeheim nodig, dat met whsec_ begint."
    en = "Stripe needs at least one signing secret, which begins with whsec_."


class LinkClosed(DomainError):
    code = "PAYMENT_LINK_CLOSED"
    nl = "Deze betaallink is niet meer geldig."
    en = "This payment link is not valid any more."


class ProviderUnavailable(Unavailable):
    code = "PROVIDER_UNAVAILABLE"
    nl = "De betaaldienst is niet bereikbaar. Probeer het later opnieuw."
    en = "The payment provider cannot be reached. Try again later."


class ProviderRefused(DomainError):
    code = "PROVIDER_REFUSED"
    nl = "De betaaldienst heeft dit geweigerd: {detail}"
    en = "The payment provider refused this: {detail}"


class NoWallet(DomainError):
    code = "NO_WALLET"
    nl = "Er is geen tegoed."
    en = "There is no wallet."
