"""Where the reach of other people's applications ends: proxies, names of accounts, what the operator took back, rows of strangers."""

import json

import jwt
import pytest

from protocol.world import CALENDAR, EXCHANGE, World


@pytest.fixture(scope="module")
def world(tmp_path_factory, shim):
    world = World(tmp_path_factory.mktemp("boundaries"), shim)
    yield world
    world.server.stop()


def read(token):
    return jwt.decode(token, options={"verify_signature": False})


@pytest.mark.parametrize("query, status", [
    ("", 403),
    ("?scope=openid", 200),
    ("?scope=account", 403),
    ("?audience={server}", 200),
])
def test_an_application_is_not_its_user_to_every_proxy(world, query, status):
    token = world.tokens("spa", scope="openid")["access_token"]
    answer = world.bearer(token, "/auth/forward" + query.format(server=world.server.url))
    assert answer.status == status, answer
    assert status == 200 or "x-auth-subject" not in answer.headers


def test_a_machine_and_a_login_pass_a_proxy_without_demands(world):
    assert world.bearer(world.machine_token("machine"), "/auth/forward").status == 200
    assert world.bearer(world.admin().access, "/auth/forward").status == 200


def test_no_token_of_a_pairwise_client_tells_the_account(world):
    """OpenID Connect Core 1.0 §8.1: a refresh token is the client's to read, too."""
    person = world.somebody()
    account = read(world.tokens("web", person)["access_token"])["sub"]
    tokens = world.tokens("pair", person, scope="openid email")
    for _ in range(2):
        for name in ("access_token", "refresh_token", "id_token"):
            assert account not in json.dumps(read(tokens[name])), name
        answer = world.refresh("pair", tokens["refresh_token"])
        assert answer.status == 200, answer
        tokens = answer.json
    assert world.introspect(tokens["refresh_token"], "pair").json["sub"] == read(tokens["access_token"])["sub"]
    assert world.revoke(tokens["refresh_token"], "pair").status == 200 and not world.is_active(tokens["access_token"])


def test_a_refresh_does_not_bring_back_what_the_operator_took(world):
    admin = world.admin()
    tokens = world.tokens("poster", scope="openid calendar.write", resource=[CALENDAR])
    path = f"/admin/api/clients/{world.id('poster')}"
    assert admin.call("PATCH", path, {"scope": "openid"}).status == 200
    try:
        refused = world.refresh("poster", tokens["refresh_token"], scope="calendar.write")
        assert (refused.status, refused.json["error"]) == (400, "invalid_scope")
        answer = world.refresh("poster", tokens["refresh_token"])
        assert answer.json["scope"] == "openid"
        assert admin.call("PATCH", path, {"resources": ["https://files.example"]}).status == 200
        refused = world.refresh("poster", answer.json["refresh_token"])
        assert (refused.status, refused.json["error"]) == (400, "invalid_target")
    finally:
        assert admin.call("PATCH", path, {"scope": None, "resources": None}).status == 200


def test_a_client_that_may_exchange_tokens_does_not_say_which(world):
    """RFC 7592 §2.2: `resources` and `scope` are a client's own to name, unless what they open is the operator's to give."""
    members = {"client_name": "Self", "redirect_uris": ["https://self.example/cb"]}
    made = world.server.post("/oauth2/register", members).json
    change = {**members, "client_id": made["client_id"], "resources": [CALENDAR]}
    token, path = made["registration_access_token"], f"/oauth2/register/{made['client_id']}"
    assert world.server.call("PUT", path, change, token=token).status == 200
    answer = world.admin().call("PATCH", f"/admin/api/clients/{made['client_id']}", {
        "grant_types": ["authorization_code", EXCHANGE], "token_exchange": "delegation", "resources": ["https://files.example"]})
    assert answer.status == 200, answer
    answer = world.server.call("PUT", path, change, token=token)
    assert (answer.status, answer.json["error"]) == (400, "invalid_client_metadata")


def test_pushed_requests_are_no_longer_than_an_address(world):
    answer = world.form("par", world.request("spa", anything="x" * 33_000), "spa")
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")
    assert world.form("par", world.request("spa", anything="x" * 30_000), "spa").status == 201


def test_strangers_push_only_so_many_requests(world):
    """RFC 9126 §7.1: each is a row for ten minutes; a client of the operator's that proves itself is not counted."""
    with world.limited() as limited:
        answers = [limited.form("par", limited.request("spa"), "spa").status for _ in range(330)]
        assert answers[:300] == [201] * 300 and 503 in answers[300:]
        assert limited.form("par", limited.request("web"), "web").status == 201


@pytest.mark.parametrize("document", ["oauth-authorization-server", "openid-configuration"])
def test_a_client_may_ask_for_all_scopes_that_are_announced(world, document):
    """RFC 8414 §2; clients of MCP do so when nobody tells them which."""
    announced = world.server.get(f"/.well-known/{document}").json["scopes_supported"]
    assert world.tokens("web", scope=" ".join(announced))["scope"].split() == announced


def test_a_clients_refresh_token_is_exchanged_at_the_token_endpoint_alone_and_ended_where_it_is_shown(world):
    tokens = world.tokens("spa", scope="openid")
    assert world.server.post("/auth/refresh", {"refresh": tokens["refresh_token"]}).status == 401
    assert world.is_active(tokens["access_token"])
    assert world.server.post("/auth/blacklist", {"token": tokens["refresh_token"]}).status == 204
    assert not world.is_active(tokens["access_token"]) and world.refresh("spa", tokens["refresh_token"]).status == 400
