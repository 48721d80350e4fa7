"""What commission holds of whom; see domain.contacts.personal. Beneficiaries are organizations."""

from domain.contacts.personal import Personal, personal

_TAX = "Commission and what was agreed about it are kept for seven years (AWR, article 52)."

for _table, _column in (
    ("commission_terms", "organization_id"),
    ("commission", "beneficiary_contact_id"),
    ("commission_dispute", "beneficiary_contact_id"),
):
    personal(Personal(_table, kept=f"{_column} = ANY (CAST(:ids AS uuid[]))", why_kept=_TAX))
