"""What teams noted at a person's; see domain.contacts.personal. Where teams were is forgotten after some days."""

from domain.contacts.personal import Personal, personal

personal(
    Personal(
        "visit_report",
        erase=(
            """
            UPDATE visit_report r SET note = NULL FROM visit v
            WHERE v.id = r.visit_id AND v.end_customer_contact_id = ANY (CAST(:ids AS uuid[]))
              AND r.note IS NOT NULL""",
        ),
    )
)
