"""What sessions hold of a person; see domain.contacts.personal."""

from domain.contacts.personal import Personal, personal

_OF_THE_CONTACT = "contact_id = ANY (CAST(:ids AS uuid[]))"
_CHARGED = "driver_contact_id = ANY (CAST(:ids AS uuid[])) OR owner_contact_id = ANY (CAST(:ids AS uuid[]))"

personal(
    Personal(
        "id_token",
        erase=(
            f"""
            UPDATE id_token SET status = 'BLOCKED', label = '', blocked_reason = '', updated_at = now(),
              token = upper(left('X' || replace(id::text, '-', ''), 36))
            WHERE {_OF_THE_CONTACT}""",  # noqa: S608  # constants
        ),
    )
)
personal(
    Personal(
        "charging_session",
        erase=(
            """
            UPDATE session_report SET id_token = NULL WHERE session_id IN (
              SELECT id FROM charging_session WHERE driver_contact_id = ANY (CAST(:ids AS uuid[])))""",
            """
            UPDATE charging_session SET id_token = NULL, updated_at = now()
            WHERE driver_contact_id = ANY (CAST(:ids AS uuid[]))""",
        ),
        open=f"""
            SELECT number FROM charging_session WHERE ({_CHARGED}) AND state <> 'COMPLETED' ORDER BY number""",  # noqa: S608  # constants
        kept=_CHARGED,
        why_kept="What was charged is what invoices are made of, which are kept for seven years (AWR, article 52).",
    )
)
personal(
    Personal(
        "session_hour",
        kept="owner_contact_id = ANY (CAST(:ids AS uuid[]))",
        why_kept="What a charger gave is what its owner's revenue is reckoned from, and kept with it.",
    )
)
