"""Reminders: rules, timing, the sweep, reminders by hand, calendars."""
