"""What orders and visits hold of a person; see domain.contacts.personal."""

from domain.contacts.personal import Personal, personal

_TAX = "Orders and the work done for them are kept for seven years (AWR, article 52)."

personal(
    Personal(
        "order",
        open="""
            SELECT number FROM "order" WHERE end_customer_contact_id = ANY (CAST(:ids AS uuid[]))
              AND stage NOT IN ('COMPLETED', 'CANCELLED') ORDER BY number""",
        kept="end_customer_contact_id = ANY (CAST(:ids AS uuid[]))",
        why_kept=_TAX,
    )
)
personal(Personal("visit", kept="end_customer_contact_id = ANY (CAST(:ids AS uuid[]))", why_kept=_TAX))
