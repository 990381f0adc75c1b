"""Verification: recomputes everything that audit events and checkpoints say about the record."""
