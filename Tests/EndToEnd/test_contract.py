"""What every endpoint answers: members and types of success, codes of refusal."""

import json
import re
import resource
import socket
import time

import pytest

from martlet_server import ADMIN, PASSWORD, claims, header, name, parse

RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
TIME = "time"
OPTIONAL_TIME = "time or null"
TEXT, NUMBER, TRUTH, LIST, OBJECT = str, int, bool, list, dict
OPTIONAL_TEXT = "text or null"

USER = {
    "id": TEXT, "username": TEXT, "email": OPTIONAL_TEXT, "email_verified": TRUTH, "display_name": TEXT, "roles": LIST,
    "is_active": TRUTH, "created_at": TIME, "last_login_at": OPTIONAL_TIME,
}
SESSION_BODY = {"access": TEXT, "refresh": TEXT, "token_type": TEXT, "expires_in": NUMBER, "refresh_expires_in": NUMBER}
SESSION = {
    "id": TEXT, "created_at": TIME, "last_used_at": TIME, "ip": TEXT, "user_agent": TEXT, "client_id": TEXT, "current": TRUTH,
}
REVOCATION = {"id": TEXT, "kind": TEXT, "revoked_at": TIME, "expires_at": TIME, "reason": OPTIONAL_TEXT}
KEY = {"kid": TEXT, "purpose": TEXT, "algorithm": TEXT, "state": TEXT, "published_at": TIME}
AUDIT = {
    "id": TEXT, "at": TIME, "actor": TEXT, "action": TEXT, "target": OPTIONAL_TEXT, "ip": OPTIONAL_TEXT, "user_agent": OPTIONAL_TEXT,
    "request_id": OPTIONAL_TEXT, "result": TEXT, "detail": OPTIONAL_TEXT,
}


def check(value, shape):
    """`value` has every member of `shape`, each of its type."""
    for member, kind in shape.items():
        assert member in value, f"{member} is missing in {value}"
        item = value[member]
        if kind in (TIME, OPTIONAL_TIME):
            assert (item is None and kind == OPTIONAL_TIME) or RFC3339.fullmatch(item), (member, item)
        elif kind == OPTIONAL_TEXT:
            assert item is None or type(item) is str, (member, item)
        else:
            assert type(item) is kind, (member, item)


def check_list(answer, shape):
    assert answer.status == 200, answer
    assert set(answer.json) == {"items", "next_cursor"}
    assert answer.json["items"], "the list is empty"
    for item in answer.json["items"]:
        check(item, shape)


def check_error(answer, status, code):
    assert (answer.status, answer.code) == (status, code), answer
    assert {"code", "detail", "request_id"} <= set(answer.json) <= {"code", "detail", "request_id", "fields"}
    assert answer.json["detail"] and answer.json["request_id"] == answer.headers["X-Request-Id"]
    if status == 401:
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    if status in (429, 503):
        assert int(answer.headers["Retry-After"]) >= 1


# Success


def test_registering_answers_with_a_session_and_the_user(shared):
    username = name()
    answer = shared.post("/auth/register", {"username": username, "password": PASSWORD, "email": f"{username}@example.org"})
    assert answer.status == 201
    check(answer.json, {**SESSION_BODY, "user": OBJECT})
    check(answer.json["user"], USER)
    assert answer.json["token_type"] == "Bearer"
    assert 590 <= answer.json["expires_in"] <= 600 and 1209590 <= answer.json["refresh_expires_in"] <= 1209600
    assert answer.json["user"]["username"] == username and answer.json["user"]["email_verified"] is False


def test_logging_in_answers_with_a_session_and_the_user(shared, ada):
    answer = shared.post("/auth/login", {"username": ada.username, "password": PASSWORD})
    assert answer.status == 200
    check(answer.json, {**SESSION_BODY, "user": OBJECT})
    check(answer.json["user"], USER)
    assert answer.json["user"]["last_login_at"] is not None


def test_usernames_are_one_whatever_their_ascii_case(shared, ada):
    assert shared.login(ada.username.upper()).user_id == ada.user_id
    assert (*shared.post("/auth/register", {"username": ada.username.upper(), "password": PASSWORD}),) == (409, "username_taken")


def test_refreshing_answers_with_a_session_and_a_reason(ada):
    answer = ada.refresh()
    assert answer.status == 200
    check(answer.json, {**SESSION_BODY, "refresh_reason": TEXT})
    assert answer.json["refresh_reason"] == "rotated" and "user" not in answer.json


def test_an_access_token_is_what_rfc_9068_says(shared, ada):
    assert header(ada.access) == {"alg": "ES256", "typ": "at+jwt", "kid": header(ada.access)["kid"]}
    body = claims(ada.access)
    check(body, {"iss": TEXT, "sub": TEXT, "aud": TEXT, "exp": NUMBER, "iat": NUMBER, "jti": TEXT, "client_id": TEXT, "scope": TEXT, "sid": TEXT})
    assert body["iss"] == body["aud"] == shared.url and body["sub"] == ada.user_id and body["exp"] - body["iat"] == 600
    assert (body["client_id"], body["scope"]) == ("martlet", "account") and "roles" not in body


def test_a_refresh_token_is_typed_and_its_key_is_never_published(shared, ada):
    assert header(ada.refresh_token)["typ"] == "rt+jwt" and header(ada.refresh_token)["alg"] == "HS256"
    body = claims(ada.refresh_token)
    assert {"iss", "sub", "aud", "sid", "ctr", "nonce", "iat", "exp"} == set(body)
    assert body["aud"] == body["iss"] == shared.url
    keys = shared.get("/.well-known/jwks.json").json["keys"]
    assert header(ada.refresh_token)["kid"] not in [key["kid"] for key in keys]


def test_ids_are_never_row_numbers(ada):
    body = claims(ada.access)
    for value in (body["sub"], body["sid"], body["jti"]):
        assert len(value) >= 21 and not value.isdigit()


def test_an_administrators_login_has_the_admin_scope_and_the_role(warden):
    assert set(claims(warden.access)["scope"].split()) == {"account", "admin"} and claims(warden.access)["roles"] == ["admin"]


def test_a_login_may_ask_for_less_than_it_could_have(shared):
    less = shared.login(ADMIN, "a warden's long password", scope="account")
    assert claims(less.access)["scope"] == "account"
    check_error(less.call("GET", "/admin/api/users"), 403, "insufficient_scope")


def test_a_plain_user_asking_for_admin_does_not_get_it(shared, ada):
    answer = shared.post("/auth/login", {"username": ada.username, "password": PASSWORD, "scope": "account admin"})
    assert answer.status != 200 or "admin" not in claims(answer.json["access"])["scope"].split()


def test_verify_tells_an_access_token(shared, ada):
    answer = shared.post("/auth/verify", {"token": ada.access})
    assert answer.status == 200 and answer.json == {"active": True, "token_type": "access", "claims": claims(ada.access)}


def test_verify_tells_a_refresh_token_however_often_it_was_rotated(shared, ada):
    old = ada.refresh_token
    ada.refresh()
    for token in (old, ada.refresh_token):
        answer = shared.post("/auth/verify", {"token": token})
        assert answer.status == 200, answer
        assert (answer.json["active"], answer.json["token_type"], answer.json["claims"]["sid"]) == (True, "refresh", ada.sid)


def test_blacklisting_is_204_again_and_again(shared, ada):
    for _ in range(3):
        assert shared.post("/auth/blacklist", {"token": ada.access}).status == 204
    for _ in range(3):
        assert shared.post("/auth/blacklist", {"token": ada.refresh_token}).status == 204


def test_sessions_are_listed_and_the_current_one_is_marked(shared, ada):
    other = shared.login(ada.username, headers={"User-Agent": "a phone"})
    answer = ada.call("GET", "/auth/sessions")
    check_list(answer, SESSION)
    assert {item["id"]: item["current"] for item in answer.json["items"]} == {ada.sid: True, other.sid: False}
    phone = next(item for item in answer.json["items"] if item["id"] == other.sid)
    assert (phone["user_agent"], phone["ip"], phone["client_id"]) == ("a phone", "127.0.0.1", "martlet")


def test_ones_profile_is_shown_and_changed(ada):
    answer = ada.me()
    check(answer.json, USER)
    assert set(answer.json) == set(USER)
    changed = ada.call("PATCH", "/api/v1/users/me", {"display_name": "Ada Ł. 🐦"})
    assert changed.status == 200 and changed.json["display_name"] == "Ada Ł. 🐦"
    check(changed.json, USER)
    assert ada.me().json["display_name"] == "Ada Ł. 🐦"


def test_changing_the_email_needs_the_password(ada):
    address = f"{ada.username}@example.org"
    check_error(ada.call("PATCH", "/api/v1/users/me", {"email": address}), 400, "validation_failed")
    check_error(
        ada.call("PATCH", "/api/v1/users/me", {"email": address, "current_password": "wrong password"}), 401, "invalid_credentials")
    answer = ada.call("PATCH", "/api/v1/users/me", {"email": address, "current_password": PASSWORD})
    assert answer.status == 200 and answer.json["email"] == address and answer.json["email_verified"] is False


def test_users_are_seen_by_themselves_and_by_administrators(shared, ada, warden):
    other = shared.register()
    own = ada.call("GET", f"/api/v1/users/{ada.user_id}")
    check(own.json, USER)
    assert warden.call("GET", f"/api/v1/users/{ada.user_id}").json["id"] == ada.user_id
    assert ada.call("GET", f"/api/v1/users/{other.user_id}").status == 403
    check_error(ada.call("GET", "/api/v1/users"), 403, "insufficient_scope")
    check_error(warden.call("GET", "/api/v1/users/nobody"), 404, "not_found")
    check_list(warden.call("GET", f"/api/v1/users?query={ada.username}"), USER)


@pytest.mark.parametrize("path, shape", [
    ("/admin/api/users", USER),
    ("/admin/api/audit", AUDIT),
    ("/admin/api/keys", KEY),
])
def test_admin_lists(warden, path, shape):
    check_list(warden.call("GET", path), shape)


def test_revocations_are_answered_and_listed(shared, ada, warden):
    answer = warden.call("POST", "/admin/api/revocations", {"token": ada.access, "reason": "lost phone"})
    assert answer.status == 201
    check(answer.json, REVOCATION)
    assert answer.json["reason"] == "lost phone"
    listed = warden.call("GET", "/admin/api/revocations?limit=200")
    check_list(listed, REVOCATION)
    assert answer.json["id"] in [item["id"] for item in listed.json["items"]]


def test_an_administrator_sees_and_ends_a_users_sessions(shared, ada, warden):
    answer = warden.call("GET", f"/admin/api/users/{ada.user_id}/sessions")
    check_list(answer, SESSION)
    assert warden.call("DELETE", f"/admin/api/sessions/{answer.json['items'][0]['id']}").status == 204
    assert ada.me().code == "token_revoked"
    check_error(warden.call("DELETE", "/admin/api/sessions/none"), 404, "not_found")
    check_error(warden.call("GET", "/admin/api/users/nobody/sessions"), 404, "not_found")


def test_an_audience_token_lacks_the_account_scopes(shared, ada):
    answer = ada.refresh(audience="https://api.example")
    assert answer.status == 200
    body = claims(answer.json["access"])
    assert body["aud"] == "https://api.example" and not {"account", "admin"} & set(body.get("scope", "").split())
    for method, path in (("GET", "/api/v1/users/me"), ("GET", "/auth/sessions"), ("POST", "/auth/logout-all"), ("GET", "/admin/api/users")):
        assert ada.call(method, path).status in (401, 403), path
    assert shared.post("/auth/verify", {"token": answer.json["access"]}).status == 200


def test_an_api_that_was_shown_a_token_cannot_end_the_session(shared, ada):
    """It holds that one token, which it may end (blacklist), and nothing else of the account."""
    shown = ada.refresh(audience="https://api.example").json["access"]
    assert shared.post("/auth/logout", token=shown).status in (401, 403)
    assert ada.refresh().status == 200
    assert shared.post("/auth/blacklist", {"token": shown}).status == 204
    assert ada.me().status == 200 and ada.refresh().status == 200


def test_after_an_audience_token_the_next_refresh_is_for_the_issuer_again(shared, ada):
    ada.refresh(audience="https://api.example")
    assert ada.refresh().status == 200
    assert claims(ada.access)["aud"] == shared.url and claims(ada.access)["scope"] == "account" and ada.me().status == 200


@pytest.mark.parametrize("body, code", [
    ({"display_name": 5}, "validation_failed"), ({"display_name": "x" * 151}, "validation_failed"), ({"display_name": "a\u0007b"}, "validation_failed"),
    ({"email": "nothing", "current_password": PASSWORD}, "validation_failed"), ({"email": 5, "current_password": PASSWORD}, "validation_failed"),
    ({"email": "a@b.example", "current_password": 5}, "validation_failed"),
])
def test_a_bad_change_of_ones_profile_is_400(ada, body, code):
    check_error(ada.call("PATCH", "/api/v1/users/me", body), 400, code)


def test_what_is_not_ones_own_to_change_stays(ada):
    before = ada.me().json
    assert ada.call("PATCH", "/api/v1/users/me", {"roles": ["admin"], "is_active": False, "username": "root", "id": "x", "email_verified": True}).status == 200
    assert ada.me().json == before


def test_an_email_is_taken_away_by_null(ada):
    ada.call("PATCH", "/api/v1/users/me", {"email": "a@b.example", "current_password": PASSWORD})
    assert ada.call("PATCH", "/api/v1/users/me", {"email": None, "current_password": PASSWORD}).json["email"] is None


def test_a_login_may_name_an_audience(shared, ada):
    token = shared.login(ada.username, audience="https://api.example").access
    assert claims(token)["aud"] == "https://api.example" and not {"account", "admin"} & set(claims(token).get("scope", "").split())


def test_the_key_set_holds_public_members_only(shared):
    answer = shared.get("/.well-known/jwks.json")
    assert answer.headers["Cache-Control"] == "public, max-age=300, stale-if-error=3600"
    assert answer.json["keys"]
    for key in answer.json["keys"]:
        assert key["kty"] != "oct" and not {"d", "p", "q", "dp", "dq", "qi", "k"} & set(key)
        assert key["use"] == "sig" and key["kid"] and key["alg"]


@pytest.mark.parametrize("path, status", [("/healthz", "ok"), ("/readyz", "ready")])
def test_probes(shared, path, status):
    answer = shared.get(path)
    assert answer.status == 200 and answer.json == {"status": status}


def test_metrics_are_on_their_own_listener_only(start):
    server = start(MARTLET_METRICS_LISTEN="any")
    assert server.get("/metrics").status == 404
    server.register()
    metrics = server.metrics()
    assert metrics['martlet_responses_total{status="2xx"}'] >= 1 and metrics["martlet_store_up"] == 1


# Refusals


REGISTRATIONS = [
    ({}, "validation_failed", {"username": "required", "password": "too_short"}),
    ({"username": "a b", "password": PASSWORD}, "validation_failed", {"username": "invalid"}),
    ({"username": "a" * 151, "password": PASSWORD}, "validation_failed", {"username": "too_long"}),
    ({"username": "ok.name", "password": "short"}, "validation_failed", {"password": "too_short"}),
    ({"username": "ok.name", "password": "p" * 257}, "validation_failed", {"password": "too_long"}),
    ({"username": "ok.name", "password": PASSWORD, "email": "no address"}, "validation_failed", {"email": "invalid"}),
    ({"username": "a b", "password": "short", "email": "x"}, "validation_failed", {"username": "invalid", "password": "too_short", "email": "invalid"}),
    ({"username": "ok.name", "password": "password123"}, "weak_password", {"password": "too_common"}),
    ({"username": "ok.name", "password": "PassWord123"}, "weak_password", {"password": "too_common"}),
    ({"username": "same.as.password", "password": "Same.As.Password"}, "weak_password", {"password": "too_similar"}),
    ({"username": "ok.name", "password": "ok.name@example.org", "email": "ok.name@example.org"}, "weak_password", {"password": "too_similar"}),
    ({"username": 7, "password": PASSWORD}, "validation_failed", {"username": "wrong_type"}),
    ({"username": "ok.name", "password": ["x"]}, "validation_failed", {"password": "wrong_type"}),
    ({"username": "ok.name", "password": PASSWORD, "email": {}}, "validation_failed", {"email": "wrong_type"}),
    ({"username": "ok.name", "password": PASSWORD, "transport": "pigeon"}, "validation_failed", {"transport": "invalid"}),
    ({"username": "ok.name", "password": PASSWORD, "scope": "everything"}, "validation_failed", {"scope": "invalid"}),
    ({"username": "ok.name", "password": PASSWORD, "audience": ""}, "validation_failed", {"audience": "invalid"}),
    ({"username": "ok.name", "password": PASSWORD, "audience": 1}, "validation_failed", {"audience": "wrong_type"}),
]


@pytest.mark.parametrize("body, code, fields", REGISTRATIONS)
def test_a_bad_registration_says_what_is_wrong_with_which_member(shared, body, code, fields):
    answer = shared.post("/auth/register", body)
    check_error(answer, 400, code)
    assert {member: problems[0]["code"] for member, problems in answer.json["fields"].items()} == fields
    assert all(problem["detail"] for problems in answer.json["fields"].values() for problem in problems)


@pytest.mark.parametrize("username", ["x", "a" * 150, "ünïcödé.ñame", "A.+-_@9", "名前"])
def test_usernames_that_are_allowed(shared, username):
    unique = (username + name(""))[:150] if len(username) < 100 else name("")[1:] + username[11:]
    assert shared.post("/auth/register", {"username": unique, "password": PASSWORD}).status == 201


@pytest.mark.parametrize("password", ["ölüçüğş8", "p" * 250 + "qrstuv", "tab\tand\u0000nul.", "🐦" * 8])
def test_passwords_are_any_characters(shared, password):
    session = shared.register(password=password)
    shared.login(session.username, password)
    assert (*shared.post("/auth/login", {"username": session.username, "password": password + "x"}),) == (401, "invalid_credentials")


def test_unknown_members_are_ignored(shared):
    assert shared.post("/auth/register", {"username": name(), "password": PASSWORD, "colour": {"deep": [1]}}).status == 201


def test_a_taken_username_is_a_conflict(shared, ada):
    check_error(shared.post("/auth/register", {"username": ada.username, "password": PASSWORD}), 409, "username_taken")


def test_registering_says_nothing_about_an_email(shared, warden):
    address = f"{name()}@example.org"
    made = warden.call(
        "POST", "/admin/api/users", {"username": name(), "password": PASSWORD, "email": address, "email_verified": True})
    assert made.status == 201
    assert shared.post("/auth/register", {"username": name(), "password": PASSWORD, "email": address}).status == 201


def test_only_a_verified_email_logs_in(shared, warden):
    verified, plain = f"{name()}@example.org", f"{name()}@example.org"
    warden.call("POST", "/admin/api/users", {"username": name(), "password": PASSWORD, "email": verified, "email_verified": True})
    shared.register(email=plain)
    assert shared.post("/auth/login", {"email": verified.upper(), "password": PASSWORD}).status == 200
    check_error(shared.post("/auth/login", {"email": plain, "password": PASSWORD}), 401, "invalid_credentials")


def test_registration_can_be_closed(start):
    server = start(MARTLET_REGISTRATION="closed")
    check_error(server.post("/auth/register", {"username": name(), "password": PASSWORD}), 403, "registration_closed")


def test_an_unknown_user_gets_the_answer_of_a_wrong_password(shared, ada):
    wrong = shared.post("/auth/login", {"username": ada.username, "password": "not " + PASSWORD})
    unknown = shared.post("/auth/login", {"username": name("nobody"), "password": PASSWORD})
    for answer in (wrong, unknown):
        check_error(answer, 401, "invalid_credentials")
    assert {**wrong.json, "request_id": ""} == {**unknown.json, "request_id": ""}
    assert sorted(wrong.headers.keys()) == sorted(unknown.headers.keys())


def test_what_a_client_calls_itself_is_kept_short_and_readable(shared, ada):
    for agent in ("\xff\xfe odd", "x" * 5000, "<script>\"\\", "\t"):
        session = shared.login(ada.username, headers={"User-Agent": agent})
        items = session.call("GET", "/auth/sessions").json["items"]
        assert all(len(item["user_agent"]) <= 256 for item in items)


def test_more_logins_than_can_wait_are_503_and_the_service_stays_quick(start):
    """1,024 may wait for a hash; what is beyond is turned away at once, and what needs no hash is not held up."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]), resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    server = start(MARTLET_ARGON2_MEMORY_KIB=16384, MARTLET_ARGON2_ITERATIONS=1, fresh_admin=False)
    ada = server.register()
    body = json.dumps({"username": ada.username, "password": PASSWORD}).encode()
    login = b"POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    waiting = [socket.create_connection(("127.0.0.1", server.port), timeout=60) for _ in range(1500)]
    try:
        for sock in waiting:
            sock.sendall(login)
        begun = time.monotonic()
        assert ada.me().status == 200 and server.get("/readyz").status == 200
        assert time.monotonic() - begun < 2
        answers = [parse(sock.recv(65536)) for sock in waiting]
    finally:
        for sock in waiting:
            sock.close()
    statuses = [status for status, _, _ in answers]
    assert set(statuses) == {200, 503}
    for status, fields, content in answers:
        if status == 503:
            assert json.loads(content)["code"] == "overloaded" and int(fields["retry-after"]) >= 1
    server.login(ada.username)


@pytest.mark.parametrize("body", [
    {"password": PASSWORD},
    {"username": "x", "email": "x@example.org", "password": PASSWORD},
    {"username": "x"},
    {"username": "x", "password": ""},
])
def test_an_incomplete_login_is_400(shared, body):
    check_error(shared.post("/auth/login", body), 400, "validation_failed")


PROTECTED = [
    ("POST", "/auth/logout-all"), ("GET", "/auth/sessions"), ("DELETE", "/auth/sessions/x"), ("POST", "/auth/password"),
    ("GET", "/api/v1/users/me"), ("PATCH", "/api/v1/users/me"), ("GET", "/api/v1/users"), ("GET", "/api/v1/users/x"),
    ("POST", "/admin/api/revocations"), ("GET", "/admin/api/revocations"), ("GET", "/admin/api/users"), ("POST", "/admin/api/users"),
    ("GET", "/admin/api/users/x"), ("PATCH", "/admin/api/users/x"), ("DELETE", "/admin/api/users/x"), ("GET", "/admin/api/users/x/sessions"),
    ("DELETE", "/admin/api/sessions/x"), ("GET", "/admin/api/keys"), ("POST", "/admin/api/keys/rotate"), ("GET", "/admin/api/audit"),
    ("POST", "/admin/api/explain"),
]
# Long enough to be a good body of each: the token is looked at all the same.
FULL_BODY = {
    "token": "x", "username": "ok.name", "password": PASSWORD, "current_password": PASSWORD, "new_password": PASSWORD + "x",
}


@pytest.mark.parametrize("method, path", PROTECTED)
def test_protected_routes_want_a_good_access_token(shared, ada, method, path):
    body = FULL_BODY if method in ("POST", "PATCH") else None
    missing = shared.call(method, path, body)
    check_error(missing, 401, "missing_token")
    assert missing.headers["WWW-Authenticate"].startswith("Bearer ") and "error=" not in missing.headers["WWW-Authenticate"]
    for token, code in (("nonsense", "invalid_token"), (ada.refresh_token, "token_wrong_type")):
        answer = shared.call(method, path, body, token=token)
        check_error(answer, 401, code)
        assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize("method, path", [row for row in PROTECTED if row[0] in ("POST", "PATCH")])
def test_who_has_no_token_hears_that_before_anything_about_the_body(shared, method, path):
    check_error(shared.call(method, path), 401, "missing_token")
    check_error(shared.send(method, path, b"{", {"Content-Type": "application/json"}), 401, "missing_token")


@pytest.mark.parametrize("method, path", [row for row in PROTECTED if row[1].startswith("/admin/")])
def test_admin_routes_are_for_administrators(ada, method, path):
    answer = ada.call(method, path, FULL_BODY if method in ("POST", "PATCH") else None)
    check_error(answer, 403, "insufficient_scope")
    assert 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"]


def test_the_scheme_is_matched_without_regard_to_case(shared, ada):
    for scheme in ("Bearer", "bearer", "BEARER", "bEaReR"):
        assert shared.get("/api/v1/users/me", headers={"Authorization": f"{scheme} {ada.access}"}).status == 200
    for value in ("Basic eDp5", ada.access, "Bearer", f"Token {ada.access}"):
        assert shared.get("/api/v1/users/me", headers={"Authorization": value}).status == 401


def test_a_token_in_the_query_string_is_no_token(shared, ada):
    check_error(shared.get(f"/api/v1/users/me?access_token={ada.access}&token={ada.access}"), 401, "missing_token")


@pytest.mark.parametrize("path, member, right", [
    ("/auth/refresh", "refresh", "refresh"), ("/auth/logout", "refresh", "refresh"),
])
def test_an_access_token_is_no_refresh_token(shared, ada, path, member, right):
    answer = shared.post(path, {member: ada.access})
    check_error(answer, 401, "token_wrong_type")
    assert "WWW-Authenticate" in answer.headers
    check_error(shared.post(path, {member: "nonsense"}), 401, "invalid_token")
    check_error(shared.post(path, {member: 7}), 400, "validation_failed")


@pytest.mark.parametrize("path", ["/auth/verify", "/auth/blacklist"])
def test_a_token_has_to_be_sent_to_be_looked_at(shared, path):
    check_error(shared.post(path, {}), 400, "validation_failed")
    check_error(shared.post(path, {"token": None}), 400, "validation_failed")
    check_error(shared.post(path, {"token": 1}), 400, "validation_failed")
    check_error(shared.post(path, {"token": "nonsense"}), 401, "invalid_token")


def test_expired_tokens_say_so(start):
    server = start(MARTLET_ACCESS_TTL=5)
    ada = server.register()
    assert ada.body["expires_in"] == 5
    time.sleep(claims(ada.access)["exp"] - time.time())
    check_error(ada.me(), 401, "token_expired")
    check_error(server.post("/auth/verify", {"token": ada.access}), 401, "token_expired")
    assert server.post("/auth/blacklist", {"token": ada.access}).status == 204


def test_logging_out_needs_something_to_log_out(shared):
    check_error(shared.post("/auth/logout"), 401, "missing_token")


def test_another_users_session_is_not_there(shared, ada):
    other = shared.register()
    check_error(ada.call("DELETE", f"/auth/sessions/{other.sid}"), 404, "not_found")
    assert other.me().status == 200


def test_changing_the_password_checks_both(ada):
    for body, status, code in [
        ({}, 400, "validation_failed"),
        ({"current_password": PASSWORD, "new_password": "short"}, 400, "validation_failed"),
        ({"current_password": PASSWORD, "new_password": "password123"}, 400, "weak_password"),
        ({"current_password": "wrong", "new_password": PASSWORD + "!"}, 401, "invalid_credentials"),
        ({"current_password": PASSWORD, "new_password": 5}, 400, "validation_failed"),
    ]:
        check_error(ada.call("POST", "/auth/password", body), status, code)
    assert ada.me().status == 200


LISTS = ["/auth/sessions", "/admin/api/users", "/admin/api/revocations", "/admin/api/audit", "/api/v1/users"]


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("limit, is_good", [("1", True), ("200", True), ("0", False), ("201", False), ("-1", False), ("ten", False), ("1.5", False)])
def test_the_limit_of_a_list_is_1_to_200(warden, path, limit, is_good):
    answer = warden.call("GET", f"{path}?limit={limit}")
    if is_good:
        assert answer.status == 200 and len(answer.json["items"]) <= int(limit)
    else:
        check_error(answer, 400, "validation_failed")


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("cursor", ["x", "%00", "AAAA", "-", "eyJ4Ijo"])
def test_a_strange_cursor_does_no_harm(warden, path, cursor):
    assert warden.call("GET", f"{path}?cursor={cursor}").status in (200, 400)


@pytest.mark.parametrize("body, status", [
    ({}, 400),
    ({"jti": "a", "user_id": "b"}, 400),
    ({"jti": 5}, 400),
    ({"user_id": "nobody"}, 404),
    ({"session_id": "nothing"}, 404),
    ({"token": "nonsense"}, 400),
])
def test_a_revocation_names_exactly_one_thing_that_is(warden, body, status):
    assert warden.call("POST", "/admin/api/revocations", body).status == status


@pytest.mark.parametrize("body", [{"algorithm": "none"}, {"algorithm": "HS256"}, {"purpose": "other"}, {"emergency": "yes"}])
def test_a_bad_rotation_is_400(warden, body):
    check_error(warden.call("POST", "/admin/api/keys/rotate", body), 400, "validation_failed")


@pytest.mark.parametrize("query", ["action=flying", "since=yesterday", "since=-1"])
def test_a_bad_filter_of_the_audit_trail_is_400(warden, query):
    check_error(warden.call("GET", f"/admin/api/audit?{query}"), 400, "validation_failed")
