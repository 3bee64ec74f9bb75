"""Registration by clients themselves (RFC 7591) and looking after it (RFC 7592)."""

from .redirects import WEB_TRICKS
from .table import Case, answered, refused, true

REGISTER = "RFC 7591 §2"
ERRORS = "RFC 7591 §3.2.2"
MANAGE = "RFC 7592 §2"
WEB = {"redirect_uris": ["https://shop.example/cb"], "client_name": "Shop"}


def post(world, token=None, **members):
    body = {name: value for name, value in {**WEB, **members}.items() if value is not None}
    return world.server.post("/oauth2/register", body, token=token)


def registering(**members):
    return lambda world: post(world, **members)


def registered(world, **members):
    answer = post(world, **members)
    assert answer.status == 201, answer
    return answer.json


def own(world, client, method="GET", body=None, token=None, address=None):
    path = (address or client)["registration_client_uri"].removeprefix(world.server.url)
    return world.server.call(method, path, body, token=token or client["registration_access_token"])


METADATA = refused(400, "invalid_client_metadata")
REDIRECT = refused(400, "invalid_redirect_uri")
UNAUTHORIZED = refused(401, "invalid_token")

CASES = [
    Case("RFC 7591 §3.2.1", "a client gets its id, its secret, and all that was registered", registering(), answered(
        201, client_id=bool, client_secret=bool, client_secret_expires_at=0, client_id_issued_at=bool, redirect_uris=WEB["redirect_uris"], client_name="Shop")),
    Case("RFC 7592 §3", "registration_client_uri and its token are always answered", registering(), answered(201, registration_client_uri=bool, registration_access_token=bool)),
    Case("RFC 7591 §3.2.1", "the answer is not stored", lambda world: "no-store" in post(world).headers["Cache-Control"], true),
    Case(REGISTER, "unknown members are ignored", registering(unheard={"a": [1]}, another="x"), answered(201, unheard=None, another=None)),
    Case(REGISTER, "without token_endpoint_auth_method it is client_secret_basic", registering(), answered(201, token_endpoint_auth_method="client_secret_basic")),
    Case(REGISTER, "without grant_types it is the code", registering(), answered(201, grant_types=["authorization_code"], response_types=["code"])),
    Case(REGISTER, "a public client gets no secret", registering(token_endpoint_auth_method="none"), answered(201, client_secret=None)),
    Case("RFC 7591 §5", "what says how long the operator trusts it is not a client's to say", registering(first_party=True, access_ttl=10**6), answered(201, first_party=None, access_ttl=None)),
    Case("RFC 7591 §5", "the account's own scopes are not given", registering(scope="openid account admin"), answered(201, scope="openid")),
    Case("RFC 7591 §5", "machines' grants are not given to anybody", registering(grant_types=["authorization_code", "client_credentials"]), answered(201, grant_types=["authorization_code"])),
    Case(ERRORS, "a client that asks for a machine's grant alone is refused", registering(grant_types=["client_credentials"]), METADATA),
    Case("RFC 7591 §2.1", "response types that do not go with the grants are refused", registering(response_types=["token"]), METADATA),
    Case(ERRORS, "without a redirect URI it is refused", registering(redirect_uris=None), REDIRECT),
    Case(ERRORS, "an empty list of redirect URIs is refused", registering(redirect_uris=[]), REDIRECT),
    *[Case("OAuth 2.1 §2.3.1", f"a redirect URI is refused: {what}", registering(redirect_uris=[uri]), refused(400, *(["invalid_redirect_uri"] if uri else ["invalid_redirect_uri", "invalid_client_metadata"]))) for uri, what in [
        ("javascript:alert(1)", "a script"), ("data:text/html,x", "a document"), ("http://shop.example/cb", "http beyond this machine"),
        ("https://shop.example/cb#x", "a fragment"), ("https://user@shop.example/cb", "user information"), ("https:///cb", "no host"), ("/cb", "no scheme"),
        ("https://shop.example/c b", "a space"), ("myapp:/cb", "a scheme without a domain"), ("file:///etc/passwd", "a file"), ("http://127.0.0.1.evil.example/cb", "a name that begins like loopback"),
        ("", "nothing"), ("vbscript:x", "another script"), ("https://shop.example\\@evil.example/cb", "a backslash")]],
    Case(ERRORS, "one bad redirect URI among good ones is refused", registering(redirect_uris=WEB["redirect_uris"] + ["javascript:alert(1)"]), REDIRECT),
    Case(ERRORS, "a redirect URI that is no text is refused", registering(redirect_uris=[7]), refused(400, "invalid_redirect_uri", "invalid_client_metadata")),
    Case(ERRORS, "a name that is no text is refused", registering(client_name=7), METADATA),
    Case(ERRORS, "an unknown way to authenticate is refused", registering(token_endpoint_auth_method="client_secret_dance"), METADATA),
    Case(REGISTER, "jwks and jwks_uri together are refused", registering(token_endpoint_auth_method="private_key_jwt", jwks={"keys": []}, jwks_uri="https://shop.example/keys"), METADATA),
    Case(REGISTER, "private_key_jwt without keys is refused", registering(token_endpoint_auth_method="private_key_jwt"), METADATA),
    Case(REGISTER, "addresses for people must be https", registering(logo_uri="javascript:alert(1)"), METADATA),
    Case(REGISTER, "an address of keys must be https", registering(token_endpoint_auth_method="private_key_jwt", jwks_uri="http://127.0.0.1/keys"), METADATA),
    Case("RFC 7591 §3.1.1", "a software statement is refused, not ignored", registering(software_statement="a.b.c"), refused(400, "unapproved_software_statement", "invalid_software_statement")),
    Case(ERRORS, "a body that is no JSON is refused", lambda world: world.server.send("POST", "/oauth2/register", b"{", {"Content-Type": "application/json"}), refused(400, "invalid_client_metadata", "invalid_request")),
    Case(ERRORS, "a form is refused", lambda world: world.server.send(
        "POST", "/oauth2/register", b"redirect_uris=x", {"Content-Type": "application/x-www-form-urlencoded"}), refused(400, "invalid_client_metadata", "invalid_request")),
    Case(ERRORS, "a member given twice is refused or counts once", lambda world: world.server.send(
        "POST", "/oauth2/register", b'{"redirect_uris":["https://a.example/"],"redirect_uris":["https://evil.example/"]}', {"Content-Type": "application/json"}),
        refused(400, "invalid_client_metadata", "invalid_request", "invalid_redirect_uri")),
    Case("RFC 7591 §1.2", "a token that was not asked for is refused", lambda world: post(world, token="made-up"), UNAUTHORIZED),
    # Management
    Case("RFC 7592 §2.1", "a client reads its registration, without its secret", lambda world: (lambda client: own(world, client))(registered(world)), answered(200, client_id=bool, registration_client_uri=bool)),
    Case(MANAGE, "another client's token is refused", lambda world: own(world, registered(world), token=registered(world)["registration_access_token"]), UNAUTHORIZED),
    Case(MANAGE, "no token is refused", lambda world: world.server.get(registered(world)["registration_client_uri"].removeprefix(world.server.url)), lambda answer, world: answered(401)(answer, world)),
    Case(MANAGE, "an access token is no registration token", lambda world: own(world, registered(world), token=world.machine_token()), UNAUTHORIZED),
    Case("RFC 7592 §2.2", "another client's token changes nothing", lambda world: own(world, registered(world), "PUT", WEB, registered(world)["registration_access_token"]), UNAUTHORIZED),
    Case("RFC 7592 §2.3", "another client's token removes nothing", lambda world: own(world, registered(world), "DELETE", None, registered(world)["registration_access_token"]), UNAUTHORIZED),
    Case("RFC 7592 §2.2", "what a change does not name, the client does not have any more", lambda world: changed(world, client_uri=None), answered(200, client_uri=None, client_name="Other")),
    Case("RFC 7592 §2.2", "another client_id is refused", lambda world: changed(world, client_id="other"), METADATA),
    Case("RFC 7592 §2.2", "another secret is refused", lambda world: changed(world, client_secret="chosen by the client"), METADATA),
    Case("RFC 7592 §2.2", "a change to a bad redirect URI is refused", lambda world: changed(world, redirect_uris=["javascript:alert(1)"]), REDIRECT),
    Case("RFC 7592 §2.2", "a change does not give what a registration would not", lambda world: changed(world, grant_types=["authorization_code", "client_credentials"], first_party=True), answered(
        200, grant_types=["authorization_code"], first_party=None)),
    Case("RFC 7592 §2.3", "a client that removed itself is nobody", lambda world: removed(world), true),
    Case("RFC 7592 §2", "clients that an operator made have no registration", lambda world: world.server.get(
        f"/oauth2/register/{world.id('web')}", token="anything"), UNAUTHORIZED),
    # Used
    Case("RFC 7591 §3.2.1", "a client that registered itself completes a flow", lambda world: used(world), true),
    Case("RFC 9700 §4.11.2", "a client that registered itself is never without consent", lambda world: asked(world), true),
    Case("RFC 9700 §2.1", "its redirect URIs are compared as they are", lambda world: tricked(world), true),
]


def changed(world, **members):
    client = registered(world, client_uri="https://shop.example/")
    body = {**WEB, "client_id": client["client_id"], "client_name": "Other", **{name: value for name, value in members.items() if value is not None}}
    return own(world, client, "PUT", body)


def removed(world):
    client = registered(world)
    assert own(world, client, "DELETE").status == 204
    from .world import basic

    headers = basic(client["client_id"], client["client_secret"])
    return own(world, client).status == 401 and world.form("token", {"grant_type": "refresh_token", "refresh_token": "x"}, headers).status == 401


def used(world):
    world.clients["registered"] = registered(world, grant_types=["authorization_code", "refresh_token"])
    tokens = world.tokens("registered")
    return world.refresh("registered", tokens["refresh_token"]).status == 200


def asked(world):
    from .authorize import signed_in

    world.clients["asking"] = registered(world, first_party=True)
    return world.visit("asking", signed_in(world)).form("decision") is not None


def tricked(world):
    from browser_flow import Landing

    world.clients["tricked"] = registered(world, redirect_uris=["https://web.example/cb"])
    landed = [what for uri, what in WEB_TRICKS[:12] if isinstance(world.authorize("tricked", redirect_uri=uri), Landing)]
    return not landed or landed
