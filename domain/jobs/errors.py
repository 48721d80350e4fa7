"""What stands in the way of retrying or discarding a failed job."""

from domain.errors import Conflict


class JobAlreadyResolved(Conflict):
    code = "JOB_ALREADY_RESOLVED"
    nl = "Deze mislukte taak is al opnieuw gestart of weggelegd."
    en = "This failed job was retried or discarded already."


class JobNotRetriable(Conflict):
    code = "JOB_NOT_RETRIABLE"
    nl = "Van deze mislukte taak is niet meer bewaard wat er nodig is om hem opnieuw te starten."
    en = "What is needed to run this failed job again is no longer kept."
