"""Every way to take a token back: dead on the very next request."""

import pytest

from martlet_server import PASSWORD, claims, name


def dead(session):
    """The access token is refused as taken back; nothing else may be the reason."""
    answer = session.me()
    return (answer.status, answer.code) == (401, "token_revoked")


def make(warden, *roles):
    """An account that an administrator made, logged in."""
    username = name()
    answer = warden.call("POST", "/admin/api/users", {"username": username, "password": PASSWORD, "roles": list(roles)})
    assert answer.status == 201, answer
    return warden.server.login(username)


OWN_WAYS = {
    "blacklist of the access token": lambda ada: ada.server.post("/auth/blacklist", {"token": ada.access}),
    "blacklist of the refresh token": lambda ada: ada.server.post("/auth/blacklist", {"token": ada.refresh_token}),
    "logout by refresh token": lambda ada: ada.server.post("/auth/logout", {"refresh": ada.refresh_token}),
    "logout by access token": lambda ada: ada.call("POST", "/auth/logout"),
    "logout everywhere": lambda ada: ada.call("POST", "/auth/logout-all"),
    "the end of the session": lambda ada: ada.call("DELETE", f"/auth/sessions/{ada.sid}"),
}


@pytest.mark.parametrize("way", OWN_WAYS)
def test_dead_on_the_next_request(shared, ada, way):
    for _ in range(3):
        session = shared.login(ada.username)
        assert session.me().status == 200
        answer = OWN_WAYS[way](session)
        assert answer.status == 204, answer
        assert dead(session)
        assert (*shared.post("/auth/verify", {"token": session.access}),) == (401, "token_revoked")


@pytest.mark.parametrize("way", [way for way in OWN_WAYS if way != "logout everywhere"])
def test_another_session_lives_on(shared, ada, way):
    other = shared.login(ada.username)
    OWN_WAYS[way](ada)
    assert dead(ada) and other.me().status == 200 and other.refresh().status == 200


def test_a_blacklisted_access_token_leaves_the_session_alone(shared, ada):
    shared.post("/auth/blacklist", {"token": ada.access})
    assert dead(ada)
    assert ada.refresh().status == 200 and ada.me().status == 200


def test_every_access_token_of_a_session_dies_with_it(shared, ada):
    tokens = [ada.access]
    for _ in range(5):
        ada.refresh()
        tokens.append(ada.access)
    shared.post("/auth/logout", {"refresh": ada.refresh_token})
    assert [shared.get("/api/v1/users/me", token=token).code for token in tokens] == ["token_revoked"] * 6


def test_logging_out_everywhere_ends_every_session(shared, ada):
    others = [shared.login(ada.username) for _ in range(5)]
    others[0].call("POST", "/auth/logout-all")
    assert all(dead(session) and session.refresh().code == "session_ended" for session in [ada, *others])
    assert shared.login(ada.username).me().status == 200, "a login in the same second works"


ADMIN_WAYS = {
    "token": lambda ada: {"token": ada.access},
    "refresh token": lambda ada: {"token": ada.refresh_token},
    "jti": lambda ada: {"jti": claims(ada.access)["jti"]},
    "session_id": lambda ada: {"session_id": ada.sid},
    "sid claim": lambda ada: {"session_id": claims(ada.access)["sid"]},
    "user_id": lambda ada: {"user_id": ada.user_id},
}


@pytest.mark.parametrize("way", ADMIN_WAYS)
def test_an_administrator_takes_back(ada, warden, way):
    assert ada.me().status == 200
    answer = warden.call("POST", "/admin/api/revocations", {**ADMIN_WAYS[way](ada), "reason": "test"})
    assert answer.status == 201, answer
    assert dead(ada)
    assert warden.me().status == 200


@pytest.mark.parametrize("way", ["refresh token", "session_id", "user_id"])
def test_what_ends_a_session_ends_its_refresh_token(ada, warden, way):
    warden.call("POST", "/admin/api/revocations", ADMIN_WAYS[way](ada))
    assert ada.refresh().code == "session_ended"


def test_revoking_a_client_takes_back_all_it_got_so_far(start):
    server = start()
    warden, ada = server.admin(), server.register()
    assert warden.call("POST", "/admin/api/revocations", {"client_id": "martlet"}).status == 201
    assert dead(ada) and dead(warden)


def test_what_is_wrong_with_a_token_to_be_revoked_is_never_a_401(ada, warden):
    """A 401 would speak of the administrator's own token, and make a client throw that away."""
    assert warden.call("POST", "/admin/api/revocations", {"token": ada.access}).status == 201
    assert warden.call("POST", "/admin/api/revocations", {"token": ada.access}).status in (201, 404)
    assert warden.call("POST", "/admin/api/revocations", {"token": "nonsense"}).status == 400


def test_a_jti_may_be_revoked_again_and_again(ada, warden):
    answers = [warden.call("POST", "/admin/api/revocations", {"jti": claims(ada.access)["jti"]}) for _ in range(3)]
    assert [answer.status for answer in answers] == [201] * 3 and dead(ada)


CHANGES = {
    "disabling": ({"is_active": False}, "session_ended"),
    "a password set by an administrator": ({"password": PASSWORD + " of the warden"}, "session_ended"),
    "roles": ({"roles": ["editor"]}, None),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_of_the_account_is_felt_on_the_next_request(warden, change):
    ada = make(warden)
    members, refresh_code = CHANGES[change]
    other = warden.server.login(ada.username)
    assert warden.call("PATCH", f"/admin/api/users/{ada.user_id}", members).status == 200
    for session in (ada, other):
        assert dead(session)
        assert session.refresh().code == refresh_code


def test_after_a_change_of_roles_the_next_refresh_carries_the_new_ones_and_works(warden):
    ada = make(warden, "reader")
    assert claims(ada.access)["roles"] == ["reader"]
    for roles in (["editor", "reader"], ["editor"], []):
        assert warden.call("PATCH", f"/admin/api/users/{ada.user_id}", {"roles": roles}).status == 200
        assert dead(ada)
        assert ada.refresh().status == 200
        assert claims(ada.access).get("roles", []) == roles
        assert ada.me().status == 200 and ada.me().json["roles"] == roles


def test_who_became_an_administrator_may_act_as_one_after_a_login(warden):
    ada = make(warden)
    warden.call("PATCH", f"/admin/api/users/{ada.user_id}", {"roles": ["admin"]})
    assert warden.server.login(ada.username).call("GET", "/admin/api/users?limit=1").status == 200


def test_who_is_no_administrator_any_more_is_refused_at_once(warden):
    deputy = make(warden, "admin")
    assert deputy.call("GET", "/admin/api/keys").status == 200
    warden.call("PATCH", f"/admin/api/users/{deputy.user_id}", {"roles": []})
    assert deputy.call("GET", "/admin/api/keys").status == 401
    assert deputy.refresh().status == 200
    assert deputy.call("GET", "/admin/api/keys").status == 403
    assert "admin" not in claims(deputy.access)["scope"].split()


def test_a_disabled_account_cannot_log_in_until_it_is_enabled(warden):
    ada = make(warden)
    warden.call("PATCH", f"/admin/api/users/{ada.user_id}", {"is_active": False})
    assert (*warden.server.post("/auth/login", {"username": ada.username, "password": PASSWORD}),) == (401, "invalid_credentials")
    warden.call("PATCH", f"/admin/api/users/{ada.user_id}", {"is_active": True})
    assert warden.server.login(ada.username).me().status == 200
    assert dead(ada), "what was taken back stays so"


def test_a_deleted_account_is_gone(warden):
    ada = make(warden)
    assert warden.call("DELETE", f"/admin/api/users/{ada.user_id}").status == 204
    assert ada.me().status == 401
    assert ada.refresh().code == "session_ended"
    assert warden.server.post("/auth/login", {"username": ada.username, "password": PASSWORD}).code == "invalid_credentials"
    assert warden.call("GET", f"/admin/api/users/{ada.user_id}").status == 404
    assert warden.server.register(ada.username).user_id != ada.user_id


def test_a_password_change_ends_the_other_sessions_and_keeps_ones_own(shared, ada):
    others = [shared.login(ada.username) for _ in range(3)]
    answer = ada.call("POST", "/auth/password", {"current_password": PASSWORD, "new_password": PASSWORD + " anew"})
    assert answer.status == 204
    assert ada.me().status == 200 and ada.refresh().status == 200
    assert all(dead(other) and other.refresh().code == "session_ended" for other in others)
    assert shared.post("/auth/login", {"username": ada.username, "password": PASSWORD}).code == "invalid_credentials"
    shared.login(ada.username, PASSWORD + " anew")


def test_an_emergency_rotation_kills_every_token_at_once(start):
    server = start()
    warden, ada = server.admin(), server.register()
    old = server.token_keys()
    assert warden.call("POST", "/admin/api/keys/rotate", {"emergency": True}).status == 200
    for session in (ada, warden):
        answer = session.me()
        assert answer.status == 401 and answer.code in ("token_revoked", "invalid_token"), answer
    new = server.token_keys()
    assert not {key["kid"] for key in old} & {key["kid"] for key in new}
    assert ada.refresh().status == 200 and ada.me().status == 200


def test_an_emergency_rotation_of_the_refresh_key_ends_every_refresh_token(start):
    server = start()
    warden, ada = server.admin(), server.register()
    assert warden.call("POST", "/admin/api/keys/rotate", {"emergency": True, "purpose": "refresh"}).status == 200
    assert ada.refresh().status == 401
    assert server.login(ada.username).refresh().status == 200


def test_revocations_survive_a_restart(start):
    server = start()
    ada, bob = server.register(), server.register()
    server.post("/auth/blacklist", {"token": ada.access})
    bob.call("POST", "/auth/logout")
    eve = server.register()
    server.stop()
    again = start(MARTLET_LISTEN=f"127.0.0.1:{server.port}")
    for session in (ada, bob, eve):
        session.server = again
    assert dead(ada) and dead(bob) and eve.me().status == 200
    assert ada.refresh().status == 200 and bob.refresh().code == "session_ended"
