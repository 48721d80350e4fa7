"""Refusals of repeated requests; see also IdempotencyKeyRequired and IdempotencyKeyReused in domain.errors."""

from domain.errors import Conflict


class IdempotencyKeyInUse(Conflict):
    code = "IDEMPOTENCY_KEY_IN_USE"
    nl = "Een verzoek met deze Idempotency-Key wordt nog uitgevoerd. Probeer het zo opnieuw."
    en = "A request with this Idempotency-Key is still being executed. Try again in a moment."
