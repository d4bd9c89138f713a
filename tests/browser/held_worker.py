"""`run_jobs --watch`, whose jobs stand still where they tell how far they are, while a file is there.

python -m tests.browser.held_worker FILE
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path


def main() -> None:
    hold = Path(sys.argv[1])
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pos.settings")
    import django

    django.setup()
    from django.core.management import call_command

    from archive import pulse
    from archive.jobs import Task

    tell = Task.progress

    def progress(self: Task, done: int, total: int, stage: str = "") -> None:
        tell(self, done, total, stage)
        # Signs of life go on: they come from a thread of their own.
        while total and hold.exists():
            time.sleep(0.05)
        # Who was asked to stop meanwhile does not come to the end before that thread has heard it.
        while pulse._path(self.job, "cancel").exists() and self.pulse._stopped is None:
            time.sleep(0.05)

    Task.progress = progress  # type: ignore[method-assign]
    call_command("run_jobs", "--watch")


if __name__ == "__main__":
    main()
