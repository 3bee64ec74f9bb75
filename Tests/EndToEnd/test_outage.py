"""When the issuer is away, restarted or not to be believed, and when what the fleet shares is: consumers go on."""

import concurrent.futures
import time

import pytest
import redis

from consumers import FEED, FLEET_SECRET, KEYS, METADATA, Document, answers, delayed, feed, forged
from martlet_server import claims, until

SECRET = {"MARTLET_FLEET_SECRET": FLEET_SECRET}


def revoked(server, session):
    """Logged out, and published."""
    assert session.call("POST", "/auth/logout").status == 204
    until(lambda: feed(server).until("sid", claims(session.access)["sid"]), seconds=1, what="the entry")


# Restarts


def test_a_restart_of_the_issuer_loses_nothing_and_what_comes_after_it_is_heard(start, consume):
    server = start()
    ada, bob, eve = server.register(), server.register(), server.register()
    api = consume(server.url).ready()
    revoked(server, ada)
    until(lambda: api.refuses(ada.access), seconds=1)
    server.stop()
    assert api.refuses(ada.access) and api.accepts(bob.access), "while it is away"

    again = start(MARTLET_LISTEN=f"127.0.0.1:{server.port}")
    begun = time.monotonic()
    bob.server = again
    assert bob.call("POST", "/auth/logout").status == 204
    # The feed is tried every second, so that is what is added to the promise at most.
    until(lambda: api.refuses(bob.access), seconds=2, pause=0.01, what="the first revocation after the restart")
    print(f"a revocation right after a restart was heard {time.monotonic() - begun:.2f} s after the issuer was up")
    assert api.refuses(ada.access) and api.accepts(eve.access)


def test_after_a_long_absence_of_the_issuer_news_comes_as_fast(start, consume):
    server = start()
    ada, bob = server.register(), server.register()
    api = consume(server.url, MARTLET_METRICS_LISTEN="any").ready()
    server.kill()
    until(lambda: api.metrics()["martlet_feed_failures_total"] >= 6, seconds=10, pause=0.1, what="a few tries")
    assert api.accepts(ada.access)
    again = start(MARTLET_LISTEN=f"127.0.0.1:{server.port}")
    begun = time.monotonic()
    ada.server = again
    ada.call("POST", "/auth/logout")
    until(lambda: api.refuses(ada.access), seconds=2, pause=0.01)
    print(f"after six failures it was heard {time.monotonic() - begun:.2f} s after the issuer was up")
    assert api.accepts(bob.access)


def test_a_restarted_consumer_refuses_what_was_taken_back_before(start, consume):
    server = start()
    ada, bob = server.register(), server.register()
    api = consume(server.url).ready()
    revoked(server, ada)
    until(lambda: api.refuses(ada.access), seconds=1)
    api.stop()
    again = consume(server.url, MARTLET_LISTEN=f"127.0.0.1:{api.port}").ready()
    assert again.refuses(ada.access) and again.accepts(bob.access)


def test_revocations_between_two_lives_of_everybody_are_not_forgotten(start, consume):
    server = start()
    ada, bob = server.register(), server.register()
    api = consume(server.url).ready()
    api.stop()
    assert ada.call("POST", "/auth/logout").status == 204
    server.kill()
    again = start(MARTLET_LISTEN=f"127.0.0.1:{server.port}")
    other = consume(again.url).ready()
    assert other.refuses(ada.access) and other.accepts(bob.access)


# The issuer is away


def test_while_the_issuer_is_away_tokens_are_verified_and_unknown_keys_answered_in_time(start, consume):
    server = start()
    ada, bob = server.register(), server.register()
    api = consume(server.url).ready()
    revoked(server, bob)
    until(lambda: api.refuses(bob.access), seconds=1)
    server.kill()
    for _ in range(5):
        begun = time.monotonic()
        answer = api.whoami(forged(ada.access))
        assert time.monotonic() - begun < 2.5 and (*answer,) in [(401, "invalid_token"), (503, "not_ready")], answer
        assert api.accepts(ada.access) and api.refuses(bob.access)
    assert api.get("/healthz").status == 200 and api.is_ready(), "what is known is enough to go on"


def test_an_issuer_that_hangs_holds_up_nobody(behind, consume, proxy):
    server = behind()
    ada = server.register()
    api = consume(server.url).ready()
    proxy.rules[KEYS] = delayed(6)
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        begun = time.monotonic()
        strangers = [pool.submit(api.whoami, forged(ada.access)) for _ in range(20)]
        while not all(stranger.done() for stranger in strangers):
            asked = time.monotonic()
            assert api.accepts(ada.access)
            assert time.monotonic() - asked < 0.5
        assert time.monotonic() - begun < 3
    assert {(*stranger.result(),) for stranger in strangers} <= {(401, "invalid_token"), (503, "not_ready")}
    assert proxy.counts[KEYS] == 2


def test_a_cold_start_from_the_disk_while_the_issuer_is_away(start, consume, tmp_path):
    server = start()
    ada = server.register()
    disk = {**SECRET, "MARTLET_KEY_CACHE_DIR": tmp_path / "cache"}
    first = consume(server.url, **disk).ready()
    until(lambda: list((tmp_path / "cache").glob("*.value")), what="the file")
    first.stop()
    server.kill()

    api = consume(server.url, **disk)
    until(lambda: api.accepts(ada.access), seconds=2, what="the keys from the disk")
    answer = api.get("/readyz")
    assert (*answer,) == (503, "not_ready") and "revocations" in answer.json["detail"]
    assert (*api.whoami(forged(ada.access)),) in [(401, "invalid_token"), (503, "not_ready")]
    strict = consume(server.url, "--max-staleness", "30", **disk)
    until(lambda: (*strict.whoami(ada.access),) == (503, "not_ready"), what="the refusal before the first news")

    start(MARTLET_LISTEN=f"127.0.0.1:{server.port}")
    begun = time.monotonic()
    api.ready()
    strict.ready()
    print(f"ready {time.monotonic() - begun:.2f} s after the issuer was back")
    assert api.accepts(ada.access) and strict.accepts(ada.access)


@pytest.mark.parametrize("damage", [b"", b"garbage", bytes(4096), "another secret"], ids=["empty", "garbage", "zeros", "another secret"])
def test_a_file_that_is_not_sealed_by_the_fleet_is_not_believed(start, consume, tmp_path, damage):
    server = start()
    ada = server.register()
    disk = {**SECRET, "MARTLET_KEY_CACHE_DIR": tmp_path / "cache"}
    first = consume(server.url, **disk).ready()
    (path,) = until(lambda: list((tmp_path / "cache").glob("*.value")), what="the file")
    first.stop()
    server.kill()
    if isinstance(damage, bytes):
        path.write_bytes(damage)
    else:
        disk["MARTLET_FLEET_SECRET"] = FLEET_SECRET[::-1]
    api = consume(server.url, **disk)
    assert (*api.whoami(ada.access),) == (503, "not_ready")
    start(MARTLET_LISTEN=f"127.0.0.1:{server.port}")
    api.ready()
    assert api.accepts(ada.access)


# The issuer says strange things


STRANGE = {
    "500": answers(500),
    "503": answers(503, b"busy", Retry_After="1"),
    "404": answers(404),
    "garbage": answers(200, b"<html>maintenance</html>", Content_Type="text/html"),
    "an empty set": answers(200, b'{"keys":[]}', Content_Type="application/jwk-set+json"),
    "no set": answers(200, b"{}", Content_Type="application/jwk-set+json"),
    "nothing": answers(200, b""),
    "a redirect in a circle": answers(302, b"", Location=KEYS),
    "a redirect to plain http elsewhere": answers(302, b"", Location="http://192.0.2.1/keys"),
    "a huge body": answers(200, b'{"keys":[' + b" " * (2 << 20) + b"]}", Content_Type="application/jwk-set+json"),
}


def test_whatever_the_issuer_gives_for_keys_what_is_known_goes_on(travel, consume, proxy):
    """Each is fetched because the clock says so: the refresh of the keys is due."""
    server = travel.start(MARTLET_ISSUER=proxy.url, MARTLET_ACCESS_TTL=86_400)
    proxy.port = server.port
    ada = server.register()
    api = consume(server.url, MARTLET_METRICS_LISTEN="any", **travel.settings).ready()
    ahead = 0
    for what, rule in STRANGE.items():
        proxy.rules[KEYS] = rule
        asked = proxy.counts[KEYS]
        # A stranger's kid makes the consumer look at once, its cooldown of the last time being over.
        ahead += 80
        travel.to(ahead)
        api.whoami(forged(ada.access))
        until(lambda: proxy.counts[KEYS] > asked, what=f"a fetch of {what}")  # noqa: B023
        assert api.accepts(ada.access), what
    failures = api.metrics()["martlet_remote_keys_fetch_failures_total"]
    assert failures >= len(STRANGE), failures
    del proxy.rules[KEYS]
    published = len(server.get("/.well-known/jwks.json").json["keys"])
    until(lambda: api.metrics()["martlet_remote_keys"] == published and api.accepts(server.register().access), what="the return")


def tampered(text):
    """One bit of the signature is another."""
    place = len(text) - 10
    return text[:place] + (b"A" if text[place : place + 1] != b"A" else b"B") + text[place + 1 :]


TAMPERINGS = {"a bit": tampered, "garbage": lambda text: b"garbage", "nothing": lambda text: b"", "half of it": lambda text: text[: len(text) // 2]}


@pytest.mark.parametrize("what", TAMPERINGS)
def test_a_feed_that_was_tampered_with_is_refused_and_what_is_known_is_kept(behind, consume, proxy, what):
    server = behind()
    ada, bob = server.register(), server.register()
    api = consume(server.url, MARTLET_METRICS_LISTEN="any").ready()
    revoked(server, ada)
    until(lambda: api.refuses(ada.access), seconds=1)
    proxy.tamper[FEED] = TAMPERINGS[what]
    bob.call("POST", "/auth/logout")

    def refused():
        return sum(value for name, value in api.metrics().items() if name.startswith("martlet_feed_refused_total"))

    until(lambda: refused() > 0, seconds=5, what="the alarm")
    assert api.refuses(ada.access) and api.accepts(bob.access)
    proxy.tamper.clear()
    until(lambda: api.refuses(bob.access), seconds=5, what="the news")
    until(lambda: "document of the revocation feed was refused" in api.log, what="the alarm in the log")


def test_an_old_document_that_is_given_again_takes_nothing_back(behind, consume, proxy):
    server = behind()
    ada, bob = server.register(), server.register()
    old = Document(server, server.get(FEED).body).text.encode()
    api = consume(server.url, MARTLET_METRICS_LISTEN="any").ready()
    revoked(server, ada)
    until(lambda: api.refuses(ada.access), seconds=1)
    proxy.rules[FEED] = answers(200, old, Content_Type="application/jwt")
    # The poll that is under way is the last that is real.
    revoked(server, server.register())
    until(lambda: api.metrics()['martlet_feed_refused_total{reason="replayed"}'] > 0, seconds=5, what="the alarm")
    assert api.refuses(ada.access) and api.accepts(bob.access)


def test_a_document_in_another_issuers_name_is_refused_though_its_key_is_good(behind, start, consume, proxy, tmp_path):
    server = behind()
    ada = server.register()
    data = tmp_path / "twin" / "data"
    data.mkdir(mode=0o700, parents=True)
    server.cli("backup", data / "martlet.db", "--with-key")
    (data / "martlet.db.key").rename(data / "master.key")
    twin = start(folder="twin", MARTLET_ISSUER="https://twin.example")
    api = consume(server.url, MARTLET_METRICS_LISTEN="any").ready()
    proxy.rules[FEED] = answers(200, twin.get(FEED).body, Content_Type="application/jwt")
    revoked(server, server.register())
    until(lambda: api.metrics()['martlet_feed_refused_total{reason="wrong_issuer"}'] > 0, seconds=5, what="the alarm")
    assert api.accepts(ada.access) and not api.accepts(twin.register().access)


# The fleet


def test_ten_fresh_consumers_with_one_redis_fetch_once_between_them(behind, consume, proxy, redis_server):
    server = behind()
    ada = server.register()
    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        apis = list(pool.map(lambda _: consume(server.url, "--redis", redis_server.url, **SECRET), range(10)))
        assert all(pool.map(lambda api: api.accepts(ada.access), apis))
        for api in apis:
            api.ready()
        assert proxy.counts[KEYS] == 1 and proxy.counts[METADATA] == 1, proxy.counts
        # They take each other's news over, and a stranger's kid is looked for once.
        list(pool.map(lambda api: api.whoami(forged(ada.access, "nobody's")), apis))
        print(f"ten consumers, one unknown kid at each: {proxy.counts[KEYS] - 1} more fetches")
        assert proxy.counts[KEYS] <= 2, proxy.counts
        revoked(server, ada)
        until(lambda: all(api.refuses(ada.access) for api in apis), seconds=1)


def test_what_stands_in_redis_is_sealed_and_a_forgery_is_not_believed(behind, consume, proxy, redis_server):
    server = behind()
    ada = server.register()
    consume(server.url, "--redis", redis_server.url, **SECRET).ready()
    store = redis.Redis(port=redis_server.port)
    (name,) = until(lambda: [key for key in store.scan_iter() if not key.endswith(b":lock")], what="the value")
    good = store.get(name)
    assert 0 < store.ttl(name) <= 86_400 and FLEET_SECRET.encode() not in good
    forgeries = [b"garbage", b"", good[:-1], good[:40] + bytes([good[40] ^ 1]) + good[41:], bytes(32) + good[32:], good[:32]]
    for count, forgery in enumerate(forgeries, start=1):
        store.set(name, forgery)
        api = consume(server.url, "--redis", redis_server.url, **SECRET).ready()
        assert api.accepts(ada.access) and proxy.counts[KEYS] == 1 + count, "it asked the issuer itself"
    # With another secret it is no news either.
    api = consume(server.url, "--redis", redis_server.url, MARTLET_FLEET_SECRET=FLEET_SECRET[::-1]).ready()
    assert api.accepts(ada.access) and proxy.counts[KEYS] == 2 + len(forgeries)


def test_keys_in_redis_serve_a_cold_start_while_the_issuer_is_away(start, consume, redis_server):
    server = start()
    ada = server.register()
    consume(server.url, "--redis", redis_server.url, **SECRET).ready()
    server.kill()
    api = consume(server.url, "--redis", redis_server.url, **SECRET)
    until(lambda: api.accepts(ada.access), seconds=2)


def test_a_dead_redis_costs_nothing_but_the_sharing(behind, consume, proxy, redis_server):
    server = behind()
    ada = server.register()
    alive = consume(server.url, "--redis", redis_server.url, **SECRET).ready()
    redis_server.stop()
    assert alive.accepts(ada.access)
    begun = time.monotonic()
    api = consume(server.url, "--redis", redis_server.url, **SECRET)
    assert api.accepts(ada.access)
    assert time.monotonic() - begun < 3
    api.ready()
    assert proxy.counts[KEYS] == 2
    revoked(server, ada)
    until(lambda: api.refuses(ada.access) and alive.refuses(ada.access), seconds=1)


def test_a_redis_that_hangs_costs_a_start_a_moment(behind, consume, tmp_path):
    """It takes connections and never answers."""
    import socket

    server = behind()
    ada = server.register()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        begun = time.monotonic()
        api = consume(server.url, "--redis", f"redis://127.0.0.1:{silent.getsockname()[1]}", **SECRET)
        until(lambda: api.accepts(ada.access), seconds=5)
        took = time.monotonic() - begun
        print(f"with a silent Redis the first token was verified after {took:.2f} s")
        assert took < 3
