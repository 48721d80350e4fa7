"""What sandboxes hold of a person: nothing. They point to organizations, and people in them are made up."""

from domain.contacts.personal import Personal, personal

for _table in ("partner_sandbox", "sandbox_run", "sandbox_check"):
    personal(Personal(_table))
