"""What tickets hold of a person; see domain.contacts.personal. The rest is of organizations."""

from domain.contacts.personal import Personal, personal

_WROTE = "author_user_id = ANY (CAST(:users AS uuid[]))"

personal(
    Personal(
        "partner_ticket_message",
        erase=(f"UPDATE partner_ticket_message SET author = '', body = '' WHERE {_WROTE}",),  # noqa: S608  # a constant
    )
)
personal(
    Personal(
        "partner_ticket",
        erase=(
            """
            UPDATE partner_ticket SET opened_by = '', updated_at = now()
            WHERE opened_by_user_id = ANY (CAST(:users AS uuid[]))""",
        ),
    )
)
personal(Personal("partner_scorecard"))
personal(Personal("service_breach"))
