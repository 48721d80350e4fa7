"""What records of accounting packages hold of a person; see domain.contacts.personal."""

from domain.contacts.personal import Personal, personal

personal(
    Personal(
        "accounting_record",
        kept="contact_id = ANY (CAST(:ids AS uuid[]))",
        why_kept="What was booked where is kept with the books for seven years (AWR, article 52).",
    )
)
