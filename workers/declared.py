# ruff: noqa: F401  # imported for their jobs
"""Imports every module that declares jobs or tasks beside them, so that a worker knows them."""

import workers.accounting
import workers.bulk
import workers.charging_bills
import workers.disruptions
import workers.documents
import workers.dunning
import workers.horizon
import workers.inbound_mail
import workers.invoices
import workers.notifications
import workers.onboarding
import workers.payments
import workers.planning
import workers.reactions
import workers.relay
import workers.sandbox
import workers.schedule
import workers.tariffs
import workers.ways_in
