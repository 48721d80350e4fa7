"""Moneybird and Snelstart over their HTTP APIs."""
