"""Settings for the linter of migrations: those of the product, and the linter.

A release must run beside the one before it, on the same database: old instances serve while new
ones start, and going back is deploying the old release. So a migration may not take anything away,
nor demand what old code does not fill in (a new column is nullable or has a `db_default`).
"""

from pos.settings import *  # noqa: F403
from pos.settings import BASE_DIR, INSTALLED_APPS

MIGRATION_LINTER_OPTIONS = {
    "sql_analyser": "postgresql",
    "include_apps": [name for name in INSTALLED_APPS if (BASE_DIR / name / "migrations").is_dir()],
    # They came before the first installation: no older release ever ran beside them.
    # A varchar that becomes text, which every release writes and reads alike. And unique keys that
    # refuse nothing which the key in their place did not refuse.
    "ignore_name": [
        "0002_history_and_credit",
        "0003_credit_products",
        "0003_customer_names_encrypted",
        "0009_numbers_of_series",
    ],
    "quiet": ["ok", "ignore"],
    "no_cache": True,
}
INSTALLED_APPS = [*INSTALLED_APPS, "django_migration_linter"]
