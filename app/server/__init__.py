"""The server process: serving, the embedded PostgreSQL, start-up work."""
