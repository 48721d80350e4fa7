"""What quotes and signatures hold of a person; see domain.contacts.personal."""

from domain.contacts.personal import Personal, personal

_TAX = "Offers and what was agreed to are kept for seven years (AWR, article 52)."

personal(
    Personal(
        "quote",
        open="""
            SELECT number FROM quote WHERE end_customer_contact_id = ANY (CAST(:ids AS uuid[]))
              AND status IN ('DRAFT', 'SENT', 'PARTIALLY_SIGNED') ORDER BY number""",
        kept="end_customer_contact_id = ANY (CAST(:ids AS uuid[]))",
        why_kept=_TAX,
    )
)
for _table, _column in (
    ("quote_version", "end_customer_contact_id"),
    ("quote_visit", "end_customer_contact_id"),
    ("quote_party", "contact_id"),
    ("line_item", "payer_contact_id"),
    ("signature", "party_contact_id"),
):
    personal(Personal(_table, kept=f"{_column} = ANY (CAST(:ids AS uuid[]))", why_kept=_TAX))
