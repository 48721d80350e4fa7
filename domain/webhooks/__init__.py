"""Telling other systems what happened: endpoints, one delivery per endpoint and event, every attempt of it."""
