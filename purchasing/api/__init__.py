"""Suppliers over the API."""
