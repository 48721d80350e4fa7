"""What documents hold of a person; see domain.contacts.personal."""

from domain.contacts.personal import Personal, personal

personal(
    Personal(
        "document",
        kept="contact_id = ANY (CAST(:ids AS uuid[]))",
        why_kept="Invoices are kept for seven years (AWR, article 52).",
    )
)
