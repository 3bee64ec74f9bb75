"""`martlet api`: a resource server of its own. What it says to its clients and its operator, and how soon it hears."""

import base64
import json
import random
import signal
import threading
import time

import pytest

import consumers
from consumers import FEED, FLEET_SECRET, KEYS, WHOAMI, Poller, answers, delayed, fail_api, forged, quantile
from martlet_server import PASSWORD, claims, header, until

METADATA = "/.well-known/oauth-protected-resource"


@pytest.fixture(scope="module")
def api(shared, tmp_path_factory):
    """A consumer of the shared service."""
    consumer = consumers.launch_api(tmp_path_factory.mktemp("api"), shared.url, MARTLET_METRICS_LISTEN="any", MARTLET_LOG_LEVEL="debug").ready()
    yield consumer
    consumer.stop()


# What it answers


def test_whoami_is_what_the_token_says(api, ada):
    answer = api.whoami(ada.access)
    assert answer.status == 200 and answer.json == claims(ada.access)
    assert answer.headers["Content-Type"] == "application/json" and answer.headers["Cache-Control"] == "no-store"


def test_all_tokens_of_a_session_are_accepted(api, ada):
    tokens = [ada.access]
    for _ in range(3):
        ada.refresh()
        tokens.append(ada.access)
    assert all(api.accepts(token) for token in tokens)


def resigned(token, **members):
    """The same signature under other claims."""
    head, _, signature = token.split(".")
    body = base64.urlsafe_b64encode(json.dumps({**claims(token), **members}).encode()).decode().rstrip("=")
    return f"{head}.{body}.{signature}"


REFUSALS = {
    "nothing": (lambda ada: {}, "missing_token"),
    "another scheme": (lambda ada: {"Authorization": "Basic YWRhOnNlY3JldA=="}, "missing_token"),
    "garbage": (lambda ada: {"Authorization": "Bearer garbage"}, "invalid_token"),
    "an empty token": (lambda ada: {"Authorization": "Bearer "}, None),
    "a refresh token": (lambda ada: {"Authorization": "Bearer " + ada.refresh_token}, "token_wrong_type"),
    "a document of the feed": (lambda ada: {"Authorization": "Bearer " + ada.server.get(FEED).body.decode()}, "token_wrong_type"),
    "other claims": (lambda ada: {"Authorization": "Bearer " + resigned(ada.access, scope="admin")}, "invalid_token"),
    "an unknown key": (lambda ada: {"Authorization": "Bearer " + forged(ada.access)}, "invalid_token"),
    "a known key": (lambda ada: {"Authorization": "Bearer " + forged(ada.access, header(ada.access)["kid"])}, "invalid_token"),
}


@pytest.mark.parametrize("what", REFUSALS)
def test_a_request_without_a_good_token_is_401_and_told_whom_to_ask(api, shared, ada, what):
    fields, code = REFUSALS[what]
    answer = api.get(WHOAMI, headers=fields(ada))
    assert answer.status == 401 and answer.code == (code or answer.code) and set(answer.json) == {"code", "detail", "request_id"}
    challenge = answer.headers["WWW-Authenticate"]
    assert challenge.startswith('Bearer realm="martlet"')
    # RFC 6750 §3.1: no error where no token was given.
    assert ("error=" in challenge) == (answer.code != "missing_token")
    # RFC 9728 §5.1. The audience is the issuer's own, so the resource's metadata is there.
    assert f'resource_metadata="{shared.url}{METADATA}"' in challenge


def test_a_token_for_another_audience_is_refused_and_for_ones_own_accepted(shared, ada, consume):
    own = "https://api.example"
    api = consume(shared.url, MARTLET_AUDIENCE=own).ready()
    assert (*api.whoami(ada.access),) == (401, "invalid_token")
    challenge = api.whoami(ada.access).headers["WWW-Authenticate"]
    assert f'resource_metadata="{own}{METADATA}"' in challenge
    for audience, status in ((own, 200), ("https://other.example", 401)):
        assert api.whoami(shared.login(ada.username, audience=audience).access).status == status
    metadata = api.get(METADATA).json
    assert metadata["resource"] == own and metadata["authorization_servers"] == [shared.url]


def test_an_expired_token_says_so(travel, consume):
    server = travel.start()
    ada = server.register()
    api = consume(server.url, **travel.settings).ready()
    travel.to(595)
    assert api.accepts(ada.access)
    travel.to(600 + 31)
    assert (*api.whoami(ada.access),) == (401, "token_expired")


def test_the_metadata_of_the_resource_leads_to_the_issuer(api, shared):
    metadata = api.get(METADATA).json
    assert metadata["resource"] == shared.url and metadata["authorization_servers"] == [shared.url]
    assert metadata["bearer_methods_supported"] == ["header"]


@pytest.mark.parametrize("method, path, status", [
    ("POST", WHOAMI, 405), ("DELETE", "/healthz", 405), ("GET", "/auth/login", 404), ("GET", KEYS, 404), ("GET", "/", 404), ("HEAD", "/healthz", 200),
])
def test_it_serves_nothing_else(api, method, path, status):
    assert api.call(method, path).status == status


def test_it_is_alive_before_it_is_ready_and_says_what_is_missing(behind, consume, proxy):
    server = behind()
    ada = server.register()
    proxy.down()
    api = consume(server.url)
    assert api.get("/healthz").json == {"status": "ok"}
    answer = api.get("/readyz")
    assert (*answer,) == (503, "not_ready") and "keys" in answer.json["detail"] and answer.headers["Retry-After"] == "1"
    begun = time.monotonic()
    assert (*api.whoami(ada.access),) == (503, "not_ready") and time.monotonic() - begun < 2.5
    assert api.whoami("garbage").status == 401 and api.get(WHOAMI).status == 401

    told = until(lambda: [line for line in api.log.splitlines() if "cannot be fetched" in line], what="a word in the log")
    assert json.loads(told[0])["code"] == "unreachable" and "cannot be reached" in json.loads(told[0])["message"]

    # Keys, but no revocations yet.
    proxy.rules[FEED] = answers(503)
    proxy.up()
    until(lambda: api.accepts(ada.access), seconds=8, what="the keys")
    answer = api.get("/readyz")
    assert (*answer,) == (503, "not_ready") and "revocations" in answer.json["detail"]
    proxy.rules.clear()
    api.ready()
    assert api.get("/readyz").json == {"status": "ready"}


def test_a_token_that_is_there_before_the_keys_waits_for_them(behind, consume, proxy):
    server = behind()
    ada = server.register()
    proxy.rules[KEYS] = delayed(0.7)
    api = consume(server.url)
    begun = time.monotonic()
    assert api.accepts(ada.access)
    assert time.monotonic() - begun < 2


def test_metrics_tell_how_fresh_everything_is(api, shared):
    metrics = api.metrics()
    keys = [key for key in shared.get(KEYS).json["keys"]]
    assert metrics["martlet_ready"] == 1 and metrics["martlet_remote_keys"] == len(keys) and metrics["martlet_remote_keys_skipped"] == 0
    assert 0 <= metrics["martlet_remote_keys_age_seconds"] < 120 and metrics["martlet_remote_keys_fetches_total"] >= 1
    assert metrics["martlet_remote_keys_next_fetch_time_seconds"] > time.time() - 5
    assert metrics["martlet_remote_keys_fetch_failures_total"] == 0
    assert 0 <= metrics["martlet_feed_staleness_seconds"] <= 25 and metrics["martlet_feed_documents_total"] >= 1
    refused = {name: value for name, value in metrics.items() if name.startswith("martlet_feed_refused_total")}
    assert len(refused) >= 5 and not any(refused.values())


# What it hears


REVOCATIONS = {
    "logout": lambda ada, warden: ada.call("POST", "/auth/logout"),
    "logout everywhere": lambda ada, warden: ada.call("POST", "/auth/logout-all"),
    "the end of the session": lambda ada, warden: ada.call("DELETE", f"/auth/sessions/{ada.sid}"),
    "blacklist of the access token": lambda ada, warden: ada.server.post("/auth/blacklist", {"token": ada.access}),
    "blacklist of the refresh token": lambda ada, warden: ada.server.post("/auth/blacklist", {"token": ada.refresh_token}),
    "administrator: jti": lambda ada, warden: warden.call("POST", "/admin/api/revocations", {"jti": claims(ada.access)["jti"]}),
    "administrator: session": lambda ada, warden: warden.call("POST", "/admin/api/revocations", {"session_id": ada.sid}),
    "administrator: user": lambda ada, warden: warden.call("POST", "/admin/api/revocations", {"user_id": ada.user_id}),
    "disabling": lambda ada, warden: warden.call("PATCH", f"/admin/api/users/{ada.user_id}", {"is_active": False}),
    "roles": lambda ada, warden: warden.call("PATCH", f"/admin/api/users/{ada.user_id}", {"roles": ["editor"]}),
    "deletion": lambda ada, warden: warden.call("DELETE", f"/admin/api/users/{ada.user_id}"),
    "a password change elsewhere": lambda ada, warden: ada.server.login(ada.username).call(
        "POST", "/auth/password", {"current_password": PASSWORD, "new_password": PASSWORD + " anew"}),
    "command": lambda ada, warden: ada.server.cli("revoke", "--user", ada.username),
}


@pytest.mark.parametrize("way", REVOCATIONS)
def test_what_is_taken_back_is_refused_here_within_a_second(api, shared, warden, ada, way):
    bob = shared.register()
    assert api.accepts(ada.access) and api.accepts(bob.access)
    outcome = REVOCATIONS[way](ada, warden)
    assert getattr(outcome, "status", 200) < 300, outcome
    until(lambda: api.refuses(ada.access), seconds=1, pause=0.01, what=way)
    assert api.accepts(bob.access)


def test_a_client_that_is_taken_back(start, consume):
    server = start()
    warden, ada = server.admin(), server.register()
    api = consume(server.url).ready()
    assert warden.call("POST", "/admin/api/revocations", {"client_id": "martlet"}).status == 201
    until(lambda: api.refuses(ada.access), seconds=1)
    assert api.refuses(warden.access)
    # A login in the same second is meant too.
    until(lambda: api.accepts(server.login(ada.username).access), seconds=2.5)


def test_what_was_taken_back_before_it_started_is_refused_once_it_is_ready(shared, ada, consume):
    bob = shared.register()
    ada.call("POST", "/auth/logout")
    until(lambda: consumers.feed(shared).until("sid", claims(ada.access)["sid"]), seconds=1)
    api = consume(shared.url).ready()
    assert api.refuses(ada.access) and api.accepts(bob.access)


def test_three_consumers_hear_of_two_hundred_revocations_in_less_than_a_second_each(start, consume, record_property):
    """Measured from the answer of the logout to the first refusal at each consumer, by a thread that asks without pause."""
    server = start(MARTLET_LOG_LEVEL="info")
    ada = [server.register() for _ in range(5)]
    sessions = [server.login(ada[place % 5].username) for place in range(200)]
    apis = [consume(server.url).ready() for _ in range(3)]
    outstanding = [dict() for _ in apis]
    lags = [[] for _ in apis]
    mistakes, ended = [], threading.Event()

    def sample(place):
        poller = Poller(apis[place])
        mine = outstanding[place]
        while not (ended.is_set() and not mine):
            for request, revoked_at in list(mine.items()):
                status = poller.status(request)
                now = time.monotonic()
                if status == 401:
                    lags[place].append(now - revoked_at)
                    del mine[request]
                elif status != 200 or now - revoked_at > 5:
                    mistakes.append((status, now - revoked_at))
                    del mine[request]
            time.sleep(0.001)
        poller.close()

    requests = [Poller.request(session.access) for session in sessions]
    for api in apis:
        poller = Poller(api)
        assert all(poller.status(request) == 200 for request in requests)
        poller.close()
    threads = [threading.Thread(target=sample, args=(place,)) for place in range(3)]
    for thread in threads:
        thread.start()
    chance = random.Random(11)
    for session, request in zip(sessions, requests, strict=True):
        assert server.post("/auth/logout", {"refresh": session.refresh_token}).status == 204
        now = time.monotonic()
        for mine in outstanding:
            mine[request] = now
        time.sleep(chance.uniform(0, 0.09))
    ended.set()
    for thread in threads:
        thread.join()
    assert not mistakes, mistakes[:5]
    for place, measured in enumerate(lags):
        assert len(measured) == 200
        p50, p99, longest = quantile(measured, 0.5), quantile(measured, 0.99), max(measured)
        figures = f"p50 {p50 * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms, max {longest * 1000:.0f} ms"
        print(f"revocation to refusal at consumer {place + 1}: {figures}")
        record_property(f"revocation_latency_{place + 1}", figures)
        assert p99 < 1.0, figures


# Settings and ends


BAD_SETTINGS = {
    "no issuer": ([], {}, ["--issuer"]),
    "redis without a secret": (["--issuer", "http://localhost:1", "--redis", "redis://127.0.0.1:1"], {}, ["--redis", "MARTLET_FLEET_SECRET"]),
    "redis from the environment without a secret": (
        ["--issuer", "http://localhost:1"], {"MARTLET_REDIS": "redis://127.0.0.1:1"}, ["MARTLET_REDIS", "MARTLET_FLEET_SECRET"]),
    "a folder without a secret": (["--issuer", "http://localhost:1", "--key-cache-dir", "x"], {}, ["--key-cache-dir", "MARTLET_FLEET_SECRET"]),
    "a short secret": (["--issuer", "http://localhost:1", "--key-cache-dir", "x"], {"MARTLET_FLEET_SECRET": "short"}, ["MARTLET_FLEET_SECRET", "32"]),
    "a secret for nothing": (["--issuer", "http://localhost:1"], {"MARTLET_FLEET_SECRET": FLEET_SECRET}, ["MARTLET_FLEET_SECRET", "MARTLET_REDIS"]),
    "a password in an argument": (
        ["--issuer", "http://localhost:1", "--redis", "redis://:opensesame@127.0.0.1:1"], {"MARTLET_FLEET_SECRET": FLEET_SECRET},
        ["--redis", "MARTLET_REDIS"]),
    "no redis address": (
        ["--issuer", "http://localhost:1", "--redis", "127.0.0.1"], {"MARTLET_FLEET_SECRET": FLEET_SECRET}, ["--redis", "redis://"]),
    "an issuer without https": (["--issuer", "http://auth.example"], {}, ["MARTLET_ISSUER", "https"]),
    "an issuer that is none": (["--issuer", "auth.example"], {}, ["MARTLET_ISSUER", "https"]),
    "a misspelt setting": (["--issuer", "http://localhost:1"], {"MARTLET_ISUER": "x"}, ["MARTLET_ISUER", "MARTLET_ISSUER"]),
    "a staleness too small": (["--issuer", "http://localhost:1", "--max-staleness", "1"], {}, ["--max-staleness", "2"]),
    "a staleness in words": (["--issuer", "http://localhost:1", "--max-staleness", "soon"], {}, ["--max-staleness", "2"]),
    "an address that is none": (["--issuer", "http://localhost:1", "--listen", "nonsense"], {}, ["--listen"]),
}


@pytest.mark.parametrize("what", BAD_SETTINGS)
def test_settings_that_cannot_be_meant_stop_the_start_with_one_line_that_says_what_to_write(what):
    arguments, settings, words = BAD_SETTINGS[what]
    said = fail_api(*arguments, **{"MARTLET_LISTEN": "127.0.0.1:0", "MARTLET_METRICS_LISTEN": "off", **settings} if "--listen" not in arguments else settings)
    assert len(said.strip().splitlines()) == 1, said
    assert all(word in said for word in words), said
    assert "opensesame" not in said and FLEET_SECRET not in said


def test_service_and_consumer_may_share_an_environment(start, consume, tmp_path):
    server = start(MARTLET_KEY_CACHE_DIR=tmp_path / "cache", MARTLET_FLEET_SECRET=FLEET_SECRET, MARTLET_MAX_STALENESS="30")
    ada = server.register()
    api = consume(
        server.url, MARTLET_KEY_CACHE_DIR=tmp_path / "cache", MARTLET_FLEET_SECRET=FLEET_SECRET, MARTLET_DATA_DIR=tmp_path / "none",
        MARTLET_SIGNING_ALGORITHM="EdDSA", MARTLET_REGISTRATION="closed").ready()
    assert api.accepts(ada.access) and not (tmp_path / "none").exists()


def test_an_address_that_is_taken_is_one_line(api, shared):
    said = fail_api("--issuer", shared.url, "--listen", f"127.0.0.1:{api.port}", "--metrics-listen", "off")
    assert "Cannot listen" in said and len(said.strip().splitlines()) == 1


def test_the_secret_of_the_fleet_may_be_in_a_file(shared, ada, consume, tmp_path):
    path = tmp_path / "secret"
    path.write_text(FLEET_SECRET + "\n")
    api = consume(shared.url, MARTLET_FLEET_SECRET_FILE=path, MARTLET_KEY_CACHE_DIR=tmp_path / "cache").ready()
    assert api.accepts(ada.access)
    (kept,) = until(lambda: list((tmp_path / "cache").glob("*.value")), what="the file")
    assert kept.stat().st_mode & 0o777 == 0o600


def test_sigterm_ends_it_at_once_though_it_listens_to_the_feed(start, consume):
    server = start(MARTLET_METRICS_LISTEN="any")
    api = consume(server.url).ready()
    until(lambda: server.metrics()["martlet_feed_waiting"] == 1, what="the long poll")
    begun = time.monotonic()
    api.process.send_signal(signal.SIGTERM)
    api.process.wait(20)
    took = time.monotonic() - begun
    assert api.process.returncode == 0 and took < 3, f"the end took {took:.1f} s"
    api.has_stopped = True
    api.check_log()
    server.stop()


def test_sigterm_ends_it_at_once_though_it_is_fetching_keys(behind, consume, proxy):
    server = behind()
    proxy.rules[KEYS] = delayed(4)
    api = consume(server.url)
    until(lambda: proxy.counts[KEYS] == 1, what="the fetch")
    begun = time.monotonic()
    api.stop()
    assert time.monotonic() - begun < 3


def test_stale_news_is_refused_where_that_is_asked_for(behind, consume, proxy):
    server = behind()
    ada = server.register()
    strict = consume(server.url, "--max-staleness", "2").ready()
    lenient = consume(server.url).ready()
    for _ in range(4):
        assert strict.accepts(ada.access)
        time.sleep(0.8)
    proxy.rules[FEED] = answers(503)
    until(lambda: (*strict.whoami(ada.access),) == (503, "not_ready"), seconds=6, what="the refusal")
    assert lenient.accepts(ada.access)
    proxy.rules.clear()
    until(lambda: strict.accepts(ada.access), seconds=3, what="the return of the feed")
