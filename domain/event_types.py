# ruff: noqa: F401  # imported for their payloads
"""Imports every module that declares events, so that `domain.events.record.TYPES` is complete."""

import domain.agreements.events
import domain.catalog.events
import domain.contacts.events
import domain.entities.events
import domain.jobs.events
import domain.leads.events
import domain.notifications.events
import domain.orders.events
import domain.quotes.events
import domain.signatures.events
import domain.trusted_documents.events
import domain.users.events
import domain.webhooks.events
