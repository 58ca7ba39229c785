"""Measurements of the product: `make bench`."""
