"""The token, introspection and revocation endpoints over HTTP: a table of requests, each with the section that it is about."""

import base64
import json
import time
import urllib.parse
import uuid

import jwt
import pytest
from jwcrypto import jwk

import martlet_server

API = "https://api.example"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = martlet_server.launch(tmp_path_factory.mktemp("oauth"))
    yield server
    server.stop()


def made(server, *arguments):
    client = json.loads(server.cli("client", "add", "--json", *arguments).stdout)
    server.secrets.add(client.get("client_secret", "no secret at all"))
    return client


@pytest.fixture(scope="module")
def machine(server):
    return made(server, "--name", "Machine", "--grant", "client_credentials", "--scope", "read write openid admin")


@pytest.fixture(scope="module")
def poster(server):
    return made(server, "--name", "Poster", "--grant", "client_credentials", "--scope", "read", "--auth-method", "client_secret_post")


@pytest.fixture(scope="module")
def web(server):
    return made(server, "--name", "Web", "--redirect-uri", "https://web.example/cb")


@pytest.fixture(scope="module")
def phone(server):
    return made(server, "--name", "Phone", "--public", "--redirect-uri", "http://127.0.0.1/cb")


def basic(client_id, secret):
    pair = f"{urllib.parse.quote(client_id, safe='')}:{urllib.parse.quote(secret, safe='')}"
    return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}


def of(client):
    return basic(client["client_id"], client["client_secret"])


def form(server, path, fields, headers=None, content_type="application/x-www-form-urlencoded"):
    body = fields if isinstance(fields, bytes) else urllib.parse.urlencode(fields, doseq=True).encode()
    return server.send("POST", f"/oauth2/{path}", body, {"Content-Type": content_type, **(headers or {})})


def token_of(server, client, **fields):
    answer = form(server, "token", {"grant_type": "client_credentials", **fields}, of(client))
    assert answer.status == 200, answer
    server.secrets.add(answer.json["access_token"])
    return answer.json["access_token"]


def test_a_machine_gets_a_token_that_apis_take(server, machine):
    answer = form(server, "token", {"grant_type": "client_credentials", "scope": "read", "resource": API}, of(machine))
    # RFC 6749 §5.1, and no refresh token: §4.4.3.
    assert answer.status == 200 and answer.headers["cache-control"] == "no-store"
    assert set(answer.json) == {"access_token", "token_type", "expires_in", "scope"}
    assert answer.json["token_type"] == "Bearer" and answer.json["expires_in"] == 600 and answer.json["scope"] == "read"
    keys = jwt.PyJWKClient(f"{server.url}/.well-known/jwks.json")
    text = answer.json["access_token"]
    claims = jwt.decode(
        text, keys.get_signing_key_from_jwt(text).key, algorithms=["ES256"], audience=API, issuer=server.url,
        options={"require": ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"]})
    # RFC 9068 §2.2: without a person the subject is the client.
    assert claims["sub"] == claims["client_id"] == machine["client_id"] and claims["scope"] == "read"
    assert jwt.get_unverified_header(text)["typ"] == "at+jwt" and "sid" not in claims


def test_it_opens_no_account(server, machine):
    """What has no account behind it is nobody at the account's own APIs, whatever the client is registered for."""
    own = token_of(server, machine)
    for path in ("/api/v1/users/me", "/admin/api/users", "/auth/sessions"):
        assert server.get(path, token=own).status == 403, path
    assert "admin" not in martlet_server.claims(own)["scope"].split()


# path, what is sent, who sends it, status, error, section
CASES = [
    ("no grant type", "token", {}, "machine", 400, "invalid_request", "RFC 6749 §5.2"),
    ("unknown grant type", "token", {"grant_type": "dance"}, "machine", 400, "unsupported_grant_type", "RFC 6749 §5.2"),
    ("the password grant", "token", {"grant_type": "password", "username": "a", "password": "b"}, "machine", 400, "unsupported_grant_type", "RFC 9700 §2.4"),
    ("another scope", "token", {"grant_type": "client_credentials", "scope": "delete"}, "machine", 400, "invalid_scope", "RFC 6749 §3.3"),
    ("a scope about people", "token", {"grant_type": "client_credentials", "scope": "openid"}, "machine", 400, "invalid_scope", "OIDC Core §3.1.2.1"),
    ("the account's scope", "token", {"grant_type": "client_credentials", "scope": "admin"}, "machine", 400, "invalid_scope", "RFC 6749 §3.3"),
    ("a scope of no grammar", "token", {"grant_type": "client_credentials", "scope": "a\"b"}, "machine", 400, "invalid_scope", "RFC 6749 §3.3"),
    ("a resource with a fragment", "token", {"grant_type": "client_credentials", "resource": API + "#x"}, "machine", 400, "invalid_target", "RFC 8707 §2"),
    ("two resources", "token", {"grant_type": "client_credentials", "resource": [API, "https://b.example"]}, "machine", 400, "invalid_target", "RFC 8707 §2"),
    ("a parameter twice", "token", {"grant_type": ["client_credentials"] * 2}, "machine", 400, "invalid_request", "RFC 6749 §3.2"),
    ("an unknown parameter twice", "token", {"grant_type": "client_credentials", "x": ["1", "2"]}, "machine", 400, "invalid_request", "RFC 6749 §3.2"),
    ("a grant it is not registered for", "token", {"grant_type": "client_credentials"}, "web", 400, "unauthorized_client", "RFC 6749 §5.2"),
    ("a public client", "token", {"grant_type": "client_credentials"}, "phone", 400, "unauthorized_client", "OAuth 2.1 §4.2"),
    ("no client", "token", {"grant_type": "client_credentials"}, None, 401, "invalid_client", "RFC 6749 §3.2.1"),
    ("an unknown client", "token", {"grant_type": "client_credentials"}, basic("nobody", "x"), 401, "invalid_client", "RFC 6749 §5.2"),
    ("another scheme", "token", {"grant_type": "client_credentials"}, {"Authorization": "Bearer x"}, 401, "invalid_client", "RFC 6749 §2.3"),
    ("introspection without a token", "introspect", {}, "machine", 400, "invalid_request", "RFC 7662 §2.1"),
    ("introspection by a public client", "introspect", {"token": "x"}, "phone", 400, "unauthorized_client", "RFC 7662 §2.1"),
    ("introspection by nobody", "introspect", {"token": "x"}, None, 401, "invalid_client", "RFC 7662 §4"),
    ("revocation without a token", "revoke", {}, "machine", 400, "invalid_request", "RFC 7009 §2.1"),
    ("revocation by nobody", "revoke", {"token": "x"}, None, 401, "invalid_client", "RFC 7009 §2.1"),
]


@pytest.mark.parametrize("what, path, fields, who, status, error, section", CASES, ids=[case[0] for case in CASES])
def test_what_is_refused(server, request, what, path, fields, who, status, error, section):
    headers = {}
    if isinstance(who, dict):
        headers = who
    elif who == "phone":
        fields = {**fields, "client_id": request.getfixturevalue(who)["client_id"]}
    elif who:
        headers = of(request.getfixturevalue(who))
    answer = form(server, path, fields, headers)
    assert (answer.status, answer.json["error"]) == (status, error), f"{section}: {answer}"
    assert answer.json["error_description"] and answer.headers["cache-control"] == "no-store"
    if status == 401:
        # RFC 6749 §5.2: the scheme that is wanted.
        assert answer.headers["www-authenticate"].startswith("Basic ")


def test_a_client_proves_itself_in_its_own_way_alone(server, machine, poster):
    """RFC 6749 §2.3, RFC 7591 §2 `token_endpoint_auth_method`."""
    grant = {"grant_type": "client_credentials"}

    def posted(client, secret=None):
        return {**grant, "client_id": client["client_id"], "client_secret": secret or client["client_secret"]}
    assert form(server, "token", posted(poster)).status == 200
    refused = [
        form(server, "token", posted(machine)), form(server, "token", grant, of(poster)),
        form(server, "token", posted(poster, poster["client_secret"][:-1])), form(server, "token", {**grant, "client_id": poster["client_id"]}),
        form(server, "token", grant, basic(machine["client_id"], poster["client_secret"])),
    ]
    assert [(answer.status, answer.json["error"]) for answer in refused] == [(401, "invalid_client")] * len(refused)
    both = form(server, "token", posted(machine), of(machine))
    assert (both.status, both.json["error"]) == (400, "invalid_request")


def test_bodies_are_forms(server, machine):
    for content_type, body in [("application/json", b"{}"), ("text/plain", b"grant_type=client_credentials"), ("multipart/form-data; boundary=x", b"--x--")]:
        answer = form(server, "token", body, of(machine), content_type)
        assert (answer.status, answer.json["error"]) == (400, "invalid_request"), content_type
    assert form(server, "token", b"grant_type=%ff", of(machine)).json["error"] == "invalid_request"
    assert form(server, "token", b"&".join(b"a%d=1" % n for n in range(100)), of(machine)).json["error"] == "invalid_request"


def test_whose_business_a_token_is(server, machine, poster):
    """RFC 7662 §2.2 and §4: to others a token is not active, and nothing is said of it."""
    resource = made(server, "--name", "API", "--grant", "client_credentials", "--metadata", metadata(server, resources=[API]))
    token = token_of(server, machine, resource=API)
    own = form(server, "introspect", {"token": token, "token_type_hint": "refresh_token"}, of(machine)).json
    assert own["active"] is True and own["sub"] == machine["client_id"] and own["aud"] == API and own["iss"] == server.url
    assert form(server, "introspect", {"token": token}, of(resource)).json["active"] is True
    strange = ("garbage", token[:-2], token_of(server, machine))
    inactive = [form(server, "introspect", {"token": text}, of(resource)) for text in strange]
    # The poster's secret goes in the body; the token is not for it.
    inactive.append(form(server, "introspect", {
        "token": token, "client_id": poster["client_id"], "client_secret": poster["client_secret"]}))
    assert [answer.json for answer in inactive] == [{"active": False}] * len(inactive)
    server.secrets.add(token)


def metadata(server, **members):
    path = server.folder / f"{uuid.uuid4()}.json"
    path.write_text(json.dumps(members))
    return path


def test_revoked_it_is_dead_at_once_and_for_its_client_alone(server, machine, poster):
    """RFC 7009 §2.1 and §2.2."""
    token = token_of(server, machine)
    others = {"token": token, "client_id": poster["client_id"], "client_secret": poster["client_secret"]}
    assert (form(server, "revoke", others).status, form(server, "revoke", others).json["error"]) == (400, "invalid_grant")
    assert form(server, "introspect", {"token": token}, of(machine)).json["active"] is True
    assert form(server, "revoke", {"token": token}, of(machine)).status == 200
    assert form(server, "introspect", {"token": token}, of(machine)).json == {"active": False}
    assert [form(server, "revoke", {"token": text}, of(machine)).status for text in (token, "garbage")] == [200, 200]


@pytest.mark.parametrize("hint", ["access_token", "refresh_token", "saml2", ""])
def test_a_hint_is_only_a_hint(server, machine, hint):
    """RFC 7662 §2.1, RFC 7009 §2.1: a server looks beyond a hint that is wrong."""
    token = token_of(server, machine)
    assert form(server, "introspect", {"token": token, "token_type_hint": hint}, of(machine)).json["active"] is True
    assert form(server, "revoke", {"token": token, "token_type_hint": hint}, of(machine)).status == 200
    assert form(server, "introspect", {"token": token, "token_type_hint": hint}, of(machine)).json == {"active": False}


def test_an_answer_has_every_member_once(tmp_path):
    """RFC 7662 §2.2, RFC 8259 §4: also of a token with claims that are named as members of the answer are."""
    server = martlet_server.launch(tmp_path / "compat", MARTLET_COMPAT="simplejwt")
    try:
        own = made(server, "--name", "Own", "--grant", "client_credentials", "--first-party")
        server.register("ada")
        token = server.post("/api/token/", {"username": "ada", "password": martlet_server.PASSWORD}).json["access"]
        assert martlet_server.claims(token)["token_type"] == "access"
        pairs = json.loads(form(server, "introspect", {"token": token}, of(own)).body, object_pairs_hook=list)
        names = [name for name, _ in pairs]
        assert len(names) == len(set(names)) and dict(pairs)["active"] is True and dict(pairs)["token_type"] == "Bearer"
        assert set(names) >= {"sub", "exp", "iat", "jti", "aud", "iss"}
    finally:
        server.stop()


def test_a_removed_client_takes_its_tokens_along(server, machine):
    client = made(server, "--name", "Short", "--grant", "client_credentials", "--scope", "read")
    token = token_of(server, client)
    first_party = made(server, "--name", "Own", "--grant", "client_credentials", "--metadata", metadata(server, first_party=True))
    look = lambda: form(server, "introspect", {"token": token}, of(first_party)).json["active"]
    assert look() is True
    server.cli("client", "remove", client["client_id"])
    martlet_server.until(lambda: look() is False, what="the removal")
    assert form(server, "token", {"grant_type": "client_credentials"}, of(client)).status == 401


def assertion(server, key, client_id, **claims):
    usual = {"iss": client_id, "sub": client_id, "aud": server.url, "exp": int(time.time()) + 60, "jti": str(uuid.uuid4())}
    return {
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": jwt.encode({**usual, **claims}, key.export_to_pem(private_key=True, password=None), algorithm="ES256"),
    }


def test_a_key_of_its_own_proves_a_client_once(server):
    """RFC 7523 §3: an assertion counts once."""
    key = jwk.JWK.generate(kty="EC", crv="P-256")
    path = metadata(
        server, token_endpoint_auth_method="private_key_jwt", grant_types=["client_credentials"], response_types=[],
        jwks={"keys": [json.loads(key.export_public())]})
    client = made(server, "--name", "Keys", "--metadata", path)
    assert "client_secret" not in client
    good = assertion(server, key, client["client_id"])
    assert form(server, "token", good).status == 200
    again = form(server, "token", good)
    assert (again.status, again.json["error"]) == (401, "invalid_client")
    other = jwk.JWK.generate(kty="EC", crv="P-256")
    wrong = [
        assertion(server, other, client["client_id"]), assertion(server, key, client["client_id"], aud=f"{server.url}/oauth2/token"),
        assertion(server, key, client["client_id"], exp=int(time.time()) - 1), assertion(server, key, client["client_id"], iss="other"),
    ]
    assert [form(server, "token", fields).status for fields in wrong] == [401] * len(wrong)


def test_the_metadata_names_what_is_served(server):
    metadata = server.get("/.well-known/oauth-authorization-server").json
    assert metadata["token_endpoint"] == f"{server.url}/oauth2/token" and "client_credentials" in metadata["grant_types_supported"]
    assert "private_key_jwt" in metadata["token_endpoint_auth_methods_supported"]
    assert "none" not in metadata["introspection_endpoint_auth_methods_supported"]
    for name in ("token", "introspection", "revocation"):
        assert server.send("POST", metadata[f"{name}_endpoint"].removeprefix(server.url), b"", {
            "Content-Type": "application/x-www-form-urlencoded"}).json["error"] == "invalid_client"
