"""Telling people what happened: kinds, templates, recipients and their preferences, deliveries over every channel."""
