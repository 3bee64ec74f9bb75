"""Pushed and signed authorization requests (RFC 9126, RFC 9101) over HTTP: what is told at the push."""

import time
import uuid

import jwt
import pytest
from jwcrypto import jwk

import martlet_server
from test_oauth_tokens import form, made, of

CHALLENGE = {"code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "code_challenge_method": "S256"}
GOOD = {"response_type": "code", "redirect_uri": "https://web.example/cb", "scope": "openid", "state": "s", **CHALLENGE}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = martlet_server.launch(tmp_path_factory.mktemp("pushed"))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def web(server):
    return made(server, "--name", "Web", "--redirect-uri", "https://web.example/cb")


@pytest.fixture(scope="module")
def phone(server):
    return made(server, "--name", "Phone", "--public", "--redirect-uri", "http://127.0.0.1/cb")


def signer(server, tmp_path_factory, *more):
    key = jwk.JWK.generate(kty="EC", crv="P-256", kid=str(uuid.uuid4()))
    keys = tmp_path_factory.mktemp("keys") / "jwks.json"
    keys.write_text('{"keys":[%s]}' % key.export_public())
    client = made(server, "--name", "Signer", "--redirect-uri", "https://web.example/cb", "--auth-method", "private_key_jwt", "--jwks", keys, *more)
    return client, key


def pem(key):
    return key.export_to_pem(private_key=True, password=None)


def assertion(server, client, key):
    claims = {"iss": client["client_id"], "sub": client["client_id"], "aud": server.url, "exp": int(time.time()) + 60, "jti": str(uuid.uuid4())}
    return {
        "client_assertion": jwt.encode(claims, pem(key), "ES256", {"kid": key.get("kid")}),
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}


def request_object(server, client, key, **changes):
    claims = {"iss": client["client_id"], "client_id": client["client_id"], "aud": server.url, "exp": int(time.time()) + 60, **GOOD, **changes}
    return jwt.encode(claims, pem(key), "ES256", {"kid": key.get("kid"), "typ": "oauth-authz-req+jwt"})


def test_a_push_is_answered_with_a_reference(server, web):
    answer = form(server, "par", GOOD, of(web))
    # RFC 9126 §2.2.
    assert answer.status == 201 and set(answer.json) == {"request_uri", "expires_in"} and answer.headers["cache-control"] == "no-store"
    assert answer.json["request_uri"].startswith("urn:ietf:params:oauth:request_uri:") and 5 <= answer.json["expires_in"] <= 600
    assert form(server, "par", GOOD, of(web)).json["request_uri"] != answer.json["request_uri"]


def test_a_public_client_pushes_by_its_name(server, phone):
    assert form(server, "par", {**GOOD, "redirect_uri": "http://127.0.0.1:5000/cb", "client_id": phone["client_id"]}).status == 201


REFUSED = {
    "RFC 9126 §2.1: no request_uri": ({"request_uri": "urn:ietf:params:oauth:request_uri:x"}, "invalid_request"),
    "RFC 9126 §2.3: the redirect URI is checked": ({"redirect_uri": "https://evil.example/cb"}, "invalid_request"),
    "OAuth 2.1 §4.1.1: PKCE": ({"code_challenge": ""}, "invalid_request"),
    "RFC 9700 §2.1.1: not plain": ({"code_challenge_method": "plain"}, "invalid_request"),
    "RFC 6749 §3.1.1: response_type": ({"response_type": "token"}, "unsupported_response_type"),
    "RFC 6749 §3.3: scope": ({"scope": "nobody.knows"}, "invalid_scope"),
    "RFC 8707 §2: resource": ({"resource": "https://api.example/#f"}, "invalid_target"),
    "RFC 6749 §3.1: twice": ({"state": ["a", "b"]}, "invalid_request"),
    "RFC 9449 §10: dpop_jkt": ({"dpop_jkt": "short"}, "invalid_request"),
    "RFC 9101 §6.2: a request that is none": ({"request": "a.b.c"}, "invalid_request_object"),
}


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_what_is_wrong_is_told_at_the_push(server, web, case):
    changes, error = REFUSED[case]
    answer = form(server, "par", {**GOOD, **changes}, of(web))
    assert (answer.status, answer.json["error"]) == (400, error), answer


def test_a_push_needs_its_client(server, web):
    # RFC 9126 §2.
    assert form(server, "par", GOOD).json["error"] == "invalid_client"
    assert form(server, "par", {**GOOD, "client_id": web["client_id"]}).json["error"] == "invalid_client"
    assert server.send("GET", "/oauth2/par").status == 405


def test_a_client_may_sign_what_it_pushes(server, tmp_path_factory):
    client, key = signer(server, tmp_path_factory)
    push = lambda **changes: form(server, "par", {**assertion(server, client, key), "request": request_object(server, client, key, **changes)})
    assert push().status == 201
    # RFC 9101 §6.3: what is signed is what counts.
    assert push(scope="nobody.knows").json["error"] == "invalid_scope"
    wrong = [{"aud": "https://other.example"}, {"iss": "other"}, {"exp": int(time.time()) - 1}, {"client_id": "other"}, {"request_uri": "urn:x"}]
    assert [push(**changes).json["error"] for changes in wrong] == ["invalid_request_object"] * len(wrong)
    beside = {**assertion(server, client, key), "request": request_object(server, client, key), "scope": "nobody.knows"}
    assert form(server, "par", beside).status == 201


def test_a_client_that_must_sign_must(server, tmp_path_factory):
    metadata = tmp_path_factory.mktemp("metadata") / "metadata.json"
    metadata.write_text('{"require_signed_request_object":true,"request_object_signing_alg":"ES256"}')
    client, key = signer(server, tmp_path_factory, "--metadata", metadata)
    # RFC 9101 §10.5.
    assert form(server, "par", {**assertion(server, client, key), **GOOD}).json["error"] == "invalid_request"
    assert form(server, "par", {**assertion(server, client, key), "request": request_object(server, client, key)}).status == 201
