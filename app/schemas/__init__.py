"""The wire format, a noun a file."""
