"""Tokens where they do not belong: one API's at another, one type as another; userinfo and its errors; what ID tokens say."""

import base64
import hashlib
import hmac
import json

import martlet_server

from .table import Case, active, answered, challenged, claims, inactive, true
from .world import CALENDAR

AUDIENCE = "RFC 9068 §4"
TYPES = "RFC 8725 §3.12"
BEARER = "RFC 6750 §3.1"
USERINFO = "OIDC Core §5.3"
ACCOUNT = "/api/v1/users/me"


def showing(name="access_token", path="/oauth2/userinfo", client="web", scheme="Bearer", method="GET", **asked):
    """One of the tokens of a person's yes, shown to a protected resource."""
    return lambda world: world.bearer(world.tokens(client, **asked)[name], path, method, scheme)


CASES = [
    # For whom a token is
    Case(AUDIENCE, "a token for one API is not active for another", lambda world: world.introspect(world.tokens(resource=CALENDAR)["access_token"], "files"), inactive),
    Case(AUDIENCE, "a token for one API is active for it", lambda world: world.introspect(world.tokens(resource=CALENDAR)["access_token"], "calendar"), active(aud=lambda aud: aud in (CALENDAR, [CALENDAR]))),
    Case(AUDIENCE, "a token for an API is not for the account's own", showing(path=ACCOUNT, resource=CALENDAR), answered(401)),
    Case(AUDIENCE, "a client's token without their scope opens no account", showing(path=ACCOUNT), answered(403)),
    Case(AUDIENCE, "a client's token does not list sessions", showing(path="/auth/sessions"), answered(403)),
    Case(AUDIENCE, "a client's token is no administrator's", lambda world: world.bearer(world.machine_token(), "/admin/api/users"), answered(403)),
    Case(AUDIENCE, "a machine's token opens no account", lambda world: world.bearer(world.machine_token(), ACCOUNT), answered(403)),
    Case(AUDIENCE, "a machine's token has no userinfo", lambda world: world.bearer(world.machine_token()), lambda answer, world: challenged(
        answer.status, "insufficient_scope" if answer.status == 403 else "invalid_token")(answer, world)),
    # Types of tokens
    Case(TYPES, "an ID token is no access token at userinfo", showing("id_token"), challenged(401, "invalid_token")),
    Case(TYPES, "an ID token is no access token at the account's API", showing("id_token", ACCOUNT), challenged(401, "invalid_token")),
    Case(TYPES, "a refresh token is no access token at userinfo", showing("refresh_token"), challenged(401, "invalid_token")),
    Case(TYPES, "a refresh token is no access token at the account's API", showing("refresh_token", ACCOUNT), challenged(401, "invalid_token")),
    Case(TYPES, "an authorization code is no access token", lambda world: world.bearer(world.code().code), challenged(401, "invalid_token")),
    Case(TYPES, "an ID token is not active at introspection", lambda world: world.introspect(world.tokens()["id_token"], "web"), inactive),
    # Forged ones
    Case("RFC 8725 §3.1", "an access token without a signature is refused", lambda world: world.bearer(resigned(world, "none", None)), challenged(401, "invalid_token")),
    Case("RFC 8725 §2.1", "an access token by HS256 with the public key is refused", lambda world: world.bearer(resigned(world, "HS256", public_key(world))), challenged(401, "invalid_token")),
    Case("RFC 7515 §5.2", "an access token with other claims and the same signature is refused", lambda world: world.bearer(reclaimed(world)), challenged(401, "invalid_token")),
    Case("RFC 7519 §4.1.4", "an access token that is over is refused", lambda world: over(world), challenged(401, "invalid_token")),
    Case("RFC 9068 §4", "an access token whose session was signed out is refused", lambda world: revoked(world), challenged(401, "invalid_token")),
    # Bearer tokens
    Case(BEARER, "who shows no token hears the scheme and no error", lambda world: world.server.send("GET", "/oauth2/userinfo", None, {}), challenged(401)),
    Case(BEARER, "garbage is invalid_token", lambda world: world.bearer("garbage"), challenged(401, "invalid_token")),
    Case(BEARER, "a token without openid is insufficient_scope", showing(scope="email"), challenged(403, "insufficient_scope")),
    Case("OAuth 2.1 §5.2", "a token in the address does not count", lambda world: world.server.send(
        "GET", f"/oauth2/userinfo?access_token={world.tokens()['access_token']}", None, {}), lambda answer, world: answered(answer.status)(answer, world) if answer.status in (400, 401) else answered(401)(answer, world)),
    Case("RFC 6750 §2", "a token in header and address is refused", lambda world: in_two_ways(world), true),
    Case("RFC 9110 §11.1", "the scheme's name is read in any case", showing(scheme="bEARER"), answered(200)),
    Case(BEARER, "a token under another scheme is refused", showing(scheme="Token"), challenged(401)),
    # Userinfo
    Case(USERINFO, "userinfo answers with GET", showing(), answered(200, sub=bool)),
    Case(USERINFO, "userinfo answers with POST", showing(method="POST"), answered(200, sub=bool)),
    Case("OIDC Core §5.3.2", "sub is that of the ID token", lambda world: same_subject(world, "web"), true),
    Case("OIDC Core §5.3.2", "sub is that of the ID token where it is pairwise", lambda world: same_subject(world, "pair"), true),
    Case("OIDC Core §5.4", "without the scope there is no e-mail address", showing(scope="openid"), answered(200, email=None, email_verified=None, preferred_username=None)),
    Case("OIDC Core §5.4", "with the scope there is an e-mail address, and whether it is proven", showing(scope="openid email"), answered(200, email=bool, email_verified=lambda value: isinstance(value, bool))),
    Case("OIDC Core §5.3.2", "userinfo is JSON", lambda world: showing()(world).headers["Content-Type"].startswith("application/json"), true),
    Case("OIDC Core §5.3.2", "userinfo is not stored by others", lambda world: "no-store" in (showing()(world).headers.get("Cache-Control") or ""), true),
    # ID tokens
    Case("OIDC Core §2", "an ID token has iss, sub, aud, exp, iat and the nonce", lambda world: id_token(world, lambda token: (
        {"iss", "sub", "aud", "exp", "iat", "nonce"} <= set(token) and token["iss"] == world.server.url and token["aud"] in (world.id("web"), [world.id("web")]))), true),
    Case("OIDC Core §3.1.3.6", "at_hash is the access token's", lambda world: at_hash(world), true),
    Case("OIDC Core §2", "auth_time is there where max_age was asked for", lambda world: id_token(world, lambda token: abs(token["auth_time"] - world.now()) < 28_800, max_age="100000"), true),
    Case("OIDC Core §2", "acr is one that the metadata names", lambda world: id_token(world, lambda token: token["acr"] in world.server.get(
        "/.well-known/openid-configuration").json["acr_values_supported"]), true),
    Case("RFC 8176 §2", "amr says that it was a password", lambda world: id_token(world, lambda token: token["amr"] == ["pwd"]), true),
    Case("OIDC Back-Channel Logout §2.1", "sid names the sign-in", lambda world: id_token(world, lambda token: token["sid"]), true),
    Case("OIDC Discovery §3", "ID tokens are signed by RS256 unless asked otherwise", lambda world: signed_by(world, "web", "RS256"), true),
    Case("OIDC Registration §2", "id_token_signed_response_alg holds", lambda world: signed_by(world, "es256", "ES256"), true),
    Case("RFC 8725 §3.11", "an ID token does not say that it is an access token", lambda world: martlet_server.header(world.tokens()["id_token"]).get("typ") != "at+jwt", true),
    Case("OIDC Core §3.1.3.7", "without openid there is no ID token", lambda world: world.tokens(scope="email").get("id_token") is None, true),
    Case("OIDC Core §8.1", "pairwise subjects are different at two clients, and always the same at one", lambda world: pairwise(world), true),
    Case("OIDC Core §8.1", "a pairwise client's access token tells no other subject", lambda world: hidden(world), true),
]


def part(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def resigned(world, algorithm, secret):
    head, body, _ = world.tokens()["access_token"].split(".")
    header = {**martlet_server.decode(head), "alg": algorithm}
    text = part(json.dumps(header).encode()) + "." + body
    return text + "." + (part(hmac.digest(secret, text.encode(), hashlib.sha256)) if secret else "")


def public_key(world):
    from jwcrypto import jwk

    return jwk.JWK(**world.server.token_keys()[0]).export_to_pem()


def reclaimed(world):
    head, body, signature = world.tokens()["access_token"].split(".")
    other = {**martlet_server.decode(body), "scope": "openid admin account"}
    return f"{head}.{part(json.dumps(other).encode())}.{signature}"


def over(world):
    token = world.tokens()["access_token"]
    world.later(601)
    return world.bearer(token)


def revoked(world):
    tokens = world.tokens()
    assert world.revoke(tokens["refresh_token"], "web").status == 200
    return world.bearer(tokens["access_token"])


def in_two_ways(world):
    token = world.tokens()["access_token"]
    answer = world.bearer(token, f"/oauth2/userinfo?access_token={token}")
    # RFC 6750 §2 forbids clients to; a server that never looks into the address cannot be confused by it.
    return answer.status in (400, 401) or (answer.status == 200 and "sub" in answer.json) or repr(answer)


def same_subject(world, client):
    tokens = world.tokens(client)
    return world.bearer(tokens["access_token"]).json["sub"] == claims(tokens["id_token"])["sub"]


def id_token(world, holds, **asked):
    token = claims(world.tokens(**asked)["id_token"])
    return bool(holds(token)) or token


def at_hash(world):
    tokens = world.tokens()
    digest = hashlib.sha256(tokens["access_token"].encode()).digest()
    return claims(tokens["id_token"])["at_hash"] == part(digest[:16])


def signed_by(world, client, algorithm):
    """By a published key of that algorithm, which is not one of those that sign access tokens."""
    import jwt

    token = world.tokens(client)["id_token"]
    header = martlet_server.header(token)
    assert header["alg"] == algorithm, header
    keys = {key["kid"]: key for key in world.server.get("/.well-known/jwks.json").json["keys"]}
    jwt.decode(token, jwt.PyJWK(keys[header["kid"]]).key, algorithms=[algorithm], audience=world.id(client), issuer=world.server.url,
               options={"verify_exp": False, "verify_iat": False})
    return header["kid"] not in [key["kid"] for key in world.server.token_keys()]


def pairwise(world):
    person = world.somebody()
    first, again, other, public = (claims(world.tokens(client, person)["id_token"])["sub"] for client in ("pair", "pair", "pair2", "web"))
    return first == again and len({first, other, public}) == 3 or (first, again, other, public)


def hidden(world):
    person = world.somebody()
    public = claims(world.tokens("web", person)["id_token"])["sub"]
    tokens = world.tokens("pair", person)
    return claims(tokens["access_token"])["sub"] == claims(tokens["id_token"])["sub"] and public not in json.dumps(claims(tokens["access_token"]))
