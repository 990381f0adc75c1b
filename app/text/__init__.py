"""Texts for people: two languages, figures and dates, terms, spreadsheets."""
