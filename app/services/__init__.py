"""The product's operations, one package per topic."""
