# ruff: noqa: F401  # imported for their tables
"""Imports every module that declares tables, so that `Base.metadata` and the registries are complete."""

import domain.agreements.models
import domain.catalog.models
import domain.contacts.models
import domain.days.models
import domain.days.personal
import domain.deprecations.models
import domain.disruptions.models
import domain.events.models
import domain.events.timeline
import domain.geo.models
import domain.horizon.models
import domain.idempotency.models
import domain.jobs.models
import domain.leads.models
import domain.leads.personal
import domain.mail.models
import domain.notifications.models
import domain.notifications.personal
import domain.numbering.models
import domain.orders.models
import domain.orders.personal
import domain.plans.models
import domain.quotes.models
import domain.quotes.personal
import domain.signatures.models
import domain.slots.models
import domain.teams.models
import domain.travel.models
import domain.trusted_documents.models
import domain.visits.models
import domain.webhooks.models
import domain.webhooks.personal
import tenants.auth.models
import tenants.listing
import tenants.models
