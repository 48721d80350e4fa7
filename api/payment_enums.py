"""The states of payments, links and wallets in GraphQL."""

import strawberry

from api.enums import described
from domain.payments.models import (
    Destination,
    Direction,
    LinkPurpose,
    LinkStatus,
    PaymentKind,
    PaymentMethod,
    PaymentStatus,
    Provider,
    ProviderMode,
    Suspense,
)
from domain.wallets.models import MovementKind

for _states, _name in (
    (Destination, "RefundDestination"),
    (Direction, "PaymentDirection"),
    (Provider, "PaymentProviderName"),
    (ProviderMode, "PaymentProviderMode"),
    (Suspense, "SuspenseReason"),
    (LinkPurpose, "PaymentLinkPurpose"),
    (LinkStatus, "PaymentLinkStatus"),
    (MovementKind, "WalletMovementKind"),
):
    strawberry.enum(_states, name=_name)

described(Direction, "Which way money went.", IN="To us.", OUT="From us.")
described(
    PaymentKind,
    "What a payment is.",
    RECEIPT="Money that came in, or was taken from a wallet.",
    REFUND="Money given back.",
    CHARGEBACK="Money taken back by the payer's bank or card company.",
)
described(
    PaymentMethod,
    "How was paid.",
    IDEAL="iDEAL.",
    CARD="A card.",
    BANK_TRANSFER="A transfer.",
    DIRECT_DEBIT="SEPA direct debit.",
    CASH="Cash.",
    WALLET="From the payer's wallet.",
    OTHER="Otherwise.",
)
described(
    PaymentStatus,
    "Where a payment is.",
    PENDING="A refund that is under way.",
    SUCCEEDED="Done.",
    PARTIALLY_REFUNDED="A part of it was refunded.",
    REFUNDED="All of it was refunded.",
    FAILED="A refund that came to nothing: the money stands where it was taken from.",
    REVERSED="Registered by mistake, and undone.",
)
described(
    Provider,
    "Who carried a payment out, or told us of it.",
    MOLLIE="Mollie.",
    STRIPE="Stripe.",
    LOCAL="Our own test page: no money moved.",
    BANK="A bank statement.",
    MANUAL="A colleague.",
    WALLET="The payer's wallet.",
)
described(ProviderMode, "Whether an account moves money.", LIVE="It does.", TEST="It plays.")
described(Destination, "Where a refund goes.", SOURCE="To where the money came from.", WALLET="To the payer's wallet.")
described(LinkPurpose, "What a link is for.", INVOICE="To pay an invoice.", TOP_UP="To top up a wallet.")
described(
    LinkStatus,
    "Whether a link can be used.",
    ACTIVE="It can.",
    PAID="What it was for is settled.",
    EXPIRED="Its time is over.",
    CANCELLED="It was withdrawn.",
)
described(
    Suspense,
    "Why money pays nothing yet.",
    WRONG_AMOUNT="Another amount came in than was asked.",
    WRONG_CURRENCY="Another currency came in than was asked.",
    UNKNOWN_PAYER="Nobody knows who paid it, or for what.",
)
described(
    MovementKind,
    "Why a balance changed.",
    TOP_UP="Its owner paid in.",
    DEBIT="It paid an invoice.",
    REFUND="A payment was refunded to it.",
    SURPLUS="More was received than was open.",
    PAYOUT="Its owner got it back.",
    CORRECTION="By hand; the reason says why.",
)
