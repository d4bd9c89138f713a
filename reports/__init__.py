"""Questions that read many rows: the dashboard, best sellers; and sums that answer them at once."""
