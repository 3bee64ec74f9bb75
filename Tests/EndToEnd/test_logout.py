"""Signing out at the wish of a client, and what the clients hear of it (OpenID Connect RP-Initiated, Back-Channel and Front-Channel Logout)."""

import http.server
import socket
import threading
import urllib.parse

import jwt
import pytest

import browser_sign_in
import martlet_server
import scripted_browser
from browser_sign_in import Browser

EVENT = "http://schemas.openid.net/event/backchannel-logout"


class Receiver:
    """A client's `backchannel_logout_uri`: what was posted there, and what it answers."""

    def __init__(self, port=None):
        self.port = port or martlet_server.free_port()
        self.url = f"http://127.0.0.1:{self.port}/out"
        self.received, self.status, self._http = [], 200, None

    def open(self):
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.received.append((self.path, self.headers["Content-Type"], urllib.parse.parse_qs(body.decode())))
                self.send_response(receiver.status)
                if receiver.status == 302:
                    self.send_header("Location", receiver.url + "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self._http = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def close(self):
        if self._http:
            self._http.shutdown()
            self._http.server_close()
            self._http = None

    def tokens(self, count=1, seconds=20):
        martlet_server.until(lambda: len(self.received) >= count, seconds=seconds, what="the logout token")
        return [form["logout_token"][0] for _, _, form in self.received]


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = martlet_server.launch(tmp_path_factory.mktemp("logout"), MARTLET_METRICS_LISTEN="any")
    yield server
    server.stop()


def claims(server, token, client_id):
    """RFC 7519, by the published keys."""
    key = jwt.PyJWKClient(f"{server.url}/.well-known/jwks.json").get_signing_key_from_jwt(token)
    return jwt.decode(token, key.key, algorithms=["ES256", "RS256"], audience=client_id, issuer=server.url)


def test_a_sign_out_ends_the_tokens_and_every_client_is_told(server, receiver):
    receiver.open()
    session = server.register()
    told = browser_sign_in.app(server, "told", backchannel_logout_uri=receiver.url, backchannel_logout_session_required=True)
    silent = browser_sign_in.app(server, "silent")
    browser = Browser(server, session)
    refresh = {name: browser.let_in(name)["refresh_token"] for name in (told, silent)}
    assert browser.get(client_id=told).status == 200 and browser.is_signed_in, "a question ends nothing"
    answer = browser.answer("sign_out", client_id=told, post_logout_redirect_uri="https://told.example/bye", state="a b&c")
    assert answer.status == 303 and answer.headers["Location"] == "https://told.example/bye?state=a%20b%26c"
    assert answer.headers["Set-Cookie"].startswith("martlet-session=;") and "Max-Age=0" in answer.headers["Set-Cookie"]
    assert not browser.is_signed_in
    for name, token in refresh.items():
        answer = browser_sign_in.form(server, "/oauth2/token", {"grant_type": "refresh_token", "client_id": name, "refresh_token": token})
        assert answer.json["error"] == "invalid_grant", name

    [token] = receiver.tokens()
    path, content_type, _ = receiver.received[0]
    assert path == "/out" and content_type == "application/x-www-form-urlencoded"
    # Back-Channel Logout 1.0 §2.4.
    assert jwt.get_unverified_header(token)["typ"] == "logout+jwt"
    said = claims(server, token, told)
    assert said["sid"] == browser.sid and said["sub"] == session.user_id and said["events"] == {EVENT: {}} and "nonce" not in said
    assert 0 < said["exp"] - said["iat"] <= 120
    # It is nothing else than a logout token.
    assert server.get("/api/v1/users/me", token=token).status == 401
    martlet_server.until(lambda: server.metrics()["martlet_logout_notices_waiting"] == 0, what="an empty outbox")
    assert len(receiver.received) == 1 and server.metrics()["martlet_logout_notices_sent_total"] >= 1


@pytest.mark.parametrize("what", ["password", "everywhere", "disabled", "deleted", "taken back"])
def test_what_else_is_told(server, receiver, what):
    receiver.open()
    session, root = server.register(), server.admin()
    client = browser_sign_in.app(server, "told", backchannel_logout_uri=receiver.url)
    browser = Browser(server, session)
    browser.let_in(client)
    user = f"/admin/api/users/{session.user_id}"
    answer = {
        "password": lambda: session.call("POST", "/auth/password", {
            "current_password": martlet_server.PASSWORD, "new_password": "another swift in the tower"}),
        "everywhere": lambda: session.call("POST", "/auth/logout-all"),
        "disabled": lambda: root.call("PATCH", user, {"is_active": False}),
        "deleted": lambda: root.call("DELETE", user),
        "taken back": lambda: session.call("DELETE", f"/api/v1/users/me/apps/{client}"),
    }[what]()
    assert answer.status in (200, 204), answer
    [token] = receiver.tokens()
    assert claims(server, token, client)["sid"] == browser.sid
    assert browser.is_signed_in == (what == "taken back")


def test_a_no_ends_nothing(server):
    browser = Browser(server, server.register())
    answer = browser.answer("stay")
    assert answer.status == 303 and answer.headers["Location"] == "/" and browser.is_signed_in


def test_another_sites_form_is_no_answer(server):
    browser = Browser(server, server.register())
    for fields, headers in [({"decision": "sign_out", "form_token": "x"}, {}), ({"decision": "sign_out"}, {})]:
        assert "Set-Cookie" not in browser_sign_in.form(server, "/oauth2/logout", fields, {**browser.headers, **headers}).headers
    assert browser.is_signed_in


@pytest.mark.parametrize("uri", [
    "https://shop.example/bye/", "https://shop.example/bye?x", "https://shop.example/bye#x", "https://shop.example:443/bye", "https://shop.example/Bye",
    "https://shop.example.evil.example/bye", "https://shop.example@evil.example/bye", "https://evil.example/bye", "//shop.example/bye", "javascript:alert(1)",
    "https://shop.example/cb", "http://shop.example/bye", "https://shop.example/bye\r\nX: y", "http://127.0.0.1:9/bye",
])
def test_no_address_is_followed_that_was_not_registered(server, uri):
    """RP-Initiated Logout 1.0 §3: exactly one of `post_logout_redirect_uris`; a loopback address has its port, too."""
    shop = browser_sign_in.app(server, "shop", post_logout_redirect_uris=["https://shop.example/bye", "http://127.0.0.1:8/bye"])
    browser = Browser(server, server.register())
    answer = browser.answer("sign_out", client_id=shop, post_logout_redirect_uri=uri)
    assert answer.status == 200 and "Location" not in answer.headers and b"evil" not in answer.body and not browser.is_signed_in


def test_an_id_token_of_the_sign_in_stands_for_the_question(server):
    shop = browser_sign_in.app(server, "shop")
    browser = Browser(server, server.register())
    tokens = browser.let_in(shop)
    if "id_token" not in tokens:
        pytest.skip("the token endpoint gives no ID token")
    other = Browser(server, server.register())
    asked = other.get(id_token_hint=tokens["id_token"], post_logout_redirect_uri="https://shop.example/bye")
    assert asked.status == 200 and other.is_signed_in
    answer = browser.get(id_token_hint=tokens["id_token"], post_logout_redirect_uri="https://shop.example/bye")
    assert answer.status == 303 and answer.headers["Location"] == "https://shop.example/bye" and not browser.is_signed_in


def test_front_channel_clients_are_shown_in_frames(server):
    wiki = browser_sign_in.app(
        server, "wiki", frontchannel_logout_uri="https://wiki.example/out", frontchannel_logout_session_required=True)
    browser = Browser(server, server.register())
    browser.let_in(wiki)
    answer = browser.answer("sign_out", client_id=wiki, post_logout_redirect_uri="https://wiki.example/bye")
    page = answer.body.decode()
    expected = f"https://wiki.example/out?iss={urllib.parse.quote(server.url, safe='')}&amp;sid={browser.sid}"
    assert answer.status == 200 and f'<iframe src="{expected}"' in page and 'href="https://wiki.example/bye"' in page
    assert "frame-src https://wiki.example;" in answer.headers["Content-Security-Policy"]


def test_a_receiver_that_is_down_is_told_when_it_is_up_again(server, receiver):
    client = browser_sign_in.app(server, "down", backchannel_logout_uri=receiver.url)
    before = server.metrics()["martlet_logout_notices_sent_total"]
    browser = Browser(server, server.register())
    browser.let_in(client)
    browser.answer("sign_out")
    martlet_server.until(lambda: f"client {client} was not told" in server.log, what="a first attempt in vain")
    assert server.metrics()["martlet_logout_notices_waiting"] >= 1
    receiver.open()
    [token] = receiver.tokens()
    assert claims(server, token, client)["sid"] == browser.sid
    martlet_server.until(lambda: server.metrics()["martlet_logout_notices_sent_total"] > before, what="the count")


@pytest.mark.parametrize("status", [302, 400, 503])
def test_what_is_not_taken_is_sent_again_and_a_redirect_is_not_followed(server, receiver, status):
    receiver.status = status
    receiver.open()
    client = browser_sign_in.app(server, "moody", backchannel_logout_uri=receiver.url)
    browser = Browser(server, server.register())
    browser.let_in(client)
    browser.answer("sign_out")
    receiver.tokens(1)
    receiver.status = 204
    first, second = receiver.tokens(2)
    assert first != second and claims(server, first, client)["sid"] == claims(server, second, client)["sid"]
    assert {path for path, _, _ in receiver.received} == {"/out"}


def test_a_service_that_was_killed_tells_after_its_next_start(start, receiver):
    server = start(folder="killed")
    client = browser_sign_in.app(server, "shop", backchannel_logout_uri=receiver.url)
    browser = Browser(server, server.register())
    browser.let_in(client)
    browser.answer("sign_out")
    # Committed and not delivered: nobody listens there.
    server.kill()
    receiver.open()
    again = start(folder="killed", MARTLET_ISSUER=server.url)
    [token] = receiver.tokens(seconds=30)
    assert martlet_server.claims(token)["sid"] == browser.sid
    again.stop()
    assert len(receiver.received) == 1


def test_two_services_on_one_database_send_each_notice_once(start, receiver):
    receiver.open()
    first = start(folder="two", MARTLET_METRICS_LISTEN="any")
    start(folder="two", fresh_admin=False, MARTLET_ISSUER=first.url)
    client = browser_sign_in.app(first, "shop", backchannel_logout_uri=receiver.url)
    browsers = [Browser(first, first.register()) for _ in range(8)]
    for browser in browsers:
        browser.let_in(client)
    for browser in browsers:
        browser.answer("sign_out")
    martlet_server.until(lambda: first.metrics()["martlet_logout_notices_waiting"] == 0, seconds=20, what="an empty outbox")
    assert sorted(martlet_server.claims(token)["sid"] for token in receiver.tokens(8)) == sorted(browser.sid for browser in browsers)
    assert first.admin().call("GET", "/admin/api/audit?action=logout.undelivered").json["items"] == []


def test_a_client_that_registered_itself_reaches_nobody_in_this_network(start):
    server = start(MARTLET_CLIENT_REGISTRATION="open")
    wanted = {"redirect_uris": ["https://a.example/cb"], "token_endpoint_auth_method": "none",
              "grant_types": ["authorization_code", "refresh_token"]}
    refused = server.post("/oauth2/register", {**wanted, "backchannel_logout_uri": "http://127.0.0.1:9/out"})
    assert refused.status == 400 and refused.json["error"] == "invalid_client_metadata"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        uri = f"https://127.0.0.1:{listener.getsockname()[1]}/out"
        client = server.post("/oauth2/register", {**wanted, "backchannel_logout_uri": uri}).json["client_id"]
        browser = Browser(server, server.register())
        browser.let_in(client)
        browser.answer("sign_out")
        martlet_server.until(lambda: f"client {client} was not told" in server.log, what="a refusal")
        with pytest.raises(BlockingIOError):
            listener.accept()


def test_a_code_of_before_the_password_was_proved_again_ends_with_the_sign_in(server, receiver):
    """OpenID Connect Back-Channel Logout 1.0 §2.7: also where the client redeems it only after that."""
    receiver.open()
    person = scripted_browser.Browser(server)
    client = browser_sign_in.made(
        server, "--name", "Late", redirect_uris=["https://late.example/cb"], grant_types=["authorization_code", "refresh_token"],
        first_party=True, backchannel_logout_uri=receiver.url)
    asker = scripted_browser.Asker(server, client, "https://late.example/cb", scope="openid")
    username = server.register().username
    code = person.sign_in(person.go(asker.path()), username).answer["code"]
    unused = person.go(asker.path()).answer["code"]
    page = person.go(asker.path(prompt="login"))
    assert "code" in person.follow(person.submit(page, password=martlet_server.PASSWORD)).answer
    tokens = asker.redeem(code)
    assert tokens.status == 200, tokens
    person.submit(person.go("/oauth2/logout"), decision="sign_out")
    assert asker.token(grant_type="refresh_token", refresh_token=tokens.json["refresh_token"]).json.get("error") == "invalid_grant"
    assert asker.redeem(unused).json.get("error") == "invalid_grant"
    assert claims(server, receiver.tokens()[0], client["client_id"])["sid"] == martlet_server.claims(tokens.json["id_token"])["sid"]
