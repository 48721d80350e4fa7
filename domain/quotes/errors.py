"""Expected failures of quotes."""

from domain.errors import Conflict, DomainError, Expired, InvalidInput


class PartnerAccountRequired(DomainError):
    """The entity sells through partners only (T2)."""

    code = "PARTNER_ACCOUNT_REQUIRED"
    nl = "{entity} werkt alleen via een partner; kies de partner op wiens account de offerte komt."
    en = "{entity} sells through partners only; choose the partner whose account the quote is on."


class NotAPartner(InvalidInput):
    code = "NOT_A_PARTNER"
    nl = "Dit contact is geen partnerorganisatie."
    en = "This contact is not a partner organization."


class ContactReplaced(InvalidInput):
    """A merged or erased contact takes part in nothing new."""

    code = "CONTACT_REPLACED"
    nl = "Dit contact is samengevoegd met een ander of gewist; kies een ander contact."
    en = "This contact was merged into another or erased; choose another contact."


class PayerNotPossible(InvalidInput):
    code = "PAYER_NOT_POSSIBLE"
    nl = "Een regel wordt betaald door de klant of door een organisatie."
    en = "A line is paid by the customer or by an organization."


class ArticleOrSku(InvalidInput):
    code = "ARTICLE_OR_SKU"
    nl = "Geef het artikel of het artikelnummer, een van beide."
    en = "Give the article or the SKU, one of the two."


class TooManyVisits(InvalidInput):
    """Q2: at most two visits per quote."""

    code = "TOO_MANY_VISITS"
    nl = "De regels vragen {visits} bezoeken, een offerte heeft er hoogstens 2. Regels per bezoek: {lines}."
    en = "The lines call for {visits} visits, a quote has at most 2. Lines per visit: {lines}."


class ServiceAddressRequired(InvalidInput):
    code = "SERVICE_ADDRESS_REQUIRED"
    nl = "De regels vragen een bezoek; kies het adres waar het werk wordt gedaan."
    en = "The lines call for a visit; choose the address where the work is done."


class AddressOfAnother(InvalidInput):
    code = "ADDRESS_OF_ANOTHER"
    nl = "Dit adres is niet van de klant en niet van de partner."
    en = "This address is neither the customer's nor the partner's."


class LeadOfAnother(InvalidInput):
    code = "LEAD_OF_ANOTHER"
    nl = "Deze lead is van een andere klant of een andere onderneming."
    en = "This lead is of another customer or another business entity."


class LeadNotQualified(DomainError):
    code = "LEAD_NOT_QUALIFIED"
    nl = "De lead heeft status {status}; een offerte volgt op een gekwalificeerde lead."
    en = "The lead is {status}; a quote follows a qualified lead."


class PartnerOrderTaken(Conflict):
    """Decision 11: unique per entity and partner."""

    code = "PARTNER_ORDER_TAKEN"
    nl = "Bestelnummer {partner_order_id} van deze partner staat al op {number}."
    en = "Order id {partner_order_id} of this partner is already on {number}."


class NoDraft(DomainError):
    code = "NO_DRAFT"
    nl = "Er is geen concept om te versturen; herzie de offerte eerst."
    en = "There is no draft to send; revise the quote first."


class QuoteClosed(DomainError):
    code = "QUOTE_CLOSED"
    nl = "De offerte is gesloten (status {status})."
    en = "The quote is closed (status {status})."


class QuoteExpired(Expired):
    code = "QUOTE_EXPIRED"
    nl = "De offerte was geldig tot {expired_at}."
    en = "The quote was valid until {expired_at}."
