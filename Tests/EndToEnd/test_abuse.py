"""Peers that are slow, garbled or hostile: never a crash, never a 500."""

import base64
import json
import random
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from martlet_server import PASSWORD, claims, header, name, parse, read_all, until

SEED = 20250717


def healthy(server):
    assert server.process.poll() is None, server.log[-3000:]
    answer = server.get("/healthz", fresh=True)
    assert answer.status == 200


@pytest.fixture(scope="module")
def impatient(tmp_path_factory):
    import martlet_server

    server = martlet_server.launch(
        tmp_path_factory.mktemp("impatient"), MARTLET_HEAD_TIMEOUT=1, MARTLET_BODY_TIMEOUT=1, MARTLET_IDLE_TIMEOUT=2, MARTLET_LOG_LEVEL="info")
    yield server
    server.stop()


@pytest.mark.parametrize("sent", [
    b"G", b"GET /healthz HTTP/1.1\r\n", b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-", b"POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{",
])
def test_a_request_that_does_not_arrive_in_time_is_408_and_the_connection_closed(impatient, sent):
    begun = time.monotonic()
    raw = impatient.raw(sent, timeout=8)
    assert time.monotonic() - begun < 6
    status, fields, body = parse(raw)
    assert status == 408 and fields["connection"] == "close" and json.loads(body)["code"] == "request_timeout"


def test_a_byte_now_and_then_does_not_buy_time(impatient):
    begun = time.monotonic()
    with socket.create_connection(("127.0.0.1", impatient.port), timeout=8) as sock:
        try:
            for byte in b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: " + b"y" * 100:
                sock.sendall(bytes([byte]))
                time.sleep(0.1)
        except OSError:
            pass
        read_all(sock)
    assert time.monotonic() - begun < 6


def test_an_idle_connection_is_closed_without_a_word(impatient):
    assert impatient.raw(b"", timeout=8) == b""


def test_many_slow_peers_do_not_keep_others_out(impatient):
    slow = [socket.create_connection(("127.0.0.1", impatient.port)) for _ in range(300)]
    try:
        for sock in slow:
            sock.sendall(b"POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Le")
        begun = time.monotonic()
        assert impatient.register().me().status == 200
        assert time.monotonic() - begun < 2
    finally:
        for sock in slow:
            sock.close()


def test_connections_beyond_the_limit_are_turned_away_and_later_let_in(start):
    server = start(MARTLET_MAX_CONNECTIONS=10)
    held = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(30)]
    time.sleep(0.2)
    for sock in held:
        sock.close()

    def is_served():
        try:
            return server.get("/healthz", fresh=True, timeout=2).status == 200
        except OSError:
            return False

    until(is_served, what="room")


def mutations(chance, requests):
    """A request, bent in some way."""
    data = bytearray(chance.choice(requests))
    for _ in range(chance.choice((0, 1, 1, 2, 5, 20))):
        place = chance.randrange(len(data) + 1)
        way = chance.randrange(6)
        if way == 0 and data:
            data[min(place, len(data) - 1)] = chance.randrange(256)
        elif way == 1:
            data[place:place] = chance.randbytes(chance.randrange(1, 9))
        elif way == 2:
            del data[place:place + chance.randrange(1, 20)]
        elif way == 3:
            data[place:place] = chance.choice((b"\r\n", b"\n", b"\r", b"\0", b":", b" ", b"%00", b"%", b"\xff", b"{", b"\"", b"\\u", b"[" * 300))
        elif way == 4:
            other = chance.choice(requests)
            data[place:] = other[chance.randrange(len(other)):]
        else:
            data[place:place] = data[place:place + chance.randrange(1, 60)] * chance.randrange(1, 30)
    return bytes(data)


def test_garbled_requests_never_crash(shared, ada):
    chance = random.Random(SEED)
    json_body = json.dumps({"username": "fuzz", "password": "x"}).encode()
    fields = b"Host: localhost\r\nContent-Type: application/json\r\n"
    requests = [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /api/v1/users/me?limit=5&cursor=abc HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + ada.access.encode() + b"\r\n\r\n",
        b"GET /auth/sessions?limit=2 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + ada.access.encode() + b"\r\n\r\n",
        b"POST /auth/login HTTP/1.1\r\n" + fields + b"Content-Length: %d\r\n\r\n" % len(json_body) + json_body,
        b"POST /auth/login HTTP/1.1\r\n" + fields + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(json_body) + json_body + b"\r\n0\r\nX-T: y\r\n\r\n",
        b"POST /auth/refresh HTTP/1.1\r\n" + fields + b"Cookie: a=b; martlet-refresh=" + ada.refresh_token.encode() + b"\r\nOrigin: x\r\nContent-Length: 2\r\n\r\n{}",
        b"PATCH /api/v1/users/me HTTP/1.1\r\n" + fields + b"If-Match: \"1\"\r\nExpect: 100-continue\r\nContent-Length: 22\r\n\r\n{\"display_name\":\"x\\u0\"}",
        b"OPTIONS * HTTP/1.1\r\nHost: x\r\nOrigin: null\r\n\r\n",
        b"HEAD /css/martlet.css HTTP/1.1\r\nHost: x\r\nIf-None-Match: \"a\", W/\"b\"\r\nX-Forwarded-For: 1.2.3.4\r\n\r\n",
    ]
    inputs = [mutations(chance, requests) for _ in range(2600)] + [chance.randbytes(chance.randrange(1, 400)) for _ in range(400)]

    def one(data):
        try:
            with socket.create_connection(("127.0.0.1", shared.port), timeout=10) as sock:
                sock.sendall(data)
                sock.shutdown(socket.SHUT_WR)
                raw = read_all(sock)
        except (ConnectionResetError, BrokenPipeError):
            return None
        return raw[:12] if raw.startswith(b"HTTP/1.1 5") and not raw.startswith((b"HTTP/1.1 501", b"HTTP/1.1 505")) else None

    with ThreadPoolExecutor(16) as pool:
        bad = [(data, raw) for data, raw in zip(inputs, pool.map(one, inputs)) if raw]
    assert not bad, bad[:3]
    healthy(shared)


def bent_tokens(chance, tokens, count):
    encode = lambda value: base64.urlsafe_b64encode(value).rstrip(b"=").decode()  # noqa: E731
    strange = [
        "", ".", "..", "...", "a", "a.b", "a.b.c", "a.b.c.d", "e30.e30.e30", "====", "e30=.e30=.e30=", "\u0000", "é.é.é", "🐦" * 40, "x" * 20_000,
        "." * 5000, encode(b"{" * 2000) + ".e30.x",
    ]
    yield from strange
    values = [None, 0, -1, 1 << 63, 1.5, "", "x", [], ["x"], {}, True, "\u0000", "9" * 400]
    for _ in range(count):
        token = chance.choice(tokens)
        head, payload, signature = token.split(".")
        way = chance.randrange(6)
        if way == 0:
            place = chance.randrange(len(token))
            yield token[:place] + chance.choice("AZaz09-_.=+/ \n") + token[place + 1:]
        elif way == 1:
            yield token[:chance.randrange(len(token))]
        elif way == 2:
            fields = header(token)
            fields[chance.choice(["alg", "typ", "kid", "crit", "jwk", "x5u", "b64", "zip"])] = chance.choice([*values, "none", "HS256", "ES256", "RS256", "EdDSA"])
            yield f"{encode(json.dumps(fields).encode())}.{payload}.{signature}"
        elif way == 3:
            body = claims(token)
            body[chance.choice([*body, "nbf", "crit"])] = chance.choice(values)
            yield f"{head}.{encode(json.dumps(body).encode())}.{signature}"
        elif way == 4:
            yield f"{head}.{payload}.{encode(chance.randbytes(chance.choice((0, 1, 31, 32, 63, 64, 65, 96, 132, 256))))}"
        else:
            yield f"{encode(chance.randbytes(chance.randrange(60)))}.{encode(chance.randbytes(chance.randrange(60)))}.{encode(chance.randbytes(64))}"


def test_malformed_tokens_are_refused_and_never_a_500(shared, ada):
    chance = random.Random(SEED)
    tokens = list(bent_tokens(chance, [ada.access, ada.refresh_token], 700))
    good = {ada.access, ada.refresh_token}
    calls = {
        "/auth/verify": lambda token: shared.post("/auth/verify", {"token": token}),
        "/auth/blacklist": lambda token: shared.post("/auth/blacklist", {"token": token}),
        "/auth/refresh": lambda token: shared.post("/auth/refresh", {"refresh": token}),
        "/auth/logout": lambda token: shared.post("/auth/logout", {"refresh": token}),
        "/api/v1/users/me": lambda token: shared.call("GET", "/api/v1/users/me", headers={"Authorization": "Bearer " + token}),
    }
    surprises = []
    for token in tokens:
        if token in good:
            continue
        for path, call in calls.items():
            if path == "/api/v1/users/me" and not (token.isascii() and token.isprintable() and len(token) < 8000):
                continue
            answer = call(token)
            if answer.status not in (400, 401):
                surprises.append((path, token[:300], answer))
    assert not surprises, surprises[:3]
    healthy(shared)
    assert ada.me().status == 200 and ada.refresh().status == 200


def test_strange_json_is_refused_and_never_a_500(shared):
    chance = random.Random(SEED)
    paths = ["/auth/register", "/auth/login", "/auth/refresh", "/auth/verify", "/auth/blacklist", "/auth/logout"]
    members = ["username", "password", "email", "refresh", "token", "scope", "audience", "transport"]
    values = ["", "x", "\u0000", "\ud83d\ude00" * 60, 0, -1, 1.5, 10**30, None, True, [], {}, ["x"], "a" * 5000, "x@y.z", PASSWORD, "cookie", "body", "%s%n"]
    bad = []
    for _ in range(600):
        body = {member: chance.choice(values) for member in chance.sample(members, chance.randrange(1, 7))}
        if chance.random() < 0.3:
            body["username"] = name()
        answer = shared.post(chance.choice(paths), body)
        if answer.status >= 500:
            bad.append((body, answer))
    assert not bad, bad[:3]
    healthy(shared)
