"""What onboarding holds of a person; see domain.contacts.personal."""

from domain.contacts.personal import Personal, personal

personal(Personal("onboarding_step"))
personal(Personal("partner_task"))
personal(Personal("partner_price_rules"))
personal(Personal("sku_map_import"))
personal(Personal("partner_document"))
personal(
    Personal(
        "partner_onboarding",
        erase=(
            """
            UPDATE partner_onboarding SET contact_name = '', email = 'erased@erased.invalid', phone = NULL,
              job_title = NULL, message = '', address = '{}', confirmation_hash = NULL
            WHERE contact_id = ANY (CAST(:ids AS uuid[])) OR email = ANY (CAST(:emails AS text[]))""",
        ),
    )
)
personal(
    Personal(
        "agreement_signature",
        kept="signed_by_user_id = ANY (CAST(:users AS uuid[]))",
        why_kept="An agreement and its signature are proof for as long as claims can be made (BW 3:307).",
    )
)
