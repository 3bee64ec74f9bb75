"""Introspection (RFC 7662, RFC 9701) and revocation (RFC 7009): whose business a token is."""

import martlet_server

from .table import Case, active, inactive, refused, true
from .world import CALENDAR, FILES

CASES = [
    Case("RFC 7662 §2.2", "a client sees its own token", lambda world: world.introspect(world.tokens()["access_token"], "web"), active(client_id=bool, sub=bool, exp=bool, iss=bool, scope="openid")),
    Case("RFC 7662 §2.2", "an API sees a token that is for it", lambda world: world.introspect(world.machine_token(resource=CALENDAR), "calendar"), active(client_id=bool)),
    Case("RFC 7662 §4", "another client sees nothing", lambda world: world.introspect(world.tokens()["access_token"], "poster"), inactive),
    Case("RFC 7662 §4", "an API sees nothing of a token for another", lambda world: world.introspect(world.machine_token(resource=CALENDAR), "files"), inactive),
    Case("RFC 7662 §4", "an API sees nothing of a token for the service itself", lambda world: world.introspect(world.machine_token(), "calendar"), inactive),
    Case("RFC 7662 §2.1", "a public client may not ask", lambda world: world.introspect("x", "spa"), lambda answer, world: refused(
        answer.status, "unauthorized_client", "invalid_client")(answer, world) if answer.status in (400, 401, 403) else refused(400, "unauthorized_client")(answer, world)),
    Case("RFC 7662 §2.1", "nobody may not ask", lambda world: world.introspect("x", None), refused(401, "invalid_client")),
    Case("RFC 7662 §2.1", "a token is no proof of being a client", lambda world: world.introspect(
        "x", {"Authorization": "Bearer " + world.machine_token()}), refused(401, "invalid_client")),
    Case("RFC 7662 §2.1", "a request without a token is refused", lambda world: world.form("introspect", {}, "web"), refused(400, "invalid_request")),
    Case("RFC 7662 §2.1", "the token given twice is refused", lambda world: world.form("introspect", {"token": ["a", "b"]}, "web"), refused(400, "invalid_request")),
    Case("RFC 7662 §2.1", "GET is not allowed", lambda world: world.server.send(
        "GET", "/oauth2/introspect?token=x", None, world.proof("web", {})[0]).status == 405, true),
    Case("RFC 7662 §2.2", "garbage is not active", lambda world: world.introspect("garbage", "web"), inactive),
    Case("RFC 7662 §2.2", "a token that is over is not active", lambda world: over(world), inactive),
    Case("RFC 7662 §2.2", "a token that was revoked is not active", lambda world: gone(world), inactive),
    Case("RFC 7662 §2.1", "a wrong hint does not hide a token", lambda world: world.introspect(world.tokens()["access_token"], "web", token_type_hint="refresh_token"), active()),
    Case("RFC 7662 §2.1", "an unknown hint is ignored", lambda world: world.introspect(world.tokens()["access_token"], "web", token_type_hint="dance"), active()),
    Case("RFC 7662 §2.2", "a client sees its own refresh token", lambda world: world.introspect(world.tokens()["refresh_token"], "web"), active(client_id=bool)),
    Case("RFC 7662 §4", "another client sees nothing of a refresh token", lambda world: world.introspect(world.tokens()["refresh_token"], "poster"), inactive),
    Case("RFC 7662 §4", "an API sees nothing of a refresh token, whatever its tokens are for",
         lambda world: world.introspect(world.tokens(resource=CALENDAR)["refresh_token"], "calendar"), inactive),
    Case("RFC 7662 §4", "the answer is not stored", lambda world: "no-store" in world.introspect("x", "web").headers["Cache-Control"], true),
    Case("RFC 9701 §5", "who asks for a JWT gets one of its type, for it alone, signed by a published key", lambda world: as_jwt(world), true),
    Case("RFC 9701 §5", "a JWT says of somebody else's token that it is not active", lambda world: as_jwt_of_another(world), true),
    Case("RFC 9701 §4", "a JWT is answered where it is one of several types", lambda world: as_one_of(
        world, "application/json;q=0.5, Application/Token-Introspection+JWT;q=1") == "application/token-introspection+jwt", true),
    Case("RFC 9701 §4", "who does not name it gets JSON", lambda world: as_one_of(world, "application/jwt, */*") == "application/json", true),
    Case("RFC 9701 §8.1", "a JWT answer is no access token", lambda world: as_access(world), true),
    # Revocation
    Case("RFC 7009 §2.1", "a client revokes its own access token", lambda world: revoked(world, "access_token"), true),
    Case("RFC 7009 §2.1", "with a refresh token its access tokens end", lambda world: revoked(world, "refresh_token"), true),
    Case("RFC 7009 §2.1", "another client is refused, and told", lambda world: world.revoke(world.tokens()["access_token"], "poster"), refused(400, "invalid_grant", "unauthorized_client", "invalid_request")),
    Case("RFC 7009 §2.1", "another client's attempt ends nothing", lambda world: another(world, "poster"), true),
    Case("RFC 7009 §2.1", "a public client cannot end a confidential one's tokens", lambda world: another(world, "spa"), true),
    Case("RFC 7009 §2.1", "an API cannot end the tokens that are for it", lambda world: of_api(world), true),
    Case("RFC 7009 §2.1", "a public client revokes its own by its id", lambda world: revoked(world, "refresh_token", "spa"), true),
    Case("RFC 7009 §2.1", "a confidential client must prove itself", lambda world: world.form(
        "revoke", {"token": world.tokens()["access_token"], "client_id": world.id("web")}), refused(401, "invalid_client")),
    Case("RFC 7009 §2.1", "nobody may not revoke", lambda world: world.revoke("x", None), refused(401, "invalid_client")),
    Case("RFC 7009 §2.2", "what is no token is revoked already", lambda world: world.revoke("garbage", "web").status == 200, true),
    Case("RFC 7009 §2.2", "what was revoked is revoked already", lambda world: repeated(world), true),
    Case("RFC 7009 §2.1", "a wrong hint does not keep a token alive", lambda world: revoked(world, "refresh_token", hint="access_token"), true),
    Case("RFC 7009 §2.2.1", "an unknown hint is ignored or told", lambda world: world.revoke("x", "web", token_type_hint="dance").status in (200, 400), true),
    Case("RFC 7009 §2.1", "a request without a token is refused", lambda world: world.form("revoke", {}, "web"), refused(400, "invalid_request")),
    Case("RFC 7009 §2.1", "the token given twice is refused", lambda world: world.form("revoke", {"token": ["a", "b"]}, "web"), refused(400, "invalid_request")),
    Case("RFC 7009 §2", "GET is not allowed", lambda world: world.server.send(
        "GET", "/oauth2/revoke?token=x", None, world.proof("web", {})[0]).status == 405, true),
]


def over(world):
    token = world.machine_token()
    world.later(601)
    return world.introspect(token, "machine")


def gone(world):
    token = world.machine_token()
    assert world.revoke(token, "machine").status == 200
    return world.introspect(token, "machine")


def jwt_answer(world, token, client, accept="application/token-introspection+jwt"):
    headers, fields = world.proof(client, {"token": token})
    return world.form("introspect", fields, headers, {"Accept": accept})


def as_one_of(world, accept):
    return jwt_answer(world, world.machine_token(), "machine", accept).headers["Content-Type"]


def as_jwt(world):
    import jwt

    answer = jwt_answer(world, world.tokens()["access_token"], "web")
    assert answer.status == 200 and answer.headers["Content-Type"].startswith("application/token-introspection+jwt"), (answer, answer.headers["Content-Type"])
    text = answer.body.decode()
    header = martlet_server.header(text)
    keys = {key["kid"]: key for key in world.server.get("/.well-known/jwks.json").json["keys"]}
    said = jwt.decode(text, jwt.PyJWK(keys[header["kid"]]).key, algorithms=[header["alg"]], audience=world.id("web"), issuer=world.server.url,
                      options={"verify_iat": False})
    return header["typ"] == "token-introspection+jwt" and said["token_introspection"]["active"] is True and "sub" not in said and "exp" not in said or (header, said)


def as_jwt_of_another(world):
    answer = jwt_answer(world, world.machine_token(resource=CALENDAR), "files")
    assert answer.status == 200, answer
    return martlet_server.claims(answer.body.decode())["token_introspection"] == {"active": False}


def as_access(world):
    answer = jwt_answer(world, world.tokens()["access_token"], "web")
    assert answer.status == 200 and answer.body.count(b".") == 2, answer
    return world.bearer(answer.body.decode(), "/oauth2/userinfo").status == 401


def revoked(world, name, client="web", hint=None):
    tokens = world.tokens(client)
    answer = world.revoke(tokens[name], client, token_type_hint=hint)
    assert answer.status == 200, answer
    alive = world.is_active(tokens["access_token"])
    if name == "refresh_token":
        alive = alive or world.refresh(client, tokens["refresh_token"]).status == 200
    return not alive


def another(world, client):
    tokens = world.tokens()
    world.revoke(tokens["access_token"], client)
    world.revoke(tokens["refresh_token"], client)
    return world.is_active(tokens["access_token"]) and world.refresh("web", tokens["refresh_token"]).status == 200


def of_api(world):
    token = world.machine_token(resource=FILES)
    world.revoke(token, "files")
    return world.introspect(token, "files").json["active"]


def repeated(world):
    token = world.machine_token()
    return [world.revoke(token, "machine").status for _ in range(2)] == [200, 200]
