"""Questions that read many rows: dashboard, reports. No writes."""
