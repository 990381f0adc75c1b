"""The server process: serving, the embedded PostgreSQL, and the operator's commands."""
