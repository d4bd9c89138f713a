"""Which login serves where a host gives one login for everything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pos.hosted import as_role, configured, derived_password, role_of


def config(argv: list[str], **environ: str) -> dict[str, Any]:
    return configured(Path("/srv"), argv, environ, "pos_app")


ONE_LOGIN = {
    "POSTGRES_URL": "postgres://postgres.abc:pw@aws-0.pooler.supabase.com:6543/postgres",
    "POSTGRES_URL_NON_POOLING": "postgres://postgres.abc:pw@aws-0.pooler.supabase.com:5432/postgres",
}


def test_the_role_serves_and_the_owner_migrates() -> None:
    serving = config(["manage.py", "serve"], VERCEL="1", **ONE_LOGIN)
    assert (serving["USER"], serving["PORT"]) == ("pos_app.abc", 6543)
    assert serving["PASSWORD"] == derived_password("pw", "pos_app")
    owner = config(["manage.py", "deploy"], VERCEL="1", **ONE_LOGIN)
    assert (owner["USER"], owner["PASSWORD"], owner["PORT"]) == ("postgres.abc", "pw", 5432)


def test_a_login_that_was_given_is_used() -> None:
    given = {"APP_DATABASE_URL": "postgres://shop:own@db.example.com/pos", **ONE_LOGIN}
    serving = config(["manage.py", "serve"], VERCEL="1", **given)
    assert (serving["USER"], serving["PASSWORD"]) == ("shop", "own")


def test_elsewhere_nothing_is_derived() -> None:
    serving = config(["manage.py", "serve"], **ONE_LOGIN)
    assert (serving["USER"], serving["PASSWORD"]) == ("postgres.abc", "pw")


def test_a_derived_password_tells_nothing_of_the_owner_s() -> None:
    made = derived_password("owner-password", "pos_app")
    assert len(made) == 43
    assert "owner" not in made
    assert made == derived_password("owner-password", "pos_app")
    assert made != derived_password("owner-password", "other")
    assert made != derived_password("Owner-password", "pos_app")
    assert role_of(as_role("postgres.abc", "pos_app")) == "pos_app"
    assert as_role("neondb_owner", "pos_app") == "pos_app"
