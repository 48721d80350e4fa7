"""What the bank's tables hold of a person; see domain.contacts.personal."""

from domain.contacts.personal import Personal, personal

_TAX = "Payments, and what they were made upon, are kept for seven years (AWR, article 52)."

for _table in ("mandate", "bank_file_line"):
    personal(Personal(_table, kept="contact_id = ANY (CAST(:ids AS uuid[]))", why_kept=_TAX))
