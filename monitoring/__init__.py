"""Knowing how the installation runs: health, metrics, log lines, alerts, the status page."""
