"""What notifications hold of a person; see domain.contacts.personal."""

from domain.contacts.personal import Personal, personal

_THEIRS = "(contact_id = ANY (CAST(:ids AS uuid[])) OR user_id = ANY (CAST(:users AS uuid[])))"

personal(
    Personal(
        "notification_delivery",
        erase=(
            f"""
            UPDATE notification_delivery SET address = '', title = '',
              reason = CASE state WHEN 'QUEUED' THEN 'ERASED' ELSE reason END,
              state = CASE state WHEN 'QUEUED' THEN 'SUPPRESSED' ELSE state END
            WHERE {_THEIRS}""",  # noqa: S608  # a condition of this module
        ),
    )
)
personal(
    Personal(
        "notification",
        erase=(
            f"UPDATE notification SET title = '', text = '', facts = NULL WHERE {_THEIRS}",  # noqa: S608  # the same
        ),
    )
)
personal(Personal("notification_preference", erase=(f"DELETE FROM notification_preference WHERE {_THEIRS}",)))  # noqa: S608  # the same
personal(Personal("notification_template"))
