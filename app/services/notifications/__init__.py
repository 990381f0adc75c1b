"""Notifications: events, recipients, wording, delivery, inbox, webhooks."""
