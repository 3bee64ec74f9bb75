"""The admin API: lists, versions, the last administrator, keys, the audit trail, explanations."""

import time

import json

import pytest

from martlet_server import ADMIN, PASSWORD, claims, header, name


def make(warden, **members):
    answer = warden.call("POST", "/admin/api/users", {"username": name(), "password": PASSWORD, **members})
    assert answer.status == 201, answer
    return answer


def audit(warden, **filters):
    query = "&".join(f"{key}={value}" for key, value in {"limit": 200, **filters}.items())
    return warden.call("GET", f"/admin/api/audit?{query}").json["items"]


# Lists


@pytest.fixture(scope="module")
def crowd(tmp_path_factory):
    """A service with 25 accounts besides the administrator's."""
    import martlet_server

    server = martlet_server.launch(tmp_path_factory.mktemp("crowd"))
    server.names = [server.register(f"user{index:02}").username for index in range(25)]
    yield server
    server.stop()


@pytest.mark.parametrize("path", ["/admin/api/users", "/api/v1/users", "/admin/api/audit"])
@pytest.mark.parametrize("limit", [1, 7, 26, 200])
def test_pages_are_disjoint_whole_and_newest_first(crowd, path, limit):
    warden = crowd.admin()
    whole = warden.call("GET", f"{path}?limit=200").json["items"]
    items, cursor, pages = [], None, 0
    while True:
        page = warden.call("GET", f"{path}?limit={limit}" + (f"&cursor={cursor}" if cursor else "")).json
        assert len(page["items"]) <= limit
        items, cursor, pages = items + page["items"], page["next_cursor"], pages + 1
        if cursor is None:
            break
        assert len(page["items"]) == limit
    assert len({item["id"] for item in items}) == len(items)
    assert [item["id"] for item in items] == [item["id"] for item in whole]
    times = [item.get("created_at") or item["at"] for item in items]
    assert times == sorted(times, reverse=True)


def test_a_list_that_grows_meanwhile_shows_nothing_twice(crowd):
    warden = crowd.admin()
    first = warden.call("GET", "/admin/api/users?limit=10").json
    crowd.register()
    second = warden.call("GET", f"/admin/api/users?limit=10&cursor={first['next_cursor']}").json
    assert not {item["id"] for item in first["items"]} & {item["id"] for item in second["items"]}


@pytest.mark.parametrize("query, count", [("user0", 10), ("USER07", 1), ("nobody", 0), ("%25", 0), ("_", 0), ("%27%3B--", 0)])
def test_a_query_matches_literally(crowd, query, count):
    assert len(crowd.admin().call("GET", f"/admin/api/users?query={query}").json["items"]) == count


def test_a_query_matches_the_email(warden):
    address = f"{name()}@mail.example"
    made = make(warden, email=address)
    assert [item["id"] for item in warden.call("GET", f"/admin/api/users?query={address[:12]}").json["items"]] == [made.json["id"]]


# Accounts


def test_an_account_is_made_read_changed_and_deleted(warden):
    made = make(warden, roles=["editor", "a.b:c_d-1"], email="x@mail.example")
    path = f"/admin/api/users/{made.json['id']}"
    assert made.headers["Location"] == path and made.headers["ETag"].startswith('"')
    assert made.json["roles"] == ["a.b:c_d-1", "editor"]
    read = warden.call("GET", path)
    assert read.json == made.json and read.headers["ETag"] == made.headers["ETag"]
    changed = warden.call("PATCH", path, {"email": None, "roles": []})
    assert changed.json["email"] is None and changed.json["roles"] == [] and changed.headers["ETag"] != made.headers["ETag"]
    assert warden.call("DELETE", path).status == 204
    assert (*warden.call("GET", path),) == (*warden.call("DELETE", path),) == (*warden.call("PATCH", path, {"roles": []}),) == (404, "not_found")


@pytest.mark.parametrize("members, status, code", [
    ({"roles": ["Admin"]}, 400, "validation_failed"), ({"roles": "admin"}, 400, "validation_failed"), ({"roles": [""]}, 400, "validation_failed"),
    ({"roles": ["a b"]}, 400, "validation_failed"), ({"roles": [1]}, 400, "validation_failed"), ({"is_active": "no"}, 400, "validation_failed"),
    ({"email": "nothing"}, 400, "validation_failed"), ({"password": "short"}, 400, "validation_failed"), ({"password": "password123"}, 400, "weak_password"),
])
def test_a_bad_change_is_refused(warden, members, status, code):
    made = make(warden)
    assert (*warden.call("PATCH", f"/admin/api/users/{made.json['id']}", members),) == (status, code)
    assert (*warden.call("POST", "/admin/api/users", {"username": name(), "password": PASSWORD, **members}),) == (status, code)


def test_a_name_or_a_verified_email_is_taken_once(warden):
    address = f"{name()}@mail.example"
    first = make(warden, email=address, email_verified=True)
    second = make(warden)
    assert (*warden.call("POST", "/admin/api/users", {"username": first.json["username"], "password": PASSWORD}),) == (409, "username_taken")
    body = {"username": name(), "password": PASSWORD, "email": address.upper(), "email_verified": True}
    assert (*warden.call("POST", "/admin/api/users", body),) == (409, "email_taken")
    body = {"email": address, "email_verified": True}
    assert (*warden.call("PATCH", f"/admin/api/users/{second.json['id']}", body),) == (409, "email_taken")


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_a_change_that_names_an_old_version_is_412(warden, method):
    made = make(warden)
    path, old = f"/admin/api/users/{made.json['id']}", made.headers["ETag"]
    new = warden.call("PATCH", path, {"roles": ["editor"]}, headers={"If-Match": old}).headers["ETag"]
    assert new != old
    body = {"roles": []} if method == "PATCH" else None
    for condition in (old, '"999999"', '"x"', "W/" + new):
        assert warden.call(method, path, body, headers={"If-Match": condition}).status == 412, condition
    assert warden.call("GET", path).json["roles"] == ["editor"]
    assert warden.call(method, path, body, headers={"If-Match": new}).status in (200, 204)


def test_if_match_with_a_star_means_any_version(warden):
    made = make(warden)
    assert warden.call("PATCH", f"/admin/api/users/{made.json['id']}", {"roles": ["x"]}, headers={"If-Match": "*"}).status == 200


@pytest.mark.parametrize("change", [{"roles": []}, {"is_active": False}, None])
def test_the_last_administrator_stays(start, change):
    server = start()
    warden = server.admin()
    path = f"/admin/api/users/{warden.user_id}"

    def away(who, target):
        return who.call("PATCH", target, change) if change is not None else who.call("DELETE", target)

    assert (*away(warden, path),) == (409, "conflict")
    assert warden.me().status == 200
    second = make(warden, roles=["admin"])
    disabled = make(warden, roles=["admin"], is_active=False)
    assert away(warden, path).status in (200, 204), "there is another now"
    deputy = server.login(second.json["username"])
    assert (*away(deputy, f"/admin/api/users/{deputy.user_id}"),) == (409, "conflict"), "a disabled one does not count"
    assert deputy.call("DELETE", f"/admin/api/users/{disabled.json['id']}").status == 204


# Keys


def keys(warden, purpose):
    return {key["kid"]: key for key in warden.call("GET", "/admin/api/keys").json["items"] if key["purpose"] == purpose}


def test_a_next_key_is_published_before_it_signs_and_only_one_waits(start):
    server = start()
    warden = server.admin()
    (old,) = keys(warden, "access")
    assert keys(warden, "access")[old]["state"] == "active"
    answer = warden.call("POST", "/admin/api/keys/rotate")
    assert answer.status == 200
    states = {kid: key["state"] for kid, key in keys(warden, "access").items()}
    assert sorted(states.values()) == ["active", "next"] and states[old] == "active"
    published = {key["kid"] for key in server.token_keys()}
    assert published == set(states)
    assert header(server.register().access)["kid"] == old
    assert (*warden.call("POST", "/admin/api/keys/rotate"),) == (409, "conflict")
    assert (*warden.call("POST", "/admin/api/keys/rotate", {"algorithm": "EdDSA"}),) == (409, "conflict")
    assert warden.call("POST", "/admin/api/keys/rotate", {"emergency": True}).status == 200


def test_refresh_keys_rotate_by_themselves_and_stay_private(start):
    server = start()
    warden = server.admin()
    assert warden.call("POST", "/admin/api/keys/rotate", {"purpose": "refresh"}).status == 200
    assert sorted(key["state"] for key in keys(warden, "refresh").values()) == ["active", "next"]
    assert (*warden.call("POST", "/admin/api/keys/rotate", {"purpose": "refresh"}),) == (409, "conflict")
    assert not set(keys(warden, "refresh")) & {key["kid"] for key in server.get("/.well-known/jwks.json").json["keys"]}


def test_an_emergency_may_change_the_algorithm(start):
    server = start()
    warden = server.admin()
    assert warden.call("POST", "/admin/api/keys/rotate", {"emergency": True, "algorithm": "EdDSA"}).status == 200
    assert [key["alg"] for key in server.token_keys()] == ["EdDSA"]
    ada = server.register()
    assert header(ada.access)["alg"] == "EdDSA" and ada.me().status == 200


def test_a_key_list_shows_no_private_part(warden):
    text = warden.call("GET", "/admin/api/keys").body.decode()
    for word in ('"d"', '"k"', "private", "secret"):
        assert word not in text


def test_a_shared_secret_is_not_rotated_here(start):
    server = start(MARTLET_SIGNING_ALGORITHM="HS256", MARTLET_JWT_SECRET="a shared secret of more than 32 bytes")
    server.secrets.add("a shared secret of more than 32 bytes")
    warden = server.admin()
    assert header(warden.access)["alg"] == "HS256"
    for body in (None, {"emergency": True}):
        assert (*warden.call("POST", "/admin/api/keys/rotate", body),) == (409, "conflict")
    assert server.token_keys() == []
    assert "shared secret" in server.log, "the start warns"


# The audit trail


def test_the_trail_has_a_line_for_everything(start):
    """Actor, address and request id of each deed, whoever did it."""
    server = start(MARTLET_TRUSTED_PROXIES="127.0.0.1/32", MARTLET_REFRESH_GRACE=0)
    warden = server.admin()
    by_warden = f"user:{warden.user_id}"

    def deed(action, actor, target, call):
        request_id = name("deed")
        fields = {"X-Request-Id": request_id, "X-Forwarded-For": "203.0.113.7", "User-Agent": "a test"}
        answer = call(fields)
        assert answer.status in (200, 201, 204, 401), (action, answer)
        found = [entry for entry in audit(warden, action=action) if entry["request_id"] == request_id]
        assert found, f"no line for {action}; there are {[entry['action'] for entry in audit(warden) if entry['request_id'] == request_id]}"
        entry = found[0]
        assert entry["actor"] == actor, (action, entry)
        assert (entry["ip"], entry["user_agent"]) == ("203.0.113.7", "a test")
        if target:
            assert target in (entry["target"] or ""), (action, entry)
        assert entry["result"] == ("failure" if answer.status == 401 else "success"), (action, entry)
        return answer

    username = name()
    made = deed("user.registered", "anonymous", "user:", lambda fields: server.post(
        "/auth/register", {"username": username, "password": PASSWORD}, headers=fields))
    user_id = made.json["user"]["id"]
    by_ada = f"user:{user_id}"
    login = deed("login.succeeded", "anonymous", by_ada, lambda fields: server.post(
        "/auth/login", {"username": username, "password": PASSWORD}, headers=fields))
    access, refresh = login.json["access"], login.json["refresh"]
    deed("login.failed", "anonymous", username, lambda fields: server.post(
        "/auth/login", {"username": username, "password": "wrong password"}, headers=fields))
    deed("user.changed", by_ada, by_ada, lambda fields: server.call("PATCH", "/api/v1/users/me", {"display_name": "A"}, token=access, headers=fields))
    deed("user.email_changed", by_ada, by_ada, lambda fields: server.call(
        "PATCH", "/api/v1/users/me", {"email": "a@mail.example", "current_password": PASSWORD}, token=access, headers=fields))
    deed("user.password_changed", by_ada, by_ada, lambda fields: server.call(
        "POST", "/auth/password", {"current_password": PASSWORD, "new_password": PASSWORD + "!"}, token=access, headers=fields))
    deed("token.revoked", "anonymous", claims(access)["jti"], lambda fields: server.post("/auth/blacklist", {"token": access}, headers=fields))
    server.post("/auth/refresh", {"refresh": refresh})
    deed("refresh.replayed", "anonymous", claims(refresh)["sid"], lambda fields: server.post("/auth/refresh", {"refresh": refresh}, headers=fields))
    session = server.login(username, PASSWORD + "!")
    deed("session.ended", by_ada, session.sid, lambda fields: server.post("/auth/logout", {"refresh": session.refresh_token}, headers=fields))
    session = server.login(username, PASSWORD + "!")
    deed("session.all_ended", by_ada, by_ada, lambda fields: session.call("POST", "/auth/logout-all", headers=fields))

    path = f"/admin/api/users/{user_id}"
    act = warden.call
    for action, body in [
        ("user.roles_changed", {"roles": ["editor"]}), ("user.disabled", {"is_active": False}), ("user.enabled", {"is_active": True}),
        ("user.password_changed", {"password": PASSWORD + "?"}), ("user.email_changed", {"email": "b@mail.example"}),
    ]:
        deed(action, by_warden, by_ada, lambda fields, body=body: act("PATCH", path, body, headers=fields))
    deed("user.created", by_warden, "user:", lambda fields: act("POST", "/admin/api/users", {"username": name(), "password": PASSWORD}, headers=fields))
    deed("token.revoked", by_warden, "some-jti", lambda fields: act("POST", "/admin/api/revocations", {"jti": "some-jti"}, headers=fields))
    deed("client.revoked", by_warden, "client:other", lambda fields: act("POST", "/admin/api/revocations", {"client_id": "other"}, headers=fields))
    session = server.login(username, PASSWORD + "?")
    deed("session.ended", by_warden, session.sid, lambda fields: act("DELETE", f"/admin/api/sessions/{session.sid}", headers=fields))
    deed("key.added", by_warden, "key:", lambda fields: act("POST", "/admin/api/keys/rotate", headers=fields))
    deed("user.deleted", by_warden, by_ada, lambda fields: act("DELETE", path, headers=fields))
    entry = audit(warden, action="key.added")[-1]
    assert entry["actor"] == "system" and entry["request_id"] is None
    deed_id = name("emergency")
    act("POST", "/admin/api/keys/rotate", {"emergency": True}, headers={"X-Request-Id": deed_id})
    assert [entry["request_id"] for entry in audit(server.admin(), action="key.replaced")] == [deed_id]


def test_the_trail_is_filtered_by_actor_action_and_time(start):
    server = start()
    warden, ada = server.admin(), server.register()
    ada.call("PATCH", "/api/v1/users/me", {"display_name": "A"})
    assert {entry["action"] for entry in audit(warden, actor=f"user:{ada.user_id}")} == {"user.changed"}
    assert {entry["action"] for entry in audit(warden, action="user.registered")} == {"user.registered"}
    assert audit(warden, since=int(time.time()) + 5) == []
    assert len(audit(warden, since=int(time.time()) - 60)) == len(audit(warden))


def test_failed_logins_are_summed(start):
    server = start()
    warden = server.admin()
    for _ in range(20):
        server.post("/auth/login", {"username": "a password typed here", "password": "wrong password"})
    # A name that is none is not written down: it may be a password.
    entries = [entry for entry in audit(warden, action="login.failed") if entry["target"] == "unknown"]
    assert "a password typed here" not in json.dumps(audit(warden))
    assert 1 <= len(entries) <= 2 and sum(entry["count"] for entry in entries) == 20, "a line a minute"


def test_the_trail_holds_no_secret(start):
    server = start()
    warden, ada = server.admin(), server.register()
    server.post("/auth/login", {"username": ada.username, "password": "wrong password"})
    server.post("/auth/blacklist", {"token": ada.access})
    text = str(audit(warden))
    assert not any(secret in text for secret in server.secrets)


# Explanations


def explain(warden, token):
    answer = warden.call("POST", "/admin/api/explain", {"token": token})
    assert answer.status == 200, answer
    return answer.json, {check["check"]: check for check in answer.json["checks"]}


def test_a_good_access_token_is_explained(warden, ada):
    report, checks = explain(warden, ada.access)
    assert report["active"] is True and report["token_type"] == "access" and report["claims"] == claims(ada.access)
    assert report["key"]["kid"] == header(ada.access)["kid"] and report["key"]["state"] == "active"
    assert report["session"]["live"] is True and report["session"]["id"] == ada.sid
    assert len(checks) >= 6 and all(check["verdict"] in ("passed", "skipped") for check in checks.values())
    assert all(set(check) >= {"check", "value", "verdict"} for check in checks.values())


def test_a_good_refresh_token_is_explained(warden, ada):
    report, checks = explain(warden, ada.refresh_token)
    assert report["active"] is True and report["token_type"] == "refresh" and report["session"]["live"] is True
    assert checks["counter"]["verdict"] == "passed"


def test_a_token_that_was_taken_back_says_so(shared, warden, ada):
    shared.post("/auth/logout", {"refresh": ada.refresh_token})
    report, checks = explain(warden, ada.access)
    assert report["active"] is False and report["code"] == "token_revoked" and report["session"]["live"] is False
    failed = [check for check in checks.values() if check["verdict"] == "failed"]
    assert failed and all(check["reason"] for check in failed)
    report, _ = explain(warden, ada.refresh_token)
    assert report["active"] is False and report["code"] == "session_ended"


@pytest.mark.parametrize("token", ["nonsense", "a.b.c", "..", "eyJhbGciOiJub25lIn0.e30.", "x" * 9000])
def test_what_is_no_token_is_explained_too(warden, token):
    report, checks = explain(warden, token)
    assert report["active"] is False and report["code"] and any(check["verdict"] == "failed" for check in checks.values())


def test_a_strangers_token_fails_at_its_key(warden, ada):
    import jwt
    from cryptography.hazmat.primitives.asymmetric import ec

    forged = jwt.encode(claims(ada.access), ec.generate_private_key(ec.SECP256R1()), algorithm="ES256", headers={"typ": "at+jwt", "kid": header(ada.access)["kid"]})
    report, checks = explain(warden, forged)
    assert report["active"] is False and checks["signature"]["verdict"] == "failed"


def test_the_administrator_of_the_settings_is_named_so(warden):
    assert warden.me().json["username"] == ADMIN
