"""What leads hold of a person; see domain.contacts.personal."""

from domain.contacts.personal import Personal, personal

personal(
    Personal(
        "lead",
        erase=(
            """
            UPDATE lead_follow_up SET cancelled_at = now()
            WHERE done_at IS NULL AND cancelled_at IS NULL
              AND lead_id IN (SELECT id FROM lead WHERE contact_id = ANY (CAST(:ids AS uuid[])))""",
            """
            UPDATE lead SET name = '', email = '', phone = NULL, company_name = NULL, address_id = NULL,
              interests = '{}', answers = '{}', updated_at = now(), version = version + 1,
              disqualified_from = CASE WHEN status IN ('CONVERTED', 'DISQUALIFIED') THEN disqualified_from
                ELSE status END,
              disqualified_reason = CASE WHEN status = 'CONVERTED' THEN disqualified_reason ELSE 'ERASED' END,
              status = CASE WHEN status = 'CONVERTED' THEN status ELSE 'DISQUALIFIED' END
            WHERE contact_id = ANY (CAST(:ids AS uuid[]))""",
        ),
    )
)
