"""Aggregates: sums over a subtree with their coverage."""
