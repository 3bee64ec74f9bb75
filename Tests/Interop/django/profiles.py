"""The ways in which a site is set up, each with what Martlet is told to behave the same.

`django` goes to the site as SITE_SETTINGS (django_site/settings.py), `martlet` to the service as its environment.
"""

from dataclasses import dataclass

from martlet_server import ADMIN, ADMIN_PASSWORD, PASSWORD

# The same on both sides. Each story that changes an account has one of its own.
ACCOUNTS = [
    {"username": ADMIN, "password": ADMIN_PASSWORD, "email": "warden@example.com", "is_superuser": True},
    {"username": "bob", "password": PASSWORD, "email": "bob@example.com", "is_active": False},
    *({"username": name, "password": PASSWORD, "email": f"{name}@example.com"} for name in ("ada", "carol", "dora", "eve", "finn", "gita")),
]
ACCESS_COOKIE = "app-auth"
REFRESH_COOKIE = "app-refresh"


@dataclass(frozen=True)
class Profile:
    suite: str
    django: dict
    martlet: dict

    @property
    def site(self):
        return {"suite": self.suite, **self.django}

    @property
    def environment(self):
        return {"MARTLET_COMPAT": self.suite, **self.martlet}


def simplejwt(martlet, *, sliding=False, **settings):
    return Profile("simplejwt", {"sliding": sliding, "SIMPLE_JWT": settings}, martlet)


def drf_jwt(martlet, **settings):
    return Profile("drf-jwt", {"JWT_AUTH": {"JWT_AUTH_HEADER_PREFIX": "JWT", **settings}}, martlet)


def dj_rest_auth(martlet, **settings):
    return Profile("dj-rest-auth", {"REST_AUTH": {"USE_JWT": True, "SESSION_LOGIN": False, **settings}}, martlet)


# Five minutes and a day are the packages' defaults; who moves over sets them.
USUAL_TTL = {"MARTLET_ACCESS_TTL": 300, "MARTLET_REFRESH_TTL": 86400}
SHORT_TTL = {"MARTLET_ACCESS_TTL": 1, "MARTLET_REFRESH_TTL": 2}
ROTATION = {"MARTLET_COMPAT_ROTATE_REFRESH_TOKENS": "on"}
# What dj-rest-auth does unless it is told otherwise; Martlet asks for the old password.
NO_OLD_PASSWORD = {"MARTLET_COMPAT_OLD_PASSWORD_FIELD_ENABLED": "off"}
STRICT = {"MARTLET_COMPAT_STRICT": "on"}
# Less than that is there for those alone who ask for exactly what they had.
WITHOUT_BLACKLIST = STRICT | {"MARTLET_COMPAT_BLACKLIST_AFTER_ROTATION": "off"}

PROFILES = {
    "simplejwt": simplejwt(USUAL_TTL),
    "simplejwt-rotation": simplejwt(USUAL_TTL | ROTATION, ROTATE_REFRESH_TOKENS=True, BLACKLIST_AFTER_ROTATION=True),
    "simplejwt-strict": simplejwt(USUAL_TTL | WITHOUT_BLACKLIST),
    "simplejwt-strict-rotation": simplejwt(USUAL_TTL | ROTATION | STRICT, ROTATE_REFRESH_TOKENS=True, BLACKLIST_AFTER_ROTATION=True),
    "simplejwt-rotation-alone": simplejwt(USUAL_TTL | ROTATION | WITHOUT_BLACKLIST, ROTATE_REFRESH_TOKENS=True),
    "simplejwt-leeway": simplejwt(
        USUAL_TTL | {"MARTLET_ACCESS_TTL": 1, "MARTLET_COMPAT_LEEWAY": 60, "MARTLET_COMPAT_TOKEN_TYPE_CLAIM": "none"},
        ACCESS_TOKEN_LIFETIME=1, LEEWAY=60, TOKEN_TYPE_CLAIM=None),
    "simplejwt-short": simplejwt(SHORT_TTL, ACCESS_TOKEN_LIFETIME=1, REFRESH_TOKEN_LIFETIME=2),
    "simplejwt-sliding": simplejwt(
        USUAL_TTL | {"MARTLET_COMPAT_SLIDING": "on"}, sliding=True, AUTH_TOKEN_CLASSES=["rest_framework_simplejwt.tokens.SlidingToken"]),
    "simplejwt-sliding-short": simplejwt(
        SHORT_TTL | {"MARTLET_COMPAT_SLIDING": "on", "MARTLET_REFRESH_TTL": 86400}, sliding=True,
        SLIDING_TOKEN_LIFETIME=1, AUTH_TOKEN_CLASSES=["rest_framework_simplejwt.tokens.SlidingToken"]),
    "simplejwt-sliding-refresh-short": simplejwt(
        USUAL_TTL | {"MARTLET_COMPAT_SLIDING": "on", "MARTLET_REFRESH_TTL": 1}, sliding=True,
        SLIDING_TOKEN_REFRESH_LIFETIME=1, AUTH_TOKEN_CLASSES=["rest_framework_simplejwt.tokens.SlidingToken"]),
    "simplejwt-renamed": simplejwt(
        USUAL_TTL | {
            "MARTLET_COMPAT_USER_ID_CLAIM": "uid", "MARTLET_COMPAT_TOKEN_TYPE_CLAIM": "kind",
            "MARTLET_COMPAT_AUTH_HEADER_TYPES": "JWT,Bearer",
            "MARTLET_COMPAT_AUDIENCE": "https://api.example", "MARTLET_COMPAT_ISSUER": "https://issuer.example",
        },
        USER_ID_CLAIM="uid", TOKEN_TYPE_CLAIM="kind", AUTH_HEADER_TYPES=["JWT", "Bearer"], AUDIENCE="https://api.example",
        ISSUER="https://issuer.example", CHECK_REVOKE_TOKEN=True),
    "drf-jwt": drf_jwt(USUAL_TTL),
    "drf-jwt-short": drf_jwt(SHORT_TTL, JWT_EXPIRATION_DELTA=1),
    "drf-jwt-refresh-short": drf_jwt(USUAL_TTL | {"MARTLET_REFRESH_TTL": 1}, JWT_REFRESH_EXPIRATION_DELTA=1),
    "dj-rest-auth": dj_rest_auth(USUAL_TTL | NO_OLD_PASSWORD, JWT_AUTH_HTTPONLY=False),
    "dj-rest-auth-cookies": dj_rest_auth(
        USUAL_TTL | ROTATION | {
            "MARTLET_COMPAT_JWT_AUTH_COOKIE": ACCESS_COOKIE, "MARTLET_COMPAT_JWT_AUTH_REFRESH_COOKIE": REFRESH_COOKIE,
            "MARTLET_COMPAT_JWT_AUTH_RETURN_EXPIRATION": "on",
        },
        JWT_AUTH_COOKIE=ACCESS_COOKIE, JWT_AUTH_REFRESH_COOKIE=REFRESH_COOKIE, JWT_AUTH_RETURN_EXPIRATION=True),
    "dj-rest-auth-old-password": dj_rest_auth(USUAL_TTL, JWT_AUTH_HTTPONLY=False, OLD_PASSWORD_FIELD_ENABLED=True),
    "dj-rest-auth-session": dj_rest_auth(USUAL_TTL, JWT_AUTH_HTTPONLY=False, SESSION_LOGIN=True),
    "dj-rest-auth-rotation": dj_rest_auth(
        USUAL_TTL | ROTATION | {"MARTLET_COMPAT_JWT_AUTH_RETURN_EXPIRATION": "on"}, JWT_AUTH_HTTPONLY=False, JWT_AUTH_RETURN_EXPIRATION=True),
}
for name in ("dj-rest-auth-cookies", "dj-rest-auth-rotation"):
    PROFILES[name].django["SIMPLE_JWT"] = {"ROTATE_REFRESH_TOKENS": True, "BLACKLIST_AFTER_ROTATION": True}
