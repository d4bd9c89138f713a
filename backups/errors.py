"""What went wrong, in a sentence for the person who runs the command or reads the alert."""

from __future__ import annotations


class BackupError(Exception):
    """A backup, drill or restore did not work out. The text says what to do; it holds no secret."""
