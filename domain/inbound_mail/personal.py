"""What mail of partners holds of a person; see domain.contacts.personal. It goes when its time is over anyway."""

from domain.contacts.personal import Personal, personal
from domain.partner_orders.personal import FORGET_EXCEPTION

_FORGET_MAIL = """
    UPDATE inbound_mail SET raw = NULL, parts = NULL, subject = '', sender = '', sender_name = '',
      envelope_sender = '', message_id = ''"""
_FORGET_ORDER = """
    UPDATE email_order SET fields = '{}', corrected = '{}', faults = '[]', reason = '', updated_at = now(),
      version = version + 1, state = CASE state WHEN 'REVIEW' THEN 'REJECTED' ELSE state END"""
_SUBMITTED = """
    partner_order_id IN (SELECT id FROM partner_order WHERE contact_id = ANY (CAST(:ids AS uuid[])))"""
_MENTIONED = """
    partner_order_id IS NULL AND fields <> '{}' AND EXISTS (
      SELECT 1 FROM unnest(CAST(:emails AS text[])) e
      WHERE position(e IN lower(concat(email_order.fields, email_order.corrected))) > 0)"""
"""Read in a mail, and never submitted."""

personal(
    Personal(
        "email_order",
        erase=tuple(
            f"""
            WITH forgotten AS ({_FORGET_ORDER} WHERE {whose} RETURNING id, inbound_mail_id),
              mails AS ({_FORGET_MAIL} WHERE id IN (SELECT inbound_mail_id FROM forgotten))
            {FORGET_EXCEPTION} WHERE source_id IN (SELECT id FROM forgotten)"""  # noqa: S608  # constants
            for whose in (_SUBMITTED, _MENTIONED)
        ),
    )
)
personal(
    Personal(
        "inbound_mail",
        erase=(f"{_FORGET_MAIL} WHERE sender <> '' AND sender = ANY (CAST(:emails AS text[]))",),
    )
)
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
