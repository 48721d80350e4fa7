"""What orders of partners hold of a person; see domain.contacts.personal."""

from domain.contacts.personal import Personal, personal

FORGET_EXCEPTION = """
    UPDATE partner_order_exception SET detail = '{}', message_nl = '', message_en = '', resolution = NULL,
      state = CASE state WHEN 'OPEN' THEN 'DISMISSED' ELSE state END, resolved_at = coalesce(resolved_at, now()),
      updated_at = now()"""
"""Also closes it: nobody can work on what says nothing."""

personal(
    Personal(
        "partner_order_exception",
        erase=(
            f"""
            {FORGET_EXCEPTION} WHERE partner_order_fk IN (
              SELECT id FROM partner_order WHERE contact_id = ANY (CAST(:ids AS uuid[])))""",  # noqa: S608  # a constant
            """
            UPDATE partner_order_exception SET resolved_by = ''
            WHERE resolved_by_user_id = ANY (CAST(:users AS uuid[]))""",
        ),
    )
)
personal(
    Personal(
        "partner_order",
        erase=(
            """
            UPDATE partner_order SET document = '{}', issues = '[]', forgotten_at = coalesce(forgotten_at, now()),
              address_id = NULL, cancel_reason = NULL, updated_at = now()
            WHERE contact_id = ANY (CAST(:ids AS uuid[]))""",
            "UPDATE partner_order SET submitted_by = '' WHERE submitted_by_user_id = ANY (CAST(:users AS uuid[]))",
        ),
    )
)
personal(
    Personal(
        "partner_integration",
        erase=(
            """
            UPDATE partner_integration SET notify_emails =
              ARRAY(SELECT e FROM unnest(notify_emails) e WHERE lower(e) <> ALL (CAST(:emails AS text[])))
            WHERE notify_emails && CAST(:emails AS text[])""",
        ),
    )
)
personal(Personal("partner_signing_secret"))
