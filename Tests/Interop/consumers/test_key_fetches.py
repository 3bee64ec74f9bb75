"""How often other people's clients ask for the keys: PyJWT's own as its documentation has it, and workers that share a cache."""

from concurrent.futures import ThreadPoolExecutor

import jwt
import pytest
from jwt import PyJWKClient

from martlet_server import header, until

WORKERS = 10


def test_the_snippet_of_pyjwts_documentation(proxied):
    service, proxy = proxied
    jwks_client = PyJWKClient(f"{proxy.url}/.well-known/jwks.json", headers={"User-agent": "custom-user-agent"})
    for _ in range(20):
        ada = service.register()
        signing_key = jwks_client.get_signing_key_from_jwt(ada.access)
        data = jwt.decode(ada.access, signing_key, audience=service.url, algorithms=["ES256"])
        assert data["sub"] == ada.user_id
    assert proxy.key_fetches == 1


def test_a_client_for_each_request_asks_each_time(proxied):
    """Why one is to be made and kept."""
    service, proxy = proxied
    token = service.register().access
    for _ in range(5):
        PyJWKClient(f"{proxy.url}/.well-known/jwks.json").get_signing_key_from_jwt(token)
    assert proxy.key_fetches == 5


def test_the_snippet_takes_no_document_of_the_feed_for_a_token(proxied):
    service, proxy = proxied
    document = service.get("/.well-known/revocations").body.decode()
    signing_key = PyJWKClient(f"{proxy.url}/.well-known/jwks.json").get_signing_key_from_jwt(document)
    with pytest.raises(jwt.MissingRequiredClaimError):
        jwt.decode(document, signing_key, audience=service.url, algorithms=["ES256"])


def test_ten_workers_with_djangos_cache_on_redis_fetch_once_between_them(proxied, beside):
    service, proxy = proxied
    ada = service.register()
    with ThreadPoolExecutor(WORKERS) as pool:
        workers = list(pool.map(lambda _: beside("python-django", service).follow(), range(WORKERS)))
        assert [answer.status for answer in pool.map(lambda worker: worker.whoami(ada.access), workers)] == [200] * WORKERS
        assert proxy.key_fetches == 1

        service.cli("keys", "rotate", "--emergency")
        for worker in workers:
            until(lambda worker=worker: worker.whoami(ada.access).status == 401, what="the refusal of the old key")
        new = service.login(ada.username)
        assert header(new.access)["kid"] != header(ada.access)["kid"]
        for worker in workers:
            until(lambda worker=worker: worker.whoami(new.access).status == 200, what="the new key")
        # One for the news that a key was withdrawn, and one if the first token by the new key was faster.
        assert proxy.key_fetches in (2, 3)
