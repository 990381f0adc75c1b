"""Shared set-up, calls and fakes of the tests."""
