"""A simulated country: plans, reports and their record, written by COPY into an empty database.

The plan of 2024 is loaded first; every other plan is a copy of it for another district or year.
All of them are marked as simulated.
"""
