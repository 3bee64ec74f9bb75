"""The page at / in a real browser: what a person does there, with a mouse, with the keyboard alone, and in two tabs.

Needs the PyPI packages pytest and playwright, and a Chromium at /usr/bin/chromium or where CHROMIUM says. The fixture
`server` (conftest.py) supplies a running service as `server.url`, which must be its issuer, with open registration and an
access token life of 10 to 30 seconds, so that a refresh can be waited for and none comes in between; on loopback over
plain http, or with a certificate that Chromium trusts.
"""

import re

from playwright.sync_api import expect

from visitor import PASSWORD, Visitor, browser, username, visitor  # noqa: F401 (three of them are fixtures)

# Longer than an access token lives, in milliseconds.
ONE_LIFE = 45_000


def test_register_and_see_who_you_are(visitor, username):
    page = visitor.register(username)
    expect(page.locator("#welcome")).to_have_text(f"Hello, {username}.")
    expect(page.locator("#profile")).to_contain_text(username)
    expect(page.locator("#token-header")).to_contain_text("at+jwt")
    expect(page.locator("#token-claims")).to_contain_text(visitor.url)
    expect(page.locator("#sessions li")).to_have_count(1)
    expect(page.locator("#sessions")).to_contain_text("This browser")
    visitor.expect_silence()


def test_token_runs_down_and_refreshes_by_itself(visitor, username):
    page = visitor.register(username)
    first, clock = visitor.token_id(page), page.locator("#remaining").inner_text()
    expect(page.locator("#remaining")).not_to_have_text(clock, timeout=5_000)
    expect(page.locator("#token-claims")).not_to_contain_text(first, timeout=ONE_LIFE)
    assert visitor.calls("/auth/refresh") == 1
    visitor.expect_silence()


def test_reload_takes_the_session_up_again(visitor, username):
    page = visitor.register(username)
    page.reload()
    expect(page.locator("#welcome")).to_have_text(f"Hello, {username}.")
    visitor.expect_silence()


def test_tabs_share_one_session_and_one_refresh(visitor, username):
    first = visitor.register(username)
    second = visitor.open()
    expect(second.locator("#welcome")).to_have_text(f"Hello, {username}.")
    assert visitor.calls("/auth/refresh") == 0, "a new tab gets the token from the one that has it"
    before = visitor.token_id(first)
    assert visitor.token_id(second) == before

    for page in (first, second):
        expect(page.locator("#token-claims")).not_to_contain_text(before, timeout=ONE_LIFE)
    assert visitor.calls("/auth/refresh") == 1
    assert visitor.token_id(first) == visitor.token_id(second)
    visitor.expect_silence()


def test_refresh_pressed_in_two_tabs_at_once_is_one_request(visitor, username):
    first = visitor.register(username)
    second = visitor.open()
    expect(second.locator("#welcome")).to_be_visible()
    calls, before = visitor.calls("/auth/refresh"), visitor.token_id(first)
    for page in (first, second):
        page.evaluate("setTimeout(() => document.getElementById('refresh').click(), 300 - Date.now() % 300)")
    for page in (first, second):
        expect(page.locator("#token-claims")).not_to_contain_text(before)
    assert visitor.calls("/auth/refresh") == calls + 1
    visitor.expect_silence()


def test_logout_reaches_the_other_tab(visitor, username):
    first = visitor.register(username)
    second = visitor.open()
    expect(second.locator("#welcome")).to_be_visible()
    first.get_by_role("button", name="Log out", exact=True).click()
    expect(first.locator("#notice")).to_have_text("You are logged out.")
    expect(second.locator("#notice")).to_have_text("You logged out in another tab.")
    first.reload()
    expect(first.locator("#login")).to_be_visible()
    assert username not in first.content()
    visitor.expect_silence()


def test_keyboard_alone_registers_logs_out_and_logs_in(visitor, username):
    page = visitor.open()
    visitor.tab_to(page, "a[href='#register']")
    page.keyboard.press("Enter")
    expect(page.locator("#register-username")).to_be_focused()
    page.keyboard.type(username)
    visitor.tab_to(page, "#register-password")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("#welcome")).to_be_focused()

    visitor.tab_to(page, "#logout", backwards=True)
    page.keyboard.press("Space")
    expect(page.locator("#login-username")).to_be_focused()
    page.keyboard.type(username)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(page.locator("#login-password")).to_have_attribute("type", "text")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#welcome")).to_be_focused()
    visitor.expect_silence()


def test_skip_link_leads_to_the_content(visitor):
    page = visitor.open()
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    expect(page.locator(".skip")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    visitor.expect_silence()


def test_field_errors_stand_at_their_fields(visitor, username):
    page = visitor.open("#register")
    page.locator("#register-username").fill("no spaces allowed")
    page.locator("#register-password").fill("short")
    page.get_by_role("button", name="Create account").click()
    for field in ("username", "password"):
        message = page.locator(f"#register-{field}-error")
        expect(message).not_to_be_empty()
        expect(page.locator(f"#register-{field}")).to_have_attribute("aria-invalid", "true")
        expect(page.locator(f"#register-{field}")).to_have_attribute("aria-describedby", re.compile(f"register-{field}-error"))
    expect(page.locator("#register-username")).to_be_focused()
    visitor.expect_silence(refusals=[400])


def test_wrong_password_is_told(visitor, username):
    page = visitor.register(username)
    page.locator("#logout").click()
    page.locator("#login-username").fill(username)
    page.locator("#login-password").fill("not " + PASSWORD)
    page.locator("#login").get_by_role("button", name="Log in").click()
    expect(page.locator("#login .form-error")).to_be_visible()
    visitor.expect_silence(refusals=[401])


def test_unreachable_service_is_told_and_can_be_tried_again(visitor, username):
    page = visitor.open()
    page.route("**/auth/login", lambda route: route.abort())
    page.locator("#login-username").fill(username)
    page.locator("#login-password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("#login .form-error")).to_contain_text("could not be reached")
    expect(page.locator("#login").get_by_role("button", name="Log in")).not_to_have_attribute("aria-disabled", "true")


def test_profile_and_password_change(visitor, username):
    page = visitor.register(username)
    page.locator("#profile-display-name").fill("Ada <b>L.</b>")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#welcome")).to_have_text("Hello, Ada <b>L.</b>.")

    page.locator("#password-current").fill(PASSWORD)
    page.locator("#password-new").fill(PASSWORD + " again")
    page.locator("#password").get_by_role("button", name="Change password").click()
    expect(page.locator("#notice")).to_contain_text("Your password was changed")
    visitor.expect_silence()


def test_session_ended_elsewhere_says_so(visitor, username, browser):
    page = visitor.register(username)
    other = Visitor(browser, visitor.url)
    elsewhere = other.login(username)
    expect(elsewhere.locator("#sessions li")).to_have_count(2)
    elsewhere.get_by_role("button", name=re.compile("^End session")).click()
    expect(elsewhere.locator("#sessions li")).to_have_count(1)
    page.get_by_role("button", name="Refresh now").click()
    expect(page.locator("#notice")).to_have_text("Your session has ended. Please log in again.")

    elsewhere.get_by_role("button", name="Log out everywhere…").click()
    elsewhere.get_by_role("dialog").get_by_role("button", name="Log out everywhere").click()
    expect(elsewhere.locator("#notice")).to_have_text("You are logged out.")
    other.expect_silence()
    other.context.close()
    visitor.expect_silence(refusals=[401])


def test_no_secret_stays_where_a_script_finds_it(visitor, username):
    page = visitor.register(username)
    stored = page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])")
    assert "ey" not in stored and PASSWORD not in stored, stored
    cookies = visitor.context.cookies()
    assert [cookie["name"].removeprefix("__Host-") for cookie in cookies] == ["martlet-refresh"]
    assert cookies[0]["httpOnly"] and cookies[0]["sameSite"] == "Strict"


def test_narrow_screen_does_not_scroll_sideways(visitor, username):
    page = visitor.register(username)
    page.set_viewport_size({"width": 360, "height": 740})
    expect(page.locator("#sessions li")).to_have_count(1)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
