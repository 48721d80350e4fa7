"""What happens to agreements."""

from dataclasses import dataclass

from domain.events.record import Payload


@dataclass(frozen=True)
class AgreementSaved(Payload):
    """An agreement with a partner holds from now on."""

    type = "agreement.saved"
    subject_type = "Agreement"
    default_payer: str
    partner_signs: bool


@dataclass(frozen=True)
class StandardCommissionSaved(Payload):
    """What commission an entity pays where nothing else is agreed has changed."""

    type = "commission_terms.saved"
    subject_type = "BusinessEntity"
    internal = True
