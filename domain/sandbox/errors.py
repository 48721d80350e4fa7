"""Refusals of sandboxes."""

from domain.errors import Conflict, InvalidInput


class SandboxRunRunning(Conflict):
    code = "SANDBOX_RUN_RUNNING"
    nl = "Er loopt al een controle van deze sandbox."
    en = "The checks of this sandbox are running already."


class SandboxHasNoSuchOrder(InvalidInput):
    code = "SANDBOX_HAS_NO_SUCH_ORDER"
    nl = "De sandbox heeft geen order {partner_order_id}; stuur die eerst."
    en = "The sandbox has no order {partner_order_id}; send it first."


class SandboxStepNotPossible(Conflict):
    code = "SANDBOX_STEP_NOT_POSSIBLE"
    nl = "Dat kan nu niet: de order staat op {current}."
    en = "That is not possible now: the order is {current}."


class SandboxOfASandbox(InvalidInput):
    code = "SANDBOX_OF_A_SANDBOX"
    nl = "Een sandbox heeft zelf geen sandbox."
    en = "A sandbox has no sandbox of its own."
