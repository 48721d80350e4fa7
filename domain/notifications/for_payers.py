"""What payers are told of their payments, and the office of payments that somebody has to look at."""

from domain.notifications.kinds import Category, Kind, RecipientRole, Variable, VariableType, declare
from domain.notifications.letters import both

PAYMENT = (
    Variable("payment.number", VariableType.TEXT, "Number of the payment.", "LT-P-2026-00012"),
    Variable("payment.amount", VariableType.TEXT, "How much.", "€ 121,00"),
    Variable("payment.invoices", VariableType.TEXT, "Numbers of the invoices.", "LT-2026-00123", optional=True),
)
_FOR_NL = "{% if payment.invoices %} voor {{ payment.invoices }}{% endif %}"
_FOR_EN = "{% if payment.invoices %} for {{ payment.invoices }}{% endif %}"


def _told(name: str, description: str, nl: tuple[str, str], en: tuple[str, str]) -> None:
    """To customers, and under the same name with `.partner` to the people of partners. (subject, sentence)."""
    words = both((nl[0], nl[1], nl[1]), (en[0], en[1], en[1]))
    for suffix, to in (("", RecipientRole.CUSTOMER), (".partner", RecipientRole.PARTNER)):
        declare(Kind(f"{name}{suffix}", description, to, Category.ORDERS, "Payment", words, PAYMENT))


_told(
    "payment.received",
    "A payment was received.",
    ("Wij hebben uw betaling ontvangen", f"Bedankt: uw betaling van {{{{ payment.amount }}}}{_FOR_NL} is ontvangen."),
    ("We have received your payment", f"Thank you: your payment of {{{{ payment.amount }}}}{_FOR_EN} was received."),
)
_told(
    "payment.refunded",
    "A payment was given back.",
    ("Uw geld komt terug", f"Wij hebben {{{{ payment.amount }}}}{_FOR_NL} terugbetaald."),
    ("Your money is on its way back", f"We have refunded {{{{ payment.amount }}}}{_FOR_EN}."),
)


def _in_the_inbox(name: str, description: str, nl: tuple[str, str], en: tuple[str, str]) -> None:
    words = both((*nl, nl[1]), (*en, en[1]))
    role = RecipientRole.STAFF
    declare(Kind(name, description, role, Category.ORDERS, "Payment", words, PAYMENT, channels=(), optional=True))


_in_the_inbox(
    "payment.suspended.staff",
    "Money came in that pays nothing yet.",
    ("Betaling {{ payment.number }} moet worden toegewezen", "{{ payment.amount }} kwam binnen en betaalt nog niets."),
    ("Payment {{ payment.number }} has to be allocated", "{{ payment.amount }} came in and pays nothing yet."),
)
_in_the_inbox(
    "payment.refund_failed.staff",
    "Money could not be given back.",
    ("Terugbetaling {{ payment.number }} is mislukt", "{{ payment.amount }} staat weer waar het vandaan kwam."),
    ("Refund {{ payment.number }} failed", "{{ payment.amount }} stands where it was taken from."),
)
_in_the_inbox(
    "payment.charged_back.staff",
    "A payer's bank or card company took money back.",
    ("Storno {{ payment.number }}", "{{ payment.amount }}" + _FOR_NL + " is teruggehaald."),
    ("Chargeback {{ payment.number }}", "{{ payment.amount }}" + _FOR_EN + " was taken back."),
)
