"""`make vercel-check`: build as Vercel builds, run as Vercel runs, and ask as people ask.

Twice: with a PostgreSQL behind PgBouncer and every variable set, and as a fresh deployment with none.
No account is needed. It fails where it cannot run.
"""

from __future__ import annotations

import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from scripts import postgres
from scripts.cluster import APP, OWNER, Cluster, ClusterError
from scripts.system import Missing, say
from scripts.vercel import tooling
from scripts.vercel.building import Build, Wrong, build, check, demand
from scripts.vercel.function import Function, uses_byte_code
from scripts.vercel.visiting import (
    NOT_KEPT,
    SHOP,
    Visitor,
    crons,
    front,
    health,
    is_signed_in,
    sell,
    sign_in,
)


def with_database(folder: Path, cluster: Cluster) -> None:
    """Every variable is set: the build migrates, and two instances share what they keep."""
    from cryptography.fernet import Fernet

    environ = {
        "DATABASE_URL": cluster.url(APP, pooled=True),
        "DIRECT_URL": cluster.url(OWNER),
        "SECRET_KEY": secrets.token_urlsafe(48),
        "APP_ENCRYPTION_KEY": Fernet.generate_key().decode(),
        "CRON_SECRET": secrets.token_urlsafe(24),
    }
    made = build(folder, "with-database", environ)
    demand("Migrations: applied" in made.log, f"the build did not migrate:\n{made.log}")
    demand("Runtime role: pos_app is set up" in made.log, "the build says nothing of the role")
    passwords = [cluster.passwords[name] for name in (APP, OWNER)]
    keys = [environ[name] for name in ("SECRET_KEY", "APP_ENCRYPTION_KEY", "CRON_SECRET")]
    check(made, secrets=[*keys, *passwords])
    demand(not (made.bundle / "seed").exists(), "a release with a database carries a seed")
    password = secrets.token_urlsafe(12)
    manage(made, environ, "demo", "--days", "1", f"--password={password}")
    words = ["--business", "hedgerow", "--register", "HS1", "--user", "max"]
    token = manage(made, environ, "device_token", *words).split()[-1]

    before = written(made)
    with (
        Function(made, folder / "a", environ) as one,
        Function(made, folder / "b", environ) as other,
    ):
        page = front(made, one)
        demand(NOT_KEPT not in page.text, "with a database there must be no banner")
        visitor = sign_in(one, password)
        demand(NOT_KEPT not in is_signed_in(visitor).text, "with a database there is a banner")
        is_signed_in(visitor.at(other))
        number = sell(Visitor(one, token), "/api/v1")
        sold = Visitor(other, token).ask("/api/v1/sales")
        demand(number in sold.text, "what one instance sold is not there at the other")
        crons(made, one, environ["CRON_SECRET"])
        health(one, kept=True)
        told = one.log + other.log
        say(f"  served by two instances; started in {one.milliseconds} and {other.milliseconds} ms")
    demand(not any(secret in told for secret in [*keys, *passwords, token]), "a secret is logged")
    demand("Traceback" not in told, f"an instance logged an error:\n{told[-3000:]}")
    demand(written(made) == before, "an instance wrote into its release")


def without_database(folder: Path) -> None:
    """Nothing is set: it sells all the same, and says everywhere that it keeps nothing."""
    made = build(folder, "without-database", {})
    check(made, secrets=[])
    demand("keeps nothing" in made.log, "the build does not say that data is lost")
    demand("Set DATABASE_URL" in made.log, "the build does not say what to set")
    for name in ("secret_key", "app_encryption_key"):
        key = (made.bundle / "seed" / name).read_text().strip()
        demand(key and key not in made.log, f"the {name} of the build")
    found = re.search(r"Owner\s+olive\s+(\S+)", made.log)
    demand(found, "the build does not say who can sign in")
    assert found

    before = written(made)
    with Function(made, folder / "c", {}) as one, Function(made, folder / "d", {}) as other:
        page = front(made, one)
        demand(NOT_KEPT in page.text and "DATABASE_URL" in page.text, "no banner on signing in")
        visitor = sign_in(one, found[1])
        for instance in (one, other, one):
            demand(NOT_KEPT in is_signed_in(visitor.at(instance)).text, "no banner in the shop")
        till = visitor.ask(f"{SHOP}/till/")
        demand(till.status == 200, f"the till answers {till.status}")
        demand(NOT_KEPT in till.text, "no banner at the till")
        sell(visitor, f"{SHOP}/api/v1")
        sell(visitor.at(other), f"{SHOP}/api/v1")
        crons(made, one, "")
        health(one, kept=False)
        for instance in (one, other):
            times = instance.log.count("DATABASE_URL")
            demand(times == 1, f"an instance says {times} times in its log that data is lost")
            demand("Traceback" not in instance.log, f"an error:\n{instance.log[-3000:]}")
        say(f"  served without a single variable; started in {one.milliseconds} ms")
    demand(written(made) == before, "an instance wrote into its release")
    say(f"  {uses_byte_code(made, folder / 'e', {})} modules of a cold start come as byte code")


def manage(made: Build, environ: dict[str, str], *words: str) -> str:
    """A command of the release, run by hand as the documentation tells."""
    done = subprocess.run(
        [str(made.tree / ".vercel/python/.venv/bin/python"), "-B", "manage.py", *words],
        cwd=made.tree,
        env={"PATH": "/usr/bin:/bin", "PRODUCTION": "1", "ALLOWED_HOSTS": "localhost", **environ},
        capture_output=True,
        text=True,
    )
    demand(done.returncode == 0, f"manage.py {words[0]} failed:\n{done.stderr[-2000:]}")
    return done.stdout


def written(made: Build) -> list[str]:
    """The files of the release as they lie there, to find out whether an instance made one."""
    return sorted(str(path) for path in made.bundle.rglob("*") if path.is_file())


def main() -> int:
    start = time.monotonic()
    postgres.stop_on_signals()
    folder = Path(tempfile.mkdtemp(prefix="vercel-check-"))
    try:
        say(f"Python {tooling.python()}\nNode.js {tooling.node()}\nCLI {tooling.cli()}")
        without_database(folder)
        with postgres.running() as cluster:
            with_database(folder, cluster)
    except (Wrong, Missing, ClusterError) as error:
        say(f"vercel-check failed: {error}")
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    say(f"vercel-check passed in {time.monotonic() - start:.0f} s.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
