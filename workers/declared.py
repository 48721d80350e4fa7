# ruff: noqa: F401  # imported for their jobs
"""Imports every module that declares jobs, so that a worker knows them."""

import workers.schedule
