"""What bills of sessions hold of a person; see domain.contacts.personal."""

from domain.contacts.personal import Personal, personal

_TAX = "Bills of charging are part of the administration, which is kept for seven years (AWR, article 52)."

personal(
    Personal(
        "session_billing",
        open="""
            SELECT s.number FROM session_billing b JOIN charging_session s ON s.id = b.session_id
            WHERE b.payer_contact_id = ANY (CAST(:ids AS uuid[])) AND b.status IN ('PRICED', 'WAITING')
            ORDER BY s.number""",
        kept="payer_contact_id = ANY (CAST(:ids AS uuid[])) OR driver_contact_id = ANY (CAST(:ids AS uuid[])) "
        "OR owner_contact_id = ANY (CAST(:ids AS uuid[]))",
        why_kept=_TAX,
    )
)
personal(Personal("session_revenue", kept="owner_contact_id = ANY (CAST(:ids AS uuid[]))", why_kept=_TAX))
