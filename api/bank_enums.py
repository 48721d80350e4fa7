"""The enums of bank statements, matching, mandates and files, described."""

from api.enums import described
from domain.bank.importing import ImportOutcome
from domain.bank.matching import MatchReason
from domain.bank.models import MatchKind, ProposalState, TransactionKind, TransactionState
from domain.bank.order_models import (
    BankFileKind,
    BankFileState,
    FileLineState,
    MandateScheme,
    MandateState,
    MandateUse,
)
from domain.bank.wanted import LeftOutReason

described(
    TransactionState,
    "Where a bank transaction is.",
    UNMATCHED="Nothing was found; it stands on the suspense account.",
    PROPOSED="Something was found, and somebody has to say so; it stands on the suspense account.",
    MATCHED="It is known what it is.",
    IGNORED="Looked at, and left on the suspense account with a reason.",
)
described(
    TransactionKind,
    "What a bank transaction is, as the bank tells.",
    TRANSFER="A transfer.",
    DIRECT_DEBIT="A collection.",
    RETURN="Money that went back: a returned collection or payment.",
    PROVIDER_PAYOUT="A payment provider pays out what it received.",
    CHARGE="Costs or interest of the bank.",
)
described(
    MatchKind,
    "What (a part of) a transaction was matched to.",
    INVOICE="It pays an invoice.",
    WALLET="It is in somebody's wallet.",
    LEDGER="It stands on an account of the books.",
    PROVIDER_PAYOUT="It clears what a payment provider held.",
    FILE="The bank carried out a line of a file of ours.",
    RETURN="A line of a file of ours came back.",
)
described(
    ProposalState,
    "Where a proposal is.",
    OPEN="It waits for somebody.",
    ACCEPTED="It was right.",
    REJECTED="It was not, or another was.",
)
described(
    MatchReason,
    "Why something is proposed.",
    REFERENCE="Its number or payment reference is given.",
    REFERENCE_ALMOST="Nearly its number or payment reference is given: check digits are wrong, or digits are missing.",
    PAYER_REFERENCE="The payer's own number is given.",
    AMOUNT_EQUALS_OPEN="The amount is what is open.",
    AMOUNT_ABOVE_OPEN="The amount is more than is open; the rest goes to the payer's wallet.",
    AMOUNT_BELOW_OPEN="The amount is less than is open.",
    AMOUNT_EQUALS_SUM="The amount is what is open on these together.",
    ACCOUNT="It comes from an account that the payer is known to pay from.",
    NAME_EQUAL="The name is the payer's.",
    NAME_ALIKE="The name is like the payer's.",
    PROVIDER_NAME="It is named after a payment provider, which holds as much.",
)
described(
    ImportOutcome,
    "What was done with a bank statement.",
    IMPORTED="It was read in.",
    ALREADY_IMPORTED="It was read in before; nothing was done.",
)
described(
    MandateScheme,
    "Which SEPA direct debit.",
    CORE="For anybody; the payer may have it returned for eight weeks without a reason.",
    B2B="Between businesses; there is no refund.",
)
described(MandateUse, "How often may be collected.", RECURRENT="Again and again.", ONE_OFF="Once.")
described(
    MandateState,
    "Whether a mandate may be used.",
    ACTIVE="It may, unless it has lapsed.",
    REVOKED="It may not any more.",
)
described(
    BankFileKind,
    "What a file tells the bank to do.",
    DIRECT_DEBIT="Collect (pain.008).",
    PAYOUT="Pay out (pain.001).",
)
described(
    BankFileState,
    "Where a file is.",
    CREATED="Made; to be given to the bank.",
    SETTLED="The bank has carried out or returned every line.",
    CANCELLED="Not given to the bank.",
)
described(
    FileLineState,
    "Where a line of a file is.",
    PENDING="No statement has told of it yet.",
    SETTLED="Carried out.",
    RETURNED="It came back.",
    CANCELLED="Its file was cancelled.",
)
described(
    LeftOutReason,
    "Why something is not in a file.",
    NO_MANDATE="No mandate of the scheme may be used for the day.",
    NO_ACCOUNT="The bank account to pay to is not known.",
    IN_ANOTHER_FILE="It is in a running file already.",
    NOTHING_OPEN="Nothing is open, or it is not for such a file.",
)
