"""Settings of the site. SITE_SETTINGS, a JSON object, says what differs from one run to the next.

`suite` is simplejwt, drf-jwt or dj-rest-auth; `database` the path of the SQLite file; `apps` more apps; `sliding` picks simplejwt's other pair of
views. SIMPLE_JWT, JWT_AUTH and REST_AUTH are the packages' own dictionaries, lifetimes in seconds; any other upper-case name is
a setting of Django. Every app is installed whatever the suite, so that one prepared database serves all.
"""

import datetime
import json
import os

SITE = json.loads(os.environ["SITE_SETTINGS"])
SUITE = SITE["suite"]
SLIDING = SITE.get("sliding", False)


def with_durations(settings):
    """JSON has no durations: what is one by its name was given in seconds."""
    return {
        name: datetime.timedelta(seconds=value) if name.endswith(("_LIFETIME", "_DELTA")) else value
        for name, value in settings.items()
    }


SECRET_KEY = "a secret key of a site that only tests know, 64 bytes or so long"
DEBUG = False
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "django_site.urls"
USE_TZ = True
# As `django-admin startproject` writes it.
TIME_ZONE = "UTC"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": SITE["database"], "OPTIONS": {"timeout": 20}}}
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "rest_framework",
    "rest_framework.authtoken",
    "rest_framework_simplejwt",
    "rest_framework_simplejwt.token_blacklist",
    "rest_framework_jwt",
    "rest_framework_jwt.blacklist",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "dj_rest_auth",
    "dj_rest_auth.registration",
    *SITE.get("apps", []),
]
CORS_ORIGINS = []
MIDDLEWARE = [
    "django_site.cors.middleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]
TEMPLATES = [{
    "BACKEND": "django.template.backends.django.DjangoTemplates",
    "APP_DIRS": True,
    "OPTIONS": {"context_processors": ["django.template.context_processors.request", "django.contrib.auth.context_processors.auth"]},
}]
STATIC_URL = "static/"

# Cheap hashes: the table is not about hashing.
PASSWORD_HASHERS = ["django_site.hashers.QuickPBKDF2PasswordHasher"]
# The validators that `django-admin startproject` writes.
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator", "NumericPasswordValidator")
]

# allauth looks usernames up without regard to case; the other two suites run without it.
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
if SUITE == "dj-rest-auth":
    AUTHENTICATION_BACKENDS.append("allauth.account.auth_backends.AuthenticationBackend")
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email", "password1*", "password2*"]
ACCOUNT_RATE_LIMITS = False

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [{
        "simplejwt": "rest_framework_simplejwt.authentication.JWTAuthentication",
        "drf-jwt": "rest_framework_jwt.authentication.JSONWebTokenAuthentication",
        "dj-rest-auth": "dj_rest_auth.jwt_auth.JWTCookieAuthentication",
    }[SUITE]],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
}
SIMPLE_JWT = with_durations(SITE.get("SIMPLE_JWT", {}))
JWT_AUTH = with_durations(SITE.get("JWT_AUTH", {}))
REST_AUTH = SITE.get("REST_AUTH", {})

globals().update({name: value for name, value in SITE.items() if name.isupper() and name not in ("SIMPLE_JWT", "JWT_AUTH", "REST_AUTH")})
