"""requests-oauthlib as a client: code with PKCE, refresh by itself, and the wrong state."""

import pytest
from oauthlib.oauth2 import BackendApplicationClient, MismatchingStateError
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session


def begin(site, client, **options):
    oauth = OAuth2Session(client["client_id"], redirect_uri=client["redirect_uris"][0], scope=["openid", "email"], pkce="S256", **options)
    address, state = oauth.authorization_url(site.endpoint("authorization"))
    return oauth, site.answer(address), state


def test_a_confidential_clients_code(site):
    oauth, answer, _ = begin(site, site.web)
    token = oauth.fetch_token(site.endpoint("token"), authorization_response=answer, client_secret=site.web["client_secret"], include_client_id=None)
    assert token["token_type"] == "Bearer" and token["refresh_token"]
    assert oauth.get(site.endpoint("userinfo")).json()["email"].endswith("@people.example")


def test_a_public_clients_code(site):
    oauth, answer, _ = begin(site, site.spa)
    token = oauth.fetch_token(site.endpoint("token"), authorization_response=answer, include_client_id=True)
    assert site.claims(token["access_token"])["client_id"] == site.spa["client_id"]


def test_it_refreshes_by_itself(site):
    kept = []
    oauth, answer, _ = begin(
        site, site.spa, auto_refresh_url=site.endpoint("token"), auto_refresh_kwargs={"client_id": site.spa["client_id"]}, token_updater=kept.append)
    token = oauth.fetch_token(site.endpoint("token"), authorization_response=answer, include_client_id=True)
    # As the library sees it, the access token's time is over.
    oauth.token = {**token, "expires_in": -1, "expires_at": 1}
    assert oauth.get(site.endpoint("userinfo")).status_code == 200
    assert len(kept) == 1 and kept[0]["refresh_token"] != token["refresh_token"]


def test_a_code_of_another_flow_is_noticed(site):
    first, _, _ = begin(site, site.web)
    _, answer, _ = begin(site, site.web)
    with pytest.raises(MismatchingStateError):
        first.fetch_token(site.endpoint("token"), authorization_response=answer, client_secret=site.web["client_secret"])


def test_a_machine(site):
    oauth = OAuth2Session(client=BackendApplicationClient(site.machine["client_id"], scope=["write"]))
    token = oauth.fetch_token(site.endpoint("token"), auth=HTTPBasicAuth(site.machine["client_id"], site.machine["client_secret"]))
    assert token["scope"] == ["write"]
