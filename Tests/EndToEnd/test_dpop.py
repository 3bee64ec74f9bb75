"""Tokens for the holder of a key alone (RFC 9449), over HTTP, with proofs that another library makes."""

import base64
import http.client
import json
import re
import time
import urllib.parse
import uuid

import jwt
import pytest

import consumers
import martlet_server
from martlet_server import free_port
from proofs import key, proof, public
from test_oauth_tokens import basic, form, made, of

API = "https://api.example"
GRANT = {"grant_type": "client_credentials"}


def request(server, method, path, fields, body=None):
    """One request with exactly these fields, of which one may come twice."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.putrequest(method, path)
    for name, value in fields:
        connection.putheader(name, value)
    if body is not None:
        connection.putheader("Content-Type", "application/x-www-form-urlencoded")
        connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body)
    response = connection.getresponse()
    answer = martlet_server.Answer(response.status, response.headers, response.read())
    connection.close()
    return answer


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = martlet_server.launch(tmp_path_factory.mktemp("dpop"), MARTLET_TRUSTED_PROXIES="127.0.0.1", MARTLET_DPOP_NONCE="off")
    yield server
    server.stop()


@pytest.fixture(scope="module")
def careful(tmp_path_factory):
    """A service that wants nonces, as by default."""
    server = martlet_server.launch(tmp_path_factory.mktemp("careful"))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def machine(server):
    return made(server, "--name", "Machine", "--grant", "client_credentials", "--scope", "read write")


@pytest.fixture(scope="module")
def asserting(server):
    """A client that proves itself by a key of its own."""
    signing = key()
    admin = server.admin()
    answer = admin.call("POST", "/admin/api/clients", {
        "client_name": "Asserting", "grant_types": ["client_credentials"], "scope": "read", "token_endpoint_auth_method": "private_key_jwt",
        "jwks": {"keys": [{**public(signing), "kid": "a"}]}, "dpop_bound_access_tokens": True})
    assert answer.status == 201, answer
    return answer.json["client_id"], signing


@pytest.fixture(scope="module")
def api(server, tmp_path_factory):
    port = free_port()
    consumer = consumers.launch_api(
        tmp_path_factory.mktemp("api"), server.url, MARTLET_LISTEN=f"127.0.0.1:{port}", MARTLET_AUDIENCE=API,
        MARTLET_PUBLIC_URL=f"http://127.0.0.1:{port}").ready()
    yield consumer
    consumer.stop()


def endpoint(server):
    return f"{server.url}/oauth2/token"


def token(server, client, key, alg="ES256", **fields):
    answer = form(server, "token", {**GRANT, **fields}, {**of(client), "DPoP": proof(key, "POST", endpoint(server), alg=alg)})
    assert answer.status == 200, answer
    assert answer.json["token_type"] == "DPoP"
    server.secrets.add(answer.json["access_token"])
    return answer.json["access_token"]


def shown(server, path, token, proof=None, scheme="DPoP", more=()):
    fields = [("Authorization", f"{scheme} {token}"), *([("DPoP", proof)] if proof else []), *more]
    return request(server, "GET", path, fields)


# The token endpoint


@pytest.mark.parametrize("kind, alg", [("P-256", "ES256"), ("P-384", "ES384"), ("Ed25519", "EdDSA"), ("RSA", "PS256"), ("RSA", "RS256")])
def test_a_token_is_bound_to_the_key_that_was_proved(server, machine, kind, alg):
    """RFC 9449 §5 and §6.1; §6.2 for introspection."""
    mine = key(kind)
    text = token(server, machine, mine, alg, scope="read")
    assert martlet_server.claims(text)["cnf"] == {"jkt": mine.thumbprint()}
    answer = form(server, "introspect", {"token": text}, of(machine)).json
    assert answer["active"] and answer["token_type"] == "DPoP" and answer["cnf"] == {"jkt": mine.thumbprint()}


def test_without_a_proof_it_is_a_bearer_token(server, machine):
    answer = form(server, "token", GRANT, of(machine))
    assert answer.json["token_type"] == "Bearer" and "cnf" not in martlet_server.claims(answer.json["access_token"])
    described = form(server, "introspect", {"token": answer.json["access_token"]}, of(machine)).json
    assert described["token_type"] == "Bearer" and "cnf" not in described


MINE = key()
RSA = key("RSA")
SECRET = key("oct")
BAD_PROOFS = [
    ("no JWT", lambda url: "x.y", "§4.3 step 2"),
    ("nothing", lambda url: "", "§4.3 step 2"),
    ("two in one field", lambda url: proof(MINE, "POST", url) + ", " + proof(MINE, "POST", url), "§4.3 step 1"),
    ("no jti", lambda url: proof(MINE, "POST", url, jti=None), "§4.3 step 3"),
    ("no htm", lambda url: proof(MINE, "POST", url, htm=None), "§4.3 step 3"),
    ("no htu", lambda url: proof(MINE, "POST", url, htu=None), "§4.3 step 3"),
    ("no iat", lambda url: proof(MINE, "POST", url, iat=None), "§4.3 step 3"),
    ("another typ", lambda url: proof(MINE, "POST", url, header={"typ": "JWT"}), "§4.3 step 4"),
    ("no typ", lambda url: proof(MINE, "POST", url, header={"typ": None}), "§4.3 step 4"),
    ("a symmetric algorithm", lambda url: proof(SECRET, "POST", url, alg="HS256"), "§4.3 step 5"),
    ("a symmetric algorithm under a public key", lambda url: proof(SECRET, "POST", url, alg="HS256", header={"jwk": public(MINE)}), "§4.3 step 5"),
    ("signed by another key", lambda url: proof(key(), "POST", url, header={"jwk": public(MINE)}), "§4.3 step 6"),
    ("no key", lambda url: proof(MINE, "POST", url, header={"jwk": None}), "§4.3 step 6"),
    ("the private key in its header", lambda url: proof(MINE, "POST", url, header={"jwk": json.loads(MINE.export())}), "§4.3 step 7"),
    ("the private RSA key in its header", lambda url: proof(RSA, "POST", url, alg="RS256", header={"jwk": json.loads(RSA.export())}), "§4.3 step 7"),
    ("another method", lambda url: proof(MINE, "GET", url), "§4.3 step 8"),
    ("another path", lambda url: proof(MINE, "POST", url + "s"), "§4.3 step 9"),
    ("another host", lambda url: proof(MINE, "POST", "https://evil.example/oauth2/token"), "§4.3 step 9"),
    ("the endpoint's path alone", lambda url: proof(MINE, "POST", "/oauth2/token"), "§4.3 step 9"),
    ("two minutes old", lambda url: proof(MINE, "POST", url, iat=int(time.time()) - 120), "§4.3 step 11"),
    ("two minutes ahead", lambda url: proof(MINE, "POST", url, iat=int(time.time()) + 120), "§4.3 step 11"),
]


@pytest.mark.parametrize("what, made, section", BAD_PROOFS, ids=[case[0] for case in BAD_PROOFS])
def test_a_bad_proof_gets_no_token(server, machine, what, made, section):
    answer = form(server, "token", GRANT, {**of(machine), "DPoP": made(endpoint(server))})
    assert (answer.status, answer.json["error"]) == (400, "invalid_dpop_proof"), f"RFC 9449 {section}: {answer}"
    assert answer.headers["Cache-Control"] == "no-store"


def test_two_proofs_are_none(server, machine):
    """RFC 9449 §4.3 step 1."""
    proofs = [("DPoP", proof(MINE, "POST", endpoint(server))) for _ in range(2)]
    answer = request(server, "POST", "/oauth2/token", [*of(machine).items(), *proofs], urllib.parse.urlencode(GRANT).encode())
    assert (answer.status, answer.json["error"]) == (400, "invalid_dpop_proof"), answer


def test_a_proof_counts_once(server, machine):
    """RFC 9449 §11.1."""
    once = proof(MINE, "POST", endpoint(server))
    headers = {**of(machine), "DPoP": once}
    assert form(server, "token", GRANT, headers).status == 200
    again = form(server, "token", GRANT, headers)
    assert (again.status, again.json["error"]) == (400, "invalid_dpop_proof")
    # Another key may use the same jti: it is the client's own name for a proof.
    same = jwt.decode(once, options={"verify_signature": False})["jti"]
    assert form(server, "token", GRANT, {**of(machine), "DPoP": proof(key(), "POST", endpoint(server), jti=same)}).status == 200


def test_the_client_comes_first(server, machine):
    """A stranger's proof is not even looked at."""
    good = proof(MINE, "POST", endpoint(server))
    answer = form(server, "token", GRANT, {**basic(machine["client_id"], "wrong"), "DPoP": good})
    assert (answer.status, answer.json["error"]) == (401, "invalid_client")
    assert form(server, "token", GRANT, {**of(machine), "DPoP": good}).status == 200, "it was not used up"


def test_host_is_what_the_client_writes(server, machine):
    """htu is the issuer's address of the endpoint, whatever Host says."""
    for host, url, status in (("evil.example", "http://evil.example/oauth2/token", 400), ("evil.example", endpoint(server), 200)):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
        headers = {**of(machine), "DPoP": proof(MINE, "POST", url), "Host": host, "Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", "/oauth2/token", urllib.parse.urlencode(GRANT), headers)
        assert connection.getresponse().status == status
        connection.close()


def assertion(server, client_id, signing, identifier=None):
    now = int(time.time())
    return jwt.encode(
        {"iss": client_id, "sub": client_id, "aud": server.url, "iat": now, "exp": now + 60, "jti": identifier or uuid.uuid4().hex},
        signing.export_to_pem(private_key=True, password=None), algorithm="ES256", headers={"kid": "a"})


def test_assertion_and_proof_count_once_each(server, asserting):
    """RFC 7523 §3 and RFC 9449 §11.1: noted together."""
    client_id, signing = asserting

    def ask(assertion, proof):
        fields = {**GRANT, "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", "client_assertion": assertion}
        answer = form(server, "token", fields, {"DPoP": proof} if proof else {})
        return answer.status, answer.json.get("error")
    first, second = (assertion(server, client_id, signing) for _ in range(2))
    one, two = (proof(MINE, "POST", endpoint(server)) for _ in range(2))
    assert ask(first, one) == (200, None)
    assert ask(first, two) == (401, "invalid_client")
    assert ask(second, one) == (400, "invalid_dpop_proof")
    # RFC 9449 §5.2: dpop_bound_access_tokens.
    assert ask(assertion(server, client_id, signing), None) == (400, "invalid_dpop_proof")


# Nonces


def test_a_proof_must_name_a_nonce(careful):
    """RFC 9449 §8."""
    client = made(careful, "--name", "Machine", "--grant", "client_credentials", "--scope", "read")

    def ask(**claims):
        return form(careful, "token", GRANT, {**of(client), "DPoP": proof(MINE, "POST", endpoint(careful), **claims)})
    first = ask()
    assert (first.status, first.json["error"]) == (400, "use_dpop_nonce")
    nonce = first.headers["DPoP-Nonce"]
    assert nonce and first.headers["Cache-Control"] == "no-store"
    answer = ask(nonce=nonce)
    assert answer.status == 200 and answer.json["token_type"] == "DPoP"
    # §8.2: another one comes along only when there is another one.
    assert answer.headers["DPoP-Nonce"] in (None, ask().headers["DPoP-Nonce"])
    for old in ("", "x", nonce[:-1] + ("A" if nonce[-1] != "A" else "Q"), base64.urlsafe_b64encode(b"0" * 16).decode().rstrip("=")):
        refused = ask(nonce=old)
        assert (refused.status, refused.json["error"]) == (400, "use_dpop_nonce"), old
        assert refused.headers["DPoP-Nonce"]
    # A client without a proof hears of none of it.
    plain = form(careful, "token", GRANT, of(client))
    assert plain.status == 200 and plain.headers["DPoP-Nonce"] is None


def test_a_bad_proof_is_told_so_before_its_nonce(careful):
    client = made(careful, "--name", "Other", "--grant", "client_credentials", "--scope", "read")
    answer = form(careful, "token", GRANT, {**of(client), "DPoP": proof(MINE, "GET", endpoint(careful))})
    assert (answer.status, answer.json["error"]) == (400, "invalid_dpop_proof") and answer.headers["DPoP-Nonce"] is None


# APIs


def at_the_api(server, api, machine):
    return api, "/api/v1/whoami", f"{api.url}/api/v1/whoami", {"resource": API}, 200


def at_the_service(server, api, machine):
    # A client's own token is good there and opens no account: 403 is past every check of the token.
    return server, "/api/v1/users/me", f"{server.url}/api/v1/users/me", {}, 403


PLACES = pytest.mark.parametrize("place", [at_the_api, at_the_service])


@PLACES
def test_a_bound_token_opens_with_a_proof(server, api, machine, place):
    """RFC 9449 §7.1."""
    where, path, url, fields, good = place(server, api, machine)
    mine = key()
    text = token(server, machine, mine, **fields)
    assert shown(where, path, text, proof(mine, "GET", url, text)).status == good
    # §4.3: query and fragment do not count; RFC 9110 §11.1: nor does the case of the scheme.
    assert shown(where, path + "?x=1", text, proof(mine, "GET", url, text), scheme="dpop").status == good
    assert shown(where, path, text, proof(mine, "GET", url + "?y=2", text)).status == good


def challenges_of(answer):
    """The challenges of the one field, in their order."""
    (field,) = answer.headers.get_all("WWW-Authenticate")
    return re.split(r", (?=(?:Bearer|DPoP) )", field)


def refused(answer, error, scheme="DPoP"):
    challenges = challenges_of(answer)
    assert answer.status == 401, answer
    told = [challenge for challenge in challenges if f'error="{error}"' in challenge]
    assert len(told) == 1 and told[0].startswith(scheme + " "), challenges
    # §7.1: the algorithms, wherever DPoP is spoken of.
    assert [challenge.split()[0] for challenge in challenges].count("DPoP") == 1
    assert any(challenge.startswith("DPoP ") and 'algs="ES256 ' in challenge for challenge in challenges)


@PLACES
def test_a_bound_token_is_no_bearer_token(server, api, machine, place):
    """RFC 9449 §7.2: whoever stole it has nothing."""
    where, path, url, fields, _ = place(server, api, machine)
    mine = key()
    text = token(server, machine, mine, **fields)
    refused(shown(where, path, text, scheme="Bearer"), "invalid_token", "Bearer")
    refused(shown(where, path, text, proof(mine, "GET", url, text), scheme="Bearer"), "invalid_token", "Bearer")


@PLACES
def test_an_unbound_token_comes_as_bearer_alone(server, api, machine, place):
    """RFC 9449 §7.1: there is no key that the proof could be about."""
    where, path, url, fields, good = place(server, api, machine)
    text = form(server, "token", {**GRANT, **fields}, of(machine)).json["access_token"]
    assert shown(where, path, text, scheme="Bearer").status == good
    refused(shown(where, path, text, proof(key(), "GET", url, text)), "invalid_token")


BAD_AT_APIS = [
    ("no proof", lambda mine, url, text: None, "invalid_dpop_proof", "§4.3 step 1"),
    ("another key", lambda mine, url, text: proof(key(), "GET", url, text), "invalid_token", "§7.1"),
    ("no ath", lambda mine, url, text: proof(mine, "GET", url), "invalid_dpop_proof", "§4.3 step 12"),
    ("the ath of another token", lambda mine, url, text: proof(mine, "GET", url, text + "x"), "invalid_dpop_proof", "§4.3 step 12"),
    ("another method", lambda mine, url, text: proof(mine, "POST", url, text), "invalid_dpop_proof", "§4.3 step 8"),
    ("another path", lambda mine, url, text: proof(mine, "GET", url + "/x", text), "invalid_dpop_proof", "§4.3 step 9"),
    ("another host", lambda mine, url, text: proof(mine, "GET", "https://evil.example/api/v1/whoami", text), "invalid_dpop_proof", "§4.3 step 9"),
    ("too old", lambda mine, url, text: proof(mine, "GET", url, text, iat=int(time.time()) - 120), "invalid_dpop_proof", "§4.3 step 11"),
    ("a symmetric algorithm", lambda mine, url, text: proof(SECRET, "GET", url, text, alg="HS256"), "invalid_dpop_proof", "§4.3 step 5"),
    ("a private key", lambda mine, url, text: proof(mine, "GET", url, text, header={"jwk": json.loads(mine.export())}), "invalid_dpop_proof", "§4.3 step 7"),
]


@PLACES
@pytest.mark.parametrize("what, made, error, section", BAD_AT_APIS, ids=[case[0] for case in BAD_AT_APIS])
def test_a_bad_proof_opens_nothing(server, api, machine, place, what, made, error, section):
    where, path, url, fields, _ = place(server, api, machine)
    mine = key()
    text = token(server, machine, mine, **fields)
    refused(shown(where, path, text, made(mine, url, text)), error)


@PLACES
def test_a_proof_opens_once(server, api, machine, place):
    """RFC 9449 §11.1."""
    where, path, url, fields, good = place(server, api, machine)
    mine = key()
    text = token(server, machine, mine, **fields)
    once = proof(mine, "GET", url, text)
    assert shown(where, path, text, once).status == good
    refused(shown(where, path, text, once), "invalid_dpop_proof")


@PLACES
def test_two_proofs_open_nothing(server, api, machine, place):
    """RFC 9449 §4.3 step 1."""
    where, path, url, fields, _ = place(server, api, machine)
    mine = key()
    text = token(server, machine, mine, **fields)
    refused(shown(where, path, text, proof(mine, "GET", url, text), more=[("DPoP", proof(mine, "GET", url, text))]), "invalid_dpop_proof")


@PLACES
def test_who_comes_without_a_token_hears_of_both_ways(server, api, machine, place):
    """RFC 9449 §7.1, RFC 6750 §3.1."""
    where, path, *_ = place(server, api, machine)
    answer = request(where, "GET", path, [])
    challenges = challenges_of(answer)
    assert answer.status == 401 and [challenge.split()[0] for challenge in challenges] == ["Bearer", "DPoP"]
    assert not any("error=" in challenge for challenge in challenges)


def test_an_api_may_want_nonces(server, machine, tmp_path):
    """RFC 9449 §9."""
    port = free_port()
    api = consumers.launch_api(
        tmp_path, server.url, MARTLET_LISTEN=f"127.0.0.1:{port}", MARTLET_AUDIENCE=f"http://127.0.0.1:{port}", MARTLET_DPOP_NONCE="on").ready()
    try:
        mine = key()
        text = token(server, machine, mine, resource=api.url)
        url = f"{api.url}/api/v1/whoami"
        first = shown(api, "/api/v1/whoami", text, proof(mine, "GET", url, text))
        refused(first, "use_dpop_nonce")
        nonce = first.headers["DPoP-Nonce"]
        assert shown(api, "/api/v1/whoami", text, proof(mine, "GET", url, text, nonce=nonce)).status == 200
    finally:
        api.stop()


def test_what_ends_or_describes_a_token_asks_for_no_proof(server, machine, api):
    mine = key()
    text = token(server, machine, mine, resource=API)
    url = f"{api.url}/api/v1/whoami"
    # To whom a token would be good if they bore it, the service says that it is not.
    assert server.post("/auth/verify", {"token": text}).status == 401
    assert server.post("/auth/blacklist", {"token": text}).status == 204
    martlet_server.until(
        lambda: shown(api, "/api/v1/whoami", text, proof(mine, "GET", url, text)).code == "token_revoked", what="the revocation")


# Reverse proxies


def asked(server, text, proof, **forwarded):
    names = {"method": "X-Forwarded-Method", "proto": "X-Forwarded-Proto", "host": "X-Forwarded-Host", "uri": "X-Forwarded-Uri"}
    more = [(names[name], value) for name, value in forwarded.items()]
    return shown(server, "/auth/forward", text, proof, more=more)


REQUEST = {"method": "PUT", "proto": "https", "host": "app.example", "uri": "/orders/7?x=1"}
FORWARDED = [
    ("as the client sent it", REQUEST, "PUT", "https://app.example/orders/7", 200),
    ("a port that goes without saying", {**REQUEST, "host": "app.example:443"}, "PUT", "https://app.example/orders/7", 200),
    ("another method", REQUEST, "GET", "https://app.example/orders/7", 401),
    ("another address", REQUEST, "PUT", "https://app.example/orders/8", 401),
    ("the address of the question", REQUEST, "GET", "{server}/auth/forward", 401),
    ("no method told", {k: v for k, v in REQUEST.items() if k != "method"}, "PUT", "https://app.example/orders/7", 401),
    ("nothing told", {}, "GET", "{server}/auth/forward", 401),
]


@pytest.mark.parametrize("what, told, method, url, status", FORWARDED, ids=[case[0] for case in FORWARDED])
def test_a_proof_is_for_the_request_that_a_proxy_asks_about(server, machine, what, told, method, url, status):
    mine = key()
    text = token(server, machine, mine)
    answer = asked(server, text, proof(mine, method, url.format(server=server.url), text), **told)
    assert answer.status == status, answer
    if status == 200:
        assert answer.headers["X-Auth-Subject"] == machine["client_id"]


def test_what_a_stranger_says_of_a_request_is_not_believed(careful):
    """No proxy is trusted there."""
    client = made(careful, "--name", "Third", "--grant", "client_credentials", "--scope", "read")
    mine = key()
    nonce = form(careful, "token", GRANT, {**of(client), "DPoP": proof(mine, "POST", endpoint(careful))}).headers["DPoP-Nonce"]
    text = form(careful, "token", GRANT, {**of(client), "DPoP": proof(mine, "POST", endpoint(careful), nonce=nonce)}).json["access_token"]
    careful.secrets.add(text)
    refused(asked(careful, text, proof(mine, "PUT", "https://app.example/orders/7", text), **REQUEST), "invalid_dpop_proof")


# Metadata


def test_metadata_says_which_algorithms(server, api):
    """RFC 9449 §5.1, RFC 9728 §2."""
    documents = [
        server.get("/.well-known/oauth-authorization-server").json, server.get("/.well-known/oauth-protected-resource").json,
        api.get("/.well-known/oauth-protected-resource").json,
    ]
    for document in documents:
        algorithms = document["dpop_signing_alg_values_supported"]
        assert "ES256" in algorithms and not any(name.startswith("HS") or name == "none" for name in algorithms)
        assert not document.get("dpop_bound_access_tokens_required")
