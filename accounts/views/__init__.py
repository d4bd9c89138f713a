"""Pages of signing in, people, roles, settings and the audit log."""
