"""What the service tells about itself is so; who else's scripts may call; how tokens and keys are published."""

import json

from .table import Case, true
from .world import DEVICE, EXCHANGE, FORM, SPA_ORIGIN

SERVER = "RFC 8414 §2"
OPENID = "OIDC Discovery §3"
CORS = "RFC 9700 §2.6"
AUTHORIZATION_SERVER = "/.well-known/oauth-authorization-server"
CONFIGURATION = "/.well-known/openid-configuration"


def saying(holds, path=AUTHORIZATION_SERVER):
    def request(world):
        document = world.server.get(path).json
        return bool(holds(document, world)) or document

    return request


def reached(world, address, method="GET"):
    """The status at an address of the metadata."""
    path = address.removeprefix(world.server.url)
    assert path != address, f"{address} is not the service's"
    return world.server.send(method, path, b"" if method == "POST" else None, {"Content-Type": FORM} if method == "POST" else {}).status


def cors(path, method, fields="content-type", **headers):
    def request(world):
        answer = world.server.send("OPTIONS", path, None, {
            "Origin": SPA_ORIGIN, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": fields})
        allowed = (answer.headers.get("Access-Control-Allow-Headers") or "").lower()
        return (answer.headers.get("Access-Control-Allow-Origin") == SPA_ORIGIN and method in (answer.headers.get("Access-Control-Allow-Methods") or "")
                and all(field in allowed for field in fields.split(","))) or list(answer.headers.items())

    return request


CASES = [
    Case("RFC 8414 §3.3", "the issuer is the one that was asked", saying(lambda document, world: document["issuer"] == world.server.url), true),
    Case("OIDC Discovery §4.3", "so in the other document", saying(lambda document, world: document["issuer"] == world.server.url, CONFIGURATION), true),
    Case("RFC 8414 §5", "the two documents do not contradict each other", lambda world: agreeing(world), true),
    Case(SERVER, "every endpoint that is named is served", lambda world: served(world), true),
    Case(SERVER, "every endpoint that is served is named", lambda world: named(world), true),
    Case("RFC 9207 §3", "the issuer in answers is announced", saying(lambda document, world: document["authorization_response_iss_parameter_supported"] is True), true),
    Case("RFC 8414 §2", "S256 is the one method of PKCE", saying(lambda document, world: document["code_challenge_methods_supported"] == ["S256"]), true),
    Case("OAuth 2.1 §10.1", "code is the one response type", saying(lambda document, world: document["response_types_supported"] == ["code"]), true),
    Case(SERVER, "the response modes are those that are served", saying(lambda document, world: set(document["response_modes_supported"]) == {"query", "fragment", "form_post"}), true),
    Case(SERVER, "the grant types are those that the token endpoint takes", lambda world: grants(world), true),
    Case("RFC 8414 §2", "no algorithm of anything is none", lambda world: not any(
        "none" in values for document in documents(world) for name, values in document.items() if "alg_values_supported" in name), true),
    Case("RFC 8414 §2", "public clients are not offered introspection", saying(lambda document, world: "none" not in document["introspection_endpoint_auth_methods_supported"]), true),
    Case("RFC 9126 §5", "pushed requests are announced", saying(lambda document, world: document["pushed_authorization_request_endpoint"] and document.get("require_pushed_authorization_requests", False) is False), true),
    Case("RFC 8628 §4", "the device endpoint is announced", saying(lambda document, world: document["device_authorization_endpoint"]), true),
    Case("RFC 9101 §10.5", "request objects are announced with their algorithms, none not among them", saying(lambda document, world: document["request_parameter_supported"] is True and "none" not in document[
        "request_object_signing_alg_values_supported"], CONFIGURATION), true),
    Case(OPENID, "request_uri elsewhere is not served, which must be said: its absence means yes", saying(lambda document, world: document["request_uri_parameter_supported"] is False, CONFIGURATION), true),
    Case(OPENID, "what must be there is there", saying(lambda document, world: {
        "issuer", "authorization_endpoint", "token_endpoint", "jwks_uri", "response_types_supported", "subject_types_supported", "id_token_signing_alg_values_supported"} <= set(document), CONFIGURATION), true),
    Case(OPENID, "RS256 is among the algorithms of ID tokens", saying(lambda document, world: "RS256" in document["id_token_signing_alg_values_supported"], CONFIGURATION), true),
    Case(OPENID, "subjects are public or pairwise", saying(lambda document, world: set(document["subject_types_supported"]) == {"public", "pairwise"}, CONFIGURATION), true),
    Case(OPENID, "the scopes that are served are named", saying(lambda document, world: {"openid", "profile", "email", "offline_access", "calendar.read"} <= set(document["scopes_supported"]), CONFIGURATION), true),
    Case(OPENID, "the claims that are given are named", saying(lambda document, world: {"sub", "iss", "auth_time", "acr", "email"} <= set(document["claims_supported"]), CONFIGURATION), true),
    Case("OIDC Core §5.5", "the claims parameter is announced", saying(lambda document, world: document["claims_parameter_supported"] is True, CONFIGURATION), true),
    Case("OIDC Initiating Registration §4", "the prompts that are served are named", saying(lambda document, world: {"none", "login", "consent"} <= set(document.get("prompt_values_supported", ["none", "login", "consent"])), CONFIGURATION), true),
    Case("OIDC RP-Initiated Logout §2.1", "the end of sessions is announced", saying(lambda document, world: document["end_session_endpoint"], CONFIGURATION), true),
    Case("OIDC Back-Channel Logout §2.1", "back-channel logout is announced with its session", saying(lambda document, world: document["backchannel_logout_supported"] and document["backchannel_logout_session_supported"], CONFIGURATION), true),
    Case("OIDC Front-Channel Logout §3", "front-channel logout is announced", saying(lambda document, world: document["frontchannel_logout_supported"] is True, CONFIGURATION), true),
    Case("RFC 9470 §7", "the contexts of authentication are named", saying(lambda document, world: set(document["acr_values_supported"]) == {"urn:martlet:acr:password", "urn:martlet:acr:recent-password"}, CONFIGURATION), true),
    Case("RFC 9728 §3.3", "the resource's metadata names it and its server", saying(lambda document, world: document["resource"] == world.server.url and document["authorization_servers"] == [world.server.url],
                                                                                 "/.well-known/oauth-protected-resource"), true),
    Case("RFC 9728 §5.1", "a refused request tells where the resource's metadata is", lambda world: "resource_metadata=" in world.server.get("/api/v1/users/me").headers["WWW-Authenticate"], true),
    Case("RFC 7517 §9.2", "published keys have no private part", lambda world: not any(
        {"d", "p", "q", "dp", "dq", "qi", "k"} & set(key) for key in world.server.get("/.well-known/jwks.json").json["keys"]), true),
    Case("RFC 7517 §4.5", "each published key has a name of its own", lambda world: (lambda ids: len(ids) == len(set(ids)) > 0)(
        [key["kid"] for key in world.server.get("/.well-known/jwks.json").json["keys"]]), true),
    # Scripts of other origins
    Case(CORS, "a browser's application may call the token endpoint", cors("/oauth2/token", "POST"), true),
    Case("RFC 9449 §9", "it may send proofs, and read the nonces", lambda world: proofs(world), true),
    Case(CORS, "it may revoke", cors("/oauth2/revoke", "POST"), true),
    Case(CORS, "it may call userinfo", cors("/oauth2/userinfo", "GET", "authorization"), true),
    Case(CORS, "it may register", cors("/oauth2/register", "POST"), true),
    Case(CORS, "it may read the metadata", lambda world: simple(world, AUTHORIZATION_SERVER), true),
    Case(CORS, "it may read the OpenID configuration", lambda world: simple(world, CONFIGURATION), true),
    Case(CORS, "it may read the keys", lambda world: simple(world, "/.well-known/jwks.json"), true),
    Case(CORS, "it hears why the token endpoint refused it", lambda world: world.server.send(
        "POST", "/oauth2/token", b"grant_type=dance", {"Content-Type": FORM, "Origin": SPA_ORIGIN}).headers.get("Access-Control-Allow-Origin") == SPA_ORIGIN, true),
    Case(CORS, "an origin that the operator did not name may not", lambda world: "Access-Control-Allow-Origin" not in world.server.send(
        "OPTIONS", "/oauth2/token", None, {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}).headers, true),
    Case(CORS, "an origin that looks like a named one may not", lambda world: "Access-Control-Allow-Origin" not in world.server.send(
        "OPTIONS", "/oauth2/token", None, {"Origin": SPA_ORIGIN + ".evil.example", "Access-Control-Request-Method": "POST"}).headers, true),
    *[Case(CORS, f"no script of another origin reads {path}", lambda world, path=path: "Access-Control-Allow-Origin" not in world.server.send(
        "GET", path, None, {"Origin": SPA_ORIGIN}).headers, true) for path in ("/oauth2/sign-in", "/oauth2/device", "/oauth2/logout")],
]


def documents(world):
    return [world.server.get(path).json for path in (AUTHORIZATION_SERVER, CONFIGURATION)]


def agreeing(world):
    first, second = documents(world)
    different = {name: (first[name], second[name]) for name in set(first) & set(second) if first[name] != second[name]}
    return not different or different


def served(world):
    missing = {}
    for document in documents(world):
        for name, address in document.items():
            if name.endswith("_endpoint") or name == "jwks_uri":
                statuses = [reached(world, address, method) for method in ("GET", "POST")]
                if all(status in (404, 405) for status in statuses) or 500 in statuses:
                    missing[name] = (address, statuses)
    return not missing or missing


def named(world):
    """The endpoints of the standards that answer stand in the metadata."""
    wanted = {
        "/oauth2/authorize": "authorization_endpoint", "/oauth2/token": "token_endpoint", "/oauth2/par": "pushed_authorization_request_endpoint",
        "/oauth2/device_authorization": "device_authorization_endpoint", "/oauth2/introspect": "introspection_endpoint", "/oauth2/revoke": "revocation_endpoint",
        "/oauth2/register": "registration_endpoint", "/oauth2/userinfo": "userinfo_endpoint", "/oauth2/logout": "end_session_endpoint",
    }
    said = {}
    for document in documents(world):
        said |= document
    missing = [path for path, name in wanted.items() if said.get(name) != world.server.url + path and reached(world, world.server.url + path, "POST") != 404]
    return not missing or missing


def grants(world):
    announced = world.server.get(AUTHORIZATION_SERVER).json["grant_types_supported"]
    everything = ["authorization_code", "refresh_token", "client_credentials", DEVICE, EXCHANGE, "password", "implicit", "urn:ietf:params:oauth:grant-type:jwt-bearer"]
    taken = [grant for grant in everything if world.token("machine", grant_type=grant).json.get("error") != "unsupported_grant_type"]
    return sorted(taken) == sorted(announced) or json.dumps([taken, announced])


def simple(world, path):
    answer = world.server.send("GET", path, None, {"Origin": SPA_ORIGIN})
    return answer.headers.get("Access-Control-Allow-Origin") in (SPA_ORIGIN, "*") or list(answer.headers.items())


def proofs(world):
    preflight = cors("/oauth2/token", "POST", "content-type,dpop")(world)
    answer = world.server.send("POST", "/oauth2/token", b"grant_type=dance", {"Content-Type": FORM, "Origin": SPA_ORIGIN})
    exposed = (answer.headers.get("Access-Control-Expose-Headers") or "").lower()
    return preflight is True and "dpop-nonce" in exposed or (preflight, exposed)
