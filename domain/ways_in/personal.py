"""What the ways in hold of a person; see domain.contacts.personal. Messages are forgotten when their time is over."""

from domain.contacts.personal import Personal, personal
from domain.partner_orders.personal import FORGET_EXCEPTION

_FORGET = "UPDATE inbound_message SET body = NULL, headers = '{}', faults = '[]', forgotten_at = now()"
_BECAME = "partner_order_key IN (SELECT id FROM partner_order WHERE contact_id = ANY (CAST(:ids AS uuid[])))"
_MENTIONED = (
    "partner_order_key IS NULL AND EXISTS (SELECT 1 FROM unnest(CAST(:emails AS text[])) e "
    "WHERE position(e IN lower(encode(inbound_message.body, 'escape'))) > 0)"
)

personal(Personal("mapped_webhook"))
personal(Personal("mapped_webhook_version"))
personal(
    Personal(
        "inbound_message",
        erase=tuple(
            f"""
            WITH gone AS ({_FORGET} WHERE forgotten_at IS NULL AND {whose} RETURNING id)
            {FORGET_EXCEPTION} WHERE source_id IN (SELECT id FROM gone)"""  # noqa: S608  # constants
            for whose in (_BECAME, _MENTIONED)
        ),
    )
)
personal(
    Personal(
        "order_form",
        erase=(
            """
            UPDATE order_form SET notify_emails =
              ARRAY(SELECT e FROM unnest(notify_emails) e WHERE lower(e) <> ALL (CAST(:emails AS text[])))
            WHERE notify_emails && CAST(:emails AS text[])""",
        ),
    )
)
