"""Alembic's migrations: they import no code of the service but the names of its tables."""
