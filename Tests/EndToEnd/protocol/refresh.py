"""Refresh tokens: rotated, bound to their client, never for more than was granted."""

import martlet_server

from .codes import wrong_secret
from .table import Case, claims, granted, refused, true
from .world import CALENDAR, FILES

REFRESH = "OAuth 2.1 §4.3.1"
ROTATION = "RFC 9700 §4.14.2"
BAD = refused(400, "invalid_grant")


def refreshing(client="web", by=None, asked=None, **fields):
    """The tokens of a person's yes, refreshed at once by a client (its own unless told)."""
    return lambda world: world.refresh(by or client, world.tokens(client, **(asked or {}))["refresh_token"], **fields)


def ended(end):
    """A refresh after something that ends the session."""

    def request(world):
        person = world.somebody()
        tokens = world.tokens("web", person)
        end(world, person, tokens)
        return world.refresh("web", tokens["refresh_token"])

    return request


CASES = [
    Case(REFRESH, "a refresh token gives tokens", refreshing(), granted(scope="openid", refresh_token=bool, token_type="Bearer")),
    Case(REFRESH, "a public client refreshes by its id", refreshing("spa"), granted(refresh_token=bool)),
    Case(ROTATION, "each refresh gives another refresh token", lambda world: rotates(world), true),
    Case(ROTATION, "a token that comes back within the grace gets what its repeat was given, and ends nothing", lambda world: within_grace(world), true),
    Case(ROTATION, "a token that comes back later is refused, and its session ends", lambda world: replayed(world, "web"), true),
    Case(ROTATION, "so for public clients, too", lambda world: replayed(world, "spa"), true),
    Case(ROTATION, "a token from two steps ago is refused, and its session ends", lambda world: two_steps(world), true),
    Case(REFRESH, "another confidential client is refused", refreshing(by="poster"), BAD),
    Case(REFRESH, "a public client with a confidential client's token is refused", refreshing(by="spa"), BAD),
    Case(REFRESH, "a confidential client with a public client's token is refused", refreshing("spa", by="web"), BAD),
    Case(REFRESH, "another public client is refused", refreshing("spa", by="native"), BAD),
    Case(REFRESH, "another client's attempt does not use the token up", lambda world: survives(world, lambda token: world.refresh("poster", token)), granted()),
    Case("OAuth 2.1 §3.2.1", "a confidential client must prove itself", lambda world: world.form(
        "token", {"grant_type": "refresh_token", "refresh_token": world.tokens()["refresh_token"], "client_id": world.id("web")}), refused(401, "invalid_client")),
    Case("OAuth 2.1 §3.2.1", "a wrong secret does not use the token up", lambda world: survives(world, lambda token: world.refresh(wrong_secret(world), token)), granted()),
    # Scope
    Case("RFC 6749 §6", "more scope than was granted is refused", refreshing(scope="openid email"), refused(400, "invalid_scope")),
    Case("RFC 6749 §6", "asking for more does not use the token up", lambda world: survives(world, lambda token: world.refresh("web", token, scope="openid email")), granted()),
    Case("RFC 6749 §6", "offline_access cannot be added", refreshing(scope="openid offline_access"), refused(400, "invalid_scope")),
    Case("RFC 6749 §6", "the scope of the account's own APIs cannot be added", refreshing(scope="openid account"), refused(400, "invalid_scope")),
    Case("RFC 6749 §6", "less scope is given", refreshing(asked={"scope": "openid email"}, scope="email"), lambda answer, world: granted(
        scope=lambda scope: scope in (None, "email"))(answer, world) or claims(answer.json["access_token"])["scope"] == "email"),
    Case("RFC 6749 §6", "after less scope the next refresh has all of it again", lambda world: narrowed(world), true),
    Case("RFC 6749 §3.3", "a scope outside the grammar is refused", refreshing(scope="a\"b"), refused(400, "invalid_scope")),
    # Resources
    Case("RFC 8707 §2.2", "a resource that was not granted is refused", refreshing(asked={"resource": CALENDAR}, resource=FILES), refused(400, "invalid_target")),
    Case("RFC 8707 §2.2", "a resource where none was granted is refused", refreshing(resource=CALENDAR), refused(400, "invalid_target")),
    Case("RFC 8707 §2.2", "the other of two granted resources is given", lambda world: other_resource(world), true),
    # What is no refresh token
    Case("RFC 8725 §3.12", "an access token is no refresh token", lambda world: world.refresh("web", world.tokens()["access_token"]), BAD),
    Case("RFC 8725 §3.12", "an ID token is no refresh token", lambda world: world.refresh("web", world.tokens()["id_token"]), BAD),
    Case("RFC 6749 §5.2", "garbage is no refresh token", lambda world: world.refresh("web", "garbage"), BAD),
    Case("RFC 6749 §5.2", "a refresh token whose signature was changed is refused", lambda world: changed(world), BAD),
    Case("RFC 6749 §6", "the first-party login's refresh token is no client's", lambda world: world.refresh("web", world.server.register().refresh_token), BAD),
    Case("RFC 6749 §6", "a client's refresh token is not the first-party login's",
         lambda world: world.server.post("/auth/refresh", {"refresh": world.tokens()["refresh_token"]}).status == 401, true),
    Case("RFC 6749 §5.2", "a request without a token is refused", lambda world: world.token("web", grant_type="refresh_token"), refused(400, "invalid_request")),
    Case("RFC 6749 §3.2", "the token given twice is refused", lambda world: (lambda token: world.refresh("web", [token, token]))(world.tokens()["refresh_token"]), refused(400, "invalid_request")),
    Case("RFC 6749 §5.2", "a client without the grant is refused", lambda world: world.refresh("once", "x"), refused(400, "unauthorized_client")),
    # Ends
    Case("OAuth 2.1 §4.3.1", "a token is refused after its time", lambda world: too_late(world), BAD),
    Case("RFC 7009 §2.1", "a token that was revoked is refused", ended(lambda world, person, tokens: world.revoke(tokens["refresh_token"], "web")), BAD),
    Case(ROTATION, "a password that was changed ends it", ended(lambda world, person, tokens: change_password(world, person)), BAD),
    Case(ROTATION, "signing out everywhere ends it", ended(lambda world, person, tokens: world.server.login(person.username).call("POST", "/auth/logout-all")), BAD),
    Case(ROTATION, "a client that is removed cannot refresh", lambda world: removed(world), refused(401, "invalid_client")),
    # ID tokens of a refresh
    Case("OIDC Core §12.2", "a new ID token has the iss, sub, aud and auth_time of the first, and a later iat", lambda world: second_id_token(world), true),
]


def rotates(world):
    tokens = [world.tokens()["refresh_token"]]
    for _ in range(3):
        tokens.append(world.refresh("web", tokens[-1]).json["refresh_token"])
    return len(set(tokens)) == 4 or tokens


def within_grace(world):
    first = world.tokens()["refresh_token"]
    answers = [world.refresh("web", first) for _ in range(2)]
    assert [answer.status for answer in answers] == [200, 200], answers
    ids = {martlet_server.claims(answer.json["refresh_token"]).get("jti") for answer in answers}
    return len(ids) == 1 and world.refresh("web", answers[0].json["refresh_token"]).status == 200 or ids


def replayed(world, client):
    first = world.tokens(client)["refresh_token"]
    second = world.refresh(client, first).json
    world.later(31)
    answer = world.refresh(client, first)
    assert (answer.status, answer.json["error"]) == (400, "invalid_grant"), answer
    after = world.refresh(client, second["refresh_token"])
    return (after.status, after.json["error"], world.is_active(second["access_token"])) == (400, "invalid_grant", False) or after


def two_steps(world):
    first = world.tokens()["refresh_token"]
    second = world.refresh("web", first).json["refresh_token"]
    third = world.refresh("web", second).json["refresh_token"]
    answer = world.refresh("web", first)
    assert (answer.status, answer.json["error"]) == (400, "invalid_grant"), answer
    return world.refresh("web", third).status == 400


def survives(world, attempt):
    token = world.tokens()["refresh_token"]
    answer = attempt(token)
    assert answer.status in (400, 401), answer
    # Beyond the grace, so that a token that was used up would show.
    world.later(31)
    return world.refresh("web", token)


def narrowed(world):
    tokens = world.tokens(scope="openid email")
    less = world.refresh("web", tokens["refresh_token"], scope="email").json
    more = world.refresh("web", less["refresh_token"]).json
    return set(claims(more["access_token"])["scope"].split()) == {"openid", "email"} or more


def other_resource(world):
    answer = world.redeem(world.code(resource=[CALENDAR, FILES]), resource=CALENDAR)
    assert answer.status == 200, answer
    answer = world.refresh("web", answer.json["refresh_token"], resource=FILES)
    assert answer.status == 200, answer
    return claims(answer.json["access_token"])["aud"] in (FILES, [FILES])


def changed(world):
    token = world.tokens()["refresh_token"]
    return world.refresh("web", token[:-6] + ("AAAAAA" if token[-6:] != "AAAAAA" else "BBBBBB"))


def too_late(world):
    token = world.tokens("brief")["refresh_token"]
    world.later(61)
    return world.refresh("brief", token)


def change_password(world, person):
    session = world.server.login(person.username)
    answer = session.call("POST", "/auth/password", {"current_password": person.password, "new_password": "nine herons by the weir"})
    assert answer.status in (200, 204), answer


def removed(world):
    admin = world.admin()
    members = {"client_name": "Leaving", "redirect_uris": ["https://web.example/cb"], "grant_types": ["authorization_code", "refresh_token"]}
    world.clients["leaving"] = admin.call("POST", "/admin/api/clients", members).json
    token = world.tokens("leaving")["refresh_token"]
    assert admin.call("DELETE", f"/admin/api/clients/{world.id('leaving')}").status == 204
    return world.refresh("leaving", token)


def second_id_token(world):
    tokens = world.tokens(max_age="1000")
    first = claims(tokens["id_token"])
    world.later(2)
    answer = world.refresh("web", tokens["refresh_token"])
    assert answer.status == 200, answer
    if "id_token" not in answer.json:
        # "might not contain an id_token".
        return True
    second = claims(answer.json["id_token"])
    same = all(first[name] == second[name] for name in ("iss", "sub", "aud", "auth_time"))
    return same and second["iat"] > first["iat"] and second.get("nonce") in (None, first["nonce"]) or (first, second)
