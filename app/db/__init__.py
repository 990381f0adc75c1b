"""PostgreSQL: connection pools, the direct driver, pages of rows, migrations."""
