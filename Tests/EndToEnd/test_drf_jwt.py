"""drf-jwt's endpoints and sliding tokens over the wire, as far as no Django has them beside it: the older pair, what an impersonation
leaves behind and what ends it, and what the native endpoints do to such tokens."""

import pytest

from martlet_server import PASSWORD, claims, name


@pytest.fixture
def server(start):
    return start(MARTLET_COMPAT="simplejwt,drf-jwt")


def test_the_older_pair_is_a_registration_and_a_login_with_the_token_alone(server):
    username = name()
    made = server.post("/register/", {"username": username, "password": PASSWORD, "email": f"{username}@example.com"})
    login = server.post("/jwt-auth/", {"username": username, "password": PASSWORD})
    assert (made.status, login.status) == (201, 200)
    for answer in (made, login):
        assert set(answer.json) == {"token"}
        me = server.get("/api/v1/users/me", headers={"Authorization": f"JWT {answer.json['token']}"})
        assert (me.status, me.json["username"], me.json["email"]) == (200, username, f"{username}@example.com")
    again = server.post("/register", {"username": username.upper(), "password": PASSWORD})
    assert (again.status, again.json) == (400, {"username": ["A user with that username already exists."]})


@pytest.mark.parametrize("path", ["/jwt-auth/", "/register/", "/api-token-auth/", "/api-token-impersonate/", "/api/token/"])
def test_what_takes_post_alone_says_so_in_the_framework_s_words(server, path):
    answer = server.get(path)
    assert (answer.status, answer.json) == (405, {"detail": 'Method "GET" not allowed.'})
    assert answer.headers["Allow"] == "POST, OPTIONS"


def test_an_impersonation_is_the_administrator_s_and_ends_with_a_logout_everywhere(server):
    ada, admin = server.register(), server.admin()
    begun = server.post("/api-token-impersonate/", {"user": ada.user_id}, headers={"Authorization": f"JWT {admin.access}"})
    assert begun.status == 201, begun
    token = begun.json["token"]
    assert claims(token)["act"] == {"sub": admin.user_id} and claims(token)["scope"] == "account"
    assert claims(token)["client_id"] == f"impersonation:{admin.user_id}"

    def as_ada():
        return server.get("/api/v1/users/me", headers={"Authorization": f"JWT {token}"})

    assert as_ada().json["username"] == ada.username
    line = admin.call("GET", "/admin/api/audit?action=user.impersonated").json["items"][0]
    assert (line["actor"], line["target"]) == (f"user:{admin.user_id}", f"user:{ada.user_id}")
    assert admin.call("POST", "/auth/logout-all").status == 204
    assert as_ada().json["code"] == "token_revoked"
    refused = server.post("/api-token-refresh/", {"token": token})
    assert (refused.status, refused.json) == (400, {"non_field_errors": ["Token is blacklisted."]})
    assert ada.me().status == 200


def test_a_sliding_token_is_refreshed_and_blacklisted_natively(start):
    server = start(MARTLET_COMPAT="simplejwt", MARTLET_COMPAT_SLIDING="on")
    ada = server.register()
    token = server.post("/api/token/", {"username": ada.username, "password": PASSWORD}).json["token"]
    following = server.post("/api/token/refresh/", {"token": token}).json["token"]
    assert claims(following)["jti"] == claims(token)["jti"] and claims(token)["token_type"] == "sliding"
    assert server.post("/api/token/verify/", {"token": following}).json == {}
    assert server.post("/auth/blacklist", {"token": token}).status == 204
    refused = server.post("/api/token/refresh/", {"token": following})
    assert (refused.status, refused.json) == (401, {"detail": "Token is blacklisted", "code": "token_not_valid"})
