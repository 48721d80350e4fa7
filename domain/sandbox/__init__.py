"""A partner's sandbox: a copy of its tenant with a clock of its own, faults on demand, and checks before going live."""
