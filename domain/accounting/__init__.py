"""Accounting packages of business entities, audit files, figures of VAT returns."""
