"""What notifications hold of a person, to whomever they are; see domain.contacts.personal."""

from domain.contacts.personal import Personal, personal

_THEIRS = "(contact_id = ANY (CAST(:ids AS uuid[])) OR user_id = ANY (CAST(:users AS uuid[])))"
_ABOUT_THEM = """(
  subject_id IN (SELECT id FROM "order" WHERE end_customer_contact_id = ANY (CAST(:ids AS uuid[])))
  OR subject_id IN (SELECT id FROM quote WHERE end_customer_contact_id = ANY (CAST(:ids AS uuid[])))
  OR subject_id IN (SELECT id FROM visit WHERE end_customer_contact_id = ANY (CAST(:ids AS uuid[])))
  OR subject_id IN (SELECT id FROM lead WHERE contact_id = ANY (CAST(:ids AS uuid[]))))"""
"""Partners, teams and the office are told of customers by name."""
_EITHER = f"({_THEIRS} OR {_ABOUT_THEM})"

personal(
    Personal(
        "notification_delivery",
        erase=(
            f"""
            UPDATE mail_message SET subject = '', body = NULL, html = NULL,
              status = CASE status WHEN 'QUEUED' THEN 'SUPPRESSED' ELSE status END
            WHERE id IN (SELECT mail_id FROM notification_delivery WHERE {_EITHER})""",  # noqa: S608  # of this module
            f"""
            UPDATE notification_delivery SET title = '',
              reason = CASE state WHEN 'QUEUED' THEN 'ERASED' ELSE reason END,
              state = CASE state WHEN 'QUEUED' THEN 'SUPPRESSED' ELSE state END
            WHERE {_EITHER}""",  # noqa: S608  # of this module
            f"UPDATE notification_delivery SET address = '' WHERE {_THEIRS}",  # noqa: S608  # of this module
        ),
    )
)
personal(
    Personal(
        "notification",
        erase=(
            f"UPDATE notification SET title = '', text = '', facts = NULL WHERE {_EITHER}",  # noqa: S608  # of this module
        ),
    )
)
personal(Personal("notification_preference", erase=(f"DELETE FROM notification_preference WHERE {_THEIRS}",)))  # noqa: S608  # of this module
personal(Personal("notification_template"))
