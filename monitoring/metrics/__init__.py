"""Figures about the installation: counted in process, kept in rows that all instances share."""

from monitoring.metrics.counting import observe

__all__ = ["observe"]
