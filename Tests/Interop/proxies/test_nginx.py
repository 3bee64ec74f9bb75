"""nginx with contrib/nginx/martlet-forward.conf: who is let in, and what the application is told about them."""

import re

import pytest

from martlet_server import ADMIN, PACKAGE, PASSWORD, name
from nginx_proxy import CONFIGURATION
from proofs import bound_token, key, proof

FIELDS = ("x-auth-subject", "x-auth-username", "x-auth-scope", "x-auth-roles", "x-auth-session")
FORGED = [(field.title(), "forged") for field in FIELDS]
PARTNERS = "https://partners.example"


@pytest.fixture
def proxy(shared, before):
    return before(shared)


def identity(answer):
    """What the application was told, one value at most for each field."""
    assert answer.status == 200, answer
    told = {field: answer.json["headers"].get(field, []) for field in FIELDS}
    assert all(len(values) <= 1 for values in told.values()), told
    return {field.removeprefix("x-auth-"): values[0] for field, values in told.items() if values}


def with_roles(warden, *roles):
    """A new account with these roles, logged in."""
    username = name()
    made = warden.call("POST", "/admin/api/users", {"username": username, "password": PASSWORD, "roles": list(roles)})
    assert made.status == 201, made
    return warden.server.login(username)


def test_the_documentation_shows_the_configuration_that_is_run_here():
    shown = re.findall(r"^```nginx\n(.*?)^```$", (PACKAGE / "docs" / "proxies.md").read_text(), re.DOTALL | re.MULTILINE)
    assert shown == [CONFIGURATION.read_text()]


@pytest.mark.parametrize(("language", "file"), [("yaml", "traefik/martlet-forward.yaml"), ("caddyfile", "caddy/Caddyfile")])
def test_the_documentation_shows_the_other_configurations_as_they_are(language, file):
    text = (PACKAGE / "docs" / "proxies.md").read_text()
    assert f"```{language}\n{(PACKAGE / 'contrib' / file).read_text()}```\n" in text


def test_without_a_token_the_client_hears_what_is_needed(proxy):
    answer = proxy.send()
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="martlet"')
    assert "resource_metadata=" in answer.headers["WWW-Authenticate"]
    assert proxy.reached == []


def test_a_bad_token_is_named_as_such(proxy):
    answer = proxy.send(token="eyJhbGciOiJub25lIn0.e30.")
    assert answer.status == 401
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
    assert proxy.reached == []


def test_two_tokens_at_once_are_none(proxy, ada):
    for first, second in ((ada.access, "x"), ("x", ada.access), (ada.access, ada.access)):
        answer = proxy.send(token=first, headers=[("Authorization", f"Bearer {second}")])
        assert answer.status >= 400
    assert proxy.reached == []


def test_the_application_is_told_whose_token_it_is(proxy, shared, ada):
    told = identity(proxy.send(token=ada.access))
    sessions = ada.call("GET", "/auth/sessions").json["items"]
    # Without a role there is no field; the session is the one that the user can see and end.
    assert told == {"subject": ada.user_id, "username": ada.username, "scope": "account", "session": sessions[0]["id"]}


def test_a_username_beyond_ascii_arrives_as_utf_8(proxy, shared):
    user = shared.register(name("zoë"))
    assert identity(proxy.send(token=user.access))["username"] == user.username


def test_an_administrator_arrives_with_role_and_scope(proxy, warden):
    told = identity(proxy.send(token=warden.access))
    assert (told["username"], told["roles"], told["scope"]) == (ADMIN, "admin", "account admin")


def test_what_a_client_forges_never_reaches_the_application(proxy, ada):
    honest = identity(proxy.send(token=ada.access))
    for lies in (
        FORGED,
        FORGED + FORGED,
        [("x-auth-roles", "admin")],
        [("X-AUTH-ROLES", "admin"), ("X-Auth-Username", "root")],
    ):
        assert identity(proxy.send(token=ada.access, headers=lies)) == honest, lies
    # A name with an underscore may be the same name to the application: nginx lets none through.
    answer = proxy.send(token=ada.access, headers=[("X_Auth_Roles", "admin"), ("X-Auth_Roles", "admin")])
    assert not [field for field in answer.json["headers"] if "_" in field]


def test_a_client_cannot_make_the_proxy_drop_what_the_application_is_told(proxy, warden):
    told = identity(proxy.send(token=warden.access, headers=[("Connection", "close, X-Auth-Subject, X-Auth-Roles")]))
    assert told["roles"] == "admin" and told["subject"] == warden.user_id


def test_where_anybody_may_come_nobody_brings_an_identity(proxy):
    assert identity(proxy.send(path="/health", headers=FORGED)) == {}


def test_the_question_itself_cannot_be_asked_from_outside(proxy, ada):
    for path in ("/_martlet", "/_martlet?role=x", "/%5fmartlet"):
        assert proxy.send(path=path, token=ada.access).status == 404


def test_a_role_is_demanded_where_the_location_says_so(proxy, warden, ada):
    auditor = with_roles(warden, "auditor", "staff")
    for path in ("/reports/1", "/reports/", "/x/../reports/1", "/%72eports/1", "//reports/1", "/reports/1?role=none&scope="):
        assert proxy.send(path=path, token=ada.access).status == 403, path
    assert proxy.reached == []
    assert identity(proxy.send(path="/reports/1", token=auditor.access))["roles"] == "auditor,staff"
    # And nowhere else.
    assert identity(proxy.send(path="/", token=ada.access))["username"] == ada.username


def test_an_audience_is_demanded_where_the_location_says_so(proxy, shared, ada):
    partner = shared.login(ada.username, audience=PARTNERS)
    assert proxy.send(path="/partners/1", token=ada.access).status == 401
    assert proxy.send(path="/", token=partner.access).status == 401
    assert proxy.reached == []
    told = identity(proxy.send(path="/partners/1", token=partner.access))
    assert told["username"] == ada.username and "scope" not in told


def test_a_token_that_is_bound_to_a_key_needs_a_proof_for_the_request_itself(start, before):
    """RFC 9449 §7.1: the proxy tells Martlet what the client sent, and Martlet believes it."""
    service = start(MARTLET_TRUSTED_PROXIES="127.0.0.1")
    proxy, holder = before(service), key()
    token = bound_token(service, holder)
    here = f"https://app.example:{proxy.port}"

    def send(proof, method="PUT", path="/orders/7?x=1", more=()):
        return proxy.send(method, path, headers=[("Authorization", f"DPoP {token}"), ("DPoP", proof), *more], content=b"")
    once = proof(holder, "PUT", f"{here}/orders/7", token)
    assert identity(send(once))["scope"] == "read"
    refused = [
        send(once), send(proof(holder, "GET", f"{here}/orders/7", token)), send(proof(holder, "PUT", f"{here}/orders/8", token)),
        send(proof(holder, "GET", f"{service.url}/auth/forward", token)), send(proof(key(), "PUT", f"{here}/orders/7", token)),
        proxy.send("PUT", "/orders/7", token=token),
        # Neither Host nor what the client says of itself is where the request went.
        send(proof(holder, "PUT", "https://evil.example/orders/7", token), more=[("X-Forwarded-Host", "evil.example")]),
    ]
    assert [answer.status for answer in refused] == [401] * len(refused)
    assert proxy.reached == ["/orders/7?x=1"]


def test_a_revoked_token_is_refused_with_the_next_request(proxy, shared, ada):
    connection = proxy.connect()
    for _ in range(3):
        assert proxy.send(token=ada.access, connection=connection).status == 200
    assert shared.post("/auth/blacklist", {"token": ada.access}).status == 204
    answer = proxy.send(token=ada.access, connection=connection)
    assert answer.status == 401
    assert "revoked" in answer.headers["WWW-Authenticate"]
    assert len(proxy.reached) == 3


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_body_goes_to_the_application_and_not_to_martlet(proxy, ada, method):
    # More than Martlet would take.
    content = b"0123456789abcdef" * 8192
    answer = proxy.send(method, "/upload", token=ada.access, content=content, headers=[("Content-Type", "text/plain")])
    assert answer.status == 200, answer
    assert (answer.json["method"], answer.json["body"]) == (method, content.decode())
    assert identity(answer)["subject"] == ada.user_id


def test_a_chunked_body_goes_there_as_well(proxy, ada):
    headers = [("Transfer-Encoding", "chunked"), ("Authorization", f"Bearer {ada.access}")]
    connection = proxy.connect()
    connection.putrequest("POST", "/upload")
    for field, value in headers:
        connection.putheader(field, value)
    connection.endheaders()
    connection.send(b"4\r\nswif\r\n2\r\nts\r\n0\r\n\r\n")
    response = connection.getresponse()
    assert response.status == 200
    assert b'"body": "swifts"' in response.read()
    connection.close()


def test_a_body_without_a_token_is_not_passed_on(proxy):
    assert proxy.send("POST", "/upload", content=b"x" * 1000).status == 401
    assert proxy.reached == []


def test_head_is_head_to_the_application(proxy, ada):
    answer = proxy.send("HEAD", "/", token=ada.access)
    assert (answer.status, answer.body) == (200, b"")


def test_cookies_larger_than_martlet_takes_are_nothing_to_it(proxy, ada):
    cookies = [("Cookie", f"c{number}=" + "x" * 7000) for number in range(3)]
    assert proxy.send(token=ada.access, headers=cookies).status == 200


def test_one_request_id_stands_everywhere(start, before):
    service = start()
    proxy = before(service)
    user = service.register()
    answer = proxy.send(token=user.access, headers=[("X-Request-Id", "mine")])
    number = answer.headers["X-Request-Id"]
    assert re.fullmatch(r"[0-9a-f]{32}", number)
    assert answer.json["headers"]["x-request-id"] == [number]
    assert number in service.log


def test_when_martlet_is_away_nobody_is_let_in(start, before):
    service = start()
    proxy = before(service)
    user = service.register()
    assert proxy.send(token=user.access).status == 200
    service.kill()
    for path in ("/", "/reports/1", "/partners/1"):
        assert 500 <= proxy.send(path=path, token=user.access).status < 600, path
        assert 500 <= proxy.send(path=path).status < 600, path
    assert len(proxy.reached) == 1
    # What asks nobody goes on.
    assert proxy.send(path="/health").status == 200


def test_when_martlet_is_back_they_are_let_in_again(start, before):
    service = start()
    proxy = before(service)
    user = service.register()
    assert proxy.send(token=user.access).status == 200
    service.stop()
    assert proxy.send(token=user.access).status >= 500
    again = start(MARTLET_LISTEN=f"127.0.0.1:{service.port}", MARTLET_ISSUER=service.url)
    assert proxy.send(token=user.access).status == 200
    again.stop()


def test_many_requests_share_few_connections_to_martlet(start, before):
    service = start(MARTLET_METRICS_LISTEN="any")
    proxy = before(service)
    user = service.register()
    accepted = "martlet_connections_accepted_total"
    proxy.send(token=user.access)
    begun = service.metrics()[accepted]
    connection = proxy.connect()
    for number in range(300):
        assert proxy.send(path=f"/{number}", token=user.access, connection=connection).status == 200
    connection.close()
    # The reading of the metrics is on another listener; whether it counts there is no matter.
    assert service.metrics()[accepted] - begun <= 3
