"""Tokens as libraries for JWTs read them: the ID token by joserfc and PyJWT, the access token by both."""

import base64
import hashlib
import secrets

import jwt as pyjwt
import pytest
from joserfc import jwt as josejwt
from joserfc.errors import BadSignatureError
from joserfc.jwk import KeySet

from test_authlib import complete


@pytest.fixture(scope="module")
def issued(site):
    nonce = secrets.token_urlsafe(16)
    _, token = complete(site, site.web, nonce=nonce)
    return {**token, "nonce": nonce}


def test_joserfc_reads_the_id_token(site, issued):
    token = josejwt.decode(issued["id_token"], KeySet.import_key_set(site.keys()), algorithms=["RS256"])
    registry = josejwt.JWTClaimsRegistry(
        iss={"essential": True, "value": site.metadata["issuer"]}, aud={"essential": True, "value": site.web["client_id"]}, sub={"essential": True},
        exp={"essential": True}, iat={"essential": True}, nonce={"essential": True, "value": issued["nonce"]})
    registry.validate(token.claims)
    digest = hashlib.sha256(issued["access_token"].encode()).digest()
    assert token.claims["at_hash"] == base64.urlsafe_b64encode(digest[:16]).rstrip(b"=").decode()


def test_joserfc_refuses_it_when_it_was_changed(site, issued):
    head, body, signature = issued["id_token"].split(".")
    with pytest.raises(BadSignatureError):
        josejwt.decode(f"{head}.{body}.{signature[:-8]}AAAAAAAA", KeySet.import_key_set(site.keys()), algorithms=["RS256"])


def test_pyjwt_reads_the_id_token(site, issued):
    key = pyjwt.PyJWKClient(site.metadata["jwks_uri"]).get_signing_key_from_jwt(issued["id_token"])
    claims = pyjwt.decode(
        issued["id_token"], key.key, algorithms=site.metadata["id_token_signing_alg_values_supported"], audience=site.web["client_id"],
        issuer=site.metadata["issuer"], options={"require": ["iss", "sub", "aud", "exp", "iat", "auth_time"]})
    assert claims["nonce"] == issued["nonce"]


def test_pyjwt_reads_the_access_token_as_an_api_would(site, issued):
    key = pyjwt.PyJWKClient(site.metadata["jwks_uri"]).get_signing_key_from_jwt(issued["access_token"])
    claims = pyjwt.decode(
        issued["access_token"], key.key, algorithms=["ES256"], audience=site.server.url, issuer=site.metadata["issuer"],
        options={"require": ["iss", "sub", "aud", "exp", "iat", "jti", "client_id"]})
    assert claims["scope"].split() == ["openid", "email"] and pyjwt.get_unverified_header(issued["access_token"])["typ"] == "at+jwt"


def test_an_api_takes_no_id_token(site, issued):
    key = pyjwt.PyJWKClient(site.metadata["jwks_uri"]).get_signing_key_from_jwt(issued["id_token"])
    with pytest.raises(pyjwt.InvalidTokenError):
        pyjwt.decode(issued["id_token"], key.key, algorithms=["RS256"], audience=site.server.url, issuer=site.metadata["issuer"])
