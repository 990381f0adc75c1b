"""Benchmarks of the service against its framework and database, and load drills."""
