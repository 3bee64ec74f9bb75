"""HTTP itself: methods, media types, limits, request ids, caching, CORS, static files."""

import json
import os

import pytest

from martlet_server import PASSWORD, name, parse

JSON = {"Content-Type": "application/json"}


def error(answer, status, code):
    assert (answer.status, answer.code) == (status, code), answer


@pytest.mark.parametrize("method, path, allow", [
    ("GET", "/auth/login", {"POST", "OPTIONS"}),
    ("PUT", "/auth/register", {"POST", "OPTIONS"}),
    ("DELETE", "/auth/refresh", {"POST", "OPTIONS"}),
    ("POST", "/auth/sessions", {"GET", "HEAD", "OPTIONS"}),
    ("POST", "/api/v1/users/me", {"GET", "HEAD", "PATCH", "OPTIONS"}),
    ("PUT", "/admin/api/users/x", {"GET", "HEAD", "PATCH", "DELETE", "OPTIONS"}),
    ("POST", "/.well-known/jwks.json", {"GET", "HEAD", "OPTIONS"}),
    ("POST", "/", {"GET", "HEAD", "OPTIONS"}),
])
def test_a_known_path_with_another_method_is_405_with_allow(shared, method, path, allow):
    answer = shared.call(method, path)
    error(answer, 405, "method_not_allowed")
    assert {word.strip() for word in answer.headers["Allow"].split(",")} == allow


@pytest.mark.parametrize("path", ["/nope", "/auth", "/auth/login/x", "/admin", "/api/v1", "/.well-known/", "/js/none.js", "/api/v1/users/x/y"])
def test_an_unknown_path_is_404(shared, path):
    error(shared.get(path), 404, "not_found")


@pytest.mark.parametrize("path", ["/healthz", "/.well-known/jwks.json", "/api/v1/users/me", "/auth/sessions", "/admin/api/users"])
def test_a_slash_at_the_end_makes_no_difference(warden, path):
    assert warden.call("GET", path).status == warden.call("GET", path + "/").status == 200


@pytest.mark.parametrize("path", ["/", "/healthz", "/readyz", "/.well-known/jwks.json", "/api/v1/users/me", "/admin/api/keys", "/js/martlet.js"])
def test_head_is_get_without_the_body(warden, path):
    get, head = warden.call("GET", path), warden.call("HEAD", path)
    assert head.status == get.status == 200 and head.body == b""
    for field in ("Content-Type", "Content-Length", "ETag", "Cache-Control"):
        assert head.headers[field] == get.headers[field], field


@pytest.mark.parametrize("path", ["/nope", "/api/v1/users/me", "/auth/login"])
def test_head_of_a_refusal_has_no_body_either(shared, path):
    raw = shared.raw(f"HEAD {path} HTTP/1.1\r\nHost: x\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    status, _, rest = parse(raw)
    assert status in (401, 404, 405) and rest.startswith(b"HTTP/1.1 200 "), raw


def test_a_field_that_must_come_once_is_refused_when_it_comes_twice(shared, ada):
    line = f"Authorization: Bearer {ada.access}\r\n"
    status, _, body = parse(shared.raw(f"GET /api/v1/users/me HTTP/1.1\r\nHost: x\r\n{line}{line}Connection: close\r\n\r\n".encode()))
    assert status in (400, 401), body


@pytest.mark.parametrize("given, is_kept", [
    ("abc-123_X.y", True), ("x" * 128, True), ("1", True),
    ("x" * 129, False), ("a b", False), ("a/b", False), ("ä", False), ("", False), ('"q"', False), ("a,b", False),
])
def test_the_request_id_is_the_callers_when_it_is_good(shared, given, is_kept):
    for path in ("/healthz", "/nope", "/"):
        answer = parse(shared.raw(f"GET {path} HTTP/1.1\r\nHost: x\r\nX-Request-Id: {given}\r\nConnection: close\r\n\r\n".encode("latin-1")))
        assert (answer[1]["x-request-id"] == given) is is_kept and answer[1]["x-request-id"], answer


def test_request_ids_are_never_the_same(shared):
    assert len({shared.get("/healthz").headers["X-Request-Id"] for _ in range(50)}) == 50


@pytest.mark.parametrize("media, status", [
    ("application/json", 401), ("application/json; charset=utf-8", 401), ("Application/JSON", 401),
    ("text/plain", 415), ("application/x-www-form-urlencoded", 415), ("multipart/form-data; boundary=x", 415), (None, 415),
    ("application/jsonx", 415),
])
def test_a_body_has_to_be_json(shared, media, status):
    fields = {"Content-Type": media} if media else {}
    answer = shared.send("POST", "/auth/login", json.dumps({"username": name(), "password": PASSWORD}).encode(), fields)
    assert answer.status == status
    if status == 415:
        assert answer.code == "unsupported_media_type"


@pytest.mark.parametrize("text, place", [
    (b'{"username": ', True), (b"{", True), (b"{'a': 1}", True), (b'{"a": 1,}', True), (b'{"a": 01}', True), (b"nul", True),
    (b'{"a": "\xff"}', True), (b'{"a": "\\ud800"}', True), (b'{"a": 1} x', True), (b'\xef\xbb\xbf{}', True),
    (b"[" * 5000, True), (b'{"username":"a","username":"b"}', True), (b"{\n\n  x}", True),
])
def test_what_is_not_json_says_where(shared, text, place):
    answer = shared.send("POST", "/auth/login", text, JSON)
    error(answer, 400, "invalid_json")
    assert any(character.isdigit() for character in answer.json["detail"]), answer.json["detail"]


@pytest.mark.parametrize("text", [b"[]", b"1", b'"x"', b"null", b"true"])
def test_a_body_has_to_be_an_object(shared, text):
    error(shared.send("POST", "/auth/login", text, JSON), 400, "invalid_request")


def test_an_empty_body_where_one_is_needed_is_400_or_415(shared):
    assert shared.send("POST", "/auth/login", b"", JSON).status == 400
    assert shared.send("POST", "/auth/login", b"").status in (400, 415)


def test_a_body_too_large_is_413(shared):
    body = b'{"username":"' + b"x" * 70_000 + b'"}'
    error(shared.send("POST", "/auth/login", body, JSON, fresh=True), 413, "payload_too_large")
    chunked = b"POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    status, fields, _ = parse(shared.raw(chunked + b"11800\r\n" + b"x" * 0x11800 + b"\r\n0\r\n\r\n"))
    assert status == 413 and fields["connection"] == "close"


def test_a_body_of_just_the_most_is_read(shared):
    body = b'{"username":"x","password":"y"}'
    assert shared.send("POST", "/auth/login", body + b" " * (65_536 - len(body)), JSON).status == 401
    assert shared.send("POST", "/auth/login", body + b" " * (65_537 - len(body)), JSON, fresh=True).status == 413


def test_an_absolute_target_is_understood(shared):
    status, _, body = parse(shared.raw(f"GET {shared.url}/healthz?x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()))
    assert status == 200 and json.loads(body) == {"status": "ok"}


def test_a_target_too_long_is_414(shared):
    status, _, body = parse(shared.raw(b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n"))
    assert status == 414 and json.loads(body)["code"] == "uri_too_long"


@pytest.mark.parametrize("head", [b"X-A: " + b"x" * 17_000 + b"\r\n", b"".join(b"X-%d: y\r\n" % index for index in range(150))])
def test_a_header_section_too_large_is_431(shared, head):
    status, fields, body = parse(shared.raw(b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + head + b"\r\n"))
    assert status == 431 and json.loads(body)["code"] == "headers_too_large" and fields["x-request-id"]


def test_an_unknown_transfer_coding_is_501(shared):
    status, _, body = parse(shared.raw(b"POST /auth/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"))
    assert status == 501 and json.loads(body)["code"] == "not_implemented"


SMUGGLING = [
    b"GET / HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    b"GET  / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost : x\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\n folded: y\r\n\r\n",
    b"POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
    b"POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: +5\r\n\r\nhello",
    b"POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
    b"POST /auth/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"GET / HTTP/2.0\r\nHost: x\r\n\r\n",
    b"GET / HTTP/1.1 \r\nHost: x\r\n\r\n",
    b"GET http://[::1 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"G\x00T / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /\x80 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nA: b\x00c\r\n\r\n",
]


@pytest.mark.parametrize("data", SMUGGLING)
def test_what_two_servers_could_read_differently_is_refused_and_the_connection_closed(shared, data):
    raw = shared.raw(data + b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    status, fields, _ = parse(raw)
    assert status in (400, 413, 501, 505) and fields["connection"] == "close", raw
    assert raw.count(b"HTTP/1.1 ") == 1, "nothing after it is answered"


def test_pipelined_requests_are_answered_in_order(shared):
    one = b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Request-Id: n%d\r\n%b\r\n"
    raw = shared.raw(b"".join(one % (index, b"Connection: close\r\n" if index == 9 else b"") for index in range(10)))
    assert [line for line in raw.decode().split("\r\n") if line.startswith("x-request-id")] == [f"x-request-id: n{index}" for index in range(10)]


def test_expect_100_continue_is_answered(shared):
    body = json.dumps({"username": name(), "password": PASSWORD}).encode()
    raw = shared.raw(
        b"POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nConnection: close\r\n"
        + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    assert raw.startswith((b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 401", b"HTTP/1.1 401")), raw


def test_http_1_0_is_served_and_closed(shared):
    status, _, body = parse(shared.raw(b"GET /healthz HTTP/1.0\r\n\r\n"))
    assert status == 200 and json.loads(body) == {"status": "ok"}


# Caching


@pytest.mark.parametrize("path", ["/", "/index.html", "/css/martlet.css", "/js/martlet.js", "/.well-known/jwks.json"])
def test_what_has_not_changed_is_304(shared, path):
    tag = shared.get(path).headers["ETag"]
    assert tag.startswith('"')
    for condition in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        answer = shared.get(path, headers={"If-None-Match": condition})
        assert answer.status == 304 and answer.body == b"" and answer.headers["ETag"] == tag, condition
    assert shared.get(path, headers={"If-None-Match": '"other"'}).status == 200


def test_nothing_personal_may_be_stored(shared, ada, warden):
    answers = [
        shared.post("/auth/login", {"username": ada.username, "password": PASSWORD}), ada.refresh(), ada.me(), ada.call("GET", "/auth/sessions"),
        shared.post("/auth/verify", {"token": ada.access}), shared.post("/auth/login", {"username": "x", "password": "y"}), shared.get("/nope"),
        warden.call("GET", "/admin/api/users"), shared.post("/auth/blacklist", {"token": ada.access}), shared.post("/auth/register", {}),
    ]
    for answer in answers:
        assert "no-store" in answer.headers["Cache-Control"], answer


# Pages


@pytest.mark.parametrize("path, media", [
    ("/", "text/html"), ("/css/martlet.css", "text/css"), ("/js/martlet.js", "text/javascript"), ("/martlet.svg", "image/svg+xml"),
])
def test_pages_carry_the_security_fields(shared, path, media):
    answer = shared.get(path)
    assert answer.status == 200 and answer.headers["Content-Type"].startswith(media)
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"] and "unsafe" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff" and answer.headers["Referrer-Policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


WAYS_OUT = [
    "/../etc/passwd", "/js/../../etc/passwd", "/%2e%2e/etc/passwd", "/js/%2e%2e/%2e%2e/etc/passwd", "/..%2fetc%2fpasswd", "//etc/passwd",
    "/js/..%5c..%5cetc%5cpasswd", "/js/....//etc/passwd", "/%00", "/index.html%00.js", "/css/", "/js", "/.", "/js/.", "/%2e", "/js/martlet.js/x",
    "/.git/config", "/../data/master.key", "/data/master.key",
]


@pytest.mark.parametrize("pages", ["bundled", "folder"])
@pytest.mark.parametrize("path", WAYS_OUT)
def test_there_is_no_way_out_of_the_folder_of_pages(shared, from_folder, pages, path):
    server = shared if pages == "bundled" else from_folder
    status, _, body = parse(server.raw(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()))
    assert status in (400, 404) and b"root:" not in body and b"secret" not in body


@pytest.fixture(scope="module")
def from_folder(tmp_path_factory):
    import martlet_server

    folder = tmp_path_factory.mktemp("pages")
    (folder / "public" / "js").mkdir(parents=True)
    (folder / "public" / "index.html").write_text("<p>own page")
    (folder / "public" / "js" / "martlet.js").write_text("1")
    (folder / "secret.txt").write_text("secret")
    os.symlink(folder / "public", folder / "link")
    server = martlet_server.launch(folder, MARTLET_PUBLIC_DIR=str(folder / "public"))
    yield server
    server.stop()


def test_pages_may_come_from_a_folder(from_folder):
    assert from_folder.get("/").body == b"<p>own page" and from_folder.get("/secret.txt").status == 404


# CORS


@pytest.fixture(scope="module")
def cors(tmp_path_factory):
    import martlet_server

    server = martlet_server.launch(tmp_path_factory.mktemp("cors"), MARTLET_CORS_ORIGINS="https://app.example, http://localhost:5173")
    yield server
    server.stop()


def test_without_origins_there_is_no_cors(shared):
    for method in ("GET", "OPTIONS"):
        answer = shared.call(method, "/api/v1/users/me", headers={"Origin": "https://app.example", "Access-Control-Request-Method": "GET"})
        assert not [field for field in answer.headers if field.lower().startswith("access-control-")]


@pytest.mark.parametrize("origin, is_allowed", [
    ("https://app.example", True), ("http://localhost:5173", True), ("https://app.example.evil", False), ("https://APP.example", False),
    ("http://app.example", False), ("null", False), ("https://app.example:444", False), ("*", False),
])
def test_only_listed_origins_may_call(cors, origin, is_allowed):
    for answer in (cors.get("/healthz", headers={"Origin": origin}), cors.get("/api/v1/users/me", headers={"Origin": origin}), cors.get("/nope", headers={"Origin": origin})):
        assert "Origin" in answer.headers["Vary"]
        assert answer.headers["Access-Control-Allow-Origin"] == (origin if is_allowed else None)
        assert answer.headers["Access-Control-Allow-Credentials"] == ("true" if is_allowed else None)
    preflight = cors.call("OPTIONS", "/auth/login", headers={
        "Origin": origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"})
    assert preflight.status in (200, 204)
    assert preflight.headers["Access-Control-Allow-Origin"] == (origin if is_allowed else None)
    if is_allowed:
        assert "POST" in preflight.headers["Access-Control-Allow-Methods"]
        assert {"authorization", "content-type"} <= {word.strip().lower() for word in preflight.headers["Access-Control-Allow-Headers"].split(",")}


def test_never_a_wildcard(cors):
    for path in ("/healthz", "/.well-known/jwks.json", "/"):
        assert cors.get(path, headers={"Origin": "https://app.example"}).headers["Access-Control-Allow-Origin"] != "*"


def test_options_says_what_is_allowed(shared):
    answer = shared.call("OPTIONS", "/api/v1/users/me")
    assert answer.status in (200, 204) and "PATCH" in answer.headers["Allow"]
