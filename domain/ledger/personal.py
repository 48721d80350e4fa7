"""What the books hold of a person; see domain.contacts.personal."""

from domain.contacts.personal import Personal, personal

personal(
    Personal(
        "journal_line",
        kept="contact_id = ANY (CAST(:ids AS uuid[]))",
        why_kept="The books are kept for seven years (AWR, article 52).",
    )
)
