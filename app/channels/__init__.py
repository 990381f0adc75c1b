"""The channels by which notifications leave: e-mail and webhooks."""
