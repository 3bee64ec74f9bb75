"""Signing in for a client, in a real browser, by keyboard and by mouse, on a phone and on a desk: to the client with a code, or without.

Needs what test_page.py needs. With MARTLET_SCREENSHOTS=FOLDER every step is also photographed into that folder.
"""

import http.server
import json
import os
import threading
import urllib.parse

import pytest
from playwright.sync_api import expect

import martlet_server
from scripted_browser import Asker
from visitor import PASSWORD, browser  # noqa: F401 (a fixture)

SCREENSHOTS = os.environ.get("MARTLET_SCREENSHOTS")
SIZES = {"phone": {"width": 390, "height": 844}, "desk": {"width": 1280, "height": 800}}


@pytest.fixture(scope="module")
def callback():
    """A client's own page, which shows what it is told."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def handle_one(self):
            sent = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            told = sent or urllib.parse.urlsplit(self.path).query
            body = f"<!doctype html><title>Client</title><pre id=told>{told}</pre>".encode() if self.path.startswith("/cb") else b""
            self.send_response(200 if body else 404)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = handle_one

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/cb"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def asker(server, callback, tmp_path_factory):
    path = tmp_path_factory.mktemp("client") / "client.json"
    path.write_text(json.dumps({"redirect_uris": [callback], "grant_types": ["authorization_code", "refresh_token"]}))
    client = json.loads(server.cli("client", "add", "--json", "--name", "Field Notes", "--metadata", path).stdout)
    return Asker(server, client, callback, scope="openid profile email offline_access")


@pytest.fixture(scope="module")
def person(server):
    return server.register(martlet_server.name("grace")).username


@pytest.fixture(params=list(SIZES))
def tab(browser, server, request):  # noqa: F811
    """A tab of a new browser, without scripts but where they are asked for."""
    contexts, complaints = [], []

    def open(path, scripts=False):
        context = browser.new_context(viewport=SIZES[request.param], java_script_enabled=scripts)
        contexts.append(context)
        context.on("console", lambda message: complaints.append(message.text))
        page = context.new_page()
        page.size = request.param
        page.goto(server.url + path)
        return page

    yield open
    for context in contexts:
        context.close()
    # Chromium itself logs each refused request, and when a script is faster with the focus than the page.
    assert [line for line in complaints if "status of 4" not in line and not line.startswith("Autofocus processing was blocked")] == []


def shoot(page, name):
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"], "it does not scroll sideways"
    if SCREENSHOTS:
        page.screenshot(path=f"{SCREENSHOTS}/{name}-{page.size}.png", full_page=True)


def told(page):
    page.wait_for_selector("#told")
    return dict(urllib.parse.parse_qsl(page.locator("#told").inner_text()))


def sign_in(page, username, password=PASSWORD):
    page.get_by_label("Username or e-mail").fill(username)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def test_to_the_client_and_back_with_a_code(tab, asker, server, person):
    page = tab(asker.again().path())
    shoot(page, "sign-in")
    # Where typing begins is where the focus is.
    page.keyboard.type(person)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Field Notes asks for access")).to_be_visible()
    expect(page.get_by_text("See your name")).to_be_visible()
    shoot(page, "consent")
    page.get_by_role("button", name="Allow").click()
    answer = told(page)
    assert answer["state"] == asker.state and answer["iss"] == server.url
    assert asker.redeem(answer["code"]).status == 200


def test_a_wrong_password_and_then_the_right_one(tab, asker, person):
    page = tab(asker.again().path())
    sign_in(page, person, "not this one")
    expect(page.get_by_role("alert")).to_have_text("Username or password is wrong.")
    expect(page.get_by_label("Password")).to_be_focused()
    expect(page.get_by_label("Username or e-mail")).to_have_value(person)
    shoot(page, "wrong-password")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Allow")).to_be_visible()


def test_deny_and_cancel(tab, asker, person):
    page = tab(asker.again().path())
    page.get_by_role("button", name="Cancel").click()
    assert told(page)["error"] == "access_denied"
    page = tab(asker.again().path())
    sign_in(page, person)
    page.get_by_role("button", name="Deny").click()
    answer = told(page)
    assert (answer["error"], answer["state"]) == ("access_denied", asker.state)


def test_remembered_it_is_not_asked_again(tab, asker, server):
    person = server.register(martlet_server.name("grace")).username
    page = tab(asker.again().path())
    sign_in(page, person)
    page.get_by_label("Do not ask me again").check()
    page.get_by_role("button", name="Allow").click()
    assert "code" in told(page)
    page.goto(server.url + asker.again().path())
    assert told(page)["state"] == asker.state
    page.goto(server.url + asker.again().path(prompt="login"))
    expect(page.get_by_label("Username or e-mail")).not_to_be_editable()
    expect(page.get_by_label("Password")).to_be_focused()
    shoot(page, "again")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    assert told(page)["state"] == asker.state, "the redirect after the form's is allowed by its policy"


@pytest.mark.parametrize("scripts", [True, False])
def test_the_answer_is_posted(tab, asker, person, scripts):
    page = tab(asker.again().path(response_mode="form_post"), scripts)
    sign_in(page, person)
    page.get_by_role("button", name="Allow").click()
    if not scripts:
        shoot(page, "form-post")
        page.get_by_role("button", name="Continue").click()
    assert told(page)["state"] == asker.state


def test_a_new_account(tab, asker):
    page = tab(asker.again().path())
    page.get_by_role("link", name="Create one").click()
    page.get_by_label("Username").fill("no spaces")
    page.get_by_label("Password").fill("password")
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_role("alert")).to_have_text("Please check what you entered.")
    shoot(page, "sign-up-wrong")
    page.get_by_label("Username").fill(martlet_server.name("new"))
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()
    page.get_by_role("button", name="Allow").click()
    assert "code" in told(page)


def test_somebody_else(tab, asker, server, person):
    page = tab(asker.again().path())
    sign_in(page, person)
    page.get_by_role("link", name="Not you?").click()
    other = server.register(martlet_server.name("hedy")).username
    sign_in(page, other)
    expect(page.get_by_text(f"You are signed in as {other}.")).to_be_visible()


def test_what_cannot_be_answered(tab, asker):
    page = tab(asker.again().path(redirect_uri="https://evil.example/cb"))
    expect(page.get_by_role("alert")).to_contain_text("not registered")
    shoot(page, "unknown-redirect")
