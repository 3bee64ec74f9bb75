"""What people do with the pages, from a client's application and back to it, in a real browser: signing in, allowing and denying, devices,
signing out, a new account, another account; on a phone and on a desk, in two languages, with scripts off unless a test says otherwise.

Needs what test_page.py needs. Every step is photographed in light and in dark, into the folder that MARTLET_SCREENSHOTS names, by default
one of pytest's own.
"""

import os
import pathlib
import re
import secrets

import pytest
from playwright.sync_api import expect

import martlet_server
from client_app import ClientApp
from devices import GRANT, ask, error, made, poll, wait_out
from test_pages import CONTRAST, STRUCTURE
from visitor import PASSWORD, browser  # noqa: F401 (a fixture)

SIZES = {"390": {"width": 390, "height": 844}, "1280": {"width": 1280, "height": 800}}
ATTEMPTS = 3

# What the pages say, as far as these tests press and read it.
WORDS = {
    "en-GB": {
        "lang": "en", "user": "Username or e-mail", "password": "Password", "sign_in": "Sign in", "allow": "Allow", "deny": "Deny",
        "asks": "{} asks for access", "wrong": "Username or password is wrong.", "sign_out": "Sign out", "out": "You are signed out",
        "back": "Back to {}", "code": "Code", "go_on": "Continue", "connect": "Connect", "connected": "Device connected", "account": "Create account",
        "username": "Username", "create": "Create one", "too_many": "Too many attempts. Please wait a few minutes and try again.",
    },
    "de-DE": {
        "lang": "de", "user": "Benutzername oder E-Mail", "password": "Passwort", "sign_in": "Anmelden", "allow": "Erlauben", "deny": "Ablehnen",
        "asks": "{} bittet um Zugriff", "wrong": "Benutzername oder Passwort ist falsch.", "sign_out": "Abmelden", "out": "Sie sind abgemeldet",
        "back": "Zurück zu {}", "code": "Code", "go_on": "Weiter", "connect": "Verbinden", "connected": "Gerät verbunden",
        "account": "Konto anlegen", "username": "Benutzername", "create": "Konto anlegen",
        "too_many": "Zu viele Versuche. Bitte versuchen Sie es in einigen Minuten noch einmal.",
    },
}
LANGUAGES = list(WORDS)


@pytest.fixture(autouse=True)
def plain_http(monkeypatch):
    """The libraries want https; on loopback there is none."""
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """With limits, which are a topic here, and behind a proxy, so that every browser has an address of its own to be counted by."""
    server = martlet_server.launch(
        tmp_path_factory.mktemp("flows"), MARTLET_LOGIN_ATTEMPTS=f"{ATTEMPTS}/300", MARTLET_REGISTRATION="open",
        MARTLET_TRUSTED_PROXIES="127.0.0.0/8,::1/128")
    # A new service makes the keys of ID tokens after it began to serve.
    keys = lambda: server.get("/.well-known/jwks.json").json["keys"]  # noqa: E731
    martlet_server.until(lambda: any(key.get("alg") == "RS256" for key in keys()), 30, 0.1, "a key of ID tokens")
    yield server
    server.stop()


@pytest.fixture(scope="module")
def notes(server, tmp_path_factory):
    app = ClientApp(server, tmp_path_factory.mktemp("notes"), "Field Notes", client_uri="https://notes.example/")
    yield app
    app.close()


@pytest.fixture(scope="module")
def maps(server, tmp_path_factory):
    app = ClientApp(server, tmp_path_factory.mktemp("maps"), "Maps")
    yield app
    app.close()


@pytest.fixture
def person(server):
    return server.register(martlet_server.name("grace")).username


@pytest.fixture(scope="session")
def album(tmp_path_factory):
    folder = pathlib.Path(os.environ.get("MARTLET_SCREENSHOTS") or tmp_path_factory.mktemp("screenshots"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


class Tab:
    """One tab of a browser of its own, and the words of its language."""

    def __init__(self, page, size, locale, album):
        self.page, self.size, self.words, self.album = page, size, WORDS[locale], album

    def go(self, address):
        self.page.goto(address)
        return self

    def field(self, word):
        return self.page.get_by_label(self.words[word], exact=True)

    def button(self, word):
        return self.page.get_by_role("button", name=self.words[word], exact=True)

    def heading(self, word, *values):
        expect(self.page.get_by_role("heading", name=self.words[word].format(*values))).to_be_visible()

    def fill(self, word, text):
        # The page's own focus first: a person does not type before it is there, a script may.
        self.page.wait_for_load_state()
        self.field(word).fill(text)

    def sign_in(self, username, password=PASSWORD):
        if self.field("user").is_editable():
            self.fill("user", username)
        self.fill("password", password)
        self.button("sign_in").click()

    def said(self, text):
        expect(self.page.locator("#said")).to_have_text(text)

    def noted(self, text):
        expect(self.page.locator("#note")).to_have_text(text)

    def tab_to(self, locator):
        """By the Tab key alone, and visibly."""
        for _ in range(12):
            self.page.keyboard.press("Tab")
            if locator.evaluate("(element) => element === document.activeElement"):
                width, style = locator.evaluate("""(element) => {
                    const style = getComputedStyle(element);
                    return [parseFloat(style.outlineWidth), style.outlineStyle];
                }""")
                assert width >= 2 and style != "none", "the focus is not seen"
                return locator
        pytest.fail(f"the keyboard does not reach {locator}")

    def remembers(self, **fields):
        """What password managers are told of each field."""
        for field, kind in fields.items():
            expect(self.page.locator(f"input[name={field}]")).to_have_attribute("autocomplete", kind)

    def look(self, name):
        """What every page of the service must be, at every step; and a photograph."""
        page = self.page
        page.wait_for_load_state()
        assert page.locator("html").get_attribute("lang") == self.words["lang"]
        assert re.fullmatch(r"\S.* · Martlet", page.title())
        assert page.evaluate(STRUCTURE) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"], "it does not scroll sideways"
        assert page.evaluate("document.querySelectorAll('script:not([src]), style, [style]').length") == 0
        for scheme in ("dark", "light"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            assert [entry for entry in page.evaluate(CONTRAST) if entry[0] < 4.5] == []
            page.screenshot(path=self.album / f"flow-{name}-{self.words['lang']}-{scheme}-{self.size}.png", full_page=True)


@pytest.fixture
def tab(browser, album, request):  # noqa: F811
    """A tab of a new browser: `tab(size, locale)`. What the browser complains about fails the test."""
    contexts, complaints = [], []

    def open(size, locale="en-GB", scripts=False):
        address = f"10.{secrets.randbelow(256)}.{secrets.randbelow(256)}.{len(contexts) + 1}"
        context = browser.new_context(
            viewport=SIZES[size], locale=locale, java_script_enabled=scripts, extra_http_headers={"X-Forwarded-For": address})
        contexts.append(context)
        context.on("console", lambda message: complaints.append(message.text))
        context.on("weberror", lambda error: complaints.append(f"uncaught: {error.error}"))
        return Tab(context.new_page(), size, locale, album)

    yield open
    for context in contexts:
        context.close()
    # Chromium itself logs each refused request, and when a script is faster with the focus than the page.
    harmless = re.compile(r"status of 4\d\d|^Autofocus processing was blocked")
    assert [line for line in complaints if not harmless.search(line)] == []


both_sizes = pytest.mark.parametrize("size", SIZES)
both_languages = pytest.mark.parametrize("locale", LANGUAGES)


# Signing in

@both_sizes
@both_languages
def test_signing_in_with_the_keyboard_alone(tab, notes, person, size, locale):
    here = tab(size, locale).go(notes.url)
    here.page.get_by_role("link", name="Sign in").press("Enter")
    expect(here.field("user")).to_be_focused()
    here.remembers(username="username", password="current-password")
    here.look("sign-in")
    here.page.keyboard.type(person)
    here.tab_to(here.field("password"))
    here.page.keyboard.type(PASSWORD)
    here.page.keyboard.press("Enter")
    here.heading("asks", notes.name)
    expect(here.page.get_by_text(notes.host)).to_be_visible()
    here.look("consent")
    # Deny comes first, and nothing is allowed by an Enter that was meant for the page before.
    here.page.keyboard.press("Enter")
    here.heading("asks", notes.name)
    here.tab_to(here.button("deny"))
    here.tab_to(here.button("allow"))
    here.page.keyboard.press("Enter")
    here.said(f"Hello {person}")


@both_sizes
def test_no_is_an_answer(tab, notes, person, size):
    here = tab(size).go(notes.url + "/login")
    here.sign_in(person)
    here.button("deny").click()
    here.noted("access_denied")
    here.said("Nobody is here")
    # No to the whole, and one is still signed in here; no to signing in.
    here.go(notes.url + "/login")
    here.heading("asks", notes.name)
    elsewhere = tab(size).go(notes.url + "/login")
    elsewhere.page.get_by_role("button", name="Cancel").click()
    elsewhere.noted("access_denied")


@both_sizes
@both_languages
def test_a_wrong_password_and_too_many_of_them(tab, notes, person, size, locale):
    here = tab(size, locale).go(notes.url + "/login")
    here.sign_in(person, "wrong")
    expect(here.page.get_by_role("alert")).to_have_text(here.words["wrong"])
    expect(here.field("user")).to_have_value(person)
    expect(here.field("password")).to_have_value("")
    expect(here.field("password")).to_be_focused()
    here.look("wrong-password")

    def status(password):
        with here.page.expect_response(lambda response: response.request.method == "POST") as answer:
            here.sign_in(person, password)
        return answer.value.status

    assert [status("wrong") for _ in range(ATTEMPTS)] == [422] * (ATTEMPTS - 1) + [429]
    assert status(PASSWORD) == 429, "the right password is not looked at either"
    expect(here.page.get_by_role("alert")).to_have_text(here.words["too_many"])
    here.look("too-many-attempts")


@both_sizes
def test_an_error_moves_nothing_that_was_there_already(tab, notes, person, size):
    """Errors come with the page: nothing shifts once it is painted."""
    here = tab(size, scripts=True)
    here.page.add_init_script("""
        window.shifts = [];
        const note = (list) => shifts.push(...list.getEntries().map((entry) => entry.value));
        new PerformanceObserver(note).observe({ type: "layout-shift", buffered: true });
    """)
    here.go(notes.url + "/login")
    here.sign_in(person, "wrong")
    expect(here.page.get_by_role("alert")).to_be_visible()
    # Two frames, so that a late shift would be known.
    here.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert here.page.evaluate("shifts") == []


@both_sizes
@both_languages
def test_once_more_because_the_client_asks_for_it(tab, notes, person, size, locale):
    here = tab(size, locale).go(notes.url + "/login")
    here.sign_in(person)
    here.button("allow").click()
    here.said(f"Hello {person}")
    here.go(notes.url + "/login?prompt=login")
    expect(here.field("user")).not_to_be_editable()
    expect(here.field("user")).to_have_value(person)
    expect(here.field("password")).to_be_focused()
    here.look("sign-in-again")
    here.sign_in(person, "wrong")
    expect(here.page.get_by_role("alert")).to_have_text(here.words["wrong"])
    here.look("sign-in-again-wrong")
    here.sign_in(person)
    here.button("allow").click()
    here.said(f"Hello {person}")
    first, second = [one for one in notes.sessions.values() if one["name"] == person]
    assert second["auth_time"] >= first["auth_time"] and second["sub"] == first["sub"]


@both_sizes
def test_going_back_after_the_answer_starts_nothing_twice(tab, notes, person, size):
    """The pages are not kept by the browser, so going back asks the service again."""
    here = tab(size).go(notes.url + "/login")
    here.sign_in(person)
    here.button("allow").click()
    here.said(f"Hello {person}")
    here.page.go_back()
    here.page.go_back()
    expect(here.page.get_by_role("main")).to_be_visible()
    assert person not in here.page.locator("input[type=password]").evaluate_all("(fields) => fields.map((field) => field.value).join()")
    assert PASSWORD not in here.page.content()


@both_sizes
def test_another_account_on_the_way(tab, notes, server, person, size):
    other = server.register(martlet_server.name("hedy")).username
    here = tab(size).go(notes.url + "/login")
    here.sign_in(person)
    expect(here.page.get_by_text(f"You are signed in as {person}.")).to_be_visible()
    here.page.get_by_role("link", name="Not you?").click()
    expect(here.field("user")).to_be_editable()
    here.look("switch-account")
    here.sign_in(other)
    expect(here.page.get_by_text(f"You are signed in as {other}.")).to_be_visible()
    here.button("allow").click()
    here.said(f"Hello {other}")


@both_sizes
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
@both_languages
def test_the_answer_is_posted(tab, notes, person, size, scripts, locale):
    here = tab(size, locale, scripts).go(notes.url + "/login?response_mode=form_post")
    here.sign_in(person)
    here.button("allow").click()
    if not scripts:
        here.look("form-post")
        here.button("go_on").click()
    here.said(f"Hello {person}")


@both_sizes
def test_the_client_chooses_the_language(tab, notes, size):
    here = tab(size, "de-DE").go(notes.url + "/login?ui_locales=en")
    here.words = WORDS["en-GB"]
    expect(here.button("sign_in")).to_be_visible()
    here.look("ui-locales")


# A new account

@both_sizes
@both_languages
@pytest.mark.parametrize("way", ["prompt", "link"])
def test_a_new_account_on_the_way(tab, notes, size, locale, way):
    new = martlet_server.name("new")
    here = tab(size, locale).go(notes.url + "/login" + ("?prompt=create" if way == "prompt" else ""))
    if way == "link":
        here.page.get_by_role("link", name=here.words["create"]).click()
    expect(here.field("username")).to_be_focused()
    here.remembers(username="username", email="email", password="new-password")
    here.look("register")
    here.fill("username", "no spaces")
    here.fill("password", PASSWORD)
    here.button("account").click()
    expect(here.field("username")).to_be_focused()
    expect(here.field("username")).to_have_value("no spaces")
    here.look("register-wrong")
    here.fill("username", new)
    here.fill("password", PASSWORD)
    here.button("account").click()
    here.heading("asks", notes.name)
    here.button("allow").click()
    here.said(f"Hello {new}")


# Devices

@pytest.fixture(scope="module")
def television(server):
    return made(server, "--name", "Television", "--public", "--grant", GRANT, "--grant", "refresh_token", "--scope", "openid profile offline_access")


@both_sizes
@both_languages
@pytest.mark.parametrize("decision", ["connect", "deny"])
def test_a_device_is_let_in_or_not(tab, server, television, person, size, locale, decision):
    asked = ask(server, television, scope="openid profile offline_access").json
    assert error(poll(server, television, asked["device_code"])) == (400, "authorization_pending")
    here = tab(size, locale).go(asked["verification_uri"])
    expect(here.field("code")).to_be_focused()
    # Not "one-time-code", which offers what came by SMS: nobody is to enter a code that somebody sent.
    here.remembers(user_code="off")
    here.look("device-code")
    here.fill("code", "not a code")
    here.page.keyboard.press("Enter")
    expect(here.page.get_by_role("alert")).to_be_visible()
    here.look("device-code-wrong")
    # In small letters and without the dash, as it may be typed.
    here.fill("code", asked["user_code"].replace("-", "").lower())
    here.page.keyboard.press("Enter")
    expect(here.field("user")).to_be_focused()
    here.look("device-sign-in")
    here.sign_in(person)
    expect(here.page.get_by_text(asked["user_code"])).to_be_visible()
    expect(here.page.get_by_role("heading", name="Television")).to_be_visible()
    here.look("device-confirm")
    here.button(decision).click()
    expect(here.page.get_by_role("main")).to_contain_text("Television")
    here.look(f"device-{decision}")
    wait_out(server, asked["device_code"])
    answer = poll(server, television, asked["device_code"])
    if decision == "deny":
        assert error(answer) == (400, "access_denied")
    else:
        here.heading("connected")
        assert answer.status == 200 and answer.json["scope"] == "openid profile offline_access" and answer.json["id_token"]


@both_sizes
def test_a_device_shows_where_to_go_as_a_picture(tab, server, television, person, size):
    """RFC 8628 §3.3.1: the code is in the address, and compared nevertheless."""
    asked = ask(server, television, scope="openid").json
    here = tab(size).go(asked["verification_uri_complete"])
    here.sign_in(person)
    expect(here.page.get_by_text(asked["user_code"])).to_be_visible()
    here.tab_to(here.button("deny"))
    here.tab_to(here.button("connect"))
    here.page.keyboard.press("Enter")
    here.heading("connected")


# Signing out

def let_in(here, app, person):
    here.go(app.url + "/login")
    if here.page.locator("#username").count():
        here.sign_in(person)
    here.button("allow").click()
    here.said(f"Hello {person}")


@both_sizes
@both_languages
def test_signing_out_with_a_question_and_every_client_hears_of_it(tab, notes, maps, server, person, size, locale):
    here = tab(size, locale)
    let_in(here, notes, person)
    let_in(here, maps, person)
    [sid] = {one["sid"] for one in notes.sessions.values() if one["name"] == person}
    here.go(notes.url + "/logout?state=a%20b%26c")
    expect(here.page.get_by_text(person)).to_be_visible()
    here.look("sign-out")
    here.tab_to(here.button("sign_out"))
    here.page.keyboard.press("Enter")
    here.heading("out")
    martlet_server.until(lambda: (server.url, sid) in maps.ended, what="the frame of the other client")
    here.look("signed-out")
    here.page.get_by_role("link", name=here.words["back"].format(notes.name)).click()
    here.noted("Good-bye a b&c")
    here.said("Nobody is here")
    here.go(maps.url).said("Nobody is here")
    here.go(maps.url + "/login")
    expect(here.field("user")).to_be_focused()


@both_sizes
def test_staying_signed_in(tab, notes, person, size):
    here = tab(size)
    let_in(here, notes, person)
    here.go(notes.url + "/logout")
    here.page.get_by_role("button", name="Stay signed in").click()
    here.page.wait_for_url(notes.url + "/**")
    here.go(notes.url + "/login")
    here.heading("asks", notes.name)


@both_sizes
def test_with_its_id_token_the_client_needs_no_question(tab, notes, person, size):
    here = tab(size)
    let_in(here, notes, person)
    here.go(notes.url + "/logout?hint=yes&state=s")
    here.heading("out")
    here.page.get_by_role("link", name="Back to Field Notes").click()
    here.noted("Good-bye s")
    # Nobody is signed in any more, and nobody is asked.
    here.go(notes.url + "/logout")
    here.heading("out")
    here.look("signed-out-already")


# What cannot be answered

@both_sizes
@both_languages
def test_pages_that_say_what_is_wrong(tab, notes, size, locale):
    here = tab(size, locale)
    here.go(notes.login({"redirect_uri": "https://evil.example/cb"}).replace(notes.host, "evil.example"))
    expect(here.page.get_by_role("alert")).to_be_visible()
    here.look("unknown-redirect")
    # A form of another browser, or of long ago.
    here.go(notes.url + "/login")
    here.page.context.clear_cookies()
    here.sign_in("ada")
    expect(here.page.get_by_role("alert")).to_be_visible()
    here.look("form-expired")
    expect(here.field("user")).to_have_value("ada")
