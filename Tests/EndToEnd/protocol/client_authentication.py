"""How clients prove who they are: in the one way that they registered, and in no other."""

import json
import uuid

import jwt
from jwcrypto import jwk

from .table import Case, granted, refused, true
from .world import ASSERTION_TYPE, ES_KEY, FORM, RSA_KEY, basic

SECTION = "OAuth 2.1 §2.4"
ASSERTION = "RFC 7523 §3"
MACHINE = {"grant_type": "client_credentials"}


def sending(headers=None, **fields):
    """A request for a machine's token, proved as `headers` and `fields` (functions of the world) say."""

    def request(world):
        own = headers(world) if headers else {}
        sent = {**MACHINE, **{name: value(world) if callable(value) else value for name, value in fields.items()}}
        return world.form("token", sent, None, own)

    return request


def asserting(**overrides):
    return lambda world: world.asserted(world.assertion("keys", **overrides))


def later_of(offset):
    return lambda world: world.now() + offset


def asserting_at(**offsets):
    return lambda world: world.asserted(world.assertion("keys", **{name: world.now() + offset for name, offset in offsets.items()}))


def id_of(name):
    return lambda world: world.id(name)


def secret_of(name):
    return lambda world: world.clients[name]["client_secret"]


def header_of(name):
    return lambda world: basic(world.id(name), world.clients[name]["client_secret"])


CLIENT = refused(401, "invalid_client")
EITHER = refused(400, "invalid_request")

CASES = [
    Case("OAuth 2.1 §2.4.1", "the registered way is taken: a secret in the header", sending(header_of("machine")), granted()),
    Case("RFC 9110 §11.1", "the scheme's name is read in any case",
         sending(lambda world: {"Authorization": header_of("machine")(world)["Authorization"].replace("Basic", "bAsIC")}), granted()),
    Case("RFC 6749 §2.3.1", "name and secret in the header are form-encoded", sending(lambda world: encoded(world)), granted()),
    Case(SECTION, "a secret in header and body is refused", sending(header_of("machine"), client_id=id_of("machine"), client_secret=secret_of("machine")), EITHER),
    Case(SECTION, "a secret in the header and an assertion are refused",
         sending(header_of("machine"), client_assertion=lambda world: world.assertion(), client_assertion_type=ASSERTION_TYPE), EITHER),
    Case(SECTION, "a secret in the body and an assertion are refused",
         sending(client_id=id_of("keys"), client_secret="x" * 43, client_assertion=lambda world: world.assertion(), client_assertion_type=ASSERTION_TYPE), EITHER),
    Case(SECTION, "Authorization given twice is refused", lambda world: twice(world), true),
    Case(SECTION, "another client's id beside the header is refused", sending(header_of("machine"), client_id=id_of("calendar")),
         lambda answer, world: refused(answer.status, "invalid_request", "invalid_client")(answer, world)),
    Case("RFC 7591 §2", "client_secret_basic does not take the secret in the body", sending(client_id=id_of("machine"), client_secret=secret_of("machine")), CLIENT),
    Case("RFC 7591 §2", "client_secret_post does not take the secret in the header", lambda world: world.form(
        "token", {"grant_type": "refresh_token", "refresh_token": "x"}, header_of("poster")(world)), CLIENT),
    Case("RFC 7591 §2", "a client with keys does not get in without", sending(client_id=id_of("keys")), CLIENT),
    Case("RFC 7591 §2", "a client with keys does not get in with a secret", sending(client_id=id_of("keys"), client_secret="x" * 43), CLIENT),
    Case("OAuth 2.1 §3.2.1", "a confidential client does not get in by its id alone", sending(client_id=id_of("machine")), CLIENT),
    Case(SECTION, "a public client that sends a secret is refused", lambda world: world.form(
        "token", {"grant_type": "refresh_token", "refresh_token": "x", "client_id": world.id("spa"), "client_secret": "x" * 43}), CLIENT),
    Case(SECTION, "a public client that sends an empty secret in the header is refused", lambda world: world.form(
        "token", {"grant_type": "refresh_token", "refresh_token": "x"}, basic(world.id("spa"), "")), CLIENT),
    Case("OAuth 2.1 §2.4.1", "a secret in the address does not count", lambda world: world.server.send(
        "POST", f"/oauth2/token?client_id={world.id('poster')}&client_secret={world.clients['poster']['client_secret']}",
        b"grant_type=refresh_token&refresh_token=x", {"Content-Type": FORM}), CLIENT),
    Case("RFC 6749 §5.2", "a wrong secret is refused", sending(lambda world: basic(world.id("machine"), secret_of("machine")(world)[:-1])), CLIENT),
    Case("RFC 6749 §5.2", "a secret with something after it is refused", sending(lambda world: basic(world.id("machine"), secret_of("machine")(world) + "\0")), CLIENT),
    Case("RFC 6749 §5.2", "an empty secret is refused", sending(lambda world: basic(world.id("machine"), "")), CLIENT),
    Case("RFC 6749 §5.2", "another client's secret is refused", sending(lambda world: basic(world.id("machine"), secret_of("calendar")(world))), CLIENT),
    Case("RFC 6749 §5.2", "an unknown client is refused", sending(lambda world: basic("nobody", "x")), CLIENT),
    Case("RFC 6749 §5.2", "the client's id in another case is another client", sending(lambda world: basic(world.id("machine").upper(), secret_of("machine")(world))), CLIENT),
    Case("RFC 6749 §5.2", "who a client is, is not told by how it is refused", lambda world: same_words(world), true),
    Case("RFC 6749 §3.2.1", "a request of nobody is refused", sending(), CLIENT),
    Case("RFC 6749 §2.3.1", "a header that is no base64 is refused", sending(lambda world: {"Authorization": "Basic %%%"}), CLIENT),
    Case("RFC 6749 §2.3.1", "a header without a colon is refused", sending(lambda world: {"Authorization": "Basic bm9ib2R5"}), CLIENT),
    Case("RFC 6749 §5.2", "another scheme is refused", sending(lambda world: {"Authorization": "Bearer " + world.machine_token()}), CLIENT),
    Case(SECTION, "a client secret is not the user API's", lambda world: world.server.send(
        "GET", "/api/v1/users/me", None, header_of("machine")(world)).status == 401, true),
    # Assertions
    Case(ASSERTION, "an assertion that is in order is taken", asserting(), granted()),
    Case(ASSERTION, "an assertion by RS256 of a client with an RSA key is taken", lambda world: world.asserted(world.assertion("rsa")), granted()),
    Case("OIDC Core §10.1", "of a client with one key, an assertion that does not name it is taken", asserting(headers={"kid": None}), granted()),
    Case("RFC 7515 §4.1.4", "an assertion that names another key is refused", asserting(headers={"kid": "other"}), CLIENT),
    Case(ASSERTION, "an assertion counts once", lambda world: again(world), CLIENT),
    Case(ASSERTION, "an assertion that was shown at one endpoint is not taken at another", lambda world: elsewhere(world), CLIENT),
    Case("RFC 8725 §3.1", "alg none is refused", lambda world: world.asserted(world.assertion("keys", algorithm="none")), CLIENT),
    Case("RFC 8725 §3.1", "alg none in another case is refused", lambda world: world.asserted(unsigned(world, "nOnE")), CLIENT),
    Case("RFC 8725 §2.1", "HS256 with the public key's PEM as the secret is refused", lambda world: world.asserted(confused(world, RSA_KEY.export_to_pem())), CLIENT),
    Case("RFC 8725 §2.1", "HS256 with the public key's JSON as the secret is refused", lambda world: world.asserted(confused(world, RSA_KEY.export_public().encode())), CLIENT),
    Case("RFC 8725 §2.1", "HS256 with an empty secret is refused", lambda world: world.asserted(confused(world, b"")), CLIENT),
    Case("OIDC Core §9", "client_secret_jwt is not served: HS256 with the client's secret is refused", lambda world: world.asserted(
        jwt.encode(payload(world, "machine"), secret_of("machine")(world), "HS256")), CLIENT),
    Case(ASSERTION, "an assertion by somebody's key is refused", asserting(key=jwk.JWK.generate(kty="EC", crv="P-256")), CLIENT),
    Case("RFC 8725 §3.10", "a key in the assertion's own header is not believed", lambda world: embedded(world), CLIENT),
    Case("RFC 8725 §3.10", "a key's address in the assertion's header is not believed", lambda world: world.asserted(
        world.assertion("keys", jwk.JWK.generate(kty="EC", crv="P-256"), headers={"jku": "https://evil.example/keys"})), CLIENT),
    Case("RFC 7515 §4.1.11", "an unknown critical header is refused", asserting(headers={"crit": ["unheard"], "unheard": 1}), CLIENT),
    Case(ASSERTION, "an assertion of another client's key is refused", lambda world: world.asserted(world.assertion("keys", RSA_KEY, "RS256")), CLIENT),
    Case("RFC 7523bis §4", "aud is the issuer: the token endpoint is refused", lambda world: world.asserted(world.assertion(aud=f"{world.server.url}/oauth2/token")), CLIENT),
    Case(ASSERTION, "aud of another server is refused", asserting(aud="https://elsewhere.example"), CLIENT),
    Case("RFC 7523bis §4", "aud with another server beside is refused", lambda world: world.asserted(world.assertion(aud=[world.server.url, "https://elsewhere.example"])), CLIENT),
    Case(ASSERTION, "aud with a slash more is refused", lambda world: world.asserted(world.assertion(aud=world.server.url + "/")), CLIENT),
    Case(ASSERTION, "an assertion without aud is refused", asserting(drop=("aud",)), CLIENT),
    Case(ASSERTION, "an assertion that is over is refused", asserting_at(exp=-1), CLIENT),
    Case(ASSERTION, "an assertion without exp is refused", asserting(drop=("exp",)), CLIENT),
    Case(ASSERTION, "an assertion for a day is refused", asserting_at(exp=86_400), CLIENT),
    Case(ASSERTION, "an assertion that is not good yet is refused", asserting_at(nbf=300, exp=400), CLIENT),
    Case(ASSERTION, "iss of another is refused", asserting(iss="other"), CLIENT),
    Case(ASSERTION, "an assertion without iss is refused", asserting(drop=("iss",)), CLIENT),
    Case(ASSERTION, "sub of another client is refused", lambda world: world.asserted(world.assertion(sub=world.id("rsa"))), CLIENT),
    Case(ASSERTION, "an assertion without sub is refused", asserting(drop=("sub",)), CLIENT),
    Case(ASSERTION, "an assertion without jti is refused: it could not be told from its repeat", asserting(drop=("jti",)), CLIENT),
    Case("RFC 7521 §4.2", "another client_id beside the assertion is refused", lambda world: world.asserted(world.assertion(), client_id=world.id("machine")),
         lambda answer, world: refused(answer.status, "invalid_request", "invalid_client")(answer, world)),
    Case("RFC 7521 §4.2", "the same client_id beside the assertion is taken", lambda world: world.asserted(world.assertion(), client_id=world.id("keys")), granted()),
    Case("RFC 7521 §4.2", "another type of assertion is refused", sending(
        client_assertion=lambda world: world.assertion(), client_assertion_type="urn:ietf:params:oauth:client-assertion-type:saml2-bearer"),
        lambda answer, world: refused(answer.status, "invalid_request", "invalid_client")(answer, world)),
    Case("RFC 7521 §4.2", "an assertion without its type is refused", sending(client_assertion=lambda world: world.assertion()),
         lambda answer, world: refused(answer.status, "invalid_request", "invalid_client")(answer, world)),
    Case("RFC 7521 §4.2", "what is no JWT is no assertion", lambda world: world.asserted("a.b.c"), CLIENT),
    Case("RFC 7523 §3", "a client without keys cannot assert anything", lambda world: world.asserted(world.signed(payload(world, "machine"), ES_KEY, "ES256")), CLIENT),
    Case("RFC 9068 §2.1", "an access token is no client assertion", lambda world: world.asserted(world.machine_token("keys")), CLIENT),
    Case("RFC 8725 §3.12", "an ID token is no client assertion", lambda world: world.asserted(world.tokens("keys")["id_token"]), CLIENT),
]


def payload(world, client):
    return {
        "iss": world.id(client), "sub": world.id(client), "aud": world.server.url, "exp": world.now() + 60, "iat": world.now(), "jti": str(uuid.uuid4())}


def encoded(world):
    """Every letter percent-encoded."""
    import base64

    pair = ":".join("".join(f"%{byte:02X}" for byte in text.encode()) for text in (world.id("machine"), world.clients["machine"]["client_secret"]))
    return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}


def twice(world):
    from martlet_server import parse

    line = "Authorization: " + header_of("machine")(world)["Authorization"] + "\r\n"
    body = "grant_type=client_credentials"
    head = f"POST /oauth2/token HTTP/1.1\r\nHost: {world.server.url.partition('//')[2]}\r\nContent-Type: {FORM}\r\nConnection: close\r\n"
    status, _, answer = parse(world.server.raw(f"{head}{line}{line}Content-Length: {len(body)}\r\n\r\n{body}".encode()))
    return status == 400 or (status, answer)


def same_words(world):
    unknown = world.form("token", MACHINE, basic("nobody", "x" * 43))
    wrong = world.form("token", MACHINE, basic(world.id("machine"), "x" * 43))
    return (unknown.status, unknown.body) == (wrong.status, wrong.body) or (unknown, wrong)


def again(world):
    assertion = world.assertion()
    assert world.asserted(assertion).status == 200
    return world.asserted(assertion)


def elsewhere(world):
    assertion = world.assertion()
    assert world.asserted(assertion, "introspect", token="x").status == 200
    return world.asserted(assertion)


def unsigned(world, algorithm):
    from martlet_server import decode
    import base64

    head, body, _ = world.assertion("keys", algorithm="none").split(".")
    assert decode(head)["alg"] == "none"
    head = base64.urlsafe_b64encode(json.dumps({"alg": algorithm, "kid": "es"}).encode()).rstrip(b"=").decode()
    return f"{head}.{body}."


def confused(world, secret):
    """Signed by hand: libraries know better than to take a public key for a secret."""
    import base64
    import hashlib
    import hmac

    def part(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
    text = part(json.dumps({"alg": "HS256", "kid": "rsa"}).encode()) + "." + part(json.dumps(payload(world, "rsa")).encode())
    return text + "." + part(hmac.digest(secret, text.encode(), hashlib.sha256))


def embedded(world):
    key = jwk.JWK.generate(kty="EC", crv="P-256")
    return world.asserted(world.assertion("keys", key, headers={"jwk": json.loads(key.export_public())}))
