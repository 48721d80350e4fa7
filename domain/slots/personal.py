"""A held place says at whose door; see domain.contacts.personal."""

from domain.contacts.personal import Personal, personal

personal(
    Personal("slot_hold", erase=("DELETE FROM slot_hold WHERE end_customer_contact_id = ANY (CAST(:ids AS uuid[]))",))
)
