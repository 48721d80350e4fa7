"""What the books have to agree with: what is in the wallets."""

from domain.ledger.models import AccountRole
from domain.ledger.subledgers import subledger

subledger(
    "wallets",
    (AccountRole.WALLET,),
    "SELECT entity_id, currency, -balance_cents AS cents FROM wallet",
)
