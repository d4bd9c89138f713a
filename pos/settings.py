"""All settings, in one file, typed, from the environment.

Importing this prints nothing: the host reads the output of the import.
"""

import logging
import os
from pathlib import Path
from typing import Any

import django_stubs_ext
import environ
from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from pos.database import database
from pos.keys import new_encryption_key, new_secret_key, secret

# Lets classes of Django that know no generics at run time be written with them.
django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
# An empty value counts as unset: `PRODUCTION=` must not switch production off.
env.ENVIRON = {name: value for name, value in os.environ.items() if value.strip()}

ON_VERCEL = bool(os.environ.get("VERCEL"))
PRODUCTION = env.bool("PRODUCTION", default=ON_VERCEL)
DEBUG = env.bool("DEBUG", default=False)
if PRODUCTION and DEBUG:
    raise ImproperlyConfigured("DEBUG is on in production: it shows secrets to visitors. Unset it.")

# Everything that changes while running: database, keys, pictures, collected static files.
VAR_DIR = Path("/tmp/tillbook") if ON_VERCEL else Path(env.str("VAR_DIR", str(BASE_DIR / "var")))
VAR_DIR.mkdir(parents=True, exist_ok=True)

SECRET_KEY = secret("SECRET_KEY", folder=VAR_DIR, production=PRODUCTION, make=new_secret_key)
# Several keys, comma separated, newest first: the first encrypts, all decrypt.
APP_ENCRYPTION_KEYS = [
    key.strip()
    for key in secret(
        "APP_ENCRYPTION_KEY", folder=VAR_DIR, production=PRODUCTION, make=new_encryption_key
    ).split(",")
]

ALLOWED_HOSTS = env.list(
    "ALLOWED_HOSTS",
    default=[".vercel.app"] if ON_VERCEL else ([] if PRODUCTION else ["*"]),
)
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "pos",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "pos.apps.AdminConfig",
    "rest_framework",
    "drf_spectacular",
    "django_filters",
    "django_htmx",
    "csp",
    "tenants",
    "accounts",
    "inventory",
    "sales",
    "purchasing",
    "reports",
    "archive",
    "backups",
    "monitoring",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "accounts.sessions.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "tenants.middleware.BusinessMiddleware",
]

ROOT_URLCONF = "pos.urls"
# What the middleware asks who may enter which business, and under which URLs it then answers.
BUSINESS_DOOR = "accounts.access.enter_business"
DEVICE_DOOR = "accounts.access.enter_device"
BUSINESS_URLCONF = "pos.business_urls"
DEVICE_URLCONF = "pos.device_urls"
WSGI_APPLICATION = "pos.wsgi.application"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "pos.context.house",
            ],
            "builtins": [
                "django.templatetags.i18n",
                "django.templatetags.static",
                "pos.templatetags.tillbook",
            ],
        },
    }
]

DATABASES = {"default": database(VAR_DIR)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# The direct URL of the owner, for setup_roles and for tests that prove what the walls refuse.
SQLITE = DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3"
# A deployment that nobody gave a database yet: it sells, and says on every page what is missing.
EPHEMERAL = SQLITE and ON_VERCEL
RUNTIME_ROLE = env.str("RUNTIME_ROLE", default="pos_app")

CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.backends.BlindIndexBackend"]
# The user name is encrypted, so its column cannot be unique; its blind index is.
SILENCED_SYSTEM_CHECKS = ["auth.W004"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    # Hashes that shops bring along; they work for one sign-in and are then replaced.
    "accounts.hashers.ImportedBCryptPasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "/sign-in/"
LOGIN_REDIRECT_URL = "/businesses/"
PASSWORD_RESET_TIMEOUT = 60 * 60

# Instances without a common database share nothing but the key that signs a cookie.
SESSION_ENGINE = (
    "django.contrib.sessions.backends.signed_cookies" if EPHEMERAL else "accounts.sessions"
)
SESSION_COOKIE_AGE = 7 * 24 * 60 * 60
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = env.bool("COOKIE_SECURE", default=PRODUCTION)
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = env.str("COOKIE_SAMESITE", default="Lax")
MESSAGE_STORAGE = "django.contrib.messages.storage.cookie.CookieStorage"

# How many proxies of our own stand before us and add to X-Forwarded-For: rate limits go by it.
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=1 if ON_VERCEL else 0)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = env.bool("SSL_REDIRECT", default=False)
SECURE_HSTS_SECONDS = 31_536_000 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = PRODUCTION
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": env.list("FRAME_ANCESTORS", default=[NONE]),
    }
}

LANGUAGE_CODE = env.str("LANGUAGE_CODE", default="en")
LANGUAGES = [("en", "English")]
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
MEDIA_URL = "/media/"
MEDIA_ROOT = VAR_DIR / "media"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_KEEP_ONLY_HASHED_FILES = False
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000

# Files for import: the largest one taken, in bytes; and how long files, brought or made, are kept.
# Vercel takes no request above 4.5 MB.
UPLOAD_LIMIT = env.int("UPLOAD_LIMIT_MB", default=4 if ON_VERCEL else 200) * 1024 * 1024
KEEP_FILES_DAYS = env.int("KEEP_FILES_DAYS", default=30)
# How many days pass between asking for a business to be deleted and its deletion, and for how many
# months its books are kept then, at least; 0 keeps nothing.
LEAVE_DAYS = env.int("LEAVE_DAYS", default=30)
RETAIN_MONTHS = env.int("RETAIN_MONTHS", default=120)
# How long a call of the host's scheduler, or of a waiting page, may work on jobs.
JOB_SECONDS = env.int("JOB_SECONDS", default=240)

# The daily call of the host carries it as a bearer token; without it that address answers nobody.
CRON_SECRET = env.str("CRON_SECRET", default="")

# Counts of requests go into the database at most every so many seconds per process; 0 counts
# nothing. Counts by the minute are kept for METRICS_DAYS. /metrics wants the token, as a bearer;
# without one that address answers nobody.
METRICS_SECONDS = env.int("METRICS_SECONDS", default=5)
METRICS_DAYS = env.int("METRICS_DAYS", default=3)
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")
# The console of PgBouncer, for its figures: postgres://stats:…@127.0.0.1:6432/pgbouncer
POOLER_STATS_URL = env.str("POOLER_STATS_URL", default="")
# What runs: a commit or a version, for logs, metrics and the status page.
RELEASE = env.str("RELEASE", default=env.str("VERCEL_GIT_COMMIT_SHA", default="")[:12])

# Who hears of trouble, and by which limits it is trouble.
ALERT_EMAILS = env.list("ALERT_EMAILS", default=[])
ALERT_WEBHOOK = env.str("ALERT_WEBHOOK", default="")
ALERT_MINUTES = env.int("ALERT_MINUTES", default=10)
ALERT_MIN_REQUESTS = env.int("ALERT_MIN_REQUESTS", default=50)
ALERT_ERROR_PERCENT = env.float("ALERT_ERROR_PERCENT", default=1.0)  # no money
ALERT_P95_SECONDS = env.float("ALERT_P95_SECONDS", default=3.0)  # no money
ALERT_CONNECTIONS_PERCENT = env.int("ALERT_CONNECTIONS_PERCENT", default=80)
ALERT_STORAGE_PERCENT = env.int("ALERT_STORAGE_PERCENT", default=85)
# A daily backup that takes a little longer than yesterday's is no trouble yet.
ALERT_BACKUP_HOURS = env.int("ALERT_BACKUP_HOURS", default=26)
ALERT_JOB_MINUTES = env.int("ALERT_JOB_MINUTES", default=60)
# How large the host lets the database grow; 0 where there is no limit but the disk.
DATABASE_LIMIT_GB = env.float("DATABASE_LIMIT_GB", default=0.0)  # no money

EMAIL_BACKEND = env.str(
    "EMAIL_BACKEND",
    default="django.core.mail.backends.smtp.EmailBackend"
    if os.environ.get("EMAIL_HOST")
    else "django.core.mail.backends.console.EmailBackend",
)
EMAIL_HOST = env.str("EMAIL_HOST", default="localhost")
EMAIL_PORT = env.int("EMAIL_PORT", default=587)
EMAIL_HOST_USER = env.str("EMAIL_HOST_USER", default="")
EMAIL_HOST_PASSWORD = env.str("EMAIL_HOST_PASSWORD", default="")
EMAIL_USE_TLS = env.bool("EMAIL_USE_TLS", default=True)
EMAIL_TIMEOUT = 5
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="Tillbook <noreply@localhost>")

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.authentication.BoundAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.authentication.Needs"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_PAGINATION_CLASS": "pos.pagination.Pages",
    "EXCEPTION_HANDLER": "pos.errors.answer",
    "URL_FORMAT_OVERRIDE": None,
    "COERCE_DECIMAL_TO_STRING": True,
    "UNAUTHENTICATED_USER": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Tillbook API",
    "DESCRIPTION": "Sell, look up stock and read receipts from a terminal or a program.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1/",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "pos.schema.describe_errors",
    ],
}


def _refusals_in_a_line(record: logging.LogRecord) -> bool:
    """A refused request is a line in the log; only what broke deserves its traceback."""
    if record.levelno < logging.ERROR:
        record.exc_info = None
    return True


LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "refusals": {"()": "django.utils.log.CallbackFilter", "callback": _refusals_in_a_line}
    },
    "loggers": {"django.request": {"filters": ["refusals"]}},
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": env.str("LOG_LEVEL", default="WARNING")},
}
