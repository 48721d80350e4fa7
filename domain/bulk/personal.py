"""What exports and imports hold of a person; see domain.contacts.personal. Their files are deleted within days."""

from domain.contacts.personal import Personal, personal

personal(Personal("bulk_operation"))
