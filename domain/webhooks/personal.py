"""What webhooks hold of a person; see domain.contacts.personal. All of it is deleted when its time is over anyway."""

from domain.contacts.personal import Personal, personal

_ABOUT = """
    subject_id IN (
      SELECT id FROM "order" WHERE end_customer_contact_id = ANY (CAST(:ids AS uuid[]))
      UNION ALL SELECT id FROM quote WHERE end_customer_contact_id = ANY (CAST(:ids AS uuid[]))
      UNION ALL SELECT id FROM visit WHERE end_customer_contact_id = ANY (CAST(:ids AS uuid[]))
      UNION ALL SELECT id FROM lead WHERE contact_id = ANY (CAST(:ids AS uuid[]))
      UNION ALL SELECT unnest(CAST(:ids AS uuid[])))"""

personal(
    Personal(
        "webhook_endpoint",
        erase=(
            """
            UPDATE webhook_endpoint SET contact_emails =
              ARRAY(SELECT e FROM unnest(contact_emails) e WHERE lower(e) <> ALL (CAST(:emails AS text[])))
            WHERE contact_emails && CAST(:emails AS text[])""",
        ),
    )
)
personal(
    Personal(
        "webhook_attempt",
        erase=(
            f"""
            UPDATE webhook_attempt SET response_body = NULL, response_headers = '{{}}'
            WHERE delivery_id IN (SELECT id FROM webhook_delivery WHERE {_ABOUT})""",  # noqa: S608  # a constant
        ),
    )
)
personal(
    Personal(
        "webhook_delivery",
        erase=(f"UPDATE webhook_delivery SET body = NULL WHERE {_ABOUT}",),  # noqa: S608  # a constant
    )
)
personal(Personal("webhook_replay"))
