"""Schedules, reporting periods, obligations, extensions, working days."""
