"""What payments and wallets hold of a person; see domain.contacts.personal."""

from domain.contacts.personal import Personal, personal

_TAX = "Payments are part of the administration, which is kept for seven years (AWR, article 52)."

personal(
    Personal(
        "wallet",
        open="""
            SELECT 'wallet ' || currency FROM wallet
            WHERE contact_id = ANY (CAST(:ids AS uuid[])) AND balance_cents > 0 ORDER BY 1""",
        kept="contact_id = ANY (CAST(:ids AS uuid[]))",
        why_kept=_TAX,
    )
)
personal(
    Personal(
        "payment",
        open="""
            SELECT number FROM payment
            WHERE contact_id = ANY (CAST(:ids AS uuid[])) AND status = 'PENDING' ORDER BY number""",
        kept="contact_id = ANY (CAST(:ids AS uuid[]))",
        why_kept=_TAX,
    )
)
for _table in ("wallet_movement", "payment_allocation", "payment_link"):
    personal(Personal(_table, kept="contact_id = ANY (CAST(:ids AS uuid[]))", why_kept=_TAX))
