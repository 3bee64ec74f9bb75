"""The authorization endpoint and the pages on the way, over HTTP, with a browser of a script: each rule with its section."""

import concurrent.futures
import json
import time
import urllib.parse
import uuid

import pytest

import martlet_server
from martlet_server import PASSWORD, claims
from scripted_browser import Asker, Browser

CALLBACK = "https://web.example/cb"
API = "https://api.example"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = martlet_server.launch(tmp_path_factory.mktemp("authorize"))
    yield server
    server.stop()


def made(server, name, **members):
    path = server.folder / f"{uuid.uuid4()}.json"
    path.write_text(json.dumps(members))
    client = json.loads(server.cli("client", "add", "--json", "--name", name, "--metadata", path).stdout)
    server.secrets.add(client.get("client_secret", "no secret at all"))
    return client


GRANTS = ["authorization_code", "refresh_token"]


@pytest.fixture(scope="module")
def web(server):
    return made(server, "Web", redirect_uris=[CALLBACK, "https://web.example/other?a=b"], grant_types=GRANTS)


@pytest.fixture(scope="module")
def own(server):
    return made(server, "Own", redirect_uris=[CALLBACK], grant_types=GRANTS, first_party=True)


@pytest.fixture(scope="module")
def phone(server):
    return made(server, "Phone", redirect_uris=["http://127.0.0.1/cb"], grant_types=GRANTS, token_endpoint_auth_method="none")


@pytest.fixture(scope="module")
def person(server):
    return server.register().username


@pytest.fixture
def browser(server):
    return Browser(server)


@pytest.fixture
def asker(server, web):
    return Asker(server, web, CALLBACK, scope="openid profile")


@pytest.fixture
def owner(server, own):
    """A client that nobody is asked about."""
    return Asker(server, own, CALLBACK, scope="openid")


def signed_in(browser, asker, person):
    """The answer of a request for which somebody signed in and, where they were asked, said yes."""
    page = browser.sign_in(browser.go(asker.path()), person)
    if page.location is None:
        page = browser.submit(page, decision="allow")
    assert "code" in page.answer, page
    return page.answer


# The whole way


def test_from_the_request_to_tokens_and_on(server, browser, asker, person):
    """OAuth 2.1 §4.1 to §4.3, RFC 9207 §2."""
    page = browser.get(asker.path())
    assert page.status == 303 and page.location.startswith("/oauth2/sign-in?next=/oauth2/authorize?response_type=code%26")
    page = browser.follow(page)
    assert page.status == 200 and "Web" in page.text and "Sign in" in page.text
    page = browser.submit(page, username=person, password=PASSWORD)
    assert page.status == 303 and page.location.startswith("/oauth2/authorize?")
    page = browser.follow(page)
    assert page.status == 200 and "Web asks for access" in page.text and "See your name" in page.text and "web.example" in page.text
    page = browser.submit(page, decision="allow")
    assert page.status == 303 and page.location.startswith(CALLBACK + "?") and page.headers["cache-control"] == "no-store"
    answer = page.answer
    assert set(answer) == {"code", "state", "iss"} and answer["state"] == asker.state and answer["iss"] == server.url
    tokens = asker.redeem(answer["code"])
    assert tokens.status == 200 and tokens.json["scope"] == "openid profile"
    token = claims(tokens.json["access_token"])
    assert token["acr"] == "urn:martlet:acr:password" and abs(token["auth_time"] - time.time()) < 60 and token["client_id"] == asker.client["client_id"]
    refreshed = asker.token(grant_type="refresh_token", refresh_token=tokens.json["refresh_token"])
    assert refreshed.status == 200 and claims(refreshed.json["access_token"])["auth_time"] == token["auth_time"]


def test_single_sign_on(server, browser, asker, owner, person):
    signed_in(browser, asker, person)
    page = browser.go(owner.path())
    assert page.location and set(page.answer) == {"code", "state", "iss"}, "nobody is asked anything"


def test_a_public_client_on_any_port(server, browser, phone, person):
    """RFC 8252 §7.3 and §8.6."""
    asker = Asker(server, phone, "http://127.0.0.1:43210/cb", scope="openid")
    answer = signed_in(browser, asker, person)
    assert asker.redeem(answer["code"]).status == 200
    page = browser.go(asker.again().path())
    assert page.location is None and "asks for access" in page.text and "remember" not in page.text, "its yes is not remembered"
    assert browser.submit(page, decision="allow", remember="on").answer["code"]
    assert browser.go(asker.again().path()).location is None


def test_a_yes_is_remembered_for_what_it_was_about(server, asker, browser):
    person = server.register().username
    page = browser.sign_in(browser.go(asker.path()), person)
    assert "code" in browser.submit(page, decision="allow").answer
    page = browser.go(asker.again().path())
    assert "asks for access" in page.text, "it was not to be remembered"
    assert "code" in browser.submit(page, decision="allow", remember="on").answer
    asked = {
        "the same": ({}, False), "less": ({"scope": "openid"}, False), "more": ({"scope": "openid profile email"}, True),
        "offline (OIDC Core §11)": ({"scope": "openid offline_access"}, True), "an API (RFC 8707)": ({"resource": API}, True),
        "prompt=consent (OIDC Core §3.1.2.1)": ({"prompt": "consent"}, True),
    }
    for what, (changes, is_asked) in asked.items():
        page = browser.go(asker.again().path(**changes))
        assert (page.location is None) == is_asked, what
        silent = browser.go(asker.again().path(**{**changes, "prompt": "none"}))
        if "prompt" not in changes:
            assert silent.answer.get("error") == ("consent_required" if is_asked else None), what


def test_two_remembered_answers_do_not_make_a_third(server, asker, browser):
    """RFC 8707 §2: a yes to one scope at one API and to another scope at another API is no yes to either scope at both."""
    stock = "https://stock.example"
    page = browser.sign_in(browser.go(asker.path(scope="openid", resource=API)), server.register().username)
    assert "code" in browser.submit(page, decision="allow", remember="on").answer
    assert "code" in browser.go(asker.again().path(scope="openid", resource=API, prompt="none")).answer
    for changes in ({"scope": "openid"}, {"scope": "openid", "resource": stock}):
        answer = browser.go(asker.again().path(**changes, prompt="none")).answer
        assert answer.get("error") == "consent_required", f"it was for another API: {changes}"
    page = browser.go(asker.again().path(scope="openid profile", resource=stock))
    assert "code" in browser.submit(page, decision="allow", remember="on").answer
    assert "code" in browser.go(asker.again().path(scope="openid profile", resource=stock, prompt="none")).answer
    answer = browser.go(asker.again().path(scope="openid profile", resource=API, prompt="none")).answer
    assert answer.get("error") == "consent_required", "profile was allowed for the other API"


def test_no(browser, asker, person, server):
    """RFC 6749 §4.1.2.1 access_denied: by the consent page, and by the sign-in page's way back."""
    page = browser.follow(browser.submit(browser.go(asker.path()), cancel="yes", username=None, password=None))
    assert page.answer["error"] == "access_denied" and page.answer["state"] == asker.state and page.answer["iss"] == server.url
    page = browser.sign_in(browser.go(asker.again().path()), person)
    page = browser.submit(page, decision="deny")
    assert page.answer["error"] == "access_denied" and page.answer["state"] == asker.state and page.answer["iss"] == server.url
    assert browser.go(asker.again().path()).location is None, "and may ask again"


# Ways back


@pytest.mark.parametrize("mode", ["query", "fragment", "form_post"])
def test_how_the_answer_travels(server, browser, owner, person, mode):
    """OAuth 2.0 Multiple Response Types §2.1, Form Post Response Mode §2."""
    page = browser.sign_in(browser.go(owner.path(response_mode=mode)), person)
    if mode == "form_post":
        assert page.status == 200 and page.form.action == CALLBACK and page.form.method == "post"
        assert "form-action https://web.example" in page.headers["content-security-policy"]
        assert page.headers["cache-control"] == "no-store"
        server.secrets.add(page.answer["code"])
    else:
        assert page.location.startswith(CALLBACK + ("?" if mode == "query" else "#"))
    assert set(page.answer) == {"code", "state", "iss"}
    assert owner.redeem(page.answer["code"]).status == 200
    refused = browser.go(owner.again().path(response_mode=mode, response_type="token")).answer
    assert (refused["error"], refused["state"], refused["iss"]) == ("unsupported_response_type", owner.state, server.url)


def test_the_query_of_a_redirect_uri_stays(browser, server, web, person):
    """RFC 6749 §3.1.2."""
    asker = Asker(server, web, "https://web.example/other?a=b", scope="openid")
    page = browser.go(asker.path(prompt="none"))
    assert page.location.startswith("https://web.example/other?a=b&") and page.answer["error"] == "login_required"


# what is changed, the word of the page, section
TOLD = [
    ("no client", {"client_id": None}, "cannot answer", "RFC 6749 §4.1.2.1"),
    ("an unknown client", {"client_id": str(uuid.UUID(int=5))}, "not known", "RFC 6749 §4.1.2.1"),
    ("two clients", {"client_id": ["a", "b"]}, "cannot answer", "RFC 6749 §3.1"),
    ("another redirect URI", {"redirect_uri": "https://evil.example/cb"}, "not registered", "RFC 9700 §4.1.3"),
    ("a longer path", {"redirect_uri": CALLBACK + "/x"}, "not registered", "RFC 9700 §4.1.3"),
    ("another case", {"redirect_uri": "https://WEB.example/cb"}, "not registered", "RFC 9700 §4.1.3"),
    ("a query more", {"redirect_uri": CALLBACK + "?x=1"}, "not registered", "RFC 9700 §4.1.3"),
    ("a fragment", {"redirect_uri": CALLBACK + "#x"}, "not registered", "RFC 6749 §3.1.2"),
    ("user information", {"redirect_uri": "https://web.example@evil.example/cb"}, "not registered", "RFC 9700 §4.1.3"),
    ("a dot segment", {"redirect_uri": "https://web.example/x/../cb"}, "not registered", "RFC 9700 §4.1.3"),
    ("javascript", {"redirect_uri": "javascript:alert(1)"}, "not registered", "RFC 9700 §4.1.3"),
    ("none of two", {"redirect_uri": None}, "cannot answer", "OAuth 2.1 §4.1.1"),
    ("two redirect URIs", {"redirect_uri": [CALLBACK, "https://evil.example/cb"]}, "cannot answer", "RFC 6749 §3.1"),
    ("two states", {"state": ["a", "b"]}, "cannot answer", "RFC 6749 §3.1"),
    ("a response mode of others", {"response_mode": "web_message"}, "cannot answer", "OAuth 2.0 Multiple Response Types §2.1"),
]


@pytest.mark.parametrize("what, changes, word, section", TOLD, ids=[case[0] for case in TOLD])
def test_nobody_is_redirected_to_what_is_not_proven(browser, asker, what, changes, word, section):
    page = browser.get(asker.path(**changes))
    assert page.status == 400 and page.location is None and word in page.text, f"{section}: {page}"
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"] and page.links == []


ANSWERED = [
    ("no response type", {"response_type": None}, "invalid_request", "RFC 6749 §4.1.2.1"),
    ("the implicit grant", {"response_type": "token"}, "unsupported_response_type", "OAuth 2.1 §10.1"),
    ("the hybrid flow", {"response_type": "code id_token"}, "unsupported_response_type", "OAuth 2.1 §10.1"),
    ("no challenge", {"code_challenge": None}, "invalid_request", "OAuth 2.1 §4.1.1"),
    ("plain", {"code_challenge_method": "plain"}, "invalid_request", "RFC 9700 §2.1.1"),
    ("no method", {"code_challenge_method": None}, "invalid_request", "RFC 7636 §4.3"),
    ("a scope twice", {"scope": ["openid", "profile"]}, "invalid_request", "RFC 6749 §3.1"),
    ("an unknown parameter twice", {"x": ["1", "2"]}, "invalid_request", "RFC 6749 §3.1"),
    ("a scope of no grammar", {"scope": 'a"b'}, "invalid_scope", "RFC 6749 §3.3"),
    ("an unknown scope", {"scope": "everything"}, "invalid_scope", "RFC 6749 §3.3"),
    ("the account's scope", {"scope": "admin"}, "invalid_scope", "RFC 6749 §3.3"),
    ("a resource with a fragment", {"resource": API + "#x"}, "invalid_target", "RFC 8707 §2"),
    ("none with another prompt", {"prompt": "none login"}, "invalid_request", "OIDC Core §3.1.2.1"),
    ("an unknown prompt", {"prompt": "dance"}, "invalid_request", "OIDC Core §3.1.2.1"),
    ("a negative age", {"max_age": "-1"}, "invalid_request", "OIDC Core §3.1.2.1"),
    ("registration", {"registration": "{}"}, "registration_not_supported", "OIDC Core §3.1.2.6"),
    ("claims of no grammar", {"claims": "[]"}, "invalid_request", "OIDC Core §5.5"),
    ("an acr that nobody has", {"claims": '{"id_token":{"acr":{"essential":true,"values":["x"]}}}'}, "unmet_authentication_requirements", "OIDC Core §5.5.1.1"),
    ("nobody is there", {"prompt": "none"}, "login_required", "OIDC Core §3.1.2.6"),
]


@pytest.mark.parametrize("what, changes, error, section", ANSWERED, ids=[case[0] for case in ANSWERED])
def test_the_client_hears_the_rest(server, browser, asker, what, changes, error, section):
    page = browser.get(asker.path(**changes))
    assert page.location and page.location.startswith(CALLBACK + "?"), f"{section}: {page}"
    assert (page.answer["error"], page.answer["state"], page.answer["iss"]) == (error, asker.state, server.url), section
    assert "code" not in page.answer


def test_a_client_posts_its_request(server, browser, owner, person):
    """OIDC Core §3.1.2.1: a POST of another site, which comes without cookies, serves as the GET does."""
    signed_in(browser, owner, person)
    page = browser.send("POST", "/oauth2/authorize", owner.again().parameters, {"Sec-Fetch-Site": "cross-site"})
    assert page.status == 303 and page.location.startswith("/oauth2/authorize?")
    assert browser.follow(page).answer["state"] == owner.state
    assert browser.send("POST", "/oauth2/authorize", b"{}", {"Content-Type": "application/json"}).status == 400
    assert browser.send("POST", "/oauth2/authorize", {"x": "y" * 9000}).status == 400
    assert browser.send("POST", "/oauth2/authorize", b"").status == 400


# How surely, and how lately


def test_prompt_login_proves_the_same_person_once_more(server, browser, owner, person):
    """OIDC Core §3.1.2.1."""
    signed_in(browser, owner, person)
    other = server.register().username
    before = browser.cookies.copy()
    page = browser.go(owner.again().path(prompt="login"))
    assert page.form.fields["username"] == person and page.form.readonly == {"username"}
    assert browser.submit(page, username=other, password="another password than theirs").status == 422
    # Whatever the form says, it is the person's own password that is asked for.
    page = browser.sign_in(page, other)
    assert claims(owner.redeem(page.answer["code"]).json["access_token"])["sub"] == claims(server.login(person).access)["sub"]
    assert browser.cookies != before


def test_a_sign_in_serves_the_request_that_it_was_for(server, browser, owner, person):
    """The time of the request is signed together with all of the request."""
    signed_in(browser, owner, person)
    page = browser.get(owner.again().path(prompt="login"))
    back = urllib.parse.parse_qs(urllib.parse.urlsplit(page.location).query)["next"][0]
    assert browser.get(back).location.startswith("/oauth2/sign-in"), "nobody signed in since"
    done = browser.sign_in(browser.follow(page), person)
    assert "code" in done.answer
    assert "code" in browser.go(back).answer, "the same request, already served"
    stamp = back[back.index("&martlet_stamp="):]
    other = owner.again().path(prompt="login")
    for forged in (other + stamp, back.replace("prompt=login", "prompt=login&nonce=1"), other + "&martlet_stamp=b1", other):
        assert browser.get(forged).location.startswith("/oauth2/sign-in"), forged


def test_max_age(server, browser, owner, person):
    """OIDC Core §3.1.2.1."""
    signed_in(browser, owner, person)
    assert "code" in browser.go(owner.again().path(max_age=1000)).answer
    time.sleep(1.1)
    assert browser.go(owner.again().path(max_age=1, prompt="none")).answer["error"] == "login_required"
    page = browser.go(owner.again().path(max_age=0))
    assert page.form.readonly == {"username"}
    answer = browser.sign_in(page, person).answer
    assert abs(claims(owner.redeem(answer["code"]).json["access_token"])["auth_time"] - time.time()) < 5


def test_what_acr_says(server, browser, owner, person):
    """OIDC Core §3.1.2.1 acr_values, RFC 9470 §4."""
    signed_in(browser, owner, person)
    recent = "urn:martlet:acr:recent-password"
    for asked, got in [(recent, recent), ("unknown " + recent, recent), ("unknown", "urn:martlet:acr:password"), (None, "urn:martlet:acr:password")]:
        answer = browser.go(owner.again().path(acr_values=asked)).answer
        assert claims(owner.redeem(answer["code"]).json["access_token"])["acr"] == got, asked


def test_another_subject_than_is_asked_for(server, browser, owner, person):
    """OIDC Core §5.5.1 and §3.1.2.6."""
    sub = claims(owner.redeem(signed_in(browser, owner, person)["code"]).json["access_token"])["sub"]

    def about(sub):
        return json.dumps({"id_token": {"sub": {"value": sub}}})
    assert "code" in browser.go(owner.again().path(claims=about(sub))).answer
    assert browser.go(owner.again().path(claims=about("x"), prompt="none")).answer["error"] == "login_required"
    page = browser.go(owner.again().path(claims=about("x")))
    assert page.form.readonly == set(), "somebody else may sign in"
    assert browser.sign_in(page, person).answer["error"] == "login_required"


def test_select_account_and_somebody_else(server, browser, asker, owner, person):
    signed_in(browser, owner, person)
    before = browser.cookies["martlet-session"]
    other = server.register()
    page = browser.go(owner.again().path(prompt="select_account"))
    assert page.form.readonly == set()
    answer = browser.sign_in(page, other.username).answer
    assert claims(owner.redeem(answer["code"]).json["access_token"])["sub"] == other.user_id
    old = Browser(server)
    old.cookies["martlet-session"] = before
    assert old.go(owner.again().path(prompt="none")).answer["error"] == "login_required", "the sign-in before has ended"
    # "Not you?" on the consent page.
    page = browser.go(asker.path())
    [switch] = [link for link in page.links if link.startswith("/oauth2/sign-in")]
    page = browser.sign_in(browser.go(switch), person)
    assert f"<bdi>{person}</bdi>" in page.text
    assert "code" in browser.submit(page, decision="allow").answer


def test_prompt_create(server, browser, owner):
    """Initiating User Registration via OpenID Connect 1.0 §4."""
    page = browser.go(owner.path(prompt="create"))
    assert page.path.startswith("/oauth2/sign-up") and "Create your account" in page.text
    name = martlet_server.name()
    wrong = browser.submit(page, username="a b", email="nobody", password="short")
    assert wrong.status == 422 and "One of its characters cannot be used" in wrong.text and "not an e-mail" in wrong.text and "8 characters" in wrong.text
    weak = browser.submit(page, username=name, email="", password=name)
    assert weak.status == 422 and "is not your username" in weak.text
    page = browser.follow(browser.submit(wrong, username=name, email="", password=PASSWORD))
    assert "code" in page.answer
    taken = Browser(server)
    page = taken.submit(taken.go(owner.again().path(prompt="create")), username=name, email="", password=PASSWORD)
    assert page.status == 422 and "is taken" in page.text
    # And from the sign-in page.
    page = taken.go(owner.again().path())
    [link] = [link for link in page.links if link.startswith("/oauth2/sign-up")]
    assert "code" in taken.follow(taken.submit(taken.go(link), username=martlet_server.name(), email="", password=PASSWORD)).answer


def test_closed_registration(start, tmp_path):
    server = start(MARTLET_REGISTRATION="closed")
    client = made(server, "Web", redirect_uris=[CALLBACK])
    asker, browser = Asker(server, client, CALLBACK), Browser(server)
    page = browser.go(asker.path())
    assert not any("sign-up" in link for link in page.links)
    next_path = page.form.fields["next"]
    assert browser.get("/oauth2/sign-up?" + urllib.parse.urlencode({"next": next_path})).status == 404
    assert browser.send("POST", "/oauth2/sign-up", {**page.form.fields, "username": "eve", "password": PASSWORD}).status == 404
    assert browser.get(asker.path(prompt="create")).answer["error"] == "invalid_request"
    assert "create" not in server.get("/.well-known/openid-configuration").json["prompt_values_supported"]


# Forms


def test_a_wrong_password(browser, asker, person):
    page = browser.go(asker.path())
    wrong = browser.submit(page, username=person, password="not this one")
    unknown = browser.submit(page, username="nobody.at.all", password="not this one")
    assert wrong.status == unknown.status == 422
    assert "Username or password is wrong." in wrong.text
    assert wrong.text.replace(person, "") == unknown.text.replace("nobody.at.all", "")
    assert wrong.form.fields["username"] == person and wrong.form.fields["password"] == ""
    assert "martlet-session" not in browser.cookies
    empty = browser.submit(wrong, username=person, password="")
    assert empty.status == 422 and "Please enter" in empty.text
    assert browser.sign_in(wrong, person).status == 200


def test_too_many_wrong_passwords(start):
    server = start(MARTLET_LOGIN_ATTEMPTS="3/60")
    client = made(server, "Web", redirect_uris=[CALLBACK])
    browser = Browser(server)
    page = browser.go(Asker(server, client, CALLBACK).path())
    answers = [browser.submit(page, username="somebody", password="wrong password") for _ in range(5)]
    assert [answer.status for answer in answers] == [422] * 3 + [429] * 2
    assert "Too many attempts" in answers[-1].text and int(answers[-1].headers["retry-after"]) > 0


def test_failures_stand_in_the_audit_trail(server, browser, asker, person):
    page = browser.go(asker.path())
    browser.submit(page, username=person, password="not this one")
    browser.sign_in(page, person)
    trail = server.admin().call("GET", "/admin/api/audit?limit=20").json["items"]
    assert {"login.failed", "signed_in"} <= {line["action"] for line in trail}


def test_forms_of_others_are_not_taken(server, browser, asker, person):
    """RFC 6749 §10.12; the token is bound to the browser's cookie."""
    page = browser.go(asker.path())
    good = {"username": person, "password": PASSWORD}
    other = Browser(server)
    foreign = other.go(asker.path()).form.fields["form_token"]
    refused = {
        "no token": browser.submit(page, form_token=None, **good),
        "an empty one": browser.submit(page, form_token="", **good),
        "another browser's": browser.submit(page, form_token=foreign, **good),
        "another site": browser.submit(page, {"Sec-Fetch-Site": "cross-site"}, **good),
        "a sister site": browser.submit(page, {"Sec-Fetch-Site": "same-site"}, **good),
        "no cookie": Browser(server).submit(page, **good),
    }
    assert {what: answer.status for what, answer in refused.items()} == {what: 403 for what in refused}
    assert all("martlet-session" not in line for line in browser.set_cookies)
    assert browser.submit(page, {"Sec-Fetch-Site": None}, **good).status == 303, "a browser that says nothing of sites"


def test_a_consent_is_of_the_one_who_was_asked(server, browser, asker, person):
    page = browser.sign_in(browser.go(asker.path()), person)
    refused = {
        "no token": browser.submit(page, form_token=None, decision="allow"),
        "another site": browser.submit(page, {"Sec-Fetch-Site": "cross-site"}, decision="allow"),
        "nobody": Browser(server).submit(page, decision="allow"),
    }
    assert {what: (answer.status, answer.location) for what, answer in refused.items()} == {what: (403, None) for what in refused}
    # In another tab somebody else signs in; the page in the first one is not theirs.
    [switch] = [link for link in page.links if link.startswith("/oauth2/sign-in")]
    browser.sign_in(browser.go(switch), server.register().username)
    late = browser.submit(page, decision="allow")
    assert late.status == 403 and "start again" in late.text
    assert browser.submit(browser.go(asker.path()), decision="perhaps").location.startswith("/oauth2/authorize?")


def test_a_consent_cannot_be_for_more_than_the_client_may_ask(server, browser, asker, person):
    page = browser.sign_in(browser.go(asker.path()), person)
    request = page.form.fields["request"]
    for changed in (request.replace("web.example", "evil.example"), request.replace("client_id=", "client_id=x"), "", "x"):
        answer = browser.submit(page, request=changed, decision="allow")
        assert answer.status == 400 and answer.location is None, changed


@pytest.mark.parametrize("next_path", [
    "https://evil.example/", "//evil.example/", "/\\evil.example", "\\\\evil.example", "/oauth2/authorize", "/oauth2/authorize?",
    "/oauth2/authorize\n", "/oauth2/authorize?a\r\nLocation: https://evil.example", "/oauth2/authorized?x=1", "/", "", "/admin/api/users",
    "/oauth2/../auth/logout", "/oauth2/device/../../x", "/oauth2/device#x", "javascript:alert(1)", "/oauth2/authorize?x=\u2028", "oauth2/authorize?x=1",
    "/oauth2/device@evil.example", "/oauth2/device.evil.example", " /oauth2/device", "/oauth2//device",
])
def test_next_leads_to_pages_of_ours_alone(browser, person, asker, next_path):
    """RFC 9700 §4.11."""
    address = urllib.parse.urlencode({"next": next_path})
    for page in ("sign-in", "sign-up"):
        answer = browser.get(f"/oauth2/{page}?{address}")
        assert answer.status == 400 and answer.location is None and answer.links == [], answer
    page = browser.go(asker.path())
    answer = browser.submit(page, next=next_path, username=person, password=PASSWORD)
    assert answer.status == 400 and answer.location is None and "martlet-session" not in browser.cookies


def test_next_twice(browser):
    answer = browser.get("/oauth2/sign-in?next=/oauth2/device&next=/oauth2/device")
    assert answer.status == 400 and answer.headers["content-type"].startswith("text/html")
    assert browser.get("/oauth2/sign-in?next=/oauth2/device").status == 200
    assert browser.get("/oauth2/sign-in").status == 400


def test_a_sign_in_for_another_page_leads_there(server, browser, person):
    page = browser.get("/oauth2/sign-in?" + urllib.parse.urlencode({"next": "/oauth2/device?user_code=AB-CD"}))
    answer = browser.submit(page, username=person, password=PASSWORD)
    assert (answer.status, answer.location) == (303, "/oauth2/device?user_code=AB-CD")


def test_what_browsers_are_told(server, browser, asker, person):
    """RFC 9700 §4.16 (clickjacking), RFC 6265bis §5.6."""
    pages = [browser.go(asker.path())]
    pages.append(browser.sign_in(pages[0], person))
    pages.append(browser.go("/oauth2/sign-up?" + urllib.parse.urlencode({"next": asker.path()})))
    for page in pages:
        policy = page.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy and "unsafe-inline" not in policy and "script-src" not in policy
        assert "form-action 'self' https://web.example" in policy
        assert page.headers["x-frame-options"] == "DENY" and page.headers["cache-control"] == "no-store"
        assert page.headers["referrer-policy"] == "no-referrer" and "<script" not in page.text
    session = [line for line in browser.set_cookies if line.startswith("martlet-session=")][-1]
    assert {"HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=604800"} <= set(session.split("; ")) and "Domain" not in session


def test_the_cookie_of_an_https_issuer(start):
    server = start(MARTLET_ISSUER="https://auth.example")
    client = made(server, "Web", redirect_uris=[CALLBACK], first_party=True)
    person = martlet_server.name()
    server.register(person)
    browser = Browser(server)
    page = browser.sign_in(browser.go(Asker(server, client, CALLBACK).path()), person)
    assert page.answer["iss"] == "https://auth.example"
    assert set(browser.cookies) == {"__Host-martlet-visitor", "__Host-martlet-session"}
    assert all("Secure" in line and "HttpOnly" in line for line in browser.set_cookies)


def test_no_session_fixation(server, owner, person):
    """A cookie that was there before is never the one of who signs in."""
    eve = Browser(server)
    signed_in(eve, owner, server.register().username)
    planted = eve.cookies["martlet-session"]
    ada = Browser(server)
    ada.cookies["martlet-session"] = planted
    ada.cookies["martlet-visitor"] = eve.cookies["martlet-visitor"]
    page = ada.go("/oauth2/sign-in?" + urllib.parse.urlencode({"next": owner.again().path()}))
    assert "code" in ada.sign_in(page, person).answer
    assert ada.cookies["martlet-session"] != planted
    assert eve.go(owner.again().path(prompt="none")).answer["error"] == "login_required"
    made_up = Browser(server)
    made_up.cookies["martlet-session"] = "A" * 43
    signed_in(made_up, owner.again(), person)
    assert made_up.cookies["martlet-session"] != "A" * 43


def test_a_new_password_signs_browsers_out(server, browser, owner):
    session = server.register()
    signed_in(browser, owner, session.username)
    changed = session.call("POST", "/auth/password", {"current_password": PASSWORD, "new_password": PASSWORD + " once more"})
    assert changed.status in (200, 204)
    assert browser.go(owner.again().path(prompt="none")).answer["error"] == "login_required"


def test_sign_ins_end(start, travel):
    server = travel.start(MARTLET_SIGN_IN_IDLE=1000, MARTLET_SIGN_IN_TTL=3000)
    client = made(server, "Own", redirect_uris=[CALLBACK], first_party=True)
    owner, browser = Asker(server, client, CALLBACK, scope="openid"), Browser(server)
    person = server.register().username
    signed_in(browser, owner, person)
    for seconds, is_there in [(900, True), (1800, True), (2700, True), (3100, False)]:
        travel.to(seconds)
        time.sleep(0.1)
        answer = browser.go(owner.again().path(prompt="none")).answer
        assert answer.get("error") == (None if is_there else "login_required"), seconds
    signed_in(browser, owner.again(), person)
    travel.to(3100 + 1100)
    assert browser.go(owner.again().path(prompt="none")).answer["error"] == "login_required", "idle"


def test_step_up(start, travel):
    """RFC 9470 §4 and §5: a sign-in of ten minutes ago is not recent."""
    server = travel.start(MARTLET_ACCESS_TTL=600)
    client = made(server, "Own", redirect_uris=[CALLBACK], first_party=True)
    owner, browser = Asker(server, client, CALLBACK, scope="openid"), Browser(server)
    person = server.register().username
    signed_in(browser, owner, person)
    travel.to(600)
    recent = {"acr_values": "urn:martlet:acr:recent-password"}
    essential = {"claims": json.dumps({"id_token": {"acr": {"essential": True, "values": ["urn:martlet:acr:recent-password"]}}})}
    assert "code" in browser.go(owner.again().path(prompt="none")).answer
    for asked in (recent, essential):
        assert browser.go(owner.again().path(prompt="none", **asked)).answer["error"] == "login_required"
    page = browser.go(owner.again().path(**essential))
    assert page.form.readonly == {"username"}
    answer = browser.sign_in(page, person).answer
    assert claims(owner.redeem(answer["code"]).json["access_token"])["acr"] == "urn:martlet:acr:recent-password"


# Codes


def test_many_redemptions_at_once_and_one_from_elsewhere(server, browser, asker, person, own):
    """RFC 6749 §4.1.2 and §10.5: one success whose tokens work; a replay that is wrong in anything ends them."""
    answer = signed_in(browser, asker, person)
    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: asker.redeem(answer["code"]), range(50)))
    good = [one for one in answers if one.status == 200]
    assert len(good) == 1 and {one.json["error"] for one in answers if one.status != 200} == {"invalid_grant"}
    refresh = good[0].json["refresh_token"]
    tokens = asker.token(grant_type="refresh_token", refresh_token=refresh)
    assert tokens.status == 200
    assert asker.redeem(answer["code"], code_verifier="v" * 43).json["error"] == "invalid_grant"
    assert asker.token(grant_type="refresh_token", refresh_token=tokens.json["refresh_token"]).json["error"] == "invalid_grant"


def test_a_code_is_for_its_client_its_redirect_uri_and_its_verifier(server, browser, asker, owner, person):
    """OAuth 2.1 §4.1.3; code injection, RFC 9700 §4.5."""
    code = signed_in(browser, asker, person)["code"]
    refused = [
        owner.redeem(code, code_verifier=asker.verifier), asker.redeem(code, code_verifier="v" * 43),
        asker.redeem(code, redirect_uri="https://web.example/other?a=b"), asker.redeem(code[:-1] + ("A" if code[-1] != "A" else "E")),
    ]
    assert [one.json["error"] for one in refused] == ["invalid_grant"] * len(refused)
    good = asker.redeem(code)
    assert good.status == 200
    assert owner.redeem(code, code_verifier=asker.verifier).json["error"] == "invalid_grant"
    assert asker.token(grant_type="refresh_token", refresh_token=good.json["refresh_token"]).json["error"] == "invalid_grant", "another client's replay"


def test_a_code_ends(start, travel):
    server = travel.start()
    client = made(server, "Own", redirect_uris=[CALLBACK], first_party=True)
    owner, browser = Asker(server, client, CALLBACK, scope="openid"), Browser(server)
    answer = signed_in(browser, owner, server.register().username)
    travel.to(61)
    assert owner.redeem(answer["code"]).json["error"] == "invalid_grant"


def test_what_the_code_is_for_stands_in_the_tokens(server, browser, asker, person):
    """RFC 8707 §2."""
    page = browser.sign_in(browser.go(asker.path(resource=API, nonce="n-1")), person)
    assert API in page.text
    answer = browser.submit(page, decision="allow").answer
    assert claims(asker.redeem(answer["code"]).json["access_token"])["aud"] in (API, [API])


# The rest


def test_languages(server, browser, asker):
    """OIDC Core §3.1.2.1 ui_locales."""
    page = browser.go(asker.path(ui_locales="de"))
    assert page.headers["content-language"] == "de" and 'lang="de"' in page.text
    page = Browser(server, **{"Accept-Language": "de-AT,en;q=0.5"}).go(asker.path())
    assert page.headers["content-language"] == "de"


def test_login_hint(browser, asker):
    assert browser.go(asker.path(login_hint="ada@example.org")).form.fields["username"] == "ada@example.org"


def test_a_request_that_is_too_long_to_come_back(browser, asker):
    page = browser.get(asker.path(nonce="n" * 7720))
    assert page.answer["error"] == "invalid_request" and "push" in page.answer["error_description"]


def test_refusals_of_the_server_are_pages_here(server, browser):
    answer = browser.send("POST", "/oauth2/sign-in", b"{}", {"Content-Type": "application/json"})
    assert answer.status == 400 and answer.headers["content-type"].startswith("text/html")
    answer = browser.send("DELETE", "/oauth2/sign-in")
    assert answer.status == 405 and answer.headers["allow"]


def test_the_metadata(server):
    """RFC 8414 §2, RFC 9207 §3."""
    for name in ("oauth-authorization-server", "openid-configuration"):
        metadata = server.get(f"/.well-known/{name}").json
        assert metadata["authorization_endpoint"] == f"{server.url}/oauth2/authorize"
        assert metadata["response_types_supported"] == ["code"] and metadata["code_challenge_methods_supported"] == ["S256"]
        assert metadata["authorization_response_iss_parameter_supported"] is True
        assert metadata["response_modes_supported"] == ["query", "fragment", "form_post"]
        assert "create" in metadata["prompt_values_supported"] and len(metadata["acr_values_supported"]) == 2
