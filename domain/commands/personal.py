"""What commands hold of a person; see domain.contacts.personal."""

from domain.contacts.personal import Personal, personal

personal(
    Personal(
        "device_command",
        erase=(
            """
            UPDATE device_command SET owner_contact_id = NULL
            WHERE owner_contact_id = ANY (CAST(:ids AS uuid[]))""",
            """
            UPDATE device_command SET parameters = parameters - 'idToken'
            WHERE parameters ->> 'idToken' IN (
              SELECT token FROM id_token WHERE contact_id = ANY (CAST(:ids AS uuid[])))""",
        ),
    )
)
