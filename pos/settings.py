"""All settings, in one file, typed, from the environment.

Importing this prints nothing: the host reads the output of the import.
"""

import hashlib
import sys
from collections import ChainMap
from pathlib import Path
from typing import Any

import django_stubs_ext
from corsheaders.defaults import default_headers
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from monitoring import logs
from pos.api_enums import NAMES
from pos.configuration import Environment
from pos.database import chosen, replica
from pos.hosted import configured
from pos.keys import encryption_keys, signing_keys
from pos.metered import metering
from pos.policy import content_policy

# Lets classes of Django that know no generics at run time be written with them.
django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
env = Environment()

ON_VERCEL = env.flag("VERCEL")
PRODUCTION = env.flag("PRODUCTION", ON_VERCEL)
DEBUG = env.flag("DEBUG")
if PRODUCTION and DEBUG:
    raise ImproperlyConfigured("DEBUG is on in production: it shows secrets to visitors. Unset it.")

# Everything that changes while running: database, keys, pictures, collected static files.
VAR_DIR = Path(env.text("VAR_DIR", "/tmp/tillbook" if ON_VERCEL else str(BASE_DIR / "var")))
try:
    VAR_DIR.mkdir(parents=True, exist_ok=True)
except OSError as error:
    raise ImproperlyConfigured(
        f"VAR_DIR is '{VAR_DIR}', which cannot be used ({error.strerror}): set it to a folder that"
        " this user may write to."
    ) from None

# Whether this process talks to the database as its owner; on PostgreSQL the direct URL.
USE_DIRECT_URL = env.flag("USE_DIRECT_URL")
RUNTIME_ROLE = env.text("RUNTIME_ROLE", "pos_app")
# Whether `deploy` migrates. Hosts tell a preview the address of production's database too: it is
# not looked at, unless previews have a database of their own.
AUTO_MIGRATE = env.flag("AUTO_MIGRATE", True)
VERCEL_ENV = env.choice("VERCEL_ENV", "production", ("production", "preview", "development"))
PREVIEW = ON_VERCEL and VERCEL_ENV != "production"
_database: Any = env.values if env.flag("PREVIEW_DATABASE") or not PREVIEW else {"VERCEL": "1"}
DATABASES = {"default": configured(VAR_DIR, sys.argv, _database, RUNTIME_ROLE)}
# The login that the web server has, whatever this process has: a restore drill tries the walls by it.
RUNTIME_URL = chosen([], ChainMap({"USE_DIRECT_URL": ""}, _database))[1]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
SQLITE = DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3"
# A deployment that nobody gave a database yet: it sells, and says on every page what is missing.
EPHEMERAL = SQLITE and ON_VERCEL

# A streaming replica for reports, and how many seconds behind it may be and still answer.
REPLICA_URL = env.url("REPLICA_URL", ("postgres", "postgresql"))
REPLICA_LAG_SECONDS = env.number("REPLICA_LAG_SECONDS", 30, least=1, most=600)
if SQLITE:
    REPLICA_URL = ""
if REPLICA_URL:
    DATABASES["replica"] = replica(REPLICA_URL, env.values)
    DATABASE_ROUTERS = ["tenants.replica.Router"]

# Keys that nobody gave: on a laptop in VAR_DIR; without a database those that the build made.
_keys: dict[str, Any] = {
    "folders": [BASE_DIR / "seed", VAR_DIR] if EPHEMERAL else [VAR_DIR],
    "required": PRODUCTION and not EPHEMERAL,
}
SECRET_KEY, *SECRET_KEY_FALLBACKS = signing_keys(env, **_keys)
# Several keys, comma separated, newest first: the first encrypts, all decrypt.
APP_ENCRYPTION_KEYS = encryption_keys(env, **_keys)

# Hosts tell the name under which they serve; without one production would refuse every request.
_hosts = [".vercel.app"] if ON_VERCEL else []
for _name in ("VERCEL_PROJECT_PRODUCTION_URL", "RENDER_EXTERNAL_HOSTNAME", "RAILWAY_PUBLIC_DOMAIN"):
    _hosts += env.hosts(_name)
ALLOWED_HOSTS = env.hosts("ALLOWED_HOSTS", _hosts if PRODUCTION else ["*"])
if PRODUCTION and (not ALLOWED_HOSTS or "*" in ALLOWED_HOSTS):
    raise ImproperlyConfigured(
        f"ALLOWED_HOSTS is {'any host' if ALLOWED_HOSTS else 'not set'}, which lets strangers put"
        " their own address into your mails or answers nobody: set it to the names of this site,"
        " such as shop.example.com."
    )
CSRF_TRUSTED_ORIGINS = env.origins("CSRF_TRUSTED_ORIGINS")
# Pages of other sites may call the API of devices with a token; cookies never count there.
CORS_ALLOWED_ORIGINS = env.origins("CORS_ALLOWED_ORIGINS")
CORS_URLS_REGEX = r"^/api/v1/"
CORS_ALLOW_CREDENTIALS = False
CORS_ALLOW_HEADERS = [*default_headers, "x-operator", "x-approval", "x-app-version"]
CORS_EXPOSE_HEADERS = ["Retry-After", "X-Request-ID"]
CORS_EXPOSE_HEADERS += ["RateLimit", "RateLimit-Policy", "X-Credits-Remaining"]

INSTALLED_APPS = [
    "pos",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "pos.apps.AdminConfig",
    "rest_framework",
    "drf_spectacular",
    "django_htmx",
    "csp",
    "corsheaders",
    "tenants",
    "accounts",
    "metering",
    "webhooks",
    "inventory",
    "sales",
    "purchasing",
    "sync",
    "reports",
    "archive",
    "backups",
    "monitoring",
]

MIDDLEWARE = [
    "monitoring.requests.RequestMiddleware",
    "pos.headers.HeadersMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "pos.static_files.StaticFiles",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "monitoring.requests.ProbeMiddleware",
    "accounts.sessions.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "tenants.middleware.BusinessMiddleware",
    "metering.middleware.MeterMiddleware",
]
if REPLICA_URL:
    # Outside the session's, whose rows it must come after.
    MIDDLEWARE.insert(
        MIDDLEWARE.index("accounts.sessions.SessionMiddleware"), "tenants.replica.WrittenMiddleware"
    )

ROOT_URLCONF = "pos.urls"
# What the middleware asks who may enter which business, and under which URLs it then answers.
BUSINESS_DOOR = "accounts.access.enter_business"
DEVICE_DOOR = "accounts.device_door.enter_device"
# Before it, what a terminal asks for most: it looks at token, person and place itself.
AT_ONCE = "metering.at_once.answer"
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

# Redis is shared by all processes; without it each remembers for itself. A preview is told that of
# production too, and its businesses have the same numbers: what stands there goes by the database,
# and one that is not shared has nothing to share.
_redis = [env.url(name, ("redis", "rediss")) for name in ("REDIS_URL", "KV_URL")]
REDIS_URL = "" if EPHEMERAL else _redis[0] or _redis[1]
SHARED_CACHE = bool(REDIS_URL)
CACHES: dict[str, Any] = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
if SHARED_CACHE:
    _place = "{HOST}:{PORT}/{NAME}".format_map({"HOST": "", "PORT": "", **DATABASES["default"]})
    CACHES["default"] = {
        "BACKEND": "tenants.redis_cache.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": f"tillbook:{hashlib.sha256(_place.encode()).hexdigest()[:12]}",
    }

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.backends.BlindIndexBackend"]
# The user name is encrypted, so its column cannot be unique; its blind index is.
SILENCED_SYSTEM_CHECKS = ["auth.W004"]
# A list of browsers for a whole domain, by which its other sites break too: its owner's decision.
SILENCED_SYSTEM_CHECKS += ["security.W021"]
if ON_VERCEL:
    SILENCED_SYSTEM_CHECKS += ["security.W008"]  # It redirects to https:// before we are asked.
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
SESSION_DAYS = env.number("SESSION_DAYS", 7, least=1, most=90)
SESSION_COOKIE_AGE = SESSION_DAYS * 24 * 60 * 60
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = env.choice(
    "COOKIE_SAMESITE", "Lax", ("Lax", "Strict", "None")
)
# Tills embedded in another site: their cookies are theirs there alone, and travel by TLS only.
EMBEDDED = SESSION_COOKIE_SAMESITE == "None"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = env.flag("COOKIE_SECURE", PRODUCTION or EMBEDDED)
if EMBEDDED and not SESSION_COOKIE_SECURE:
    raise ImproperlyConfigured(
        "COOKIE_SECURE is 0, but no browser keeps cookies of COOKIE_SAMESITE=None without TLS:"
        " unset one of the two."
    )
MESSAGE_STORAGE = "django.contrib.messages.storage.cookie.CookieStorage"

# How much programs may ask for, and what of it costs credits.
METERING = metering(env)

# How many proxies of our own stand before us and add to X-Forwarded-For: rate limits go by it.
TRUSTED_PROXIES = env.number("TRUSTED_PROXIES", 1 if ON_VERCEL else 0, most=10)
# Without such a proxy the header is whatever the sender wrote.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
# Vercel redirects by itself, before a request reaches us.
SECURE_SSL_REDIRECT = env.flag("SSL_REDIRECT", PRODUCTION and TRUSTED_PROXIES > 0 and not ON_VERCEL)
# A balancer or a monitor inside the network asks for these without TLS.
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics|health/)$"]
SECURE_HSTS_SECONDS = 31_536_000 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = PRODUCTION
# The older header of the same meaning knows two answers only.
FRAME_ANCESTORS = [
    {"none": NONE, "self": SELF}.get(word.strip("'"), word)
    for word in env.origins("FRAME_ANCESTORS", ["none"], keywords=("none", "self", NONE, SELF))
]
X_FRAME_OPTIONS = "SAMEORIGIN" if FRAME_ANCESTORS == [SELF] else "DENY"
if X_FRAME_OPTIONS != "DENY":
    SILENCED_SYSTEM_CHECKS += ["security.W019"]  # Somebody asked for it.
CONTENT_SECURITY_POLICY = content_policy(FRAME_ANCESTORS)

LANGUAGE_CODE = env.text("LANGUAGE_CODE", "en")
LANGUAGES = [("en", "English")]
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
# On Vercel inside the release: the function gets the manifest of hashed names by this path alone.
STATIC_ROOT = BASE_DIR / "staticfiles" if ON_VERCEL else VAR_DIR / "static"
MEDIA_URL = "/media/"
MEDIA_ROOT = VAR_DIR / "media"
# Pictures of products: files there, or rows where the disk does not last.
MEDIA_IN_DATABASE = env.flag("MEDIA_IN_DATABASE", ON_VERCEL and not SQLITE)
_pictures = (
    "inventory.picture_store.PictureStore"
    if MEDIA_IN_DATABASE
    else "django.core.files.storage.FileSystemStorage"
)
STORAGES = {
    "default": {"BACKEND": _pictures},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000

# Files for import: the largest one taken, in bytes; and how long files, brought or made, are kept.
# Vercel takes no request above 4.5 MB.
UPLOAD_LIMIT = env.number("UPLOAD_LIMIT_MB", 4 if ON_VERCEL else 200) * 1024 * 1024
PICTURE_LIMIT = (4 if ON_VERCEL else 5) * 1024 * 1024
KEEP_FILES_DAYS = env.number("KEEP_FILES_DAYS", 30)
# How many days pass between asking for a business to be deleted and its deletion, and for how many
# months its books are kept then, at least; 0 keeps nothing.
LEAVE_DAYS = env.number("LEAVE_DAYS", 30)
RETAIN_MONTHS = env.number("RETAIN_MONTHS", 120)
# How long a call of the host's scheduler, or of a waiting page, may work on jobs.
JOB_SECONDS = env.number("JOB_SECONDS", 240)

# Backups: a folder or s3://bucket/folder; who can read them; of how many days, weeks and months the
# newest is kept. Where PostgreSQL's programs are, and a database for the drill where the owner may
# make none; both are found without.
BACKUP_TO = env.text("BACKUP_TO")
BACKUP_S3_ENDPOINT = env.url("BACKUP_S3_ENDPOINT", ("https", "http"))
BACKUP_S3_REGION = env.text("BACKUP_S3_REGION", "us-east-1")
BACKUP_S3_KEY = env.text("BACKUP_S3_KEY")
BACKUP_S3_SECRET = env.secret("BACKUP_S3_SECRET")
BACKUP_RECIPIENTS = env.words("BACKUP_RECIPIENTS")
BACKUP_IDENTITY = env.secret("BACKUP_IDENTITY")
BACKUP_PASSPHRASE = env.secret("BACKUP_PASSPHRASE")
BACKUP_KEEP_DAYS = env.number("BACKUP_KEEP_DAYS", 7)
BACKUP_KEEP_WEEKS = env.number("BACKUP_KEEP_WEEKS", 5)
BACKUP_KEEP_MONTHS = env.number("BACKUP_KEEP_MONTHS", 12)
BACKUP_PG_PROGRAMS = env.text("BACKUP_PG_PROGRAMS")
DRILL_URL = env.url("DRILL_URL", ("postgres", "postgresql"))

# The daily call of the host carries it as a bearer token; without it that address answers nobody.
CRON_SECRET = env.secret("CRON_SECRET")

# Counts of requests go into the database at most every so many seconds per process; 0 counts
# nothing. Counts by the minute are kept for METRICS_DAYS. /metrics wants the token, as a bearer;
# without one that address answers nobody.
METRICS_SECONDS = env.number("METRICS_SECONDS", 5)
METRICS_DAYS = env.number("METRICS_DAYS", 3)
METRICS_TOKEN = env.secret("METRICS_TOKEN")
# The console of PgBouncer, for its figures: postgres://stats:…@127.0.0.1:6432/pgbouncer
POOLER_STATS_URL = env.url("POOLER_STATS_URL", ("postgres", "postgresql"))
# What runs: a commit or a version, for logs, metrics and the status page.
RELEASE = env.text("RELEASE", env.text("VERCEL_GIT_COMMIT_SHA")[:12])

# Who hears of trouble, and by which limits it is trouble.
ALERT_EMAILS = env.words("ALERT_EMAILS")
ALERT_WEBHOOK = env.url("ALERT_WEBHOOK", ("https",))
ALERT_MINUTES = env.number("ALERT_MINUTES", 10)
ALERT_MIN_REQUESTS = env.number("ALERT_MIN_REQUESTS", 50)
ALERT_ERROR_PERCENT = env.fraction("ALERT_ERROR_PERCENT", 1.0)
ALERT_P95_SECONDS = env.fraction("ALERT_P95_SECONDS", 3.0)
ALERT_CONNECTIONS_PERCENT = env.number("ALERT_CONNECTIONS_PERCENT", 80)
ALERT_STORAGE_PERCENT = env.number("ALERT_STORAGE_PERCENT", 85)
# A daily backup that takes a little longer than yesterday's is no trouble yet.
ALERT_BACKUP_HOURS = env.number("ALERT_BACKUP_HOURS", 26)
ALERT_JOB_MINUTES = env.number("ALERT_JOB_MINUTES", 60)
# How large the host lets the database grow; 0 where there is no limit but the disk.
DATABASE_LIMIT_GB = env.fraction("DATABASE_LIMIT_GB", 0.0)

EMAIL_HOST = env.text("EMAIL_HOST", "localhost")
EMAIL_BACKEND = env.text(
    "EMAIL_BACKEND",
    "django.core.mail.backends."
    + ("smtp.EmailBackend" if env.values.get("EMAIL_HOST") else "console.EmailBackend"),
)
EMAIL_PORT = env.number("EMAIL_PORT", 587, least=1, most=65535)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = env.secret("EMAIL_HOST_PASSWORD")
EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS", True)
EMAIL_TIMEOUT = 5
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "Tillbook <noreply@localhost>")

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.authentication.BoundAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.authentication.Needs"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "pos.schema_later.Later",
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
    "ENUM_NAME_OVERRIDES": NAMES,
    "DEFAULT_GENERATOR_CLASS": "pos.schema.Generator",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "pos.schema.describe_errors",
    ],
}

# One JSON object a line for machines, or text for people. Lines of requests are at level INFO.
LOG_FORMAT = env.choice(
    "LOG_FORMAT", logs.usual_form(sys.argv, production=PRODUCTION), ("json", "text")
)
LOG_LEVEL = env.choice(
    "LOG_LEVEL",
    "INFO" if LOG_FORMAT == "json" else "WARNING",
    ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"),
)
LOGGING = logs.configuration(form=LOG_FORMAT, level=LOG_LEVEL, debug=DEBUG)
# Where errors are reported beside the log, without personal data; nothing is sent when it is unset.
SENTRY_DSN = env.url("SENTRY_DSN", ("https", "http"))
