"""Django settings.  Everything that differs between installations is an environment variable with a safe default.

The launcher (`qaitar …`) finds or starts the database and passes its two addresses on:
`QAITAR_DB_APP_DSN` (the role behind the walls) and `QAITAR_DB_OWNER_DSN` (migrations only).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _
from psycopg.conninfo import conninfo_to_dict

from qaitar.foundation.identity.client_address import proxies_read

if TYPE_CHECKING:
    from collections.abc import Mapping

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(os.environ.get("QAITAR_DATA", BASE_DIR.parent.parent / "var"))

SECRET_KEY = os.environ.get("QAITAR_SECRET_KEY", "only-for-tools-that-serve-nobody")
QAITAR_ENCRYPTION_KEY = os.environ.get("QAITAR_ENCRYPTION_KEY", "")
QAITAR_JOURNAL_KEY = os.environ.get("QAITAR_JOURNAL_KEY", "")
DEBUG = False
ALLOWED_HOSTS = os.environ.get("QAITAR_HOSTS", "127.0.0.1,localhost,[::1]").split(",")
CSRF_TRUSTED_ORIGINS = [o for o in os.environ.get("QAITAR_ORIGINS", "").split(",") if o]
HTTPS = os.environ.get("QAITAR_HTTPS", "") == "1"
# proxies before the program, addresses and networks: only from them is X-Forwarded-For believed
QAITAR_TRUSTED_PROXIES = proxies_read(os.environ.get("QAITAR_TRUSTED_PROXIES", ""))


def _database(dsn_variable: str, **options: str) -> dict[str, Any]:
    """Read one address; whatever libpq knows besides host, name and role (TLS, several hosts, time-outs) goes along."""
    given = conninfo_to_dict(
        os.environ.get(dsn_variable, "host=127.0.0.1 dbname=qaitar user=qaitar_app")
    )
    known = {
        "dbname": "NAME",
        "user": "USER",
        "password": "PASSWORD",
        "host": "HOST",
        "port": "PORT",
    }
    return {
        "ENGINE": "django.db.backends.postgresql",
        **{django: str(given.get(libpq) or "") for libpq, django in known.items()},
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": False,
        "OPTIONS": {**options, **{k: v for k, v in given.items() if k not in known}},
    }


def s3_options(environ: Mapping[str, str]) -> dict[str, Any] | None:
    """Say how files are kept in an S3-compatible store, or None where they go to a folder.

    A name stands for a content, so saving one again replaces it.
    """
    bucket = environ.get("QAITAR_S3_BUCKET")
    if not bucket:
        return None
    return {
        "bucket_name": bucket,
        "endpoint_url": environ.get("QAITAR_S3_ENDPOINT") or None,
        "region_name": environ.get("QAITAR_S3_REGION") or None,
        "access_key": environ.get("QAITAR_S3_KEY") or None,
        "secret_key": environ.get("QAITAR_S3_SECRET") or None,
        "file_overwrite": True,
        "querystring_auth": True,
        "default_acl": None,
    }


_BOUNDS = (
    "-c jit=off -c lock_timeout=10s -c idle_in_transaction_session_timeout=60s"
    " -c statement_timeout=60s"
)
DATABASES = {
    "default": {
        **_database("QAITAR_DB_APP_DSN", options=_BOUNDS, application_name="qaitar"),
        "ATOMIC_REQUESTS": True,
    },
    "owner": _database("QAITAR_DB_OWNER_DSN", application_name="qaitar-owner"),
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "qaitar.foundation",
    "qaitar.orders",
    "qaitar.returns",
    "qaitar.analytics",
    "qaitar.flows",
    "qaitar.training",
    "qaitar.backup",
    "qaitar.web.console",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",  # a tag of allauth's page of passkeys
    "django_htmx",
    "procrastinate.contrib.django",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.mfa",
]
AUTH_USER_MODEL = "foundation.User"

MIDDLEWARE = [
    "qaitar.config.default_headers.DefaultHeaders",
    "qaitar.foundation.ops.request_log.RequestContextMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "qaitar.config.cache_headers.NoStoreByDefault",
    "qaitar.config.pages_only.Sessions",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "qaitar.config.pages_only.Forms",
    "qaitar.config.pages_only.People",
    "qaitar.config.pages_only.Messages",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "qaitar.config.pages_only.Scripts",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "qaitar.web.console.frame.accounts.OwnLanguage",
    "qaitar.web.console.frame.errors.WrongMethod",
    "qaitar.web.console.frame.body_errors.BodyNotReceived",
]
ROOT_URLCONF = "qaitar.config.urls"
WSGI_APPLICATION = "qaitar.config.wsgi.application"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "qaitar.web.console.frame.layout.shell",
            ],
        },
    },
]

# login: sessions, TOTP and passkeys, OIDC (design §5.15)
AUTHENTICATION_BACKENDS = [
    "qaitar.web.console.frame.sign_in.PasswordBackend",  # the only one that judges passwords
    "django.contrib.auth.backends.ModelBackend",
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_ADAPTER = "qaitar.web.console.frame.accounts.ClosedSignup"
ACCOUNT_PREVENT_ENUMERATION = True
# tries of passwords and codes are limited by foundation/identity/sign_in_limits.py; allauth limits the rest, in the cache
ACCOUNT_RATE_LIMITS = {"login": None, "login_failed": None, "reauthenticate": None}
MFA_FORMS = {
    "authenticate": "qaitar.web.console.frame.second_factor.SignInCodeForm",
    "reauthenticate": "qaitar.web.console.frame.second_factor.ConfirmCodeForm",
}
# in the database, so that what is counted there holds over all processes and machines
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "foundation_cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}
SOCIALACCOUNT_ONLY = False
SOCIALACCOUNT_ADAPTER = "qaitar.web.console.frame.accounts.KnownPeopleOnly"
SOCIALACCOUNT_PROVIDERS: dict[str, Any] = {
    "openid_connect": {"APPS": [], "OAUTH_PKCE_ENABLED": True}
}
if os.environ.get("QAITAR_OIDC_SERVER"):
    INSTALLED_APPS.append("allauth.socialaccount.providers.openid_connect")
    SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"].append(
        {
            "provider_id": "oidc",
            "name": os.environ.get("QAITAR_OIDC_NAME", "OIDC"),
            "client_id": os.environ.get("QAITAR_OIDC_CLIENT_ID", ""),
            "secret": os.environ.get("QAITAR_OIDC_SECRET", ""),
            "settings": {"server_url": os.environ["QAITAR_OIDC_SERVER"]},
        }
    )
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_ADAPTER = "qaitar.web.console.frame.second_factor.SealedSecondFactors"
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not HTTPS
PASSWORD_HASHERS = ["django.contrib.auth.hashers.ScryptPasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "qaitar.foundation.identity.password_words.ContextWordsValidator"},
]
COOKIE_PREFIX = "__Host-" if HTTPS else ""  # a browser takes such a cookie from this very host only
SESSION_COOKIE_NAME = f"{COOKIE_PREFIX}sessionid"
SESSION_ENGINE = "qaitar.foundation.identity.sessions"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = HTTPS
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 3600
CSRF_COOKIE_NAME = f"{COOKIE_PREFIX}csrftoken"
CSRF_COOKIE_HTTPONLY = True  # forms and htmx carry the token themselves
CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "qaitar.web.console.frame.errors.csrf_failure"
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^api/"]  # refused instead, so that no token goes in the clear unnoticed
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:", "blob:"],
        "media-src": ["'self'"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "manifest-src": ["'self'"],
        "worker-src": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
    },
}

LANGUAGE_CODE = "ru"
LANGUAGES = [("ru", _("Russian")), ("kk", _("Kazakh")), ("en", _("English"))]
# the second: Kazakh words of allauth's pages, which it brings none of; `make messages` leaves them alone
LOCALE_PATHS = [BASE_DIR / "locale", BASE_DIR / "locale_accounts"]
FORMAT_MODULE_PATH = ["qaitar.config.formats"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
WHITENOISE_ALLOW_ALL_ORIGINS = False  # no other site needs our styles and scripts
WHITENOISE_MAX_AGE = 3600
STORAGES: dict[str, Any] = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(DATA_DIR / "files")},
    },
    "staticfiles": {"BACKEND": "qaitar.config.static_files.NamedByContent"},
    "files": {
        "BACKEND": "qaitar.foundation.files.store.DurableFileStorage",
        "OPTIONS": {"location": str(DATA_DIR / "files")},
    },
}
_S3 = s3_options(os.environ)
if _S3 is not None:
    STORAGES["files"] = {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": _S3}
DATA_UPLOAD_MAX_MEMORY_SIZE = 8 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 12_100  # a bulk decision on 12,000 requests
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FILES = 40

# what the server receives (web/server/limits.py): seconds for a body, bytes a second at least, disk for all at once
QAITAR_RECEIVE: dict[str, Any] = {
    "small_seconds": float(os.environ.get("QAITAR_BODY_SECONDS", "30")),
    "large_seconds": float(os.environ.get("QAITAR_UPLOAD_SECONDS", "3600")),
    "bytes_per_second": int(os.environ.get("QAITAR_UPLOAD_BYTES_PER_SECOND", "4096")),
    "spool_bytes": int(os.environ.get("QAITAR_UPLOAD_DISK_MB", "2048")) * 1024 * 1024,
}
# health and figures at a port of their own; HTTP/2 without TLS (config/serving.py)
QAITAR_HEALTH_PORT = os.environ.get("QAITAR_HEALTH_PORT", "")
QAITAR_HEALTH_HOST = os.environ.get("QAITAR_HEALTH_HOST", "127.0.0.1")
QAITAR_HTTP2 = os.environ.get("QAITAR_HTTP2", "") == "1"

MESSAGE_STORAGE = "qaitar.config.default_headers.MessageCookie"
MESSAGE_TAGS = {25: "ok", 30: "warn", 40: "danger"}  # the tones of the console
PROCRASTINATE_AUTODISCOVER_MODULE_NAME = "tasks"
PROCRASTINATE_DATABASE_ALIAS = "default"
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"

# Who is notified of new journal lines: a reader's name with the subject kinds it reads (foundation/journal/feed.py).
QAITAR_JOURNAL_READERS = {"webhooks": ["returnrequest"], "figures": ["returnrequest"]}
QAITAR_CONNECTORS = "qaitar.config.connectors.CONNECTORS"
QAITAR_SUPPORT_URL = os.environ.get("QAITAR_SUPPORT_URL", "")
# a seller's 1C often stands in their own network: hosts named here may be called although private
# Proxies by name, `kz=http://user:password@10.0.0.5:3128`, comma-separated: a connection names one, the address stays here.
QAITAR_PROXIES = dict(
    each.split("=", 1) for each in os.environ.get("QAITAR_PROXIES", "").split(",") if "=" in each
)
QAITAR_PRIVATE_HOSTS = [h for h in os.environ.get("QAITAR_PRIVATE_HOSTS", "").split(",") if h]

LOGGING_CONFIG = None  # foundation/ops/logs.py sets it up once, in config/wsgi.py and the worker
