"""Reference data: plans, projects, agencies, assignments, budgets, indicators."""
