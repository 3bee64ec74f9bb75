"""The pages of the authorization server in a real browser, each as the service sends it, policy included: what everybody can use, see and
reach, on a phone and on a desk, in light and in dark, in every language; and that no stranger's text becomes anything but text.

Needs what test_page.py needs, and PagePreview (`swift build --product PagePreview`), which prints the pages; no service. With
MARTLET_SCREENSHOTS=FOLDER every page is also photographed into that folder.
"""

import http.server
import json
import os
import pathlib
import subprocess
import threading

import pytest
from playwright.sync_api import expect

from visitor import browser  # noqa: F401 (a fixture)

PROJECT = pathlib.Path(__file__).parents[2]
PREVIEW = os.environ.get("PAGE_PREVIEW", str(PROJECT / ".build" / "debug" / "PagePreview"))
SCREENSHOTS = os.environ.get("MARTLET_SCREENSHOTS")

ORIGIN = "https://auth.example"
MEDIA = {".css": "text/css", ".svg": "image/svg+xml", ".js": "text/javascript"}
HOSTILE = "<img src=x onerror=alert(1)>\"'&"
PHONE, DESK = {"width": 360, "height": 740}, {"width": 1280, "height": 800}
NAMES = [
    "sign-in", "sign-in-alone", "sign-in-wrong", "sign-in-again", "register", "register-wrong", "consent", "consent-logo", "device-code",
    "device-code-wrong", "device-confirm", "device-done", "device-denied", "sign-out", "signed-out", "signed-out-alone", "form-post", "error",
    "error-expired",
]


@pytest.fixture(scope="module")
def samples():
    """Every page by language; `hostile` is English with markup for values."""
    calls = {"en": ["en"], "de": ["de"], "hostile": ["en", "hostile"]}
    return {key: json.loads(subprocess.run([PREVIEW, *call], capture_output=True, check=True).stdout) for key, call in calls.items()}


@pytest.fixture
def show(browser, samples):  # noqa: F811
    """Opens a page with scripts off, as it must work; what the browser complains about fails the test."""
    contexts, complaints = [], []

    def show(name, language="en", size=PHONE, scheme="light", scripts=False):
        context = browser.new_context(viewport=size, color_scheme=scheme, java_script_enabled=scripts, reduced_motion="reduce")
        contexts.append(context)
        context.on("console", lambda message: complaints.append(message.text))
        context.on("dialog", lambda dialog: (complaints.append(f"dialog {dialog.message}"), dialog.dismiss()))
        page = context.new_page()
        page.requests = []

        def serve(route):
            request = route.request
            page.requests.append(request)
            path = request.url.removeprefix(ORIGIN)
            file = PROJECT / "Public" / path.lstrip("/")
            if path.startswith("/page/"):
                sample = samples[language][path.removeprefix("/page/")]
                route.fulfill(status=200, headers=sample["headers"], body=sample["html"])
            elif request.url.startswith(ORIGIN) and file.is_file():
                route.fulfill(status=200, headers={"content-type": MEDIA[file.suffix]}, body=file.read_bytes())
            elif path.endswith("/logo.png"):
                route.fulfill(status=200, headers={"content-type": MEDIA[".svg"]}, body=(PROJECT / "Public" / "logo.svg").read_bytes())
            else:
                route.fulfill(status=200, headers={"content-type": "text/plain"}, body="elsewhere")

        page.route("**/*", serve)
        page.goto(f"{ORIGIN}/page/{name}")
        return page

    yield show
    for context in contexts:
        context.close()
    assert complaints == []


def test_every_sample_is_looked_at(samples):
    assert list(samples["en"]) == NAMES


def test_the_policy_allows_no_inline_code_and_nothing_else_that_is_not_named(samples):
    for name, sample in samples["en"].items():
        policy = sample["headers"]["content-security-policy"]
        assert policy.startswith("default-src 'none'; ") and "unsafe" not in policy and "*" not in policy, name
        assert "frame-ancestors 'none'" in policy and "base-uri 'none'" in policy and "form-action" in policy, name
        assert ("script-src" in policy) == (name == "form-post"), name
        others = {"cache-control": "no-store", "referrer-policy": "no-referrer", "x-frame-options": "DENY", "x-content-type-options": "nosniff"}
        assert {field: sample["headers"][field] for field in others} == others, name
        assert "<style" not in sample["html"] and " style=" not in sample["html"] and " on" not in sample["html"].split("<main")[0], name


STRUCTURE = """() => {
    const problems = [];
    const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
    if (new Set(ids).size !== ids.length) problems.push("an id is there twice");
    if (document.querySelectorAll("h1").length !== 1) problems.push("not one h1");
    if (document.querySelectorAll("main").length !== 1) problems.push("not one main");
    if (!document.title.trim()) problems.push("no title");
    for (const input of document.querySelectorAll("input:not([type=hidden])")) {
        if (![...input.labels].some((label) => label.innerText.trim())) problems.push(`${input.name} has no label`);
        if (input.type !== "checkbox" && !input.autocomplete) problems.push(`${input.name} has no autocomplete`);
    }
    for (const element of document.querySelectorAll("[aria-describedby], [aria-labelledby]")) {
        for (const id of `${element.getAttribute("aria-describedby") ?? ""} ${element.getAttribute("aria-labelledby") ?? ""}`.split(" ")) {
            if (id && !document.getElementById(id)?.innerText.trim()) problems.push(`${id} describes nothing`);
        }
    }
    for (const image of document.images) if (!image.hasAttribute("alt") || !image.naturalWidth) problems.push(`${image.src} is missing, or its text`);
    for (const control of document.querySelectorAll("button, a.button, input:not([type=hidden], [type=checkbox]), label.check")) {
        const { width, height } = control.getBoundingClientRect();
        if (width < 44 || height < 44) problems.push(`${control.outerHTML} is ${width} by ${height}`);
    }
    for (const element of document.querySelectorAll("button, a")) if (!element.innerText.trim()) problems.push("a control without a name");
    for (const bad of document.querySelectorAll("[aria-invalid=true]")) {
        if (!bad.getAttribute("aria-describedby")) problems.push(`${bad.name} does not say what is wrong`);
    }
    return problems;
}"""

CONTRAST = """() => {
    const channels = (color) => {
        const [r, g, b, a = 1] = color.match(/[\\d.]+/g).map(Number);
        return { r, g, b, a };
    };
    const luminance = ({ r, g, b }) => {
        const [x, y, z] = [r, g, b].map((value) => value / 255).map((value) => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
        return 0.2126 * x + 0.7152 * y + 0.0722 * z;
    };
    const ground = (element) => {
        for (let at = element; at; at = at.parentElement) {
            const color = channels(getComputedStyle(at).backgroundColor);
            if (color.a === 1) return color;
        }
        return { r: 255, g: 255, b: 255 };
    };
    const ratio = (element) => {
        const [light, dark] = [luminance(channels(getComputedStyle(element).color)), luminance(ground(element))].sort((a, b) => b - a);
        return (light + 0.05) / (dark + 0.05);
    };
    const found = [];
    for (const element of document.body.querySelectorAll("*")) {
        const speaks = element.matches("input:not([type=hidden])") || [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
        if (speaks && element.checkVisibility()) found.push([ratio(element), element.outerHTML.slice(0, 80)]);
    }
    return found;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("name", NAMES)
def test_everybody_can_use_it(show, name, language, scheme):
    page = show(name, language, PHONE, scheme)
    for size in (PHONE, DESK):
        page.set_viewport_size(size)
        assert page.locator("html").get_attribute("lang") == language
        assert page.evaluate(STRUCTURE) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], "it does not scroll sideways"
        found = page.evaluate(CONTRAST)
        assert found and [entry for entry in found if entry[0] < 4.5] == []
        if SCREENSHOTS:
            page.screenshot(path=f"{SCREENSHOTS}/{name}-{language}-{scheme}-{size['width']}.png", full_page=True)
    # What a desk shows at 400 % (WCAG 2.2, 1.4.10).
    page.set_viewport_size({"width": 320, "height": 256})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


@pytest.mark.parametrize("name", NAMES)
def test_the_keyboard_reaches_everything_in_order_and_shows_where_it_is(show, name):
    page = show(name)
    controls = page.evaluate("""() => [...document.querySelectorAll("a[href], button, input:not([type=hidden])")].map((element) => element.outerHTML)""")
    # From before everything, wherever the page itself puts the focus.
    page.evaluate("() => { const start = document.createElement('button'); document.body.prepend(start); start.focus(); }")
    reached = []
    for _ in controls:
        page.keyboard.press("Tab")
        html, outline, style = page.evaluate("""() => {
            const style = getComputedStyle(document.activeElement);
            return [document.activeElement.outerHTML, parseFloat(style.outlineWidth), style.outlineStyle];
        }""")
        reached.append(html)
        assert outline >= 2 and style != "none", html
    assert reached == controls


@pytest.mark.parametrize("name", NAMES)
def test_a_strangers_markup_is_text_wherever_it_stands(show, samples, name):
    page = show(name, "hostile", scripts=True) if name != "form-post" else show(name, "hostile")
    assert page.locator("img[src=x]").count() == 0 and page.locator("[onerror]").count() == 0
    shape = "() => [...document.querySelectorAll('*')].map((element) => element.tagName).join(' ')"
    assert page.evaluate(shape) == show(name).evaluate(shape)
    for field in page.locator("input[name=request], input[name=code][type=hidden]").all():
        assert field.get_attribute("value") == HOSTILE
    if "client" in samples["en"][name]["html"] or name.startswith(("consent", "device-confirm", "sign-in-wrong")):
        assert page.locator("bdi").count() == 0 or page.locator("bdi").first.inner_text() == HOSTILE
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_signing_in_needs_the_keyboard_alone_and_no_script(show):
    page = show("sign-in")
    expect(page.locator("#username")).to_be_focused()
    page.keyboard.type("ada")
    page.keyboard.press("Tab")
    page.keyboard.type("seven swifts")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{ORIGIN}/oauth2/interaction")
    sent = [request for request in page.requests if request.method == "POST"]
    assert [request.post_data for request in sent] == ["form_token=tok-en_1&request=r-1&username=ada&password=seven+swifts"]


def test_going_back_needs_no_password(show):
    page = show("sign-in")
    page.get_by_role("button", name="Cancel").click()
    page.wait_for_url(f"{ORIGIN}/oauth2/interaction")
    assert page.requests[-1].post_data.endswith("&cancel=yes")


@pytest.mark.parametrize("button, decision", [("Allow", "allow"), ("Deny", "deny")])
def test_the_consent_is_what_was_pressed(show, button, decision):
    page = show("consent")
    page.get_by_label("Do not ask me again").check()
    page.get_by_role("button", name=button).click()
    page.wait_for_url(f"{ORIGIN}/oauth2/interaction")
    assert page.requests[-1].post_data == f"form_token=tok-en_1&request=r-1&remember=on&decision={decision}"


def test_enter_alone_never_allows(show):
    page = show("consent")
    page.get_by_label("Do not ask me again").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"{ORIGIN}/oauth2/interaction")
    assert page.requests[-1].post_data.endswith("decision=deny")


@pytest.mark.parametrize("scripts", [True, False])
def test_the_answer_is_posted_with_and_without_scripts(show, scripts):
    page = show("form-post", scripts=scripts)
    if not scripts:
        page.get_by_role("button", name="Continue").click()
    page.wait_for_url("https://notes.example/callback")
    sent = [request for request in page.requests if request.method == "POST"]
    assert [(request.url, request.post_data) for request in sent] == [("https://notes.example/callback", "code=c-1&state=s")]


def test_clients_are_told_of_the_end_in_frames_that_nobody_sees(show):
    page = show("signed-out")
    assert "https://chart.example/out" in [request.url for request in page.requests]
    expect(page.locator("iframe")).to_be_hidden()


def test_what_is_wrong_stands_at_its_field_and_is_announced(show):
    page = show("register-wrong")
    expect(page.get_by_role("alert")).to_have_text("Please check what you entered.")
    expect(page.get_by_label("Username")).to_have_accessible_description("Letters, digits and @ . + - _ This username is taken.")
    expect(page.get_by_label("E-mail")).to_have_accessible_description("This is not an e-mail address.")
    expect(page.get_by_label("Username")).to_be_focused()
    expect(show("sign-in-wrong").get_by_label("Password")).to_have_accessible_description("Username or password is wrong.")


@pytest.fixture
def loopback():
    """Starts servers on ports of their own: `loopback(answer)`, where `answer(method, path)` gives status, header fields and body."""
    servers = []

    def start(answer):
        class Handler(http.server.BaseHTTPRequestHandler):
            def handle_one(self):
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                status, fields, body = answer(self.command, self.path)
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **fields}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = handle_one

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("leads", ["to the client", "elsewhere"])
def test_a_form_is_answered_with_a_redirect_to_its_client_and_nowhere_else(browser, samples, loopback, leads):  # noqa: F811
    """Chromium holds form-action against redirects: the policy must name the client, and then stops every other way out."""
    client, stranger = (loopback(lambda method, path: (200, {"Content-Type": "text/plain"}, b"arrived")) for _ in range(2))
    sample = samples["en"]["sign-in"]
    policy = sample["headers"]["content-security-policy"].replace("https://notes.example", client)
    assert client in policy

    def answer(method, path):
        if method == "POST":
            return 303, {"Location": (client if leads == "to the client" else stranger) + "/callback?code=c"}, b""
        if path == "/page":
            return 200, {**sample["headers"], "content-security-policy": policy}, sample["html"].encode()
        return 404, {}, b""

    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(loopback(answer) + "/page")
    page.locator("#username").fill("ada")
    page.locator("#password").fill("p")
    if leads == "to the client":
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"{client}/callback?code=c")
    else:
        with page.expect_event("console", lambda message: "form-action" in message.text):
            page.get_by_role("button", name="Sign in").click()
        assert page.url.endswith("/page")
    context.close()
