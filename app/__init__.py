"""Tiến độ: the reporting service of a national target programme."""
