"""Accounts, API keys, sign-in, and who a request comes from."""
