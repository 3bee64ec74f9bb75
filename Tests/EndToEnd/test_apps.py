"""The applications that a person let act for them, over HTTP."""

import sqlite3
import time
import urllib.parse

import pytest

import browser_sign_in
import martlet_server

DOCUMENT = "https://client.example/a/client.json?x=1"
MINE = "/api/v1/users/me/apps"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = martlet_server.launch(tmp_path_factory.mktemp("apps"), MARTLET_CLIENT_DOCUMENTS="on")
    yield server
    server.stop()


def consent(server, session, client_id, scope="openid email"):
    connection = sqlite3.connect(server.folder / "data" / "martlet.db", timeout=20)
    with connection:
        connection.execute(
            "INSERT INTO consents VALUES (?, ?, ?, '[]', ?)", (session.user_id, client_id, scope, int(time.time() * 1000)))
    connection.close()


def items(answer):
    assert answer.status == 200, answer
    return {item["client_id"]: item for item in answer.json["items"]}


def test_an_application_is_seen_and_taken_back_within_a_second(server):
    session = server.register()
    shop = browser_sign_in.app(server, "shop", client_uri="https://shop.example/", logo_uri="https://shop.example/logo.png")
    resource = browser_sign_in.made(server, "--name", "API", "--grant", "client_credentials", first_party=True)
    browser = browser_sign_in.Browser(server, session)
    tokens = browser.let_in(shop, "openid email", ["https://api.example"])
    entry = items(session.call("GET", MINE))[shop]
    assert entry["client_name"] == "The shop" and entry["client_uri"] == "https://shop.example/" and entry["has_sessions"] is True
    assert entry["granted_at"] is None and entry["resources"] == ["https://api.example"]
    assert [scope["name"] for scope in entry["scopes"]] == ["openid", "email"] and all(scope["description"] for scope in entry["scopes"])

    def is_active():
        return browser_sign_in.form(server, "/oauth2/introspect", {"token": tokens["access_token"]}, basic(resource)).json["active"]

    assert is_active() is True
    # The application's own token opens nothing here.
    assert tuple(server.get(MINE, token=tokens["access_token"]))[0] in (401, 403)
    assert session.call("DELETE", f"{MINE}/{shop}").status == 204
    martlet_server.until(lambda: is_active() is False, seconds=1, what="the end of its tokens")
    refresh = browser_sign_in.form(server, "/oauth2/token", {
        "grant_type": "refresh_token", "client_id": shop, "refresh_token": tokens["refresh_token"]})
    assert refresh.json["error"] == "invalid_grant"
    assert items(session.call("GET", MINE)) == {} and session.call("DELETE", f"{MINE}/{shop}").status == 404
    assert session.me().status == 200 and browser.is_signed_in


def basic(client):
    import base64
    pair = f"{client['client_id']}:{client['client_secret']}"
    return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}


def test_an_address_is_named_with_its_slashes_escaped(server):
    session = server.register()
    consent(server, session, DOCUMENT)
    entry = items(session.call("GET", MINE))[DOCUMENT]
    assert entry["client_name"] == DOCUMENT and entry["has_sessions"] is False and entry["granted_at"]
    path = f"{MINE}/{urllib.parse.quote(DOCUMENT, safe='')}"
    # Unescaped they are other paths.
    assert session.call("DELETE", f"{MINE}/{DOCUMENT}").status == 404
    assert [session.call("DELETE", path).status for _ in range(2)] == [204, 404]


def test_administrators_do_the_same_for_others(server):
    session, root = server.register(), server.admin()
    consent(server, session, DOCUMENT)
    path = f"/admin/api/users/{session.user_id}/apps"
    assert set(items(root.call("GET", path))) == {DOCUMENT} and session.call("GET", path).status == 403
    assert root.call("GET", "/admin/api/users/nobody/apps").status == 404
    app = f"{path}/{urllib.parse.quote(DOCUMENT, safe='')}"
    assert session.call("DELETE", app).status == 403
    assert [root.call("DELETE", app).status for _ in range(2)] == [204, 404]
    trail = root.call("GET", "/admin/api/audit?action=consent.withdrawn").json["items"]
    assert trail[0]["actor"] == f"user:{root.user_id}" and trail[0]["target"] == f"client:{DOCUMENT}"
