"""The resource servers in examples/, beside a running service: what they let in, and how soon they hear what is taken back."""

import base64
import json
import secrets

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

import resource_servers
from martlet_server import PASSWORD, claims, header, until
from proofs import bound_token, key, proof

API = "https://api.example"
# What is done at the issuer is in force in a running service, and from there at every verifier, within a second each.
BOUND, BY_COMMAND = 1.0, 2.0


@pytest.fixture(scope="module")
def consumer(example, shared, redis_url, tmp_path_factory):
    """Each example beside the shared service."""
    server = resource_servers.launch(example, tmp_path_factory.mktemp(example), shared.url, REDIS_URL=redis_url).follow()
    yield server
    server.stop()


def refuses(consumer, token):
    return consumer.whoami(token).status == 401


def check_refusal(answer, bearer=True):
    assert answer.status == 401, answer
    assert answer.headers["WWW-Authenticate"] == ('Bearer error="invalid_token"' if bearer else "Bearer")
    assert answer.json["detail"]


def signed_by_a_stranger(token, **members):
    """The token, with the same claims, by a key that nobody published."""
    return jwt.encode(claims(token), ec.generate_private_key(ec.SECP256R1()), algorithm="ES256", headers={**header(token), **members})


def unsigned(fields, body="e30"):
    """A token with this text for a header, and no signature worth the name."""
    return base64.urlsafe_b64encode(fields.encode()).rstrip(b"=").decode() + f".{body}.AAAA"


# What is let in


def test_a_good_token_says_who_it_is(consumer, ada):
    answer = consumer.whoami(ada.access)
    assert answer.status == 200, answer
    assert answer.json == {"sub": ada.user_id, "scope": "account", "sid": ada.sid}
    assert consumer.whoami(ada.access, scheme="bearer").status == 200


BAD_TOKENS = {
    "nonsense": lambda ada: "nonsense",
    "a single dot": lambda ada: ".",
    "empty parts": lambda ada: "..",
    "not base64": lambda ada: "a!.b!.c!",
    "a header that is no object": lambda ada: unsigned("[1]"),
    "a header that is null": lambda ada: unsigned("null"),
    "a header nested without end": lambda ada: unsigned("[" * 6000),
    "a kid that is no text": lambda ada: unsigned('{"alg":"ES256","typ":"at+jwt","kid":{"a":1}}'),
    "an unknown kid": lambda ada: signed_by_a_stranger(ada.access, kid=secrets.token_hex(8)),
    "a stranger's signature": lambda ada: signed_by_a_stranger(ada.access),
    "no signature": lambda ada: ada.access.rpartition(".")[0] + ".",
    "alg none": lambda ada: by_algorithm(ada.access, "none", None),
    "alg HS256": lambda ada: by_algorithm(ada.access, "HS256", "k" * 32),
    "claims that were changed": lambda ada: changed(ada.access, scope="admin"),
    "a refresh token": lambda ada: ada.refresh_token,
    "a document of the feed": lambda ada: ada.server.get("/.well-known/revocations").body.decode(),
    "another audience": lambda ada: ada.server.login(ada.username, audience=API).access,
}


def by_algorithm(token, algorithm, key):
    return jwt.encode(claims(token), key, algorithm=algorithm, headers={"typ": "at+jwt", "kid": header(token)["kid"]})


def changed(token, **members):
    fields, body, signature = token.split(".")
    body = base64.urlsafe_b64encode(json.dumps({**claims(token), **members}).encode()).rstrip(b"=").decode()
    return f"{fields}.{body}.{signature}"


@pytest.mark.parametrize("kind", BAD_TOKENS)
def test_a_bad_token_is_refused(consumer, ada, kind):
    check_refusal(consumer.whoami(BAD_TOKENS[kind](ada)))
    assert consumer.whoami(ada.access).status == 200


def test_no_token_is_refused_without_an_error_code(consumer):
    """RFC 6750 §3.1"""
    check_refusal(consumer.get("/whoami"), bearer=False)


def test_a_token_for_this_api_is_good_here_alone(consumer, example, shared, beside):
    api = beside(example, shared, AUDIENCE=API)
    ada = shared.register()
    token = shared.login(ada.username, audience=API).access
    assert api.whoami(token).status == 200
    check_refusal(api.whoami(ada.access))


def test_an_expired_token_is_refused(example, start, beside, shim, tmp_path):
    """The issuer's clock is an hour slow, then right; a minute would do, beyond the half that is allowed for."""
    (tmp_path / "ahead").write_text("-3600")
    service = start(LD_PRELOAD=str(shim), SHIM_AHEAD=str(tmp_path / "ahead"))
    old = service.register()
    consumer = beside(example, service)
    check_refusal(consumer.whoami(old.access))
    (tmp_path / "ahead").unlink()
    assert consumer.whoami(service.login(old.username).access).status == 200


def test_a_token_that_is_bound_to_a_key_is_no_bearer_token(consumer, shared):
    """RFC 9449 §7.2, and no proof changes that where nobody looks at it."""
    holder = key()
    token = bound_token(shared, holder)
    check_refusal(consumer.whoami(token))
    proved = {"Authorization": f"Bearer {token}", "DPoP": proof(holder, "GET", "http://localhost:8000/whoami", token)}
    check_refusal(consumer.get("/whoami", proved))


@pytest.mark.parametrize("example", ["swift"], indirect=True)
def test_its_holder_gets_in_where_proofs_are_known(example, consumer, shared):
    holder = key()
    token = bound_token(shared, holder)

    def ask(proof):
        return consumer.get("/whoami", {"Authorization": f"DPoP {token}", "DPoP": proof})
    once = proof(holder, "GET", "http://localhost:8000/whoami", token)
    assert ask(once).json["scope"] == "read"
    for bad, error in ((once, "invalid_dpop_proof"), (proof(key(), "GET", "http://localhost:8000/whoami", token), "invalid_token")):
        answer = ask(bad)
        assert answer.status == 401 and answer.headers["WWW-Authenticate"].startswith(f'DPoP error="{error}"')


# What is taken back


def by_admin(body):
    return lambda ada, warden: warden.call("POST", "/admin/api/revocations", body(ada))


WAYS = {
    "logout": lambda ada, warden: ada.server.post("/auth/logout", {"refresh": ada.refresh_token}),
    "logout from everywhere": lambda ada, warden: ada.call("POST", "/auth/logout-all"),
    "blacklisted access token": lambda ada, warden: ada.server.post("/auth/blacklist", {"token": ada.access}),
    "blacklisted refresh token": lambda ada, warden: ada.server.post("/auth/blacklist", {"token": ada.refresh_token}),
    "a replayed refresh token": lambda ada, warden: replay(ada),
    "token, by an administrator": by_admin(lambda ada: {"token": ada.access}),
    "jti, by an administrator": by_admin(lambda ada: {"jti": claims(ada.access)["jti"]}),
    "session, by an administrator": by_admin(lambda ada: {"session_id": ada.sid}),
    "user, by an administrator": by_admin(lambda ada: {"user_id": ada.user_id}),
    "disabled account": lambda ada, warden: warden.call("PATCH", f"/admin/api/users/{ada.user_id}", {"is_active": False}),
    "deleted account": lambda ada, warden: warden.call("DELETE", f"/admin/api/users/{ada.user_id}"),
    "changed roles": lambda ada, warden: warden.call("PATCH", f"/admin/api/users/{ada.user_id}", {"roles": ["editor"]}),
}


def replay(ada):
    first = ada.refresh_token
    ada.refresh()
    ada.refresh()
    answer = ada.server.post("/auth/refresh", {"refresh": first})
    assert (*answer,) == (401, "refresh_replayed")


@pytest.mark.parametrize("way", WAYS)
def test_what_is_taken_back_is_refused_within_a_second(consumer, ada, warden, shared, way):
    bystander = shared.register()
    assert consumer.whoami(ada.access).status == 200
    answer = WAYS[way](ada, warden)
    assert answer is None or answer.status in (200, 201, 204), answer
    until(lambda: refuses(consumer, ada.access), seconds=BOUND, what="the refusal")
    check_refusal(consumer.whoami(ada.access))
    assert consumer.whoami(bystander.access).status == 200


def test_one_session_ends_and_the_other_goes_on(consumer, ada, shared):
    other = shared.login(ada.username)
    shared.post("/auth/logout", {"refresh": ada.refresh_token})
    until(lambda: refuses(consumer, ada.access), seconds=BOUND)
    assert consumer.whoami(other.access).status == 200


def test_everything_of_a_client_so_far(example, start, beside):
    service = start()
    consumer = beside(example, service).follow()
    ada, warden = service.register(), service.admin()
    assert consumer.whoami(ada.access).status == 200
    assert warden.call("POST", "/admin/api/revocations", {"client_id": "martlet"}).status == 201
    until(lambda: refuses(consumer, ada.access), seconds=BOUND)
    until(lambda: consumer.whoami(service.login(ada.username).access).status == 200, seconds=3, pause=0.2, what="a token from afterwards")


def test_what_was_taken_back_before_it_started_is_refused_too(example, start, beside):
    service = start()
    ada, warden = service.register(), service.admin()
    service.post("/auth/blacklist", {"token": ada.access})
    consumer = beside(example, service).follow()
    until(lambda: refuses(consumer, ada.access), seconds=BOUND)
    assert consumer.whoami(warden.access).status == 200


# The issuer's keys


def test_an_emergency_rotation_ends_the_old_key_and_brings_the_new(example, start, beside):
    """And nobody's made-up kids, which spend the budget for unknown ones, delay that."""
    service = start()
    consumer = beside(example, service).follow()
    ada = service.register()
    old = header(ada.access)["kid"]
    assert consumer.whoami(ada.access).status == 200
    check_refusal(consumer.whoami(signed_by_a_stranger(ada.access, kid="made up")))
    service.cli("keys", "rotate", "--emergency")
    until(lambda: refuses(consumer, ada.access), seconds=BY_COMMAND, what="the refusal of the old key")
    new = until(lambda: fresh(service, ada.username, old), seconds=BY_COMMAND, what="a token by the new key")
    until(lambda: consumer.whoami(new.access).status == 200, seconds=BOUND, what="the new key")


def fresh(service, username, old_kid):
    session = service.login(username, PASSWORD)
    return session if header(session.access)["kid"] != old_kid else None


def test_made_up_kids_cause_at_most_two_fetches(example, proxied, beside):
    service, proxy = proxied
    consumer = beside(example, service).follow()
    ada = service.register()
    before = proxy.key_fetches
    for _ in range(100):
        check_refusal(consumer.whoami(signed_by_a_stranger(ada.access, kid=secrets.token_hex(8))))
    assert consumer.whoami(ada.access).status == 200
    assert proxy.key_fetches - before <= 2


# Somebody is away


def test_tokens_verify_while_the_issuer_is_away_and_revocations_arrive_after_it_is_back(example, start, beside):
    service = start()
    consumer = beside(example, service).follow()
    ada, eve = service.register(), service.register()
    service.post("/auth/logout", {"refresh": eve.refresh_token})
    until(lambda: refuses(consumer, eve.access), seconds=BOUND)
    service.stop()
    assert consumer.whoami(ada.access).status == 200
    check_refusal(consumer.whoami(eve.access))
    service = start(MARTLET_LISTEN=f"127.0.0.1:{service.port}")
    assert service.post("/auth/logout", {"refresh": ada.refresh_token}).status == 204
    # A second until it tries again, and a second for the revocation.
    until(lambda: refuses(consumer, ada.access), seconds=2 * BOUND + 0.5, what="the refusal")
    check_refusal(consumer.whoami(eve.access))


def test_a_service_with_another_history_is_followed_from_its_beginning(example, start, beside):
    """Another database behind the same address: other keys, another lineage, smaller numbers."""
    service = start()
    consumer = beside(example, service).follow()
    for _ in range(3):
        service.post("/auth/logout", {"refresh": service.register().refresh_token})
    service.stop()
    service = start(folder="another", MARTLET_LISTEN=f"127.0.0.1:{service.port}")
    ada = service.register()
    until(lambda: consumer.whoami(ada.access).status == 200, seconds=10, what="the other keys")
    until(lambda: consumer.feed_age < 3, seconds=10, what="the other feed")
    assert service.post("/auth/logout", {"refresh": ada.refresh_token}).status == 204
    until(lambda: refuses(consumer, ada.access), seconds=2 * BOUND)


def test_without_redis_nothing_is_lost_but_the_sharing(shared, beside):
    consumer = beside("python-django", shared, REDIS_URL="redis://127.0.0.1:1").follow()
    ada = shared.register()
    assert consumer.whoami(ada.access).status == 200
    shared.post("/auth/logout", {"refresh": ada.refresh_token})
    until(lambda: refuses(consumer, ada.access), seconds=BOUND)
