"""ID tokens and userinfo over HTTP, read by the libraries that clients use. The codes are put into the database as a sign-in would
leave them there, so that this is about what comes of them."""

import base64
import hashlib
import json
import secrets
import sqlite3
import time
import urllib.parse

import jwt
import pytest
from joserfc import jwk as joserfc_jwk
from joserfc import jwt as joserfc_jwt

import martlet_server

VERIFIER = "v" * 43
SCOPES = {
    "scopes": {
        "crew": {"description": "see your crew", "claims": {
            "access_token": {"roles": {"from": "roles"}}, "id_token": {"email": {"from": "email"}},
            "userinfo": {"crew": {"constant": ["red"]}}}},
    },
    "resources": ["https://api.example"],
}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("identity")
    (folder / "scopes.json").write_text(json.dumps(SCOPES))
    server = martlet_server.launch(folder, MARTLET_SCOPES=str(folder / "scopes.json"), MARTLET_SIGNING_ALGORITHM="EdDSA")
    server.database = next(folder.rglob("martlet.db"))
    martlet_server.until(lambda: len(server.get("/.well-known/jwks.json").json["keys"]) == 5, seconds=30, what="the keys of ID tokens")
    yield server
    server.stop()


@pytest.fixture(scope="module")
def ada(server):
    return server.register("ada", email="ada@example.com")


def client(server, **metadata):
    members = {"redirect_uris": ["https://a.example/cb"], "grant_types": ["authorization_code", "refresh_token"],
               "token_endpoint_auth_method": "client_secret_post", **metadata}
    made = server.admin().call("POST", "/admin/api/clients", members)
    assert made.status == 201, made
    server.secrets.add(made.json["client_secret"])
    return made.json


def form(server, path, **fields):
    return server.send("POST", path, urllib.parse.urlencode(fields).encode(), {"Content-Type": "application/x-www-form-urlencoded"})


def token(server, client, **fields):
    answer = form(server, "/oauth2/token", client_id=client["client_id"], client_secret=client["client_secret"], **fields)
    for name in ("access_token", "refresh_token", "id_token"):
        server.secrets.add(answer.json.get(name, "no token at all"))
    return answer


def redeem(server, client, user, scope, **details):
    code = secrets.token_urlsafe(32)
    now = int(time.time() * 1000)
    details = {"nonce": "n-1", "auth_time": now // 1000 - 5, "amr": ["pwd"], "acr": "urn:martlet:acr:password", "sid": "sign-in", "refresh": True,
               **details}
    with sqlite3.connect(server.database, timeout=10) as database:
        database.execute(
            "INSERT INTO authorization_codes VALUES (?, ?, ?, ?, ?, NULL, ?, ?, NULL, ?, NULL, ?)",
            (hashlib.sha256(code.encode()).digest(), client["client_id"], user, "https://a.example/cb", hashlib.sha256(VERIFIER.encode()).digest(),
             scope, json.dumps(details), now + 60_000, now + 86_460_000))
    database.close()
    answer = token(server, client, grant_type="authorization_code", code=code, code_verifier=VERIFIER, redirect_uri="https://a.example/cb")
    assert answer.status == 200, answer
    return answer.json


def half(digest, text):
    value = hashlib.new(digest, text.encode()).digest()
    return base64.urlsafe_b64encode(value[:len(value) // 2]).rstrip(b"=").decode()


@pytest.mark.parametrize("algorithm, digest", [(None, "sha256"), ("RS256", "sha256"), ("ES256", "sha256"), ("EdDSA", "sha512")])
def test_an_id_token_is_as_openid_connect_says(server, ada, algorithm, digest):
    """OpenID Connect Core 1.0 §3.1.3.7, by joserfc and by PyJWT."""
    app = client(server, **({"id_token_signed_response_alg": algorithm} if algorithm else {}))
    tokens = redeem(server, app, ada.user_id, "openid")
    name = algorithm or "RS256"
    keys = server.get("/.well-known/jwks.json").json
    decoded = joserfc_jwt.decode(tokens["id_token"], joserfc_jwk.KeySet.import_key_set(keys), algorithms=[name])
    joserfc_jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": server.url}, aud={"essential": True, "value": app["client_id"]}, exp={"essential": True},
        nonce={"essential": True, "value": "n-1"}, at_hash={"essential": True, "value": half(digest, tokens["access_token"])},
    ).validate(decoded.claims)
    signing = jwt.PyJWKClient(f"{server.url}/.well-known/jwks.json").get_signing_key_from_jwt(tokens["id_token"])
    claims = jwt.decode(
        tokens["id_token"], signing.key, algorithms=[name], audience=app["client_id"], issuer=server.url,
        options={"require": ["iss", "sub", "aud", "exp", "iat", "auth_time"]})
    assert claims == decoded.claims and claims["sub"] == ada.user_id and claims["sid"] == "sign-in" and claims["amr"] == ["pwd"]
    assert name in server.get("/.well-known/openid-configuration").json["id_token_signing_alg_values_supported"]


def test_a_refreshed_one_follows_the_rules(server, ada):
    """OpenID Connect Core 1.0 §12.2."""
    app = client(server)
    first = redeem(server, app, ada.user_id, "openid")
    next_tokens = token(server, app, grant_type="refresh_token", refresh_token=first["refresh_token"]).json
    old, new = martlet_server.claims(first["id_token"]), martlet_server.claims(next_tokens["id_token"])
    assert all(old[name] == new[name] for name in ("iss", "sub", "aud", "auth_time"))
    assert "nonce" not in new and new["iat"] >= old["iat"]


def test_userinfo_answers_by_scope_and_by_the_file(server, ada):
    app = client(server)
    tokens = redeem(server, app, ada.user_id, "openid email crew")
    answer = server.get("/oauth2/userinfo", token=tokens["access_token"])
    assert answer.status == 200 and answer.headers["content-type"] == "application/json"
    assert answer.json == {"sub": ada.user_id, "email": "ada@example.com", "email_verified": False, "crew": ["red"]}
    assert martlet_server.claims(tokens["id_token"])["email"] == "ada@example.com"
    assert martlet_server.claims(tokens["access_token"])["roles"] == []
    assert "crew" in server.get("/.well-known/openid-configuration").json["claims_supported"]
    assert form(server, "/oauth2/userinfo", access_token=tokens["access_token"]).json == answer.json


def test_userinfo_ends_with_the_session(server):
    """RFC 6750 §3.1; dead from the next request on."""
    person = server.register()
    app = client(server)
    tokens = redeem(server, app, person.user_id, "openid")
    assert server.get("/oauth2/userinfo", token=tokens["access_token"]).status == 200
    assert person.call("POST", "/auth/logout-all").status in (200, 204)
    answer = server.get("/oauth2/userinfo", token=tokens["access_token"])
    assert (answer.status, answer.json["error"]) == (401, "invalid_token")
    assert answer.headers["www-authenticate"] .startswith('Bearer realm="martlet", error="invalid_token"')


def test_pairwise_subjects_are_of_a_sector(server, ada):
    """OpenID Connect Core 1.0 §8.1."""
    def subject(host):
        app = client(server, subject_type="pairwise", redirect_uris=["https://a.example/cb"], sector_identifier_uri=f"https://{host}/uris.json")
        tokens = redeem(server, app, ada.user_id, "openid")
        said = {martlet_server.claims(tokens["id_token"])["sub"], martlet_server.claims(tokens["access_token"])["sub"],
                server.get("/oauth2/userinfo", token=tokens["access_token"]).json["sub"]}
        assert len(said) == 1
        return said.pop()
    assert subject("one.example") == subject("one.example") != subject("two.example")
    assert ada.user_id not in (subject("one.example"), subject("two.example"))


def test_an_id_token_opens_nothing(server, ada):
    tokens = redeem(server, client(server), ada.user_id, "openid")
    for path in ("/oauth2/userinfo", "/api/v1/users/me", "/auth/sessions"):
        assert server.get(path, token=tokens["id_token"]).status == 401, path


def test_an_algorithm_that_is_not_served_is_told(server):
    answer = server.admin().call(
        "POST", "/admin/api/clients", {"redirect_uris": ["https://a.example/cb"], "id_token_signed_response_alg": "HS256"})
    assert answer.status == 400 and "id_token_signed_response_alg" in answer.body.decode()


def test_keys_of_id_tokens_rotate_in_an_emergency(server, ada):
    app = client(server)
    before = redeem(server, app, ada.user_id, "openid")["id_token"]
    server.cli("keys", "rotate", "--purpose", "id", "--emergency")
    old = martlet_server.header(before)["kid"]

    def published():
        return {key["kid"] for key in server.get("/.well-known/jwks.json").json["keys"]}
    martlet_server.until(lambda: old not in published(), what="the old keys to go")
    after = redeem(server, app, ada.user_id, "openid")["id_token"]
    assert martlet_server.header(after)["kid"] in published()
    assert ada.me().status == 200, "no session ends"


@pytest.mark.parametrize("text, place", [
    ("{", "line 1, column 2"), ('{"scopes": {"admin": {"description": "x"}}}', "scopes.admin"),
    ('{"scopes": {"a": {"description": "x", "claims": {"id_token": {"sub": {"from": "email"}}}}}}', "scopes.a.claims.id_token.sub"),
])
def test_a_broken_file_stops_the_start_with_its_place(tmp_path, text, place):
    path = tmp_path / "scopes.json"
    path.write_text(text)
    with pytest.raises(martlet_server.StartFailure) as failure:
        martlet_server.launch(tmp_path / "data", MARTLET_SCOPES=str(path))
    assert str(path) in failure.value.log and f"{place}:" in failure.value.log
