"""What the tables of reminders hold of a person; see domain.contacts.personal."""

from domain.contacts.personal import Personal, personal

_TAX = "Invoices and what was written about them are kept for seven years (AWR, article 52)."

personal(
    Personal(
        "reminder",
        kept="contact_id = ANY (CAST(:ids AS uuid[]))",
        why_kept=_TAX,
        erase=("UPDATE reminder SET recipient = NULL WHERE contact_id = ANY (CAST(:ids AS uuid[]))",),
    )
)
personal(
    Personal(
        "account_statement",
        kept="contact_id = ANY (CAST(:ids AS uuid[]))",
        why_kept=_TAX,
        erase=("UPDATE account_statement SET recipient = NULL WHERE contact_id = ANY (CAST(:ids AS uuid[]))",),
    )
)
personal(Personal("dunning_pause", kept="contact_id = ANY (CAST(:ids AS uuid[]))", why_kept=_TAX))
