"""What mail of partners holds of a person; see domain.contacts.personal. It goes when its time is over anyway."""

from domain.contacts.personal import Personal, personal

_ORDERS = """
    (SELECT e.id FROM email_order e JOIN partner_order o ON o.id = e.partner_order_id
     WHERE o.contact_id = ANY (CAST(:ids AS uuid[])))"""

personal(
    Personal(
        "email_order",
        erase=(
            f"""
            UPDATE inbound_mail SET raw = NULL, parts = NULL, subject = '', sender = '', sender_name = '',
              envelope_sender = '', message_id = ''
            WHERE id IN (SELECT inbound_mail_id FROM email_order WHERE id IN {_ORDERS})
              OR sender = ANY (CAST(:emails AS text[]))""",  # noqa: S608  # a constant
            f"""
            UPDATE email_order SET fields = '{{}}', corrected = '{{}}', faults = '[]', reason = ''
            WHERE id IN {_ORDERS}""",  # noqa: S608  # a constant
        ),
    )
)
personal(Personal("inbound_mail"))
personal(
    Personal(
        "inbound_address",
        erase=(
            """
            UPDATE inbound_address SET allowed_senders =
              ARRAY(SELECT s FROM unnest(allowed_senders) s WHERE s <> ALL (CAST(:emails AS text[])))
            WHERE allowed_senders && CAST(:emails AS text[])""",
        ),
    )
)
