"""What orders of partners hold of a person; see domain.contacts.personal."""

from domain.contacts.personal import Personal, personal

personal(
    Personal(
        "partner_order",
        erase=(
            """
            UPDATE partner_order_exception SET detail = '{}', message_nl = '', message_en = '', resolution = NULL
            WHERE partner_order_fk IN (
              SELECT id FROM partner_order WHERE contact_id = ANY (CAST(:ids AS uuid[])))""",
            """
            UPDATE partner_order SET document = '{}', issues = '[]', forgotten_at = coalesce(forgotten_at, now()),
              cancel_reason = NULL, updated_at = now()
            WHERE contact_id = ANY (CAST(:ids AS uuid[]))""",
        ),
    )
)
