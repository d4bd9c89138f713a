"""People, their roles and permissions, devices, sessions and the audit log."""
