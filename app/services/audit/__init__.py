"""Audit events: the ledger of each plan, field changes, reading."""
