"""Products, the small tables that describe them, and stock over the API."""
