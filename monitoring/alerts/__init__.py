"""Alerts: rules that look, rows that remember, messages on begin and end."""
