"""`manage.py rotate_encryption_key`: everything that is encrypted, under the newest key."""

from __future__ import annotations

import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from archive.progress import Bar
from pos.rotating import Tally, rotate


class Command(BaseCommand):
    help = (
        "Encrypt everything personal anew with the first key of APP_ENCRYPTION_KEY, and write anew "
        "what people and customers are found by. Put the new key in front of the old one first. "
        "Shops go on selling meanwhile. Broken off, it goes on when it is run again. Says at the "
        "end whether the old key may be taken out."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        for tally in self._round("Encrypting"):
            if tally.rewritten or tally.fresh or tally.unreadable:
                self.stdout.write(_told(tally))
        # What was written by the old key since this began, by processes that do not know better.
        again = self._round("Looking again")
        unreadable = sum(one.unreadable for one in again)
        if unreadable:
            raise CommandError(
                f"{unreadable} rows hold what no key of APP_ENCRYPTION_KEY opens; they were left as"
                " they are. Put the key that they were written with behind the others and run this"
                " again. Take no key out.",
                returncode=1,
            )
        late = sum(one.rewritten for one in again)
        if late:
            raise CommandError(
                f"{late} rows were written with an older key while this was at work. Restart every"
                " process with the new key in front, then run this again. Take no key out yet.",
                returncode=1,
            )
        self.stdout.write(self.style.SUCCESS(_verdict(len(settings.APP_ENCRYPTION_KEYS))))

    def _round(self, label: str) -> list[Tally]:
        bar = Bar(label, sys.stderr)
        try:
            return rotate(progress=bar)
        finally:
            bar.close()


def _told(tally: Tally) -> str:
    told = f"{tally.table}: {tally.rewritten} written, {tally.fresh} as they should be already"
    return f"{told}, {tally.unreadable} that no key opens" if tally.unreadable else told


def _verdict(keys: int) -> str:
    if keys == 1:
        return "Everything is encrypted with the one key that there is."
    return (
        "Everything is encrypted with the first key, and found by it. Once every process runs with"
        " that key in front, the others may be taken out of APP_ENCRYPTION_KEY. Keep them beside"
        " the backups that were made before now: those need them."
    )
