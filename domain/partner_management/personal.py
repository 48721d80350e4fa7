"""What tickets hold of a person; see domain.contacts.personal. The rest is of organizations."""

from domain.contacts.personal import Personal, personal

_ABOUT = """
    order_id IN (SELECT id FROM "order" WHERE end_customer_contact_id = ANY (CAST(:ids AS uuid[])))"""

personal(
    Personal(
        "partner_ticket_message",
        erase=(
            """
            UPDATE partner_ticket_message SET author = '', body = ''
            WHERE author_user_id = ANY (CAST(:users AS uuid[]))""",
            f"""
            UPDATE partner_ticket_message SET body = ''
            WHERE ticket_id IN (SELECT id FROM partner_ticket WHERE {_ABOUT})""",  # noqa: S608  # a constant
        ),
    )
)
personal(
    Personal(
        "partner_ticket",
        erase=(
            """
            UPDATE partner_ticket SET opened_by = '', subject = '', updated_at = now(), version = version + 1
            WHERE opened_by_user_id = ANY (CAST(:users AS uuid[]))""",
            f"""
            UPDATE partner_ticket SET subject = '', updated_at = now(), version = version + 1
            WHERE {_ABOUT}""",  # noqa: S608  # a constant
        ),
    )
)
personal(Personal("partner_scorecard"))
personal(Personal("service_breach"))
