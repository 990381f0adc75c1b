"""A report's form as a spreadsheet: written for an agency, and read back into its draft."""
