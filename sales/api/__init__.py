"""Selling over the API: the same for the till in the browser and for terminals."""
