"""Pushed requests (RFC 9126) and request objects (RFC 9101): said once, by the client, and not to be changed on the way."""

import json

import jwt
from browser_flow import Landing
from jwcrypto import jwk

from .table import Case, answered, coded, errs, refused, shown, true
from .world import ES_KEY, new_verifier

PAR = "RFC 9126 §2.1"
USE = "RFC 9126 §4"
JAR = "RFC 9101 §6.3"
OBJECT = "RFC 9101 §5"


def pushing(client="web", by=None, **overrides):
    return lambda world: world.form("par", {**world.request(client, **overrides)}, by or client)


def pushed(world, client="web", **overrides):
    """A request that was pushed: its address, and the verifier of its challenge."""
    verifier = new_verifier()
    answer = world.form("par", world.request(client, verifier, **overrides), client)
    assert answer.status == 201, f"not pushed: {answer}"
    return answer.json["request_uri"], verifier


def going(world, request_uri, client="web", person=None, **beside):
    return (person or world.person).authorize(client_id=world.id(client), request_uri=request_uri, **beside)


def signed_request(world, client="keys", key=ES_KEY, algorithm="ES256", drop=(), **overrides):
    """A request object that is in order but for what is overridden."""
    payload = {**world.request(client), "iss": world.id(client), "aud": world.server.url, "exp": world.now() + 60, "iat": world.now()}
    payload = {name: value for name, value in {**payload, **overrides}.items() if name not in drop}
    return world.signed(payload, key, algorithm, {"typ": "oauth-authz-req+jwt", "kid": "es"})


def by_object(client="keys", beside=None, **overrides):
    def request(world):
        own = {name: value(world) if callable(value) else value for name, value in overrides.items()}
        text = signed_request(world, client, **own)
        return world.person.authorize(client_id=world.id(client), request=text, **(beside or {}))

    return request


NOT_GOOD = errs("invalid_request_object", told=True, state=False)
NO_URI = errs("invalid_request_uri", "invalid_request", told=True, state=False)

CASES = [
    Case(PAR, "a pushed request gets an address of a short life", pushing(), answered(201, request_uri=lambda uri: uri.startswith("urn:ietf:params:oauth:request_uri:"), expires_in=lambda seconds: 5 <= seconds <= 600)),
    Case("RFC 9126 §2.2", "its answer is not stored", lambda world: "no-store" in pushing()(world).headers["Cache-Control"], true),
    Case(USE, "the address stands for the request", lambda world: going(world, pushed(world)[0]), coded(at="https://web.example/cb")),
    Case(PAR, "a public client may push", lambda world: going(world, pushed(world, "spa")[0], "spa"), coded()),
    Case(PAR, "a client with keys may push", lambda world: going(world, pushed(world, "keys")[0], "keys"), coded()),
    Case("RFC 9126 §6", "a client that must push is served when it does", lambda world: going(world, pushed(world, "pushy")[0], "pushy"), coded()),
    Case("RFC 7636 §4.6", "the pushed challenge binds the code", lambda world: bound(world), true),
    Case(PAR, "a confidential client must prove itself", lambda world: world.form("par", world.request()), refused(401, "invalid_client")),
    Case(PAR, "a wrong secret is refused", lambda world: world.form("par", world.request(), wrong(world)), refused(401, "invalid_client")),
    Case(PAR, "another client_id than the one that is proved is refused", lambda world: world.form("par", world.request("spa"), "web"),
         lambda answer, world: refused(answer.status, "invalid_request", "invalid_client")(answer, world)),
    Case(PAR, "a request_uri cannot be pushed", pushing(request_uri="urn:ietf:params:oauth:request_uri:x"), refused(400, "invalid_request")),
    Case(PAR, "GET is not allowed", lambda world: world.server.send("GET", "/oauth2/par", None, {}).status == 405, true),
    Case(PAR, "a parameter given twice is refused", pushing(scope=["openid", "email"]), refused(400, "invalid_request")),
    Case("RFC 9126 §2.3", "a redirect URI that is not the client's is refused", pushing(redirect_uri="https://evil.example/"), refused(400, "invalid_request", "invalid_redirect_uri")),
    Case("RFC 9126 §2.3", "a request without a challenge is refused", pushing(code_challenge=None, code_challenge_method=None), refused(400, "invalid_request")),
    Case("RFC 9126 §2.3", "the method plain is refused", pushing(code_challenge_method="plain"), refused(400, "invalid_request")),
    Case("RFC 9126 §2.3", "an unknown scope is refused", pushing(scope="unheard.of"), refused(400, "invalid_scope")),
    Case("RFC 9126 §2.3", "another response type is refused", pushing(response_type="token"), refused(400, "unsupported_response_type")),
    Case("RFC 9126 §2.3", "a client without the grant is refused", lambda world: world.form("par", world.request("exchanger"), "exchanger"), refused(400, "unauthorized_client")),
    Case("RFC 9126 §7.3", "an address is good for one answer", lambda world: twice(world), NO_URI),
    Case("RFC 9126 §2.2", "an address is over after its time", lambda world: over(world), NO_URI),
    Case("RFC 9126 §2.2", "an address is the client's that pushed", lambda world: going(world, pushed(world)[0], "spa"), shown()),
    Case("RFC 9126 §7.1", "an address that was not given is told on a page", lambda world: going(world, "urn:ietf:params:oauth:request_uri:" + new_verifier()), shown()),
    Case("RFC 9101 §10.4", "an address elsewhere is not fetched", lambda world: going(world, "https://evil.example/request"), shown()),
    Case(USE, "the client must be named beside the address", lambda world: world.person.authorize(request_uri=pushed(world)[0]), shown()),
    Case(USE, "a redirect URI beside the address is ignored", lambda world: going(world, pushed(world)[0], redirect_uri="https://evil.example/"), lambda outcome, world: coded(
        at="https://web.example/cb")(outcome, world) if isinstance(outcome, Landing) else shown()(outcome, world)),
    Case(USE, "a scope beside the address is ignored", lambda world: scope_beside(world), true),
    Case(USE, "a state beside the address is ignored", lambda world: going(world, pushed(world)[0], state="other"), coded()),
    Case(USE, "a challenge beside the address is ignored", lambda world: challenge_beside(world), true),
    Case(USE, "an address given twice is refused", lambda world: (lambda uri: going(world, [uri, uri]))(pushed(world)[0]), shown()),
    Case("RFC 9449 §10", "a dpop_jkt that is no thumbprint is refused", pushing(dpop_jkt="x"), refused(400, "invalid_request")),
    Case("RFC 9449 §10.1", "a proof at the push binds the code to its key", lambda world: pushed_with_key(world), true),
    Case("RFC 9449 §10.1", "a proof and another key's dpop_jkt are refused", lambda world: with_proof(world, dpop_jkt="A" * 43), refused(400, "invalid_request", "invalid_dpop_proof")),
    # Request objects
    Case(OBJECT, "a signed request stands for the request", by_object(), coded(at="https://keys.example/cb")),
    Case("RFC 9126 §3", "a signed request may be pushed", lambda world: going(world, object_pushed(world), "keys"), coded(at="https://keys.example/cb")),
    Case("RFC 9101 §10.5", "alg none is refused", by_object(algorithm="none"), NOT_GOOD),
    Case(OBJECT, "a request that another key signed is refused", by_object(key=jwk.JWK.generate(kty="EC", crv="P-256")), NOT_GOOD),
    Case("RFC 8725 §2.1", "a request by HS256 with the public key is refused", lambda world: by_public_key(world), NOT_GOOD),
    Case("RFC 9101 §4", "a request for another server is refused", by_object(aud="https://elsewhere.example"), NOT_GOOD),
    Case("RFC 9101 §4", "a request of another issuer is refused", by_object(iss="other"), NOT_GOOD),
    Case("RFC 9101 §6.2", "a request that is over is refused", by_object(exp=lambda world: world.now() - 1), NOT_GOOD),
    Case("RFC 9101 §6.2", "a request that is not good yet is refused", by_object(nbf=lambda world: world.now() + 600), NOT_GOOD),
    Case("RFC 9101 §6.2", "what is no JWT is refused", lambda world: world.person.authorize(client_id=world.id("keys"), request="garbage"), NOT_GOOD),
    Case("RFC 9101 §6.2", "a request that was changed is refused", lambda world: changed(world), NOT_GOOD),
    Case("RFC 9101 §5", "the client must be named beside the request", lambda world: world.person.authorize(request=signed_request(world)), shown()),
    Case("RFC 9101 §5", "another client beside the request is refused", lambda world: world.person.authorize(client_id=world.id("web"), request=signed_request(world)), shown()),
    Case("RFC 9101 §5", "another client within the request is refused", by_object(client_id=lambda world: world.id("web")), NOT_GOOD),
    Case(JAR, "what stands beside the request does not count: the redirect URI", by_object(beside={"redirect_uri": "https://evil.example/"}), lambda outcome, world: coded(
        at="https://keys.example/cb")(outcome, world) if isinstance(outcome, Landing) and outcome.get("code") else shown()(outcome, world)),
    Case(JAR, "what stands beside the request does not count: the scope", lambda world: object_scope(world), true),
    Case(JAR, "what stands beside the request does not count: the state", by_object(beside={"state": "other"}), lambda outcome, world: coded()(outcome, world) if outcome.get(
        "code") else errs("invalid_request", "invalid_request_object", state=False)(outcome, world)),
    Case(JAR, "what the request lacks is not taken from beside it", by_object(drop=("code_challenge", "code_challenge_method"), beside={
        "code_challenge": "x" * 43, "code_challenge_method": "S256"}), errs("invalid_request", "invalid_request_object")),
    Case("RFC 9101 §5", "request and request_uri together are refused", lambda world: world.person.authorize(
        client_id=world.id("keys"), request=signed_request(world), request_uri="urn:ietf:params:oauth:request_uri:x"), shown()),
    Case("RFC 9101 §4", "a request within a request is refused", by_object(request="x.y.z"), NOT_GOOD),
    Case("OAuth 2.1 §4.1.1", "a signed request's redirect URI must be a registered one", by_object(redirect_uri="https://evil.example/"), shown()),
    Case("RFC 9101 §10.8", "a signed request is no client assertion", lambda world: world.asserted(signed_request(
        world, sub=world.id("keys"), jti="j-" + new_verifier())), refused(401, "invalid_client")),
    Case("RFC 9101 §10.8", "a client assertion is no signed request", lambda world: world.person.authorize(
        client_id=world.id("keys"), request=world.assertion("keys")), NOT_GOOD),
    Case("RFC 9101 §5", "a client without keys cannot sign a request", lambda world: world.person.authorize(
        client_id=world.id("web"), request=signed_request(world, "web")), NOT_GOOD),
]


def wrong(world):
    from .codes import wrong_secret

    return wrong_secret(world)


def with_proof(world, key=None, verifier=None, **overrides):
    """A request that a public client pushes with a proof of its key."""
    from .dpop import Key, nonce_of

    proof = (key or Key()).proof(world, "/oauth2/par", nonce=nonce_of(world))
    return world.form("par", world.request("spa", verifier, **overrides), "spa", {"DPoP": proof})


def pushed_with_key(world):
    from .dpop import Key, nonce_of

    key, other, verifier = Key(), Key(), new_verifier()
    answer = with_proof(world, key, verifier)
    assert answer.status == 201, answer
    landing = going(world, answer.json["request_uri"], "spa")
    fields = {"grant_type": "authorization_code", "code": landing["code"], "redirect_uri": "https://spa.example/cb", "code_verifier": verifier}
    proofs = [None, other.proof(world, nonce=nonce_of(world)), key.proof(world, nonce=nonce_of(world))]
    statuses = [world.token("spa", {"DPoP": proof} if proof else None, **fields).status for proof in proofs]
    return statuses == [400, 400, 200] or statuses


def bound(world):
    uri, verifier = pushed(world)
    landing = going(world, uri)
    fields = {"grant_type": "authorization_code", "code": landing["code"], "redirect_uri": "https://web.example/cb"}
    bad = world.token("web", **fields, code_verifier=new_verifier())
    good = world.token("web", **fields, code_verifier=verifier)
    return (bad.status, good.status) == (400, 200) or (bad, good)


def twice(world):
    uri, _ = pushed(world)
    assert going(world, uri)["code"]
    return going(world, uri)


def over(world):
    answer = world.form("par", world.request(), "web")
    assert answer.status == 201, answer
    world.later(answer.json["expires_in"] + 1)
    return going(world, answer.json["request_uri"])


def scope_of(world, code, verifier, client):
    answer = world.token(client, grant_type="authorization_code", code=code, code_verifier=verifier)
    assert answer.status == 200, answer
    return answer.json["scope"]


def scope_beside(world):
    uri, verifier = pushed(world)
    landing = going(world, uri, scope="openid email profile")
    return scope_of(world, landing["code"], verifier, "web") == "openid"


def challenge_beside(world):
    from .world import challenge

    uri, verifier = pushed(world)
    other = new_verifier()
    landing = going(world, uri, code_challenge=challenge(other), code_challenge_method="S256")
    fields = {"grant_type": "authorization_code", "code": landing["code"], "redirect_uri": "https://web.example/cb"}
    return [world.token("web", **fields, code_verifier=text).status for text in (other, verifier)] == [400, 200]


def object_pushed(world):
    answer = world.form("par", {"request": signed_request(world)}, "keys")
    assert answer.status == 201, answer
    return answer.json["request_uri"]


def by_public_key(world):
    import base64
    import hashlib
    import hmac

    text = signed_request(world)
    head = base64.urlsafe_b64encode(json.dumps({"alg": "HS256", "kid": "es", "typ": "oauth-authz-req+jwt"}).encode()).rstrip(b"=").decode()
    signed = head + "." + text.split(".")[1]
    code = base64.urlsafe_b64encode(hmac.digest(ES_KEY.export_to_pem(), signed.encode(), hashlib.sha256)).rstrip(b"=").decode()
    return world.person.authorize(client_id=world.id("keys"), request=f"{signed}.{code}")


def changed(world):
    head, body, signature = signed_request(world).split(".")
    payload = jwt.decode(f"{head}.{body}.{signature}", options={"verify_signature": False})
    import base64

    other = base64.urlsafe_b64encode(json.dumps({**payload, "scope": "openid email"}).encode()).rstrip(b"=").decode()
    return world.person.authorize(client_id=world.id("keys"), request=f"{head}.{other}.{signature}")


def object_scope(world):
    verifier = new_verifier()
    from .world import challenge

    text = signed_request(world, code_challenge=challenge(verifier))
    landing = world.person.authorize(client_id=world.id("keys"), request=text, scope="openid email profile")
    return scope_of(world, landing["code"], verifier, "keys") == "openid"
