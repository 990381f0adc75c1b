"""The audit trail: the ledger of each plan, audit events, field changes."""
