"""Checks of the API's contract: the document, generated clients, and generated requests."""
