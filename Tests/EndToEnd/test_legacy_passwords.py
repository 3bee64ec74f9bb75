"""Passwords that Django stored: counted, made anew by a login, and told by no failure's time while any is left."""

import base64
import contextlib
import hashlib
import json
import sqlite3
import time

import pytest

from martlet_server import PASSWORD, name

INTERVAL = 1.0
SOON = 0.9
DOORS = ["/auth/login", "/api/token/"]


def django(password, iterations):
    digest = hashlib.pbkdf2_hmac("sha256", password.encode(), b"salt", iterations)
    return f"pbkdf2_sha256${iterations}$salt${base64.b64encode(digest).decode()}"


@pytest.fixture
def moved(start):
    """A service one of whose two accounts has the hash that Django stored for its password; `moved.legacy`, `moved.native`."""
    before = start()
    legacy, native = before.register(), before.register()
    before.stop()
    with contextlib.closing(sqlite3.connect(before.folder / "data" / "martlet.db")) as database, database:
        database.execute(
            "UPDATE users SET password_hash = ?, hash_scheme = 'django.pbkdf2_sha256' WHERE username = ?",
            (django(PASSWORD, 300_000), legacy.username),
        )
    server = start(MARTLET_METRICS_LISTEN="any", MARTLET_COMPAT="simplejwt")
    server.legacy, server.native = legacy, native
    return server


def seconds(server, username, password, door, expected, at_most):
    """How long a login takes: the first time that is short enough, or else the shortest, since what a busy machine adds is not
    the service's."""
    times = []
    while len(times) < 8 and (not times or times[-1] >= at_most):
        begun = time.monotonic()
        answer = server.post(door, {"username": username, "password": password})
        times.append(time.monotonic() - begun)
        assert answer.status == expected, answer
    return min(times)


@pytest.mark.parametrize("door", DOORS)
def test_the_time_of_a_failure_tells_nothing_while_a_legacy_password_is_left(moved, door):
    tries = [(name("nobody"), "wrong password"), (moved.native.username, "wrong password"), (moved.legacy.username, "wrong password")]
    times = [seconds(moved, *attempt, door, 401, INTERVAL * 1.5) for _ in range(2) for attempt in tries]
    # A millisecond is what the service's clock may round down.
    assert all(INTERVAL - 0.002 <= took < INTERVAL * 1.5 for took in times), times


def test_successes_are_not_held_and_without_legacy_passwords_nothing_is(moved, start):
    assert seconds(moved, moved.native.username, PASSWORD, "/auth/login", 200, SOON) < SOON
    assert seconds(moved, moved.legacy.username, PASSWORD, "/auth/login", 200, SOON) < SOON
    moved.stop()
    again = start(MARTLET_COMPAT="simplejwt")
    for door in DOORS:
        assert seconds(again, moved.legacy.username, "wrong password", door, 401, SOON) < SOON


def test_what_is_left_is_counted(moved):
    def counted():
        return {row["scheme"]: row["accounts"] for row in json.loads(moved.cli("user", "hashes", "--json").stdout)["schemes"]}

    gauge = 'martlet_password_hashes{scheme="%s"}'
    metrics = moved.metrics()
    assert metrics[gauge % "django.pbkdf2_sha256"] == 1 and metrics[gauge % "argon2id"] == 2, "with the administrator"
    assert counted() == {"argon2id": 2, "django.pbkdf2_sha256": 1}
    assert "1 password of another system left." in moved.cli("user", "hashes").stdout
    moved.login(moved.legacy.username)
    assert counted() == {"argon2id": 3}
    assert "No password of another system is left." in moved.cli("user", "hashes").stdout
