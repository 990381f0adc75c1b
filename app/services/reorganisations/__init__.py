"""Reorganisations: entered ahead, previewed, applied on their day."""
