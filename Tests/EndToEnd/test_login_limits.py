"""How often a password may be wrong: per account and per address, and who is not locked out by others."""

import pytest

from martlet_server import PASSWORD, name, until


@pytest.fixture
def guarded(start):
    return start(MARTLET_LOGIN_ATTEMPTS="5/300", MARTLET_TRUSTED_PROXIES="127.0.0.1/32")


def attempt(server, username, password="wrong password", address="198.51.100.1"):
    return server.post("/auth/login", {"username": username, "password": password}, headers={"X-Forwarded-For": address})


def exhaust(server, username, address="198.51.100.1", most=6):
    """Wrong passwords until the limit; how many were looked at."""
    for count in range(most):
        if attempt(server, username, address=address).status == 429:
            return count
    return most


def test_too_many_failures_are_429_with_a_time_to_wait(guarded):
    ada = guarded.register()
    assert exhaust(guarded, ada.username) == 5
    answer = attempt(guarded, ada.username)
    assert (*answer,) == (429, "rate_limited") and 1 <= int(answer.headers["Retry-After"]) <= 60
    assert attempt(guarded, ada.username, PASSWORD).status == 429, "the right password is not looked at either"


def test_the_usual_limit_is_10_in_60_seconds(start):
    server = start(MARTLET_LOGIN_ATTEMPTS=None)
    assert exhaust(server, name("nobody"), most=20) == 10


def test_an_unknown_account_is_limited_in_the_same_way(guarded):
    assert exhaust(guarded, name("nobody")) == 5


def test_another_account_is_not_affected(guarded):
    ada, bob = guarded.register(), guarded.register()
    exhaust(guarded, ada.username)
    assert attempt(guarded, bob.username, PASSWORD).status == 200


def test_strangers_do_not_lock_the_owner_out(guarded):
    ada = guarded.register()
    assert attempt(guarded, ada.username, PASSWORD, "192.0.2.10").status == 200
    for index in range(3):
        exhaust(guarded, ada.username, f"198.51.100.{index}")
    assert attempt(guarded, ada.username, PASSWORD, "198.51.100.77").status == 429
    assert attempt(guarded, ada.username, PASSWORD, "192.0.2.10").status == 200, "it logged in from there lately"
    assert exhaust(guarded, ada.username, "192.0.2.10") == 5, "which is no free pass"


def test_an_address_that_tries_many_accounts_is_limited(guarded):
    accounts = [guarded.register().username for _ in range(6)]
    tried = 0
    for username in accounts:
        for _ in range(5):
            tried += 1
            if attempt(guarded, username, address="203.0.113.5").status == 429:
                break
        else:
            continue
        break
    assert 10 <= tried <= 30
    assert attempt(guarded, accounts[-1], PASSWORD, "203.0.113.5").status == 429
    assert attempt(guarded, accounts[-1], PASSWORD, "203.0.113.6").status == 200


def test_ipv6_counts_by_64_bits(guarded):
    accounts = [guarded.register().username for _ in range(6)]
    tried = sum(exhaust(guarded, username, f"2001:db8::{index + 1}", most=5) for index, username in enumerate(accounts))
    assert tried < 30
    assert attempt(guarded, accounts[-1], PASSWORD, "2001:db8::ffff").status == 429
    assert attempt(guarded, accounts[-1], PASSWORD, "2001:db8:0:1::1").status == 200


def test_successes_cost_nothing(guarded):
    ada = guarded.register()
    assert [attempt(guarded, ada.username, PASSWORD).status for _ in range(20)] == [200] * 20
    assert exhaust(guarded, ada.username, most=12) == 10, "what everybody may fail, and what its own address may"


def test_tries_come_back_with_time(start):
    server = start(MARTLET_LOGIN_ATTEMPTS="2/1")
    ada = server.register()
    while attempt(server, ada.username).status != 429:
        pass
    until(lambda: attempt(server, ada.username, PASSWORD).status == 200, what="the end of the wait", pause=0.1)


def test_parallel_tries_do_not_pass_together(guarded):
    from concurrent.futures import ThreadPoolExecutor

    ada = guarded.register()
    with ThreadPoolExecutor(20) as pool:
        statuses = list(pool.map(lambda _: attempt(guarded, ada.username).status, range(40)))
    assert statuses.count(401) <= 6 and statuses.count(401) + statuses.count(429) == 40


def test_the_current_password_is_limited_too(guarded):
    ada = guarded.register()
    statuses = [ada.call("POST", "/auth/password", {"current_password": "wrong", "new_password": PASSWORD + "x"}).status for _ in range(7)]
    assert statuses[:5] == [401] * 5 and 429 in statuses[5:]


def test_an_untrusted_peer_cannot_choose_its_address(start):
    server = start(MARTLET_LOGIN_ATTEMPTS="5/300")
    ada = server.register()
    statuses = [attempt(server, ada.username, address=f"192.0.2.{index}").status for index in range(12)]
    assert statuses == [401] * 10 + [429] * 2, "as from its own address, which has logged in before"
    assert ada.call("GET", "/auth/sessions").json["items"][0]["ip"] == "127.0.0.1"


def test_the_rightmost_untrusted_address_counts(guarded):
    ada = guarded.register()
    session = guarded.login(ada.username, headers={"X-Forwarded-For": "1.2.3.4, 203.0.113.99, 127.0.0.1"})
    sessions = session.call("GET", "/auth/sessions").json["items"]
    assert next(item for item in sessions if item["current"])["ip"] == "203.0.113.99"


def test_the_other_forwarding_header_is_ignored(start):
    server = start(MARTLET_TRUSTED_PROXIES="127.0.0.1", MARTLET_FORWARDED_HEADER="forwarded")
    ada = server.register()
    session = server.login(ada.username, headers={"X-Forwarded-For": "1.2.3.4", "Forwarded": 'for="[2001:db8::5]:4711";proto=https'})
    sessions = session.call("GET", "/auth/sessions").json["items"]
    assert next(item for item in sessions if item["current"])["ip"] == "2001:db8::5"
