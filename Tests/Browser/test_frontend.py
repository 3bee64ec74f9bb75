"""examples/frontend in a real browser, against Martlet and against a real Django with the package of the dialect: sign in, call,
see the token expire, go on with a new one, sign out; and an old page of simplejwt's that only gets another base URL.

Expiry is real: the access tokens live for LIFE seconds on both sides, and the page itself says when one has expired.
"""

import functools
import http.server
import json
import sqlite3
import threading

import pytest
from playwright.sync_api import expect

import profiles
import sides
from martlet_server import PACKAGE, PASSWORD, claims
from visitor import browser, Visitor  # noqa: F401 (one of them is a fixture)

LIFE = 8
# Of a token that must be renewed before its end, so that the last third is long enough for a busy machine.
LONGER_LIFE = 12
# Milliseconds in which a token of that life has surely expired, or been renewed.
ONE_LIFE = 45_000

TTL = {"MARTLET_ACCESS_TTL": LIFE}
ROTATION = profiles.ROTATION
LIVES = {"ACCESS_TOKEN_LIFETIME": LIFE}
ROTATING = {**LIVES, "ROTATE_REFRESH_TOKENS": True, "BLACKLIST_AFTER_ROTATION": True}
COOKIES = {"JWT_AUTH_COOKIE": profiles.ACCESS_COOKIE, "JWT_AUTH_REFRESH_COOKIE": profiles.REFRESH_COOKIE}


def dj_rest_auth(martlet, **settings):
    profile = profiles.dj_rest_auth(TTL | ROTATION | martlet, **settings)
    profile.django["SIMPLE_JWT"] = ROTATING
    return profile


PROFILES = {
    "native": profiles.Profile("none", {}, TTL),
    "simplejwt": profiles.simplejwt(TTL, **LIVES),
    "simplejwt-rotation": profiles.simplejwt(TTL | ROTATION, **ROTATING),
    "dj-rest-auth": dj_rest_auth({}, JWT_AUTH_HTTPONLY=False),
    "dj-rest-auth-cookies": dj_rest_auth({f"MARTLET_COMPAT_{name}": value for name, value in COOKIES.items()}, **COOKIES),
    "drf-jwt": profiles.drf_jwt({"MARTLET_ACCESS_TTL": LONGER_LIFE}, JWT_EXPIRATION_DELTA=LONGER_LIFE),
}
STORIES = [(kind, profile) for kind in ("martlet", "django") for profile in PROFILES if (kind, profile) != ("django", "native")]
WITH_COOKIE = {"native", "dj-rest-auth-cookies"}


def dialect_of(profile):
    return profile.removesuffix("-rotation")


@pytest.fixture(scope="module")
def pages():
    """Where the pages of the example are served, as its README says: another origin than the service's."""
    handler = functools.partial(Quiet, directory=PACKAGE / "examples" / "frontend")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://localhost:{server.server_port}"
    server.shutdown()
    server.server_close()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="session")
def database(tmp_path_factory):
    return sides.prepared_database(tmp_path_factory.mktemp("django") / "prepared.sqlite3")


@pytest.fixture
def imported(tmp_path, pages):
    """Starts a Martlet on the accounts of a site: `imported("simplejwt", django)`."""
    running = []

    def start(name, site):
        profile = PROFILES[name]
        martlet = profiles.Profile(profile.suite, {}, {**profile.martlet, "MARTLET_CORS_ORIGINS": pages})
        running.append(sides.ImportedSide(martlet, tmp_path / "imported", site))
        return running[-1]

    yield start
    for each in running:
        each.stop()


@pytest.fixture
def side(tmp_path, database, pages):
    """Starts a side: `side("django", "simplejwt")`, with settings of the site's own. All are stopped at the end."""
    running = []

    def start(kind, name, **settings):
        profile, folder = PROFILES[name], tmp_path / f"{kind}-{len(running)}"
        if kind == "django":
            site = profiles.Profile(profile.suite, {**profile.django, "CORS_ORIGINS": [pages], **settings}, {})
            running.append(sides.DjangoSide(site, folder, database))
        else:
            martlet = profiles.Profile(profile.suite, {}, {**profile.martlet, "MARTLET_CORS_ORIGINS": pages})
            running.append(sides.MartletSide(martlet, folder))
        return running[-1]

    yield start
    for each in running:
        each.stop()


class Reader(Visitor):
    """One person's browser at the pages of the example, with a side as their service."""

    def __init__(self, browser, pages, side):  # noqa: F811
        super().__init__(browser, f"http://localhost:{side.port}")
        self.pages, self.side = pages, side
        # What scripts of the pages read of the service's answers.
        self.bodies = []
        self.context.expose_function("keepBody", lambda body: self.bodies.append(body))
        self.context.add_init_script("""
            const unwatched = fetch;
            window.fetch = async (...request) => {
                const response = await unwatched(...request);
                response.clone().json().then(keepBody, () => {});
                return response;
            };
        """)

    def tokens(self, member):
        """The tokens that came under this name, in order."""
        return [body[member] for body in self.bodies if isinstance(body, dict) and body.get(member)]

    def open_example(self, profile, api=""):
        page = self.context.new_page()
        page.goto(f"{self.pages}/?dialect={dialect_of(profile)}&issuer={self.url}" + (f"&api={api}" if api else ""))
        page.locator("#signed-out:visible, #signed-in:visible").wait_for()
        return page

    def open_legacy(self):
        page = self.context.new_page()
        page.goto(f"{self.pages}/legacy.html?base={self.url}")
        page.locator("#login-page:visible, #home-page:visible").wait_for()
        return page

    def sign_in(self, page, password=PASSWORD):
        page.locator("#username").fill("ada")
        page.locator("#password").fill(password)
        page.get_by_role("button", name="Sign in").click()


@pytest.fixture
def reader(browser, pages):  # noqa: F811
    readers = []

    def make(side):
        readers.append(Reader(browser, pages, side))
        return readers[-1]

    yield make
    for each in readers:
        each.context.close()


def log(page):
    return page.locator("#log li")


def expect_expiry(page):
    expect(page.locator("#signed-in")).to_have_attribute("data-token", "expired", timeout=ONE_LIFE)


def is_refused(side, refresh):
    """Whether a refresh token is good no more."""
    answer = side.send("POST", "/api/token/refresh/", json.dumps({"refresh": refresh}), {"Content-Type": "application/json"})
    return answer.status == 401


# The example


@pytest.mark.parametrize("kind, profile", [story for story in STORIES if dialect_of(story[1]) != "drf-jwt"])
def test_login_call_expiry_refresh_call_logout(side, reader, kind, profile):
    service = side(kind, profile)
    someone = reader(service)
    page = someone.open_example(profile)
    someone.sign_in(page, "not " + PASSWORD)
    expect(page.locator("#sign-in-error")).to_have_text("That name and password do not belong together.")
    someone.sign_in(page)
    expect(page.locator("#welcome")).to_have_text("Hello, ada.")
    expect(page.locator("#welcome")).to_be_focused()
    page.get_by_role("button", name="Call the API").click()
    expect(page.locator("#answer")).to_contain_text('"username": "ada"')

    expect_expiry(page)
    renewals = log(page).filter(has_text="The access token was renewed.")
    before = renewals.count()
    page.get_by_role("button", name="Call the API").click()
    expect(renewals).to_have_count(before + 1)
    expect(log(page).last).to_contain_text("The API knows you: it answered 200.")
    expect(page.locator("#signed-in")).not_to_have_attribute("data-token", "expired")
    page.get_by_role("button", name="Refresh now").click()
    expect(renewals).to_have_count(before + 2)

    if profile in WITH_COOKIE:
        assert someone.tokens("refresh") == []
        page.reload()
        expect(log(page)).to_contain_text(["The session was taken up again."])
    stored = page.evaluate("JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])")
    assert "ey" not in stored and PASSWORD not in stored, stored
    page.get_by_role("button", name="Sign out").click()
    expect(page.locator("#notice")).to_have_text("You are signed out.")
    expect(page.locator("#username")).to_be_focused()
    assert "ada" not in page.locator("main").inner_text()
    cookies = [cookie["name"] for cookie in someone.context.cookies() if cookie["value"] not in ("", '""')]
    assert cookies == []
    page.reload()
    expect(page.locator("#sign-in")).to_be_visible()
    if dialect_of(profile) == "simplejwt":
        assert is_refused(service, someone.tokens("refresh")[-1])
    someone.expect_silence(refusals=[400, 401])


@pytest.mark.parametrize("kind, profile", [story for story in STORIES if dialect_of(story[1]) == "drf-jwt"])
def test_a_token_that_renews_itself_is_renewed_in_time_or_is_the_end(side, reader, kind, profile):
    someone = reader(side(kind, profile))
    page = someone.open_example(profile)
    someone.sign_in(page, "not " + PASSWORD)
    expect(page.locator("#sign-in-error")).to_have_text("That name and password do not belong together.")
    someone.sign_in(page)
    expect(page.locator("#welcome")).to_have_text("Hello, ada.")
    expect(log(page).last).to_contain_text("The access token was renewed.", timeout=ONE_LIFE)
    page.get_by_role("button", name="Call the API").click()
    expect(page.locator("#answer")).to_contain_text('"username": "ada"')
    assert len(set(someone.tokens("token"))) >= 2

    page.get_by_label("Renew it by itself").uncheck()
    expect_expiry(page)
    page.get_by_role("button", name="Call the API").click()
    expect(page.locator("#notice")).to_have_text("Your session has ended. Please sign in again.")
    someone.sign_in(page)
    expect(page.locator("#welcome")).to_have_text("Hello, ada.")
    page.get_by_role("button", name="Sign out").click()
    expect(page.locator("#notice")).to_have_text("You are signed out.")
    someone.expect_silence(refusals=[400, 401])


def test_the_api_may_stay_django_when_the_login_has_moved(side, reader):
    martlet = side("martlet", "simplejwt")
    issuer = martlet.server.url
    api = side(
        "django", "simplejwt",
        SIMPLE_JWT={"ALGORITHM": "ES256", "JWK_URL": f"{issuer}/.well-known/jwks.json", "ISSUER": issuer, "AUDIENCE": issuer},
        REST_FRAMEWORK={"DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework_simplejwt.authentication.JWTStatelessUserAuthentication"]})
    someone = reader(martlet)
    page = someone.open_example("simplejwt", api=f"http://localhost:{api.port}/api/v1/users/me")
    someone.sign_in(page)
    page.get_by_role("button", name="Call the API").click()
    expect(page.locator("#answer")).to_contain_text(martlet.ids["ada"])
    expect_expiry(page)
    page.get_by_role("button", name="Call the API").click()
    expect(log(page).filter(has_text="The API knows you: it answered 200.")).to_have_count(2)
    assert someone.calls("/api/token/refresh/") >= 1
    someone.expect_silence()


def test_two_tabs_make_one_refresh_without_a_cookie(side, reader):
    someone = reader(side("martlet", "simplejwt-rotation"))
    first = someone.open_example("simplejwt")
    someone.sign_in(first)
    expect(first.locator("#welcome")).to_be_visible()
    second = someone.open_example("simplejwt")
    expect(second.locator("#welcome")).to_have_text("Hello, ada.")
    calls = someone.calls("/api/token/refresh/")
    expect_expiry(first)
    expect_expiry(second)
    at_once([first, second], "call")
    for page in (first, second):
        expect(log(page).filter(has_text="The API knows you: it answered 200.")).to_have_count(1)
    assert someone.calls("/api/token/refresh/") == calls + 1
    first.get_by_role("button", name="Sign out").click()
    expect(second.locator("#notice")).to_have_text("You signed out in another tab.")
    someone.expect_silence()


def at_once(tabs, button):
    """Presses the button in every tab at the same moment."""
    for page in tabs:
        page.evaluate(f"setTimeout(() => document.getElementById('{button}').click(), 300 - Date.now() % 300)")


def test_mistakes_and_an_absent_service_are_told_in_words(side, reader):
    someone = reader(side("martlet", "simplejwt"))
    page = someone.open_example("simplejwt")
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("#username-error")).to_have_text("Please enter your username.")
    expect(page.locator("#username")).to_be_focused()
    page.goto(f"{someone.pages}/?dialect=dj-rest-auth&issuer={someone.url}")
    someone.sign_in(page)
    expect(page.locator("#sign-in-error")).to_contain_text("has no dj-rest-auth endpoints that this page may call")
    page.goto(f"{someone.pages}/?dialect=simplejwt&issuer=http://localhost:1")
    someone.sign_in(page)
    expect(page.locator("#sign-in-error")).to_contain_text("localhost:1 could not be reached")
    expect(page.locator("#password")).to_be_focused()


def test_the_keyboard_alone_tells_the_story(side, reader):
    someone = reader(side("martlet", "native"))
    page = someone.open_example("native")
    someone.tab_to(page, "#username")
    page.keyboard.type("ada")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("#welcome")).to_be_focused()
    someone.tab_to(page, "#call")
    page.keyboard.press("Space")
    expect(page.locator("#answer")).to_contain_text('"username": "ada"')
    someone.tab_to(page, "#sign-out", backwards=True)
    page.keyboard.press("Enter")
    expect(page.locator("#username")).to_be_focused()
    someone.expect_silence()


@pytest.mark.parametrize("page_name", ["index.html", "legacy.html"])
def test_a_phone_does_not_scroll_sideways(side, reader, page_name):
    someone = reader(side("martlet", "simplejwt"))
    page = someone.open_example("simplejwt") if page_name == "index.html" else someone.open_legacy()
    page.set_viewport_size({"width": 360, "height": 740})
    fits = "document.documentElement.scrollWidth <= innerWidth"
    assert page.evaluate(fits)
    someone.sign_in(page)
    page.locator("#call, #load").first.click()
    expect(log(page)).not_to_have_count(0)
    assert page.evaluate(fits)


# The page of simplejwt's time


def told_by_the_old_page(someone):
    """Everything that the old page shows in its story, in order."""
    seen = []
    page = someone.open_legacy()
    error = page.locator("#error")
    page.get_by_role("button", name="Sign in").click()
    expect(error).not_to_be_empty()
    seen.append(error.inner_text())
    someone.sign_in(page, "not " + PASSWORD)
    expect(error).to_contain_text("account")
    seen.append(error.inner_text())
    someone.sign_in(page)
    expect(log(page)).to_have_text(["Signed in."])
    page.locator("#load").click()
    expect(log(page)).to_have_count(2)
    expect_old_expiry(page)
    page.locator("#load-many").click()
    expect(log(page)).to_have_count(4)
    seen += log(page).all_inner_texts()

    expect_old_expiry(page)
    page.reload()
    expect(log(page)).to_have_count(2)
    page.locator("#load").click()
    expect(log(page)).to_have_count(3)
    seen += log(page).all_inner_texts()
    page.get_by_role("button", name="Sign out").click()
    expect(page.locator("#login")).to_be_visible()
    return [*seen, error.inner_text()]


def expect_old_expiry(page):
    expect(page.locator("#expiry")).to_contain_text("expired", timeout=ONE_LIFE)


TOLD = [
    "username: This field may not be blank. password: This field may not be blank.",
    "No active account found with the given credentials",
    "Signed in.", "Profile of ada.", "The access token had expired and was refreshed.", "5 of 5 loaded.",
    "The access token had expired and was refreshed.", "Welcome back.", "Profile of ada.",
    "You are signed out.",
]


@pytest.mark.parametrize("profile", ["simplejwt", "simplejwt-rotation"])
@pytest.mark.parametrize("kind", ["django", "martlet"])
def test_an_old_page_needs_nothing_but_another_base_url(side, reader, kind, profile):
    service = side(kind, profile)
    someone = reader(service)
    assert told_by_the_old_page(someone) == TOLD
    refreshed = someone.tokens("refresh")
    assert len(refreshed) == (3 if profile == "simplejwt-rotation" else 1)
    assert is_refused(service, refreshed[-1])
    assert all(claims(token)["token_type"] == "refresh" for token in refreshed)
    someone.expect_silence(refusals=[400, 401])


def test_for_who_was_imported_from_django_everything_is_as_it_was(side, imported, reader):
    """The same person, page and database: first at the Django that made the account, then at Martlet, which took it over."""
    django = side("django", "simplejwt")
    martlet = imported("simplejwt", django)
    assert martlet.summary["accounts"]["created"] == len(profiles.ACCOUNTS)
    with sqlite3.connect(django.database) as database:
        [(key,)] = database.execute("SELECT id FROM auth_user WHERE username = 'ada'").fetchall()
    database.close()
    for service in (django, martlet):
        someone = reader(service)
        assert told_by_the_old_page(someone) == TOLD, type(service)
        tokens = someone.tokens("access") + someone.tokens("refresh")
        assert len(tokens) >= 4 and {claims(token)["user_id"] for token in tokens} == {str(key)}
        assert is_refused(service, someone.tokens("refresh")[-1])
        someone.expect_silence(refusals=[400, 401])


def test_two_tabs_of_the_old_page_may_refresh_at_once(side, reader):
    """With rotation each sends the same refresh token; who comes second gets the same successor, and nobody is signed out."""
    someone = reader(side("martlet", "simplejwt-rotation"))
    tabs = [someone.open_legacy()]
    someone.sign_in(tabs[0])
    expect(log(tabs[0])).to_have_text(["Signed in."])
    tabs.append(someone.open_legacy())
    expect(log(tabs[1])).to_contain_text(["Welcome back."])
    held = []

    def hold(route):
        """Lets nobody's refresh go before both are on their way with the same token."""
        held.append(route)
        if len(held) == 2:
            for each in held:
                each.continue_()
            held.clear()

    someone.context.route("**/api/token/refresh/", hold)
    for _ in range(2):
        lines = [log(page).count() for page in tabs]
        for page in tabs:
            expect_old_expiry(page)
            page.locator("#load").click(no_wait_after=True)
        for page, before in zip(tabs, lines, strict=True):
            expect(log(page).nth(before)).to_have_text("The access token had expired and was refreshed.")
            expect(log(page).nth(before + 1)).to_have_text("Profile of ada.")
            expect(page.locator("#expiry")).to_contain_text("left")
    stored = tabs[0].evaluate("localStorage.getItem('refresh')")
    assert stored == someone.tokens("refresh")[-1]
    someone.expect_silence(refusals=[401])
