"""A database as Django makes it, for whoever reads one: accounts under every hasher, names and addresses that collide, tokens.

`make_database(path)` makes it in a process of its own and describes it; `log_in(path)` has Django try every password. As a
program: `make_database.py make|log-in PATH`.
"""

import json
import os
import pathlib
import subprocess
import sys

FOLDER = pathlib.Path(__file__).resolve().parent
SUPERUSER = {"username": "warden", "password": "a warden's long password", "email": "warden@example.com"}

# What Django 5.2 still has; the first is its default. The password of each says whose it is.
HASHERS = ["pbkdf2_sha256", "pbkdf2_sha1", "argon2", "bcrypt_sha256", "bcrypt", "scrypt", "md5"]
SITE = {
    "suite": "simplejwt",
    "SIMPLE_JWT": {"ROTATE_REFRESH_TOKENS": True, "BLACKLIST_AFTER_ROTATION": True},
    "PASSWORD_HASHERS": [f"django.contrib.auth.hashers.{name}PasswordHasher" for name in (
        "PBKDF2", "PBKDF2SHA1", "Argon2", "BCryptSHA256", "BCrypt", "Scrypt", "MD5")],
}
# Hashes of Djangos before 5.1, which 5.2 refuses: (username, algorithm, salt, does the hash name its algorithm).
OLDER = [
    ("by-sha1", "sha1", "mill", True),
    ("by-unsalted-sha1", "sha1", "", True),
    ("by-unsalted-md5", "md5", "", False),
    ("by-unsalted-md5-named", "md5", "", True),
]
# Django tells these apart; whoever folds case or normalizes does not.
NAMES = [
    "Ada", "ada", "ADA", "åsa", "ÅSA", "jos\u00e9", "jose\u0301", "straße", "strasse", "李雷", "İpek", "ipek", "a+b@c.example",
    "x" * 150,
]
# An address that two have, one in other case, none at all.
ADDRESSES = {"Ada": "ada@example.com", "ada": "ada@example.com", "ADA": "Ada@Example.com", "åsa": "åsa@bücher.example"}


def make_database(path, **settings):
    """Makes the database (`settings` are of the site; with DATABASES, `path` only names the description); the accounts, each with username, password (None when there is none), email, hasher, can_log_in,
    is_active, is_staff, is_superuser and groups, and the tokens: each with token, username, is_blacklisted and is_expired."""
    return json.loads(in_django([__file__, "make", str(path)], path, **settings))


def log_in(path):
    """For each account that make_database described, in order: its name if Django lets it in, else None. Logins rehash."""
    return json.loads(in_django([__file__, "log-in", str(path)], path))


def manage(path, *arguments, **settings):
    """What a command of manage.py prints."""
    return in_django(["-m", "django", *map(str, arguments)], path, **settings)


def in_django(words, path, **settings):
    environment = {**os.environ, "SITE_SETTINGS": json.dumps({**SITE, "database": str(path), **settings}), "PYTHONWARNINGS": "ignore"}
    environment["DJANGO_SETTINGS_MODULE"] = "django_site.settings"
    return subprocess.run([sys.executable, *words], stdout=subprocess.PIPE, check=True, cwd=FOLDER, env=environment).stdout


def make(path):
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    accounts = [superuser(), *by_hasher(), *older(), *named(), *special()]
    tokens = make_tokens()
    described = {"accounts": accounts, "tokens": tokens}
    pathlib.Path(f"{path}.json").write_text(json.dumps(described))
    return described


def superuser():
    from django.contrib.auth import get_user_model
    from django.core.management import call_command

    os.environ["DJANGO_SUPERUSER_PASSWORD"] = SUPERUSER["password"]
    call_command("createsuperuser", interactive=False, username=SUPERUSER["username"], email=SUPERUSER["email"], verbosity=0)
    return description(get_user_model().objects.get(username=SUPERUSER["username"]), SUPERUSER["password"], "pbkdf2_sha256")


def by_hasher():
    """At the cost that Django gives each."""
    from django.contrib.auth.hashers import make_password

    for hasher in HASHERS:
        password = f"the password of {hasher}"
        yield add(f"by-{hasher}", make_password(password, hasher=hasher), password, hasher, first_name=hasher.title(), last_name="Hash")


def older():
    import hashlib

    for username, algorithm, salt, is_named in OLDER:
        password = f"the password of {username}"
        digest = hashlib.new(algorithm, (salt + password).encode()).hexdigest()
        encoded = f"{algorithm}${salt}${digest}" if is_named else digest
        yield add(username, encoded, password, f"{algorithm} of older Djangos", can_log_in=False)


def named():
    for username in NAMES:
        yield add(**quick(username), email=ADDRESSES.get(username, ""))


def special():
    """No password, an account out of use, staff, groups, blanks and other scripts in the password."""
    from django.contrib.auth.hashers import make_password
    from django.contrib.auth.models import Group

    yield add("unusable", make_password(None), None, "unusable", can_log_in=False)
    yield add("no-hash", "", None, "empty", can_log_in=False)
    yield add("not-a-hash", "not a hash", None, "malformed", can_log_in=False)
    yield add(**quick("inactive"), can_log_in=False, is_active=False)
    yield add("cut-short", "pbkdf2_sha256$10$mill", "the password of cut-short", "malformed", can_log_in=False)
    yield add("unicode-password", quick_hash("pässwörd 密码 🔑"), "pässwörd 密码 🔑", "pbkdf2_sha256")
    yield add("blank-password", quick_hash("  between blanks  "), "  between blanks  ", "pbkdf2_sha256")
    yield add("long-password", make_password("l" * 200, hasher="bcrypt_sha256"), "l" * 200, "bcrypt_sha256")
    editors, empty = Group.objects.create(name="Editors"), Group.objects.create(name="équipe / été")
    yield add(**quick("in-groups"), groups=[editors, empty], is_staff=True)
    yield add(**quick("in-one-group"), groups=[editors])


def quick(username):
    password = f"the password of {username}"
    return {"username": username, "encoded": quick_hash(password), "password": password, "hasher": "pbkdf2_sha256"}


def quick_hash(password):
    """Django's default at a cost that tests can bear; the string carries it."""
    from django.contrib.auth.hashers import PBKDF2PasswordHasher

    return PBKDF2PasswordHasher().encode(password, "seventeen", iterations=1000)


def add(username, encoded, password, hasher, *, email="", can_log_in=True, groups=(), **columns):
    from django.contrib.auth import get_user_model

    user = get_user_model().objects.create(username=username, email=email, password=encoded, **columns)
    user.groups.set(groups)
    return description(user, password, hasher, can_log_in)


def description(user, password, hasher, can_log_in=True):
    return {
        "id": user.pk, "username": user.username, "password": password, "hasher": hasher, "encoded": user.password, "email": user.email,
        "first_name": user.first_name, "last_name": user.last_name, "can_log_in": can_log_in, "is_active": user.is_active,
        "is_staff": user.is_staff, "is_superuser": user.is_superuser, "groups": sorted(group.name for group in user.groups.all()),
        "date_joined": user.date_joined.isoformat(),
    }


def make_tokens():
    """Outstanding, rotated, blacklisted, over, and one whose owner is gone."""
    from datetime import timedelta

    from django.contrib.auth import get_user_model
    from django.utils import timezone
    from rest_framework_simplejwt.token_blacklist.models import OutstandingToken
    from rest_framework_simplejwt.tokens import RefreshToken

    users = get_user_model().objects
    made = []

    def token(username, *, is_blacklisted=False, is_expired=False):
        refresh = RefreshToken.for_user(users.get(username=username))
        if is_blacklisted:
            refresh.blacklist()
        if is_expired:
            refresh.set_exp(from_time=timezone.now() - timedelta(days=2))
            OutstandingToken.objects.filter(jti=refresh["jti"]).update(
                token=str(refresh), expires_at=timezone.now() - timedelta(days=1), created_at=timezone.now() - timedelta(days=2))
        made.append({
            "token": str(refresh), "jti": refresh["jti"], "username": username, "is_blacklisted": is_blacklisted, "is_expired": is_expired,
        })

    token("Ada")
    token("Ada", is_blacklisted=True)
    token("ada")
    token("åsa", is_expired=True)
    token("åsa", is_blacklisted=True, is_expired=True)
    token("inactive")
    gone = users.create(username="gone")
    token("gone")
    gone.delete()
    return made


def log_in_all(path):
    accounts = json.loads(pathlib.Path(f"{path}.json").read_text())["accounts"]
    return [let_in(account["username"], account["password"] or "") for account in accounts]


def let_in(username, password):
    from django.contrib.auth import authenticate

    try:
        user = authenticate(username=username, password=password)
    except ValueError:
        # A hash that was cut short: a login would answer 500.
        return None
    return user and user.username


if __name__ == "__main__":
    import django

    django.setup()
    print(json.dumps({"make": make, "log-in": log_in_all}[sys.argv[1]](sys.argv[2])))
