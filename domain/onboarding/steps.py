"""Which steps a category of partners has to take (K2), who acts, and what they are called."""

from dataclasses import dataclass

from domain.onboarding.criteria import NAMES, Definition, DocumentType, Register
from domain.onboarding.models import OnboardingState, StepOwner, WayIn

DOCUMENT = "DOCUMENT_"
"""Codes of the steps of documents begin with it."""


@dataclass(frozen=True, slots=True)
class Step:
    """`judged`: a person of ours may settle it; `waivable`: one may go without it."""

    code: str
    stage: OnboardingState
    owner: StepOwner
    title: tuple[str, str]
    """In Dutch and English."""
    judged: bool = False
    waivable: bool = True
    required: bool = True


_APPLIED, _DOCUMENTS, _TECHNICAL = OnboardingState.APPLIED, OnboardingState.DOCUMENTS, OnboardingState.TECHNICAL
_SANDBOX, _GO_LIVE = OnboardingState.SANDBOX, OnboardingState.GO_LIVE
_SYSTEM, _PARTNER, _STAFF = StepOwner.SYSTEM, StepOwner.PARTNER, StepOwner.STAFF

EMAIL_CONFIRMED = Step(
    "EMAIL_CONFIRMED", _APPLIED, _PARTNER, ("E-mailadres bevestigen", "Confirm the e-mail address"), waivable=False
)
KVK = Step("KVK", _APPLIED, _SYSTEM, ("KvK-nummer nagaan", "Check the chamber of commerce number"), judged=True)
VAT = Step("VAT", _APPLIED, _SYSTEM, ("Btw-nummer nagaan", "Check the VAT number"), judged=True)
CRITERIA = Step("CRITERIA", _APPLIED, _SYSTEM, ("Criteria van de categorie", "Criteria of the category"), judged=True)
UNIQUE = Step("UNIQUE", _APPLIED, _SYSTEM, ("Nog niet bekend als relatie", "Not known to us already"), judged=True)
ACCEPTED = Step("ACCEPTED", _APPLIED, _STAFF, ("Aanvraag beoordelen", "Decide on the application"), waivable=False)
ORGANIZATION = Step(
    "ORGANIZATION",
    _DOCUMENTS,
    _SYSTEM,
    ("Relatie en plaats in het kanaal", "Record and place in the channel"),
    waivable=False,
)
ADMINISTRATOR = Step(
    "ADMINISTRATOR", _DOCUMENTS, _PARTNER, ("Uitnodiging als beheerder aannemen", "Accept the invitation as admin")
)
AGREEMENT = Step("AGREEMENT", _DOCUMENTS, _STAFF, ("Overeenkomst vastleggen", "Record the agreement"), waivable=False)
COMMISSION = Step("COMMISSION", _DOCUMENTS, _STAFF, ("Commissie afspreken", "Agree the commission"))
SIGNATURE = Step(
    "SIGNATURE",
    _DOCUMENTS,
    _PARTNER,
    ("Overeenkomst en verwerkersovereenkomst ondertekenen", "Sign the agreement and the processing agreement"),
    judged=True,
    waivable=False,
)
CREDENTIALS = Step(
    "CREDENTIALS", _TECHNICAL, _PARTNER, ("API-sleutel of OAuth-client maken", "Make an API key or OAuth client")
)
WAY_IN = Step("WAY_IN", _TECHNICAL, _PARTNER, ("Aanleverroute inrichten", "Set up the way in"))
SKU_MAP = Step("SKU_MAP", _TECHNICAL, _PARTNER, ("Artikelkoppeling vullen", "Fill the article map"))
PRICES = Step("PRICES", _TECHNICAL, _STAFF, ("Prijzen vastleggen", "Record the prices"))
UPDATES = Step("UPDATES", _TECHNICAL, _PARTNER, ("Statusberichten inrichten", "Set up status messages"), required=False)
SANDBOX_CHECKS = Step(
    "SANDBOX_CHECKS", _SANDBOX, _PARTNER, ("Controles in de sandbox halen", "Pass the checks in the sandbox")
)
GOING_LIVE = Step("GOING_LIVE", _GO_LIVE, _PARTNER, ("Live gaan", "Go live"), waivable=False)

_FIXED = (
    EMAIL_CONFIRMED, KVK, VAT, CRITERIA, UNIQUE, ACCEPTED, ORGANIZATION, ADMINISTRATOR, AGREEMENT, COMMISSION,
    SIGNATURE, CREDENTIALS, WAY_IN, SKU_MAP, PRICES, UPDATES, SANDBOX_CHECKS, GOING_LIVE,
)  # fmt: skip
BY_CODE = {step.code: step for step in _FIXED}
_MACHINES = (WayIn.API, WayIn.WEBHOOK)


def document_step(kind: str, required: bool) -> Step:
    """The step of a kind of document."""
    name = NAMES[DocumentType(kind)]
    return Step(f"{DOCUMENT}{kind}", _DOCUMENTS, _PARTNER, (f"{name[0]} aanleveren", f"{name[1]}: hand it in"),
                required=required)  # fmt: skip


def of(definition: Definition, way_in: WayIn) -> list[Step]:
    """The steps in their order."""
    skipped = {KVK.code: Register.KVK not in definition.registers, VAT.code: Register.VIES not in definition.registers}
    steps = [_for_way(step, way_in) for step in _FIXED if not skipped.get(step.code)]
    place = steps.index(next(step for step in steps if step.code == AGREEMENT.code))
    documents = [document_step(asked.kind, asked.required) for asked in definition.documents]
    return [*steps[:place], *documents, *steps[place:]]


def by_code(code: str) -> Step:
    """What a code stands for."""
    return BY_CODE.get(code) or document_step(code.removeprefix(DOCUMENT), required=True)


def _for_way(step: Step, way_in: WayIn) -> Step:
    """Keys are for machines, and checks in the sandbox for who sends by one."""
    optional = (step is CREDENTIALS and way_in not in _MACHINES) or (step is SANDBOX_CHECKS and way_in is WayIn.PORTAL)
    if not optional:
        return step
    return Step(step.code, step.stage, step.owner, step.title, step.judged, step.waivable, required=False)
