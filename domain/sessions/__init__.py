"""Charging sessions: who charges where, how long and how much; what ends them where the charger does not say."""
