"""One person's browser for the tests of this folder: the fixtures that make it, and what it can do and notice."""

import os
import secrets

import pytest
from playwright.sync_api import sync_playwright

PASSWORD = "seven swifts over the mill"


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        path = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def visitor(browser, server):
    visitor = Visitor(browser, server.url)
    yield visitor
    visitor.context.close()


@pytest.fixture
def username():
    return f"ada.{secrets.token_hex(6)}"


class Visitor:
    """One browser profile: its tabs, the requests they made, and everything they complained about."""

    def __init__(self, browser, url):
        self.url = url
        self.context = browser.new_context()
        self.paths = []
        self.complaints = []
        self.context.on("request", lambda request: self.paths.append(request.url.removeprefix(url)))
        self.context.on("console", lambda message: self.complaints.append(f"{message.type}: {message.text}"))
        self.context.on("weberror", lambda error: self.complaints.append(f"uncaught: {error.error}"))
        self.context.add_init_script(
            "addEventListener('securitypolicyviolation', (event) => console.error('CSP', event.violatedDirective, event.blockedURI))"
        )

    def open(self, fragment=""):
        page = self.context.new_page()
        page.goto(f"{self.url}/{fragment}")
        page.locator("#view-signed-out:visible, #view-signed-in:visible").wait_for()
        return page

    def register(self, username):
        page = self.open("#register")
        page.locator("#register-username").fill(username)
        page.locator("#register-password").fill(PASSWORD)
        page.get_by_role("button", name="Create account").click()
        page.locator("#welcome").wait_for()
        return page

    def login(self, username):
        page = self.open()
        page.locator("#login-username").fill(username)
        page.locator("#login-password").fill(PASSWORD)
        page.locator("#login").get_by_role("button", name="Log in").click()
        page.locator("#welcome").wait_for()
        return page

    def calls(self, path):
        return self.paths.count(path)

    def token_id(self, page):
        """The `jti` the page shows: another one means another access token."""
        return page.locator("#token-claims div", has=page.get_by_text("jti", exact=True)).locator("dd").first.inner_text()

    def tab_to(self, page, selector, backwards=False):
        for _ in range(30):
            page.keyboard.press("Shift+Tab" if backwards else "Tab")
            if page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
                return
        pytest.fail(f"the keyboard does not reach {selector}")

    def expect_silence(self, refusals=()):
        """No console message, uncaught error or policy violation. Chromium itself logs each refused request."""
        expected = [f"status of {status} " for status in refusals]
        assert [line for line in self.complaints if not any(status in line for status in expected)] == []
