"""What invoices hold of a person; see domain.contacts.personal."""

from domain.contacts.personal import Personal, personal

_TAX = "Invoices are kept for seven years (AWR, article 52)."
_PAYS = "payer_contact_id = ANY (CAST(:ids AS uuid[]))"

personal(
    Personal(
        "invoice",
        open="""
            SELECT number FROM invoice WHERE payer_contact_id = ANY (CAST(:ids AS uuid[])) AND open_cents <> 0
            ORDER BY number""",
        kept=_PAYS,
        why_kept=_TAX,
    )
)
personal(Personal("billing_part", kept=_PAYS, why_kept=_TAX))
personal(
    Personal(
        "billing_profile",
        erase=("UPDATE billing_profile SET invoice_email = NULL WHERE contact_id = ANY (CAST(:ids AS uuid[]))",),
    )
)
