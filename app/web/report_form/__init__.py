"""The report form: its sections and lines, what was typed into it, its pages."""
