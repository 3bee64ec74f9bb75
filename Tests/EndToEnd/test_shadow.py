"""`martlet shadow` between a frontend and two scripted services: what is passed on, what Martlet is asked, what is never told."""

import concurrent.futures
import gzip
import http.client
import json
import socket
import subprocess
import time

import pytest

import martlet_server
import shadows
from shadows import Scripted, as_json, plain

EMPTY = as_json(200, {})
DATE = "Sun, 06 Nov 1994 08:49:37 GMT"


@pytest.fixture
def service():
    """Scripted services: `service(answer)`."""
    running = []

    def launch(answer=lambda asked: EMPTY):
        running.append(Scripted(answer))
        return running[-1]

    yield launch
    for scripted in running:
        try:
            scripted.stop()
        except OSError:
            pass


@pytest.fixture
def shadow(tmp_path):
    """Starts proxies: `shadow(old, new)`. All are stopped and checked at the end."""
    running = []

    def launch(old, new, *arguments, **settings):
        running.append(shadows.launch(tmp_path / f"shadow-{len(running)}", old, new, *arguments, **settings))
        return running[-1]

    yield launch
    for proxy in running:
        proxy.stop()


def exchange(proxy, request):
    """Sends bytes; the head's lines and the body that come back, without the date that the proxy gives an answer that has none."""
    head, _, body = proxy.raw(request).partition(b"\r\n\r\n")
    line, *lines = head.decode("latin-1").split("\r\n")
    assert sum(line.startswith("date: ") for line in lines) == 1
    return line, [line for line in lines if not line.startswith("date: ") or DATE in line], body


# What is passed on


@pytest.mark.parametrize(("request_line", "fields", "body", "line"), [
    ("GET /a/b?c=%20d&e=%ff&& HTTP/1.1", [], b"", "GET /a/b?c=%20d&e=%ff&& HTTP/1.1"),
    ("GET /caf%C3%A9/? HTTP/1.1", ["Accept: */*"], b"", "GET /caf%C3%A9/? HTTP/1.1"),
    ("POST /api/token/ HTTP/1.1", ["Content-Type: application/json", "Content-Length: 2"], b"{}", "POST /api/token/ HTTP/1.1"),
    ("POST / HTTP/1.1", ["Content-Length: 0"], b"", "POST / HTTP/1.1"),
    ("PROPFIND /dav HTTP/1.1", ["Depth: 1", "Content-Length: 3"], b"<a>", "PROPFIND /dav HTTP/1.1"),
    ("DELETE /x HTTP/1.1", ["Cookie: a=1; b=\"two\"", "X-Latin: caf\xe9", "X-Empty:"], b"", "DELETE /x HTTP/1.1"),
    ("OPTIONS * HTTP/1.1", [], b"", "OPTIONS * HTTP/1.1"),
    ("OPTIONS /x HTTP/1.1", ["Origin: https://a.example", "Access-Control-Request-Method: PUT"], b"", "OPTIONS /x HTTP/1.1"),
    ("GET http://other.example/x HTTP/1.1", [], b"", "GET /x HTTP/1.1"),
])
def test_a_request_is_passed_on_as_it_is(service, shadow, request_line, fields, body, line):
    old = service()
    host = "other.example" if "//other" in request_line else "app.example"
    lines = [request_line, "Host: app.example", "User-Agent: mill/1", *fields, "Connection: close, x-hop", "X-Hop: 1", "Keep-Alive: 5"]
    shadow(old, service()).raw("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)
    asked, = old.requests
    assert (asked.line, asked.body) == (line, body)
    expected = [(name.lower(), value.strip()) for name, _, value in (field.partition(":") for field in fields)]
    expected += [("host", host), ("user-agent", "mill/1"), ("x-forwarded-for", "127.0.0.1"), ("via", "1.1 martlet-shadow")]
    assert sorted(asked.fields) == sorted(expected)


def test_the_chain_of_addresses_grows_and_chunks_become_a_length(service, shadow):
    old = service()
    shadow(old, service()).raw(
        b"POST /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: https\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
    asked, = old.requests
    assert asked.body == b"abc" and asked.field("transfer-encoding") is None
    assert asked.field("x-forwarded-for") == "192.0.2.1, 127.0.0.1" and asked.field("x-forwarded-proto") == "https"


def test_a_client_cannot_have_taken_away_what_the_proxy_in_front_said(service, shadow):
    old = service()
    kept = {
        "cookie": "csrftoken=1", "authorization": "Basic YTpi", "forwarded": "for=192.0.2.1", "x-forwarded-proto": "https",
        "x-forwarded-host": "app.example", "x-real-ip": "192.0.2.1",
    }
    named = ", ".join(["close", "Host", "X-Forwarded-For", "via", *kept, "X-Hop"])
    fields = "".join(f"{name}: {value}\r\n" for name, value in kept.items())
    shadow(old, service()).raw(
        f"GET /x HTTP/1.1\r\nHost: app.example\r\n{fields}X-Forwarded-For: 192.0.2.1\r\nX-Hop: 1\r\nConnection: {named}\r\n\r\n".encode())
    asked, = old.requests
    assert {name: asked.field(name) for name in kept} == kept and asked.field("host") == "app.example"
    assert asked.field("x-forwarded-for") == "192.0.2.1, 127.0.0.1" and asked.field("x-hop") is None


GZIPPED = gzip.compress(b"squeezed", mtime=0)


@pytest.mark.parametrize(("method", "answer", "line", "fields", "body"), [
    ("GET", plain(200, b"hi", "Set-Cookie: a=1; Path=/", "Set-Cookie: b=2", "X-Latin: caf\xe9", f"Date: {DATE}"),
     "HTTP/1.1 200 OK", ["set-cookie: a=1; Path=/", "set-cookie: b=2", "x-latin: caf\xe9", f"date: {DATE}"], b"hi"),
    ("GET", plain(200, GZIPPED, "Content-Encoding: gzip"), "HTTP/1.1 200 OK", ["content-encoding: gzip"], GZIPPED),
    ("GET", plain(301, b"", "Location: /there/?a=b"), "HTTP/1.1 301 Moved Permanently", ["location: /there/?a=b"], b""),
    ("GET", plain(500, b"<h1>", "Content-Type: text/html"), "HTTP/1.1 500 Internal Server Error", ["content-type: text/html"], b"<h1>"),
    ("GET", plain(418, b"x"), "HTTP/1.1 418 Unknown", [], b"x"),
    ("GET", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nKeep-Alive: 5\r\n\r\n3\r\nabc\r\n0\r\n\r\n", "HTTP/1.1 200 OK", [], b"abc"),
    ("GET", b"HTTP/1.0 200 OK\r\n\r\nup to the end", "HTTP/1.1 200 OK", [], b"up to the end"),
])
def test_an_answer_is_passed_on_as_it_is(service, shadow, method, answer, line, fields, body):
    proxy = shadow(service(lambda asked: answer), service())
    got = exchange(proxy, f"{method} /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
    assert got == (line, [*fields, "connection: close", f"content-length: {len(body)}"], body)


@pytest.mark.parametrize(("method", "answer", "fields"), [
    ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n", ["content-length: 99"]),
    ("HEAD", b"HTTP/1.1 200 OK\r\nX-A: b\r\n\r\n", ["x-a: b"]),
    ("GET", b"HTTP/1.1 204 No Content\r\nX-A: b\r\n\r\n", ["x-a: b"]),
    ("GET", b"HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\n\r\n", ['etag: "a"']),
])
def test_answers_without_content_have_none(service, shadow, method, answer, fields):
    proxy = shadow(service(lambda asked: answer), service())
    line, got, body = exchange(proxy, f"{method} /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
    assert sorted(got) == sorted([*fields, "connection: close"]) and body == b""


def test_large_bodies_pass_up_to_their_limits(service, shadow):
    old = service(lambda asked: plain(200, b"a" * int(asked.path.rpartition("=")[2])))
    proxy = shadow(old, service(), MARTLET_MAX_BODY=1 << 20, MARTLET_MAX_ANSWER=1 << 20)
    assert len(proxy.send("GET", f"/x?n={1 << 20}").body) == 1 << 20
    assert proxy.call("GET", f"/x?n={(1 << 20) + 1}").code == "bad_gateway"
    assert proxy.send("POST", "/x?n=1", b"b" * (1 << 20)).status == 200
    assert len(old.requests[-1].body) == 1 << 20
    assert proxy.send("POST", "/x?n=1", b"b" * ((1 << 20) + 1), fresh=True).status == 413


def test_what_is_compared_comes_without_a_coding_and_all_else_as_it_was_asked_for(service, shadow):
    old, new = service(), service()
    proxy = shadow(old, new)
    for path in ("/api/token/verify/", "/elsewhere/"):
        proxy.send("GET", path, headers={"Accept-Encoding": "gzip, br"})
    assert [asked.field("accept-encoding") for asked in old.requests] == ["identity", "gzip, br"]


# Trouble


def test_an_old_service_that_is_away_or_slow_is_a_bad_gateway(service, shadow):
    old = service(lambda asked: time.sleep(3))
    proxy = shadow(old, service(), MARTLET_OLD_TIMEOUT=1)
    started = time.monotonic()
    answer = proxy.get("/slow")
    assert (*answer,) == (504, "gateway_timeout") and time.monotonic() - started < 2.5
    old.stop()
    answer = proxy.get("/away")
    assert (*answer,) == (502, "bad_gateway")
    assert "x-request-id" in answer.headers
    assert proxy.summary()["unanswered"] == 2
    assert "the old service does not answer" in proxy.log


def test_an_old_service_that_hangs_up_is_asked_once(service, shadow):
    old = service(lambda asked: None)
    assert shadow(old, service()).send("POST", "/api/token/", b"{}").status == 502
    assert len(old.requests) == 1


def test_nobody_notices_that_martlet_is_away(service, shadow):
    new = service()
    new.stop()
    proxy = shadow(service(), new)
    for _ in range(20):
        assert proxy.send("GET", "/api/token/").body == b"{}"
    assert proxy.settled(20)["skipped"]["unreachable"] == 20
    assert proxy.log.count("Martlet does not answer") == 1


def test_nobody_waits_for_martlet_and_what_cannot_wait_is_counted(service, shadow):
    proxy = shadow(service(), service(lambda asked: time.sleep(30)), MARTLET_NEW_TIMEOUT=1)
    started = time.monotonic()
    for _ in range(1100):
        assert proxy.send("GET", "/api/token/").status == 200
    assert time.monotonic() - started < 30
    skipped = until_judged(proxy)["skipped"]
    assert skipped["queue_full"] > 0 and skipped["slow"] > 0


def until_judged(proxy):
    """A summary in which something was too slow."""
    return martlet_server.until(lambda: (summary := proxy.summary())["skipped"]["slow"] and summary, seconds=10)


def test_two_hundred_requests_at_once(service, shadow):
    def answer(asked):
        time.sleep(0.05)
        return plain(200, asked.path.encode(), "Content-Type: text/plain")

    proxy = shadow(service(answer), service(answer), "--paths", "/a/")
    with concurrent.futures.ThreadPoolExecutor(200) as pool:
        answers = list(pool.map(lambda number: proxy.send("GET", f"/a/{number}", fresh=True).body, range(200)))
    assert answers == [f"/a/{number}".encode() for number in range(200)]
    summary = proxy.settled(200)
    assert summary["answered"] == summary["equal"] == 200


def test_the_operator_sees_numbers(service, shadow):
    proxy = shadow(service(), service(lambda asked: as_json(200, {"a": 1})), MARTLET_METRICS_LISTEN="any")
    for path in ("/api/token/", "/api/token/", "/elsewhere/"):
        proxy.send("GET", path)
    proxy.settled(3)
    metrics = proxy.metrics()
    assert metrics['martlet_shadow_requests_total{answered="yes"}'] == 3
    assert metrics['martlet_shadow_compared_total{result="surprising"}'] == 2
    assert metrics['martlet_shadow_skipped_total{reason="elsewhere"}'] == 1
    assert metrics["martlet_shadow_waiting"] == 0


# What Martlet is asked


LOGIN = ("POST", "/api/token/")
REQUESTS = {
    LOGIN: "logins", ("POST", "/api/token/refresh/"): "logins", ("POST", "/api/token/verify/"): "reads", ("GET", "/api/token/"): "reads",
    ("OPTIONS", "/api/token"): "reads", ("POST", "/api/token/blacklist/"): "logins", ("GET", "/dj-rest-auth/user/"): "reads",
    ("PATCH", "/dj-rest-auth/user/"): "all", ("POST", "/dj-rest-auth/registration/"): "all", ("GET", "/dj-rest-auth/logout/"): "logins",
    ("POST", "/dj-rest-auth/password/change/"): "all", ("GET", "/api/books/"): None, ("POST", "/mine/x"): "all",
    ("GET", "/mine/x"): "reads",
}


@pytest.mark.parametrize("level", ["reads", "logins", "all"])
def test_martlet_is_asked_what_the_operator_allows(service, shadow, level):
    old, new = service(), service()
    proxy = shadow(old, new, "--shadow", level, "--paths", "/mine/")
    for method, path in REQUESTS:
        assert proxy.send(method, path, b"{}" if method in ("POST", "PATCH") else None).status == 200
    allowed = ["reads", "logins", "all"][: ["reads", "logins", "all"].index(level) + 1]
    proxy.settled(len(REQUESTS))
    assert sorted(tuple(asked.line.split(" ")[:2]) for asked in new.requests) == sorted(
        request for request, least in REQUESTS.items() if least in allowed)
    assert len(old.requests) == len(REQUESTS)


def token(**claims):
    import jwt

    return jwt.encode({"iat": int(time.time()), "exp": int(time.time()) + 300, **claims}, "k" * 32, algorithm="HS256")


def test_martlet_is_asked_with_its_own_tokens(service, shadow):
    tokens = {side: {kind: token(jti=f"{side} {kind}") for kind in ("access", "refresh")} for side in ("old", "new")}

    def answering(side):
        def answer(asked):
            if asked.path != "/api/token/":
                return EMPTY
            if side == "new":
                time.sleep(0.5)
            return as_json(200, tokens[side], f"Set-Cookie: app-auth={tokens[side]['access']}; Path=/; HttpOnly")
        return answer

    old, new = service(answering("old")), service(answering("new"))
    proxy = shadow(old, new)
    proxy.post("/api/token/", {"username": "ada", "password": martlet_server.PASSWORD})
    access, refresh = tokens["old"]["access"], tokens["old"]["refresh"]
    # Martlet is still busy with the login when these come.
    proxy.get("/dj-rest-auth/user/", headers={"Authorization": f"JWT {access}"})
    proxy.post("/api/token/refresh/", {"a": [1, {"deep": refresh}], "refresh": refresh, "é": "è"})
    proxy.send("POST", "/api/token/verify/", f"x=1&token={access}&y=%20".encode(), {"Content-Type": "application/x-www-form-urlencoded"})
    proxy.get("/dj-rest-auth/user/", headers={"Cookie": f"sessionid=abc; app-auth={access}"})
    proxy.get("/dj-rest-auth/user/", headers={"Authorization": f"Bearer {token(jti='of nobody')}"})
    proxy.post("/api/token/verify/", {"token": "not.a.token"})
    summary = proxy.settled(7)
    assert summary["skipped"]["token_not_mapped"] == 1 and summary["compared"] == 6, summary
    assert [asked.field("authorization") for asked in new.requests if asked.field("authorization")] == [f"JWT {tokens['new']['access']}"]
    bodies = [asked.body for asked in new.requests if asked.path != "/api/token/"]
    assert json.dumps({"a": [1, {"deep": tokens["new"]["refresh"]}], "refresh": tokens["new"]["refresh"], "é": "è"}).encode() in bodies
    assert f"x=1&token={tokens['new']['access']}&y=%20".encode() in bodies
    assert b'{"token": "not.a.token"}' in bodies
    assert f"sessionid=abc; app-auth={tokens['new']['access']}" in [asked.field("cookie") for asked in new.requests]
    assert {asked.field("host") for asked in new.requests} == {f"127.0.0.1:{new.port}"}
    assert {asked.field("x-forwarded-for") for asked in new.requests} == {"127.0.0.1"}
    # The old service never sees a token of Martlet's.
    seen = " ".join(f"{asked.fields} {asked.body}" for asked in old.requests)
    assert tokens["new"]["access"] not in seen and tokens["new"]["refresh"] not in seen


# What is told, and what is not


SECRETS = ["correct horse battery", "s3cret", "ada@example.com", "123456", "Zm9vYmFyZm9vYmFyZm9vYmFyZm9v", "pässwörd"]


@pytest.mark.parametrize("secret", SECRETS)
def test_what_somebody_typed_is_never_told_even_when_a_service_says_it(service, shadow, secret):
    def echo(side):
        words = f"{side}: {secret} is wrong"
        return as_json(401, {
            "detail": words, "code": secret, "non_field_errors": [words, secret], secret: [words], "deep": {"er": [{"message": secret}]},
            "key": secret, "other": secret,
        }, f"WWW-Authenticate: Bearer realm=\"{secret.encode().decode('latin-1')}\"", f"Location: /{side}/?p=1",
            f"Set-Cookie: {'x' if side == 'old' else 'y'}=1; Path=/{side}")

    proxy = shadow(service(lambda asked: echo("old")), service(lambda asked: echo("new")))
    bodies = [
        {"username": secret, "password": "p"}, {"username": "u", "password": secret}, {"a": [{"b": secret}]}, {"token": secret}, secret,
    ]
    for body in bodies:
        proxy.post("/api/token/", body)
    proxy.send("POST", "/api/token/", ("password=" + secret).encode(), {"Content-Type": "application/x-www-form-urlencoded"})
    proxy.send("GET", "/api/token/", headers={"Authorization": f"Token {secret}".encode()})
    proxy.send("GET", "/api/token/", headers={"Cookie": f"c={secret}".encode()})
    summary = proxy.settled(8)
    assert summary["surprising"] == 8
    proxy.stop()
    told = proxy.report_path.read_text() + proxy.log
    assert secret not in told and secret.encode("ascii", "backslashreplace").decode() not in told
    assert proxy.report_path.stat().st_mode & 0o777 == 0o600


def test_a_report_that_others_could_read_is_closed_to_them(service, shadow, tmp_path):
    report = tmp_path / "report.jsonl"
    report.touch(mode=0o644)
    report.chmod(0o644)
    shadow(service(), service(), MARTLET_REPORT=report)
    assert report.stat().st_mode & 0o777 == 0o600


def test_every_kind_of_difference_is_told_with_its_place(service, shadow):
    def answer(asked, *, side):
        return {
            "/api/token/refresh/": as_json(200 if side == "old" else 401, {"detail": "Token is blacklisted", "code": "token_not_valid"}),
            "/api/token/verify/": as_json(400, {"detail": f"{side} words"}, f"WWW-Authenticate: {side}", "Allow: POST, OPTIONS"),
            "/api/token/": as_json(200, {"user": {"pk": 7 if side == "old" else "7", side: 1, "name": side}, "flag": side == "old"}),
        }[asked.path]

    proxy = shadow(service(lambda asked: answer(asked, side="old")), service(lambda asked: answer(asked, side="new")))
    for path in ("/api/token/", "/api/token/refresh/", "/api/token/verify/"):
        proxy.post(path, {})
    proxy.settled(3)
    found = {(line["path"], line["kind"], line["place"], line["old"], line["new"]) for line in proxy.surprises}
    assert found == {
        ("/api/token/", "shape", "/user/new", "absent", "number"), ("/api/token/", "shape", "/user/old", "number", "absent"),
        ("/api/token/", "shape", "/user/pk", "number", "text of 1 characters"),
        ("/api/token/", "value", "/user/name", "text of 3 characters", "another text of 3 characters"),
        ("/api/token/", "value", "/flag", "true", "false"),
        ("/api/token/verify/", "message", "/detail", '"old words"', '"new words"'),
        ("/api/token/verify/", "header", "header www-authenticate", "old", "new"),
    }
    expected, = (line for line in proxy.report if line["expected"])
    assert (expected["kind"], expected["old"]) == ("status", "200")
    assert expected["new"] == '401 "Token is blacklisted" "token_not_valid"' and "comes back after that" in expected["expected"]
    rows = {(row["path"], row["kind"], row["place"]): row["count"] for row in proxy.summary()["differences"]}
    assert rows[("/api/token/verify/", "message", "/detail")] == 1


def test_the_summary_is_a_table_for_people(service, shadow, tmp_path):
    old = service(lambda asked: as_json(200, {"a": 1}))
    proxy = shadow(old, service())
    environment = {**proxy.environment, "MARTLET_REPORT": ""}
    process = subprocess.Popen(
        [martlet_server.binary(), "shadow"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, start_new_session=True)
    line = martlet_server.announcement(shadows.Announced(process))
    port = int(line.rpartition(":")[2].rstrip(").\n"))
    for _ in range(3):
        connection = http.client.HTTPConnection("127.0.0.1", port)
        connection.request("GET", "/api/token/")
        assert connection.getresponse().read() == b'{"a": 1}'
        connection.close()
    process.terminate()
    report, words = process.communicate(timeout=20)
    assert process.returncode == 0
    lines = [json.loads(line) for line in report.splitlines()]
    assert [(line["kind"], line["place"], line["old"], line["new"]) for line in lines] == [("shape", "/a", "number", "absent")] * 3
    text = words.decode()
    assert "3 requests were answered by the old service, 0 were not." in text
    row = next(line for line in text.splitlines() if "GET /api/token/" in line)
    assert row.split() == ["3", "GET", "/api/token/", "shape", "/a", "NO", "number", "→", "absent"]


@pytest.mark.parametrize(("settings", "words"), [
    ({"MARTLET_OLD": None}, "--old"), ({"MARTLET_NEW": "http://h/path"}, "without a path"), ({"MARTLET_OLD": "http://127.0.0.1:2"}, "same"),
    ({"MARTLET_SHADOW": "some"}, "all or logins or reads"), ({"MARTLET_PATHS": "mine"}, "beginnings of paths"),
    ({"MARTLET_REPORT": "/nowhere/x"}, "MARTLET_REPORT"), ({"MARTLET_ODL": "x"}, "MARTLET_OLD"),
])
def test_a_bad_setting_stops_the_start(settings, words):
    assert words in shadows.fail(**settings)


def test_it_stops_in_time_whoever_hangs(service, shadow):
    proxy = shadow(service(), service(lambda asked: time.sleep(60)), MARTLET_NEW_TIMEOUT=60)
    for _ in range(20):
        proxy.send("GET", "/api/token/")
    started = time.monotonic()
    proxy.stop()
    assert time.monotonic() - started < 9
    martlet_server.until(lambda: proxy.summaries(), what="the last summary")
    assert proxy.summaries()[-1]["skipped"]["stopped"] == 20


def test_requests_under_way_are_answered_before_it_stops(service, shadow):
    def answer(asked):
        time.sleep(0.5)
        return EMPTY

    proxy = shadow(service(answer), service())
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=10) as sock:
        sock.sendall(b"GET /api/token/ HTTP/1.1\r\nHost: a\r\n\r\n")
        time.sleep(0.1)
        proxy.stop()
        assert sock.recv(4096).startswith(b"HTTP/1.1 200 OK")
    martlet_server.until(lambda: proxy.summaries(), what="the last summary")
    assert proxy.summaries()[-1]["equal"] == 1
