"""What is kept of a person where, declared beside each table: what is erased, what the law keeps, what is not finished.

Statements are SQL with the parameters `:ids` (the contact and the duplicates merged into it), `:emails` (its addresses,
in lower case) and `:users` (the logins that are its alone).
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Personal:
    """A table that holds personal data, or a record of business with a person."""

    table: str
    erase: tuple[str, ...] = ()
    """Statements that blank it, in this order."""
    open: str | None = None
    """SELECT of the numbers of what is not finished: while there are any, nothing is erased."""
    kept: str | None = None
    """Condition for the rows that stay because the law demands it (tax: seven years)."""
    why_kept: str = ""


DECLARED: dict[str, Personal] = {}


def personal(declaration: Personal) -> None:
    """Declare what a table holds; a test fails on a table that points to a contact and declares nothing."""
    DECLARED[declaration.table] = declaration


# --- tables of the layers below and of this area, the contact itself last ---------------------------------------------

personal(
    Personal(
        "user_account",
        erase=(
            """
            UPDATE user_account SET email = id || '@erased.invalid', name = '', status = 'SUSPENDED',
              password_hash = NULL, totp_secret = NULL, totp_confirmed_at = NULL, recovery_code_hashes = '{}',
              security_version = security_version + 1, updated_at = now()
            WHERE id = ANY (CAST(:users AS uuid[]))""",
        ),
    )
)
personal(
    Personal(
        "login_session",
        erase=(
            """
            UPDATE login_session SET ip_address = '', user_agent = '', ended_at = coalesce(ended_at, now()),
              ended_reason = coalesce(ended_reason, 'erased')
            WHERE user_id = ANY (CAST(:users AS uuid[]))""",
        ),
    )
)
personal(
    Personal(
        "membership",
        erase=("UPDATE membership SET status = 'REVOKED' WHERE contact_id = ANY (CAST(:ids AS uuid[]))",),
    )
)
personal(
    Personal(
        "invitation",
        erase=(
            """
            UPDATE invitation SET email = '', name = '', revoked_at = coalesce(revoked_at, now())
            WHERE contact_id = ANY (CAST(:ids AS uuid[]))""",
        ),
    )
)
personal(
    Personal(
        "external_identity",
        erase=("DELETE FROM external_identity WHERE user_id = ANY (CAST(:users AS uuid[]))",),
    )
)
personal(Personal("one_time_code", erase=("DELETE FROM one_time_code WHERE email = ANY (CAST(:emails AS text[]))",)))
personal(
    Personal(
        "mail_message",
        erase=(
            """
            UPDATE mail_message SET recipient = '', subject = '', body = NULL, html = NULL, unsubscribe_url = NULL,
              status = CASE status WHEN 'QUEUED' THEN 'SUPPRESSED' ELSE status END
            WHERE lower(recipient) = ANY (CAST(:emails AS text[]))""",
        ),
    )
)
personal(
    Personal(
        "contact_relation",
        erase=(
            """
            UPDATE contact_relation SET lifecycle = 'INACTIVE', satisfaction = NULL,
              communication_preferences = '{}', scheduling_preferences = '{}', service_preferences = '{}'
            WHERE contact_id = ANY (CAST(:ids AS uuid[]))""",
        ),
    )
)
personal(
    Personal(
        "contact",
        erase=(
            """
            UPDATE contact_merge SET snapshot = '{}'
            WHERE winner_id = ANY (CAST(:ids AS uuid[])) OR loser_id = ANY (CAST(:ids AS uuid[]))""",
            """
            UPDATE contact SET name = 'Gewist contact', first_name = NULL, last_name = NULL, job_title = NULL,
              email = NULL, phone = NULL, website = NULL, iban = NULL, address_id = NULL,
              erased_at = now(), updated_at = now(), version = version + 1
            WHERE id = ANY (CAST(:ids AS uuid[]))""",
        ),
    )
)
