"""What the books have to agree with: what is open, deferred, and owed by self-billing."""

from domain.ledger.models import AccountRole
from domain.ledger.subledgers import subledger

subledger(
    "receivables",
    (AccountRole.RECEIVABLE,),
    "SELECT entity_id, currency, open_cents AS cents FROM invoice WHERE kind = 'INVOICE'",
)
subledger(
    "deferred revenue",
    (AccountRole.DEFERRED_REVENUE,),
    "SELECT l.entity_id, l.currency, l.credited_net_cents - l.net_cents AS cents FROM invoice_line l "
    "JOIN invoice i ON i.id = l.invoice_id WHERE i.kind = 'INVOICE' AND l.recognized_at IS NULL",
)
subledger(
    "self-billing",
    (AccountRole.COMMISSION_PAYABLE,),
    "SELECT entity_id, currency, -open_cents AS cents FROM invoice WHERE kind = 'SELF_BILLING'",
)
