"""Devices over HTTP (RFC 8628): what a device asks and polls, and what its owner sees and answers. Each case has its section.

Nobody waits for a poll's interval: where time has to pass, the request's last poll is put back in the database.
"""

import base64
import concurrent.futures
import re
import time
import urllib.parse

import pytest

import martlet_server
from devices import FORM, GRANT, Browser, ask, confirm, error, made, poll, proof, wait_out

API = "https://api.example"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    # With limits: they are this module's topic, too.
    server = martlet_server.launch(tmp_path_factory.mktemp("device"), MARTLET_LOGIN_ATTEMPTS="10/60")
    yield server
    server.stop()


@pytest.fixture(scope="module")
def television(server):
    return made(server, "--name", "Television", "--public", "--grant", GRANT, "--grant", "refresh_token", "--scope", "openid profile offline_access")


@pytest.fixture(scope="module")
def printer(server):
    return made(server, "--name", "Printer", "--grant", GRANT, "--auth-method", "client_secret_post")


@pytest.fixture(scope="module")
def ada(server):
    server.register("ada.device")
    return "ada.device"


def test_a_device_is_let_in(server, television, ada):
    """RFC 8628 §3.2 to §3.5, from the beginning to the end."""
    asked = ask(server, television, scope="openid profile").json
    assert set(asked) == {"device_code", "user_code", "verification_uri", "verification_uri_complete", "expires_in", "interval"}
    assert asked["expires_in"] == 600 and asked["interval"] == 5 and asked["verification_uri"] == f"{server.url}/oauth2/device"
    # §6.1: no vowels, so that no word comes of it.
    assert re.fullmatch(r"[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}", asked["user_code"])
    assert asked["verification_uri_complete"] == f"{server.url}/oauth2/device?user_code={asked['user_code']}"
    assert error(poll(server, television, asked["device_code"])) == (400, "authorization_pending")

    browser = Browser(server)
    page = browser.open("/oauth2/device")
    assert page.status == 200 and 'name="user_code"' in page.text
    # Typed in small letters and without the dash.
    typed = browser.post(page, user_code=asked["user_code"].replace("-", "").lower())
    assert typed.status == 303 and typed.headers["location"] == f"/oauth2/device?user_code={asked['user_code']}"
    away = browser.open(typed.headers["location"])
    assert away.status == 303
    target = urllib.parse.urlsplit(away.headers["location"])
    assert target.path == "/oauth2/sign-in" and urllib.parse.parse_qs(target.query)["next"] == [typed.headers["location"]]

    browser.sign_in(ada)
    page = browser.open(typed.headers["location"])
    # §5.4: who asks, and the code to compare.
    assert page.status == 200 and "Television" in page.text and asked["user_code"] in page.text and ada in page.text
    wait_out(server, asked["device_code"])
    assert error(poll(server, television, asked["device_code"])) == (400, "authorization_pending"), "looking is not allowing"
    assert "Device connected" in browser.post(page, decision="allow").text

    wait_out(server, asked["device_code"])
    answer = poll(server, television, asked["device_code"])
    assert answer.status == 200 and answer.headers["cache-control"] == "no-store", answer
    claims = martlet_server.claims(answer.json["access_token"])
    assert claims["client_id"] == television["client_id"] and claims["scope"] == "openid profile" and claims["sid"]
    assert answer.json["refresh_token"] and answer.json["scope"] == "openid profile"
    # The code is used up, and another device is another question.
    wait_out(server, asked["device_code"])
    assert error(poll(server, television, asked["device_code"])) == (400, "invalid_grant")
    again = ask(server, television, scope="openid profile").json
    assert error(poll(server, television, again["device_code"])) == (400, "authorization_pending")
    assert 'value="allow"' in browser.open(f"/oauth2/device?user_code={again['user_code']}").text


def test_a_device_is_turned_away(server, television, ada):
    """RFC 8628 §3.5 access_denied."""
    asked = ask(server, television).json
    browser = Browser(server, ada)
    assert "Device not connected" in confirm(browser, asked["user_code"], "deny").text
    assert error(poll(server, television, asked["device_code"])) == (400, "access_denied")
    assert browser.open(f"/oauth2/device?user_code={asked['user_code']}").status == 404, "there is one answer"


def test_polling_has_its_pace(server, television, ada):
    """RFC 8628 §3.5 slow_down, expired_token."""
    asked = ask(server, television).json
    code = asked["device_code"]
    assert error(poll(server, television, code)) == (400, "authorization_pending")
    assert error(poll(server, television, code)) == (400, "slow_down")
    now = int(time.time() * 1000)
    wait_out(server, code, polled_at=now - 6_000)
    assert error(poll(server, television, code)) == (400, "slow_down"), "the interval is ten seconds by now"
    wait_out(server, code, polled_at=now - 60_000)
    assert error(poll(server, television, code)) == (400, "authorization_pending")
    wait_out(server, code, expires_at=now - 1)
    assert error(poll(server, television, code)) == (400, "expired_token")
    page = Browser(server, ada).open(f"/oauth2/device?user_code={asked['user_code']}")
    assert page.status == 404 and 'role="alert"' in page.text


# what, path, fields, client, error, section
CASES = [
    ("a client without the grant", "device_authorization", {}, "web", "unauthorized_client", "RFC 8628 §3.1"),
    ("an unknown scope", "device_authorization", {"scope": "steer"}, "television", "invalid_scope", "RFC 6749 §3.3"),
    ("a scope that the client may not have", "device_authorization", {"scope": "email"}, "television", "invalid_scope", "RFC 6749 §3.3"),
    ("a resource of no grammar", "device_authorization", {"resource": "api"}, "television", "invalid_target", "RFC 8707 §2"),
    ("a scope twice", "device_authorization", {"scope": ["openid", "openid"]}, "television", "invalid_request", "RFC 8628 §3.1"),
    ("no client", "device_authorization", {}, None, "invalid_client", "RFC 8628 §3.1"),
    ("no secret", "device_authorization", {}, {"client_id": "printer"}, "invalid_client", "RFC 8628 §3.1"),
    ("a poll without a code", "token", {"grant_type": GRANT}, "television", "invalid_request", "RFC 8628 §3.4"),
    ("a poll with an unknown code", "token", {"grant_type": GRANT, "device_code": "x" * 43}, "television", "invalid_grant", "RFC 8628 §3.5"),
    ("a poll by a client without the grant", "token", {"grant_type": GRANT, "device_code": "x"}, "web", "unauthorized_client", "RFC 6749 §5.2"),
]


@pytest.mark.parametrize("what, path, fields, who, code, section", CASES, ids=[case[0] for case in CASES])
def test_what_is_refused(server, television, printer, what, path, fields, who, code, section):
    if who == "television":
        fields = {**fields, **proof(television)}
    elif who == "web":
        fields = {**fields, **proof(made(server, "--name", "Web", "--public", "--redirect-uri", "https://web.example/cb"))}
    elif who:
        fields = {**fields, "client_id": printer["client_id"]}
    answer = server.send("POST", f"/oauth2/{path}", urllib.parse.urlencode(fields, doseq=True).encode(), FORM)
    assert answer.json["error"] == code and answer.status == (401 if code == "invalid_client" else 400), f"{section}: {answer}"


def test_a_code_is_its_clients_alone(server, television, printer, ada):
    """RFC 8628 §3.4: the device code is the client's that asked for it."""
    asked = ask(server, printer).json
    assert error(poll(server, television, asked["device_code"])) == (400, "invalid_grant")
    confirm(Browser(server, ada), asked["user_code"])
    assert error(poll(server, television, asked["device_code"])) == (400, "invalid_grant")
    answer = poll(server, printer, asked["device_code"])
    # Without the refresh token grant there is no refresh token.
    assert answer.status == 200 and "refresh_token" not in answer.json


def test_a_code_is_redeemed_once(server, printer, ada):
    """RFC 8628 §5.2, RFC 6749 §4.1.2: of many polls at one moment one gets the tokens."""
    asked = ask(server, printer).json
    confirm(Browser(server, ada), asked["user_code"])
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: poll(server, printer, asked["device_code"]), range(16)))
    good = [answer for answer in answers if answer.status == 200]
    assert len(good) == 1, answers
    assert {answer.json["error"] for answer in answers if answer.status != 200} <= {"slow_down", "invalid_grant"}


def test_tokens_are_for_what_was_asked(server, television, ada):
    """RFC 8707 §2.2, at a poll: a wrong resource uses nothing up."""
    asked = ask(server, television, scope="openid", resource=API).json
    page = Browser(server, ada).open(f"/oauth2/device?user_code={asked['user_code']}")
    assert API in page.text
    confirm(Browser(server, ada), asked["user_code"])
    assert error(poll(server, television, asked["device_code"], resource="https://other.example")) == (400, "invalid_target")
    wait_out(server, asked["device_code"])
    answer = poll(server, television, asked["device_code"])
    assert martlet_server.claims(answer.json["access_token"])["aud"] == API


def test_only_the_forms_of_this_browser_count(server, television, ada):
    """RFC 8628 §5.4, RFC 6749 §10.12: a link allows nothing, and neither does a form of somebody else's."""
    asked = ask(server, television).json
    browser, other = Browser(server, ada), Browser(server, ada)
    page = browser.open(f"/oauth2/device?user_code={asked['user_code']}&decision=allow")
    refused = [
        other.post(page, decision="allow"),
        browser.send("POST", "/oauth2/device", {"user_code": asked["user_code"], "decision": "allow"}),
        browser.send("POST", "/oauth2/device", {"user_code": asked["user_code"], "decision": "allow", "form_token": "x"}),
        Browser(server).post(page, decision="allow"),
    ]
    assert [answer.status for answer in refused] == [403] * len(refused)
    token = re.search(r'name="form_token" value="([^"]*)"', page.text)[1]
    fields = {"user_code": asked["user_code"], "decision": "allow", "form_token": token}
    assert browser.send("POST", "/oauth2/device", fields, {"Sec-Fetch-Site": "cross-site"}).status == 403
    assert browser.send("POST", "/oauth2/device", {**fields, "decision": "perhaps"}).status == 400
    assert error(poll(server, television, asked["device_code"])) == (400, "authorization_pending")
    for answer in (page, refused[0]):
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"] and answer.headers["cache-control"] == "no-store"
    assert browser.post(page, decision="allow").status == 200


def test_codes_are_not_to_be_guessed(server, television):
    """RFC 8628 §5.1: ten wrong ones of a person, then even a right one is not looked for."""
    server.register("guesser.device")
    server.register("owner.device")
    browser = Browser(server, "guesser.device")
    codes = [f"BBBB-{first}{second}BB" for first in "BCDFG" for second in "BCD"]
    statuses = [browser.open(f"/oauth2/device?user_code={code}").status for code in codes]
    assert statuses == [404] * 10 + [429] * 5
    asked = ask(server, television).json
    late = browser.open(f"/oauth2/device?user_code={asked['user_code']}")
    assert late.status == 429 and int(late.headers["retry-after"]) > 0 and "Television" not in late.text
    assert browser.open("/oauth2/device?user_code=no").status == 400, "what is no code is no guess"
    owner = Browser(server, "owner.device")
    for _ in range(12):
        assert owner.open(f"/oauth2/device?user_code={asked['user_code']}").status == 200, "right ones do not count"


def test_the_session_of_a_device_is_its_own(server, television, ada):
    """RFC 7662 §2.2 and RFC 7009 §2.1, for refresh tokens."""
    watcher = made(server, "--name", "Watcher", "--grant", GRANT, "--grant", "refresh_token")
    own = made(server, "--name", "Own", "--grant", "client_credentials", metadata={"first_party": True})

    def call(path, token, client, **fields):
        pair = base64.b64encode(f"{client['client_id']}:{client['client_secret']}".encode()).decode()
        return server.send("POST", f"/oauth2/{path}", urllib.parse.urlencode({"token": token, **fields}).encode(), {
            **FORM, "Authorization": f"Basic {pair}"})

    def look(token, client=watcher, **fields):
        return call("introspect", token, client, **fields).json

    pair = base64.b64encode(f"{watcher['client_id']}:{watcher['client_secret']}".encode()).decode()
    asked = server.send("POST", "/oauth2/device_authorization", b"scope=openid+offline_access", {**FORM, "Authorization": f"Basic {pair}"}).json
    server.secrets.update((asked["device_code"], asked["user_code"]))
    confirm(Browser(server, ada), asked["user_code"])

    def token(**fields):
        answer = server.send("POST", "/oauth2/token", urllib.parse.urlencode(fields).encode(), {**FORM, "Authorization": f"Basic {pair}"})
        assert answer.status == 200, answer
        server.secrets.update((answer.json["access_token"], answer.json["refresh_token"]))
        return answer.json
    first = token(grant_type=GRANT, device_code=asked["device_code"])
    active = look(first["refresh_token"])
    assert active["active"] is True and active["client_id"] == watcher["client_id"] and active["scope"] == "openid offline_access"
    assert active["sub"] == martlet_server.claims(first["access_token"])["sub"] and active["exp"] > time.time() + 86_400
    # §2.1: a hint is only a hint.
    for hint in ("access_token", "refresh_token", "id_token", "x"):
        assert look(first["refresh_token"], token_type_hint=hint) == active
        assert look(first["access_token"], token_type_hint=hint)["active"] is True
    # The operator's own clients may look at every access token; a refresh token is nobody's but its client's.
    assert look(first["access_token"], own)["active"] is True and look(first["refresh_token"], own) == {"active": False}
    second = token(grant_type="refresh_token", refresh_token=first["refresh_token"])
    assert look(second["refresh_token"])["active"] is True
    assert look(first["refresh_token"])["active"] is True, "within the grace it would be answered"
    third = token(grant_type="refresh_token", refresh_token=second["refresh_token"])
    assert look(first["refresh_token"]) == {"active": False} and look(third["refresh_token"])["active"] is True

    # RFC 7009 §2.1: to another client it is refused and nothing happens; the access token goes alone.
    assert error(call("revoke", third["refresh_token"], own)) == (400, "invalid_grant")
    assert error(call("revoke", third["access_token"], own)) == (400, "invalid_grant")
    assert call("revoke", second["access_token"], watcher, token_type_hint="refresh_token").status == 200
    assert look(second["access_token"]) == {"active": False} and look(third["access_token"])["active"] is True
    # With the refresh token, an old one even, everything goes.
    assert call("revoke", second["refresh_token"], watcher, token_type_hint="access_token").status == 200
    for text in (first["access_token"], third["access_token"], third["refresh_token"]):
        assert look(text) == {"active": False}
    assert [call("revoke", text, watcher).status for text in (third["refresh_token"], first["access_token"], "x")] == [200] * 3
    answer = server.send("POST", "/oauth2/token", urllib.parse.urlencode(
        {"grant_type": "refresh_token", "refresh_token": third["refresh_token"]}).encode(), {**FORM, "Authorization": f"Basic {pair}"})
    assert error(answer) == (400, "invalid_grant")


def test_first_party_refresh_tokens_are_no_clients_business(server, ada):
    own = made(server, "--name", "Own", "--grant", "client_credentials", "--auth-method", "client_secret_post", metadata={"first_party": True})
    session = server.login(ada)
    fields = {"token": session.refresh_token, **proof(own)}
    send = lambda path: server.send("POST", f"/oauth2/{path}", urllib.parse.urlencode(fields).encode(), FORM)
    assert send("introspect").json == {"active": False}
    assert error(send("revoke")) == (400, "invalid_grant")
    assert session.refresh().status == 200


def test_the_metadata_names_the_endpoint(server):
    """RFC 8628 §4."""
    for name in ("oauth-authorization-server", "openid-configuration"):
        metadata = server.get(f"/.well-known/{name}").json
        assert metadata["device_authorization_endpoint"] == f"{server.url}/oauth2/device_authorization"
        assert GRANT in metadata["grant_types_supported"]


ENDS = {
    "a new password": lambda session, client: session.call(
        "POST", "/auth/password", {"current_password": martlet_server.PASSWORD, "new_password": martlet_server.PASSWORD + " anew"}),
    "everything signed out": lambda session, client: session.call("POST", "/auth/logout-all"),
    "access removed": lambda session, client: session.call("DELETE", f"/api/v1/users/me/apps/{client['client_id']}"),
}


@pytest.mark.parametrize("what", ENDS)
def test_a_yes_that_nothing_came_of_yet_ends_with_the_rest(server, television, what):
    """RFC 9700 §4.15 in spirit: whoever ends all that an account let in does not leave a device to be let in later."""
    session = server.register()
    browser = Browser(server, session.username)
    earlier = ask(server, television, scope="openid").json
    assert confirm(browser, earlier["user_code"]).status == 200
    assert poll(server, television, earlier["device_code"]).status == 200
    asked = ask(server, television, scope="openid").json
    assert confirm(browser, asked["user_code"]).status == 200
    assert ENDS[what](session, television).status in (200, 204)
    assert error(poll(server, television, asked["device_code"])) == (400, "access_denied")
