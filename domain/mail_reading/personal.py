"""What templates of mails hold of a person; see domain.contacts.personal.

Nothing: rules are made of labels, words in small letters around a value, and names of articles, never of values.
"""

from domain.contacts.personal import Personal, personal

personal(Personal("mail_template"))
