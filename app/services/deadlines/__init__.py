"""Due dates and timeliness: pure rules, and their twin in SQL."""
