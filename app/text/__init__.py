"""Texts for people: translations, numbers and dates, terms, CSV and XLSX tables."""
