"""What alerts and maintenance hold of a charger's owner; see domain.contacts.personal."""

from domain.contacts.personal import Personal, personal

_OWNED = "owner_contact_id = ANY (CAST(:ids AS uuid[]))"

personal(
    Personal(
        "charger_alert",
        erase=(
            f"""
            UPDATE charger_alert SET owner_contact_id = NULL, close_reason = '', updated_at = now() WHERE {_OWNED}""",  # noqa: S608  # constants
        ),
    )
)
personal(
    Personal(
        "maintenance_task",
        open=f"SELECT title FROM maintenance_task WHERE {_OWNED} AND ended_at IS NULL ORDER BY title",  # noqa: S608  # as above
        erase=(
            f"""
            UPDATE maintenance_task SET owner_contact_id = NULL, title = '', note = '', outcome = '', updated_at = now()
            WHERE {_OWNED}""",  # noqa: S608  # as above
        ),
    )
)
