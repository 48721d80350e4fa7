"""What happens to templates of mails."""

from dataclasses import dataclass

from domain.events.record import Payload


@dataclass(frozen=True)
class MailTemplateSaved(Payload):
    """A partner's mails are read by a new version of its template from now on."""

    type = "mail_template.saved"
    subject_type = "MailTemplate"
    internal = True
    name: str
    number: int
    origin: str


@dataclass(frozen=True)
class MailTemplateRetired(Payload):
    """A version of a partner's template counts no more."""

    type = "mail_template.retired"
    subject_type = "MailTemplate"
    internal = True
    name: str
    number: int
