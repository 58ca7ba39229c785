"""Measurements of the product: `make bench`, `make bench-full`, `make bench-parts`."""
