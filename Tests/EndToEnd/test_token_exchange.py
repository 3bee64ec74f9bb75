"""Token exchange over HTTP (RFC 8693): what a client may make of a token that it was shown. Each case has its section.

The front asks a person for a token for the API `orders`; `orders` exchanges what it is shown to call `stock`.
"""

import urllib.parse

import jwt
import pytest

import devices
import martlet_server
from devices import FORM, Browser, error, made

GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS = "urn:ietf:params:oauth:token-type:access_token"
ORDERS, STOCK = "https://orders.example", "https://stock.example"
POST = ("--auth-method", "client_secret_post")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = martlet_server.launch(tmp_path_factory.mktemp("exchange"))
    server.register("ada.exchange")
    yield server
    server.stop()


@pytest.fixture(scope="module")
def front(server):
    return made(server, "--name", "Front", *POST, "--grant", devices.GRANT, "--grant", "refresh_token")


def exchanger(server, name, policy, *arguments):
    return made(
        server, "--name", name, *POST, "--grant", GRANT, "--grant", "client_credentials", "--resource", ORDERS, "--token-exchange", policy,
        "--exchange-to", STOCK, *arguments)


@pytest.fixture(scope="module")
def orders(server):
    return exchanger(server, "Orders", "delegation")


@pytest.fixture(scope="module")
def gateway(server):
    return exchanger(server, "Gateway", "impersonation")


def subject(server, front, scope="openid profile offline_access", resource=ORDERS):
    """Tokens of a new session that ada gives to the front."""
    asked = devices.ask(server, front, scope=scope, **({"resource": resource} if resource else {})).json
    devices.confirm(Browser(server, "ada.exchange"), asked["user_code"])
    answer = devices.poll(server, front, asked["device_code"])
    assert answer.status == 200, answer
    return answer.json


def post(server, path, client, **fields):
    body = urllib.parse.urlencode({**devices.proof(client), **fields}, doseq=True).encode()
    answer = server.send("POST", f"/oauth2/{path}", body, FORM)
    if answer.status == 200 and answer.body and "access_token" in answer.json:
        server.secrets.add(answer.json["access_token"])
    return answer


def exchange(server, client, token, **fields):
    fields = {"subject_token": token, "subject_token_type": ACCESS, **fields}
    return post(server, "token", client, grant_type=GRANT, **{name: value for name, value in fields.items() if value is not None})


def claims(answer):
    assert answer.status == 200, answer
    return martlet_server.claims(answer.json["access_token"])


def machine_token(server, client, **fields):
    return post(server, "token", client, grant_type="client_credentials", **fields).json["access_token"]


@pytest.fixture(scope="module")
def shown(server, front):
    return subject(server, front)["access_token"]


def test_an_api_calls_on_for_a_person(server, shown, orders):
    """RFC 8693 §2.2.1 and §4.1: the answer, and who acts."""
    answer = exchange(server, orders, shown, resource=STOCK)
    before, after = martlet_server.claims(shown), claims(answer)
    assert answer.json["issued_token_type"] == ACCESS and answer.json["token_type"] == "Bearer" and "refresh_token" not in answer.json
    assert answer.headers["cache-control"] == "no-store" and 0 < answer.json["expires_in"] <= 600
    assert after["sub"] == before["sub"] and after["aud"] == STOCK and after["client_id"] == orders["client_id"]
    assert after["act"] == {"sub": orders["client_id"]}
    assert after["jti"] != before["jti"] and after["exp"] <= before["exp"] and after["sid"] == before["sid"]
    assert after["auth_time"] == before["auth_time"]
    # offline_access is about a refresh token, which there is none of.
    assert after["scope"] == "openid profile" and answer.json["scope"] == "openid profile"
    keys = jwt.PyJWKClient(f"{server.url}/.well-known/jwks.json")
    text = answer.json["access_token"]
    jwt.decode(text, keys.get_signing_key_from_jwt(text).key, algorithms=["ES256"], audience=STOCK, issuer=server.url)
    assert jwt.get_unverified_header(text)["typ"] == "at+jwt"


def test_impersonation_says_nobody_acts(server, shown, gateway, orders):
    """RFC 8693 §1.1 and §4.1; a chain that is there stays."""
    assert "act" not in claims(exchange(server, gateway, shown, resource=STOCK))
    own = machine_token(server, orders)
    named = exchange(server, gateway, shown, actor_token=machine_token(server, gateway), actor_token_type=ACCESS)
    assert claims(named)["act"] == {"sub": gateway["client_id"]}
    further = made(
        server, "--name", "Further", *POST, "--grant", GRANT, "--resource", STOCK, "--token-exchange", "impersonation", "--exchange-from",
        orders["client_id"])
    delegated = exchange(server, orders, shown, resource=STOCK).json["access_token"]
    kept = claims(exchange(server, further, delegated))
    assert kept["act"] == {"sub": orders["client_id"]} and kept["aud"] == STOCK
    chained = claims(exchange(server, further, delegated, actor_token=own, actor_token_type=ACCESS))
    assert chained["act"] == {"sub": orders["client_id"], "act": {"sub": orders["client_id"]}}


def test_a_chain_grows_and_has_an_end(server, shown, orders):
    """RFC 8693 §4.1: the outermost acts now."""
    link = made(
        server, "--name", "Link", *POST, "--grant", GRANT, "--resource", STOCK, "--token-exchange", "delegation")
    token = exchange(server, orders, shown, resource=STOCK).json["access_token"]
    chain = {"sub": orders["client_id"]}
    for _ in range(3):
        answer = exchange(server, link, token)
        chain = {"sub": link["client_id"], "act": chain}
        assert claims(answer)["act"] == chain
        token = answer.json["access_token"]
    assert error(exchange(server, link, token)) == (400, "invalid_request")


# what, changes of the request, error, section
CASES = [
    ("another scope", {"scope": "email"}, "invalid_scope", "RFC 6749 §3.3"),
    ("a scope that is never exchanged", {"scope": "offline_access"}, "invalid_scope", "RFC 6749 §3.3"),
    ("the account's scope", {"scope": "account"}, "invalid_scope", "RFC 6749 §3.3"),
    ("the administrators' scope", {"scope": "openid admin"}, "invalid_scope", "RFC 6749 §3.3"),
    ("another API", {"resource": "https://other.example"}, "invalid_target", "RFC 8693 §2.2.2"),
    ("another audience", {"audience": "other"}, "invalid_target", "RFC 8693 §2.2.2"),
    ("one allowed, one not", {"resource": STOCK, "audience": "https://other.example"}, "invalid_target", "RFC 8693 §2.2.2"),
    ("two APIs", {"resource": [STOCK, ORDERS]}, "invalid_target", "RFC 8707 §2.2"),
    ("no subject token", {"subject_token": None}, "invalid_request", "RFC 8693 §2.1"),
    ("no type of it", {"subject_token_type": None}, "invalid_request", "RFC 8693 §2.1"),
    ("another type of it", {"subject_token_type": "urn:ietf:params:oauth:token-type:refresh_token"}, "invalid_request", "RFC 8693 §2.1"),
    ("garbage", {"subject_token": "garbage"}, "invalid_request", "RFC 8693 §2.2.2"),
    ("a refresh token asked for", {"requested_token_type": "urn:ietf:params:oauth:token-type:refresh_token"}, "invalid_request", "RFC 8693 §2.1"),
    ("a type of actor without actor", {"actor_token_type": ACCESS}, "invalid_request", "RFC 8693 §2.1"),
    ("an actor without a type", {"actor_token": "x"}, "invalid_request", "RFC 8693 §2.1"),
    ("an actor that is garbage", {"actor_token": "x", "actor_token_type": ACCESS}, "invalid_request", "RFC 8693 §2.2.2"),
    ("a subject token twice", {"subject_token": ["x", "y"]}, "invalid_request", "RFC 8693 §2.1"),
]


@pytest.mark.parametrize("what, changes, code, section", CASES, ids=[case[0] for case in CASES])
def test_what_is_refused(server, shown, orders, what, changes, code, section):
    answer = exchange(server, orders, shown, **changes)
    assert error(answer) == (400, code), f"{section}: {answer}"


def test_whose_tokens_a_client_may_exchange(server, front, shown, orders):
    """RFC 8693 §2.2.2 and §5: those it was shown, or of those it may."""
    elsewhere = subject(server, front, resource=STOCK)["access_token"]
    assert error(exchange(server, orders, elsewhere)) == (400, "invalid_request")
    friend = made(
        server, "--name", "Friend", *POST, "--grant", GRANT, "--resource", "https://friend.example", "--token-exchange", "delegation",
        "--exchange-from", front["client_id"])
    assert claims(exchange(server, friend, elsewhere))["aud"] == STOCK
    stranger = made(server, "--name", "Stranger", *POST, "--grant", GRANT, "--token-exchange", "delegation")
    assert error(exchange(server, stranger, shown)) == (400, "invalid_request"), "a client without resources stands for none"
    off = made(server, "--name", "Off", *POST, "--grant", GRANT, "--resource", ORDERS)
    assert error(exchange(server, off, shown)) == (400, "unauthorized_client")
    without = made(server, "--name", "Without", *POST, "--grant", "client_credentials", "--token-exchange", "delegation", "--resource", ORDERS)
    assert error(exchange(server, without, shown)) == (400, "unauthorized_client")
    assert error(exchange(server, front, shown)) == (400, "unauthorized_client")
    refused = server.cli("client", "add", "--name", "Public", "--public", "--grant", GRANT, check=False)
    assert refused.returncode != 0


def test_some_tokens_are_nobodys_to_exchange(server, front, orders):
    machine = made(server, "--name", "Machine", *POST, "--grant", "client_credentials", "--scope", "read")
    token = machine_token(server, machine, resource=ORDERS)
    answer = exchange(server, orders, token)
    assert error(answer) == (400, "invalid_request") and "session" in answer.json["error_description"]
    tokens = subject(server, front)
    assert error(exchange(server, orders, tokens["refresh_token"])) == (400, "invalid_request")
    # A frontend's token for the API: its scopes here are left behind.
    session = server.login("ada.exchange", audience=ORDERS)
    assert "scope" not in claims(exchange(server, orders, session.access, resource=STOCK))
    bold = exchanger(server, "Bold", "delegation", "--exchange-from", "martlet", "--exchange-to", server.url)
    login = server.login("ada.exchange")
    answer = exchange(server, bold, login.access, resource=server.url)
    assert "scope" not in claims(answer)
    assert server.get("/api/v1/users/me", token=answer.json["access_token"]).status == 403
    assert error(exchange(server, bold, login.access, scope="account")) == (400, "invalid_scope")
    # An actor's token is the client's own, or one that it was shown.
    other = machine_token(server, machine)
    assert error(exchange(server, orders, subject(server, front)["access_token"], actor_token=other, actor_token_type=ACCESS)) == (
        400, "invalid_request")


def test_it_is_dead_with_what_it_came_from(server, front, orders):
    """The session, the person, or the exchanging client: whichever is taken back, on the next request here."""
    own = made(server, "--name", "Own", *POST, "--grant", "client_credentials", metadata={"first_party": True})
    admin = server.admin()

    def is_alive(token):
        return post(server, "introspect", own, token=token).json["active"]

    def fresh():
        tokens = subject(server, front)
        return tokens, exchange(server, orders, tokens["access_token"], resource=STOCK).json["access_token"]
    ends = [
        lambda tokens: post(server, "revoke", front, token=tokens["refresh_token"]),
        lambda tokens: admin.call("DELETE", f"/admin/api/sessions/{martlet_server.claims(tokens['access_token'])['sid']}"),
        lambda tokens: admin.call("POST", "/admin/api/revocations", {"user_id": martlet_server.claims(tokens["access_token"])["sub"]}),
    ]
    for end in ends:
        tokens, token = fresh()
        assert is_alive(token)
        assert end(tokens).status < 300
        assert not is_alive(token)
        assert error(exchange(server, orders, tokens["access_token"])) == (400, "invalid_request")
    # By itself it goes alone.
    tokens, token = fresh()
    assert post(server, "revoke", orders, token=token).status == 200
    assert not is_alive(token) and is_alive(tokens["access_token"])
    # A subject token that was taken back alone is not exchanged any more.
    assert post(server, "revoke", front, token=tokens["access_token"]).status == 200
    assert error(exchange(server, orders, tokens["access_token"])) == (400, "invalid_request")


def test_the_policy_is_the_operators(server, orders):
    """What the command wrote, the admin API shows, changes and judges."""
    admin = server.admin()
    path = f"/admin/api/clients/{orders['client_id']}"
    shown = admin.call("GET", path).json
    assert shown["token_exchange"] == "delegation" and shown["exchange_to"] == [STOCK] and "exchange_from" not in shown
    assert admin.call("PATCH", path, {"token_exchange": "everything"}).code == "validation_failed"
    assert admin.call("PATCH", path, {"exchange_from": "one"}).code == "validation_failed"
    client = exchanger(server, "Changing", "delegation")
    changed = admin.call("PATCH", f"/admin/api/clients/{client['client_id']}", {"token_exchange": "off"})
    assert changed.status == 200 and "token_exchange" not in changed.json
    assert error(exchange(server, client, "x")) == (400, "unauthorized_client")


def test_the_metadata_names_the_grant(server):
    assert GRANT in server.get("/.well-known/oauth-authorization-server").json["grant_types_supported"]
