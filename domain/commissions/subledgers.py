"""What the books have to agree with: what is expected or due, and not yet on a self-billing invoice."""

from domain.ledger.models import AccountRole
from domain.ledger.subledgers import subledger

subledger(
    "commission",
    (AccountRole.COMMISSION_ACCRUED,),
    "SELECT entity_id, currency, -amount_cents AS cents FROM commission WHERE status IN ('ACCRUED', 'EARNED')",
)
