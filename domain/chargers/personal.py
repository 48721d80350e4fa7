"""What chargers hold of a person; see domain.contacts.personal."""

from domain.contacts.personal import Personal, personal

personal(
    Personal(
        "charger",
        open="""
            SELECT identity FROM charger
            WHERE owner_contact_id = ANY (CAST(:ids AS uuid[])) AND state <> 'RETIRED' ORDER BY identity""",
        erase=(
            """
            UPDATE charger SET owner_contact_id = NULL, name = '', street = '', postal_code = '', city = '',
              latitude = NULL, longitude = NULL, updated_at = now()
            WHERE owner_contact_id = ANY (CAST(:ids AS uuid[]))""",
        ),
    )
)
