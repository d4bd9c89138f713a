"""Backups of the whole installation: made, kept, drilled and restored."""
