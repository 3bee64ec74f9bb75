"""Authlib as a client: code with PKCE, refresh, introspection, revocation, client credentials, device codes, and its ID token checks."""

import secrets

import pytest
import requests
from authlib.common.security import generate_token
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session, OAuthError as SessionError
from authlib.jose import JsonWebKey, jwt
from authlib.oidc.core import CodeIDToken
from authlib.oidc.discovery import OpenIDProviderMetadata, get_well_known_url

DEVICE = "urn:ietf:params:oauth:grant-type:device_code"


def session(site, client, **options):
    return OAuth2Session(
        client["client_id"], client.get("client_secret"), token_endpoint_auth_method=client["token_endpoint_auth_method"],
        revocation_endpoint_auth_method=client["token_endpoint_auth_method"], token_endpoint=site.endpoint("token"),
        **{"redirect_uri": client.get("redirect_uris", [None])[0], "code_challenge_method": "S256", **options})


def complete(site, client, scope="openid email", **asked):
    """The whole way of a code, as Authlib's documentation shows it."""
    oauth, verifier = session(site, client, scope=scope), generate_token(48)
    address, state = oauth.create_authorization_url(site.endpoint("authorization"), code_verifier=verifier, **asked)
    token = oauth.fetch_token(authorization_response=site.answer(address), state=state, code_verifier=verifier)
    return oauth, token


@pytest.mark.parametrize("kind", ["web", "spa", "poster"])
def test_a_code_with_pkce_and_a_refresh(site, kind):
    oauth, token = complete(site, getattr(site, kind))
    assert token["token_type"] == "Bearer" and token["scope"].split() == ["openid", "email"]
    before = token["refresh_token"]
    after = oauth.refresh_token(site.endpoint("token"))
    assert after["refresh_token"] != before and after["access_token"] != token["access_token"]
    answer = oauth.get(site.endpoint("userinfo"))
    assert answer.status_code == 200 and answer.json()["email"].endswith("@people.example")


def test_the_id_token_passes_authlibs_checks(site):
    nonce = secrets.token_urlsafe(16)
    _, token = complete(site, site.web, nonce=nonce, max_age="600")
    claims = jwt.decode(
        token["id_token"], JsonWebKey.import_key_set(site.keys()), claims_cls=CodeIDToken,
        claims_options={"iss": {"essential": True, "value": site.metadata["issuer"]}, "aud": {"essential": True, "value": site.web["client_id"]}},
        claims_params={"nonce": nonce, "client_id": site.web["client_id"], "access_token": token["access_token"], "max_age": 600})
    claims.validate()
    assert claims["sub"] and claims["at_hash"]


def test_introspection_and_revocation(site):
    oauth, token = complete(site, site.web)
    seen = oauth.introspect_token(site.endpoint("introspection"), token["access_token"], token_type_hint="access_token").json()
    assert seen["active"] is True and seen["client_id"] == site.web["client_id"]
    assert oauth.introspect_token(site.endpoint("introspection"), token["refresh_token"], token_type_hint="refresh_token").json()["active"] is True
    assert oauth.revoke_token(site.endpoint("revocation"), token["refresh_token"], token_type_hint="refresh_token").status_code == 200
    assert oauth.introspect_token(site.endpoint("introspection"), token["access_token"]).json() == {"active": False}
    with pytest.raises((OAuthError, SessionError)) as failure:
        oauth.refresh_token(site.endpoint("token"), token["refresh_token"])
    assert failure.value.error == "invalid_grant"


def test_client_credentials(site):
    oauth = session(site, site.machine, scope="read")
    token = oauth.fetch_token(site.endpoint("token"), grant_type="client_credentials")
    assert token["scope"] == "read" and "refresh_token" not in token


def test_a_device(site):
    begun = requests.post(site.endpoint("device_authorization"), {"client_id": site.tv["client_id"], "scope": "openid"}, timeout=30).json()
    oauth = session(site, site.tv)
    with pytest.raises((OAuthError, SessionError)) as failure:
        oauth.fetch_token(grant_type=DEVICE, device_code=begun["device_code"])
    assert failure.value.error == "authorization_pending"
    person = site.person
    page = person.get(begun["verification_uri_complete"].removeprefix(site.server.url))
    if form := page.form("password"):
        page = person.submit(page, form, username=person.username, password=person.password)
    if form := page.form("user_code"):
        page = person.submit(page, form)
    person.submit(page, page.form("decision"), decision="allow")
    # A device that asks sooner than it was told is slowed down, so the first answer of all may be that.
    token = patiently(lambda: oauth.fetch_token(grant_type=DEVICE, device_code=begun["device_code"]), begun["interval"])
    assert token["refresh_token"] and token["id_token"]


def patiently(ask, interval):
    import time

    for _ in range(3):
        time.sleep(interval)
        try:
            return ask()
        except (OAuthError, SessionError) as failure:
            assert failure.error == "slow_down", failure
            interval += 5
    raise AssertionError("slowed down again and again")


def test_the_discovery_document_passes_authlibs_checks(site):
    assert get_well_known_url(site.server.url, external=True) == f"{site.server.url}/.well-known/openid-configuration"
    metadata = OpenIDProviderMetadata(site.metadata)
    for name in OpenIDProviderMetadata.REGISTRY_KEYS:
        # Addresses must be https, says the library; here is loopback.
        if name == "issuer" or name.endswith(("_endpoint", "_uri")):
            continue
        getattr(metadata, f"validate_{name}", lambda: None)()


def test_a_no_is_an_error_of_the_library(site):
    oauth = session(site, site.web, scope="openid")
    address, state = oauth.create_authorization_url(site.endpoint("authorization"), code_verifier=generate_token(48))
    place = site.person.go_on(site.person.get(address.removeprefix(site.server.url)), decision="deny")
    assert place["error"] == "access_denied" and place["state"] == state
