"""Businesses, locations, and the four walls that keep businesses apart.

docs/architecture.md describes the walls; `context` (who is bound), `scope` (ORM), `constraints`
(keys and row-level security) and `db` (the setting that row-level security reads) build them.
"""
