"""`manage.py simulate_terminals`: terminals that sell over HTTP, and whether the books are exact."""

from __future__ import annotations

import json
import sys
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from tenants.choosing import chosen_business

LOCAL = ("localhost", "127.0.0.1", "::1")
MOST = 500


class Command(BaseCommand):
    help = (
        "Let simulated terminals sell over HTTP at a running server of this installation: they scan, "
        "take money, give it back, go offline, lose their power, and repeat themselves. Ends with a "
        "report: 0 when nothing was lost or doubled and stock, drawers and numbers are exact, 1 when "
        "not, 2 when it could not be tried. Makes a business of its own unless told another."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--terminals", type=int, default=6, metavar="N", help="how many (6)")
        parser.add_argument(
            "--minutes", type=int, default=1, metavar="M", help="for how long they sell (1)"
        )
        parser.add_argument(
            "--sales", type=int, metavar="S",
            help="how many sales altogether, spread over the minutes; otherwise one each 3 seconds",
        )  # fmt: skip
        parser.add_argument(
            "--faults", action="store_true",
            help="a bad network between: answers cut, requests doubled, held and dropped, no line",
        )  # fmt: skip
        parser.add_argument(
            "--url", default="http://127.0.0.1:8000", help="of the server (http://127.0.0.1:8000)"
        )
        parser.add_argument(
            "--business", metavar="ID|NAME|ADDRESS",
            help="sell in this one, at new registers, what it has in stock; sales stay in its books",
        )  # fmt: skip
        parser.add_argument(
            "--without-ids", action="store_true",
            help="the control: each try has a new id, and the check should fail",
        )  # fmt: skip
        parser.add_argument("--seed", type=int, default=1, help="another course for another number")
        parser.add_argument("--json", action="store_true", help="a report for programs")
        parser.add_argument(
            "--in-production", action="store_true",
            help="do it although this installation is for customers",
        )  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        self.refuse(options)
        try:
            from pos.simulating import picture, report, running, shop
        except ModuleNotFoundError as error:
            raise CommandError(
                f"{error.name} is not here: simulations need clients/python of a checkout.",
                returncode=2,
            ) from error
        from tillbook_client import TillbookError

        asked = running.Options(
            url=options["url"],
            terminals=options["terminals"],
            minutes=options["minutes"],
            sales=options["sales"],
            faults=options["faults"],
            without_ids=options["without_ids"],
            seed=options["seed"],
            allow_http=options["in_production"],
        )
        try:
            if options["business"]:
                market = shop.market_in(chosen_business(options["business"]), asked.terminals)
            else:
                market = shop.make_market(asked.terminals, seed=asked.seed)
            watch = None if options["json"] else picture.watching(sys.stderr)
            run = running.simulate(asked, market, watch=watch)
        except (shop.NotPossible, ValueError) as error:
            raise CommandError(str(error), returncode=2) from error
        except TillbookError as error:
            raise CommandError(
                f"The server at {asked.url} could not be sold at: {error} Is it running, and on this "
                "installation's database?",
                returncode=2,
            ) from error
        if options["json"]:
            self.stdout.write(json.dumps(report.figures(run), indent=1))
        else:
            self.stdout.write("\n".join(report.lines(run)))
        if not run.is_exact:
            sys.exit(1)

    def refuse(self, options: dict[str, Any]) -> None:
        """Raises CommandError for what must not be, or cannot."""
        url = urlsplit(options["url"])
        for name, least, most in (("terminals", 1, MOST), ("minutes", 1, 24 * 60)):
            if not least <= options[name] <= most:
                raise CommandError(f"--{name} is a number from {least} to {most}.", returncode=2)
        if options["sales"] is not None and options["sales"] < options["terminals"]:
            raise CommandError("--sales is at least one for each terminal.", returncode=2)
        if url.scheme not in ("http", "https") or not url.hostname:
            raise CommandError("--url reads like http://127.0.0.1:8000.", returncode=2)
        if options["faults"] and url.scheme != "http":
            raise CommandError(
                "--faults needs a server without TLS, behind its proxy.", returncode=2
            )
        if options["in_production"]:
            return
        if settings.PRODUCTION or url.hostname not in LOCAL:
            raise CommandError(
                "This looks like an installation for customers: it is in production, or its server is "
                "another machine. Simulated sales stay in the books for ever. If that is what you "
                "want, say --in-production.",
                returncode=2,
            )
