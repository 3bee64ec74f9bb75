"""The authorization endpoint: PKCE, parameters, response modes, state and issuer, what a person is asked, and the pages' own defences."""

import json
import secrets
import urllib.parse

from browser_flow import Browser, Landing, Page

from .table import Case, coded, errs, true
from .world import CALENDAR, SPA_ORIGIN, challenge, new_verifier

PKCE = "OAuth 2.1 §4.1.1"
TWICE = "RFC 6749 §3.1"
OIDC = "OIDC Core §3.1.2.1"
OIDC_ERRORS = "OIDC Core §3.1.2.6"


def asking(client="web", **overrides):
    return lambda world: world.authorize(client, **overrides)


def state_comes_back(state, **overrides):
    def request(world):
        landing = world.authorize(state=state, **overrides)
        assert isinstance(landing, Landing), landing
        return landing.get("state") == state or repr(landing)

    return request


CASES = [
    # PKCE
    Case(PKCE, "a request without a challenge is refused", asking(code_challenge=None, code_challenge_method=None), errs("invalid_request")),
    Case("RFC 9700 §2.1.1", "a confidential client without a challenge is refused, too: there is no downgrade",
         asking("own", code_challenge=None, code_challenge_method=None), errs("invalid_request")),
    Case("RFC 9700 §2.1.1", "a nonce takes no challenge's place", asking(code_challenge=None, code_challenge_method=None, nonce="n"), errs("invalid_request")),
    Case("RFC 7636 §4.4.1", "the method plain is refused", asking(code_challenge=new_verifier(), code_challenge_method="plain"), errs("invalid_request")),
    Case("RFC 7636 §4.3", "no method means plain, and is refused", asking(code_challenge_method=None), errs("invalid_request")),
    Case("RFC 7636 §4.4.1", "an unknown method is refused", asking(code_challenge_method="S512"), errs("invalid_request")),
    Case("RFC 7636 §4.3", "the method is compared as it is: s256 is refused", asking(code_challenge_method="s256"), errs("invalid_request")),
    Case("RFC 7636 §4.2", "a method without a challenge is refused", asking(code_challenge=None), errs("invalid_request")),
    Case("RFC 7636 §4.2", "a challenge that is too short is refused", asking(code_challenge=challenge("x")[:42]), errs("invalid_request")),
    Case("RFC 7636 §4.2", "a challenge that is too long is refused", asking(code_challenge=challenge("x") + "A"), errs("invalid_request")),
    Case("RFC 7636 §4.2", "a challenge with padding is refused", asking(code_challenge=challenge("x") + "="), errs("invalid_request")),
    Case("RFC 7636 §4.2", "a challenge in base64 that is not base64url is refused", asking(code_challenge="+/" + challenge("x")[2:]), errs("invalid_request")),
    Case(TWICE, "two challenges are refused", lambda world: world.authorize(code_challenge=[challenge("x"), challenge("y")]), errs("invalid_request")),
    # The response type
    Case("RFC 6749 §4.1.2.1", "a request without a response type is refused", asking(response_type=None), errs("invalid_request")),
    Case("RFC 9700 §2.1.2", "response_type=token is not served", asking(response_type="token"), errs("unsupported_response_type")),
    Case("RFC 9700 §2.1.2", "response_type=code token is not served", asking(response_type="code token"), errs("unsupported_response_type")),
    Case("OAuth 2.1 §10.1", "response_type=id_token is not served", asking(response_type="id_token"), errs("unsupported_response_type")),
    Case("OAuth 2.1 §10.1", "response_type=code id_token is not served", asking(response_type="code id_token"), errs("unsupported_response_type")),
    Case("RFC 6749 §3.1.1", "an unknown response type is refused", asking(response_type="none"), errs("unsupported_response_type")),
    # Parameters
    Case(TWICE, "the scope given twice is refused", asking(scope=["openid", "openid email"]), errs("invalid_request")),
    Case(TWICE, "response_type given twice is refused", asking(response_type=["code", "code"]), errs("invalid_request")),
    Case(TWICE, "nonce given twice is refused", asking(nonce=["a", "b"]), errs("invalid_request")),
    Case(TWICE, "prompt given twice is refused", asking(prompt=["login", "none"]), errs("invalid_request")),
    Case(TWICE, "state given twice is refused, and neither is answered", asking(state=["a", "b"]), errs("invalid_request", state=False, told=True)),
    Case(TWICE, "response_mode given twice is refused", asking(response_mode=["query", "fragment"]), errs("invalid_request", told=True)),
    Case(TWICE, "an unknown parameter given twice is refused", asking(unheard=["a", "b"]), errs("invalid_request")),
    Case(TWICE, "an unknown parameter is ignored", asking(unheard_of="1"), coded()),
    Case(TWICE, "a parameter without a value counts as left out", asking(prompt="", max_age="", response_mode=""), coded()),
    Case(TWICE, "a challenge without a value counts as left out", asking(code_challenge=""), errs("invalid_request")),
    Case("OIDC Core §3.1.2.1", "a request may be posted", asking(method="POST"), coded()),
    Case("RFC 9110 §15.5.6", "another method is not allowed",
         lambda world: world.server.send("PUT", "/oauth2/authorize", b"", {}).status == 405, true),
    Case("RFC 6749 §4.1.2.1", "a client that is not registered for the grant is told so", asking("exchanger"), errs("unauthorized_client")),
    Case("RFC 6749 §3.3", "an unknown scope is refused", asking(scope="openid unheard.of"), errs("invalid_scope")),
    Case("RFC 6749 §3.3", "a scope that the client did not register is refused", asking("narrow", scope="openid profile"), errs("invalid_scope")),
    Case("RFC 6749 §3.3", "the scope of the account's own APIs is no client's", asking(scope="openid account"), errs("invalid_scope")),
    Case("RFC 6749 §3.3", "the administrators' scope is no client's", asking(scope="admin"), errs("invalid_scope")),
    Case("RFC 6749 §3.3", "a scope outside the grammar is refused", asking(scope="openid \"x\""), errs("invalid_scope")),
    Case("RFC 8707 §2", "a resource with a fragment is refused", asking(resource=f"{CALENDAR}#x"), errs("invalid_target")),
    Case("RFC 8707 §2", "a resource that is no absolute URI is refused", asking(resource="/calendar"), errs("invalid_target")),
    Case("RFC 8707 §2", "an unknown resource is refused", asking(resource="https://elsewhere.example"), errs("invalid_target")),
    Case("RFC 8707 §2", "a resource that the client may not have is refused", asking("narrow", resource=CALENDAR), errs("invalid_target")),
    Case("RFC 9449 §10", "a dpop_jkt that is no thumbprint is refused", asking(dpop_jkt="short"), errs("invalid_request")),
    Case(OIDC_ERRORS, "registration at the authorization endpoint is not served, and says so", asking(registration="{}"), errs("registration_not_supported")),
    Case("RFC 9126 §6", "a client that must push its requests is refused without", asking("pushy"), errs("invalid_request", told=True)),
    # State and issuer
    Case("RFC 6749 §4.1.2", "the state comes back: a space, &, =, %, + and letters beyond ASCII", state_comes_back("a b&c=d%2F+é✓"), true),
    Case("RFC 6749 §4.1.2", "the state comes back: quotes and angles", state_comes_back("\"'<>`\\"), true),
    Case("RFC 6749 §4.1.2", "the state comes back: what looks like another parameter", state_comes_back("x&code=evil&iss=https://evil.example"), true),
    Case("RFC 6749 §4.1.2", "the state comes back: a line end", state_comes_back("a\r\nSet-Cookie: x=1"), true),
    Case("RFC 6749 §4.1.2", "the state comes back: 1000 characters", state_comes_back("s" * 1000), true),
    Case("RFC 6749 §4.1.2", "the state comes back: what is percent-encoded twice", state_comes_back("%2520%253D"), true),
    Case("OAuth 2.0 Form Post Response Mode §2", "the state comes back in a form, escaped", state_comes_back("\"><script>alert(1)</script>&amp;", response_mode="form_post"), true),
    Case("OAuth 2.0 Multiple Response Types §2.1", "the state comes back in a fragment", state_comes_back("a#b c&d", response_mode="fragment"), true),
    Case("RFC 6749 §4.1.2", "without a state none is answered", lambda world: (world.authorize(state=None).get("state") is None) or "a state", true),
    Case("RFC 6749 §4.1.2.1", "the state comes back with an error", asking(scope="unheard.of"), errs("invalid_scope")),
    Case("RFC 9207 §2", "the issuer stands in the answer with a code", asking(), coded()),
    Case("RFC 9207 §2", "the issuer stands in the answer when the person says no", asking(decision="deny"), errs("access_denied")),
    Case("RFC 6749 §4.1.2.1", "whoever goes back from the sign-in page denies", lambda world: world.authorize(person=world.somebody(), decision="cancel"), errs("access_denied")),
    Case("RFC 9207 §2", "the issuer stands in an error that nobody was asked about", lambda world: world.authorize(person=world.stranger(), prompt="none"), errs("login_required")),
    # Response modes
    Case("OAuth 2.0 Multiple Response Types §2.1", "response_mode=query is the usual", asking(response_mode="query"), coded("query")),
    Case("OAuth 2.0 Multiple Response Types §2.1", "response_mode=fragment answers in the fragment", asking(response_mode="fragment"), coded("fragment")),
    Case("OAuth 2.0 Multiple Response Types §2.1", "response_mode=fragment holds for errors, too", asking(response_mode="fragment", scope="unheard.of"), errs("invalid_scope", mode="fragment")),
    Case("OAuth 2.0 Form Post Response Mode §2", "response_mode=form_post answers in a form", asking(response_mode="form_post"), coded("form_post")),
    Case("OAuth 2.0 Form Post Response Mode §2", "response_mode=form_post holds for errors, too", asking(response_mode="form_post", decision="deny"), errs("access_denied", mode="form_post")),
    Case("OAuth 2.0 Form Post Response Mode §4", "the form is not stored", lambda world: "no-store" in world.authorize(response_mode="form_post").answer.headers["Cache-Control"], true),
    Case("OAuth 2.0 Multiple Response Types §2.1", "an unknown response mode is refused", asking(response_mode="web_message"), errs("invalid_request", told=True)),
    # prompt, max_age, acr, hints
    Case(OIDC_ERRORS, "prompt=none without a sign-in is login_required", lambda world: world.authorize(person=world.stranger(), prompt="none"), errs("login_required")),
    Case(OIDC_ERRORS, "prompt=none without a consent is consent_required", lambda world: without_consent(world), errs("consent_required", "interaction_required")),
    Case(OIDC, "prompt=none with a remembered consent gets a code", lambda world: remembered(world, prompt="none"), coded()),
    Case(OIDC, "a remembered consent is not one to more", lambda world: remembered(world, prompt="none", scope="openid email"), errs("consent_required", "interaction_required")),
    Case(OIDC, "prompt=none with anything else is refused", asking(prompt="none login"), errs("invalid_request")),
    Case(OIDC, "an unknown prompt is refused", asking(prompt="dance"), errs("invalid_request")),
    Case(OIDC, "prompt=login asks for the password of somebody who is signed in", lambda world: asked_again(world, "password", prompt="login"), true),
    Case(OIDC, "max_age=0 asks for the password of somebody who is signed in", lambda world: asked_again(world, "password", max_age="0"), true),
    Case(OIDC, "prompt=consent asks somebody whose consent is remembered", lambda world: asked_again(world, "decision", prompt="consent"), true),
    Case(OIDC, "prompt=login is not satisfied by going back to the request", lambda world: going_back(world), true),
    Case(OIDC, "after prompt=login the sign-in counts, and a code is answered", lambda world: world.authorize("own", prompt="login"), coded()),
    Case(OIDC, "after max_age=0 the sign-in counts, and a code is answered", lambda world: world.authorize("own", max_age="0"), coded()),
    Case(OIDC, "max_age that is no number is refused", asking(max_age="soon"), errs("invalid_request")),
    Case(OIDC, "max_age below zero is refused", asking(max_age="-1"), errs("invalid_request")),
    Case(OIDC_ERRORS, "prompt=none with a sign-in older than max_age is login_required", lambda world: too_long_ago(world, "own", max_age="30"), errs("login_required")),
    Case("OIDC Registration §2", "default_max_age of the client holds where the request has none", lambda world: too_long_ago(world, "aged", seconds=101), errs("login_required")),
    Case("RFC 9470 §5", "acr_values of a recent password asks somebody who signed in long ago",
         lambda world: long_ago(world, lambda person: "password" in world.visit("own", person, acr_values="urn:martlet:acr:recent-password").html or "no question"), true),
    Case("RFC 9470 §5", "with prompt=none such a request is refused",
         lambda world: long_ago(world, lambda person: world.authorize("own", person, acr_values="urn:martlet:acr:recent-password", prompt="none")),
         errs("login_required", "unmet_authentication_requirements", "interaction_required")),
    Case(OIDC, "acr_values are a wish: an unknown one is no error", asking(acr_values="urn:unheard-of"), coded()),
    Case("OIDC Core §5.5.1.1", "an essential acr that cannot be had is a failed authentication",
         asking(claims=json.dumps({"id_token": {"acr": {"essential": True, "values": ["urn:unheard-of"]}}})),
         errs("unmet_authentication_requirements", "access_denied", "login_required")),
    Case("OIDC Core §5.5", "claims that are no JSON are refused", asking(claims="{"), errs("invalid_request")),
    Case("OIDC Core §5.5", "claims that are no object are refused", asking(claims="[]"), errs("invalid_request")),
    Case(OIDC, "an id_token_hint of somebody else with prompt=none is login_required", lambda world: hint_of_another(world), errs("login_required")),
    Case(OIDC, "the login hint is in the sign-in form, escaped", lambda world: hinted(world), true),
    Case(OIDC, "ui_locales chooses the language of the page",
         lambda world: world.visit(person=world.stranger(), ui_locales="xx de en").read.language == "de", true),
    # What pages defend
    Case("RFC 9700 §4.16", "the sign-in page may not be framed", lambda world: framed(world.visit(person=world.stranger())), true),
    Case("RFC 9700 §4.16", "the consent page may not be framed", lambda world: framed(world.visit(person=signed_in(world))), true),
    Case("RFC 9700 §4.2.4", "the pages tell no referrer", lambda world: world.visit(person=world.stranger()).answer.headers["Referrer-Policy"] == "no-referrer", true),
    Case("RFC 9700 §4.2.4", "the redirect to the client tells no referrer", lambda world: "no-referrer" in (world.authorize().answer.headers.get("Referrer-Policy") or ""), true),
    Case("OAuth 2.1 §7.5.3", "an answer with a code is not stored", lambda world: "no-store" in (world.authorize().answer.headers.get("Cache-Control") or ""), true),
    Case("RFC 9700 §4.12", "after a post the browser goes on with 303, never with 307",
         lambda world: [answer.status for path, answer in fresh(world).seen if answer.headers.get("Location")], lambda outcome, world: only(outcome, {302, 303})),
    Case("RFC 9700 §2.6", "the authorization endpoint has no CORS", lambda world: no_cors(world), true),
    Case("RFC 9700 §4.7.1", "consent without the form's token is refused", lambda world: forged(world, form_token=None), true),
    Case("RFC 9700 §4.7.1", "consent with another browser's form token is refused",
         lambda world: forged(world, form_token=world.visit(person=signed_in(world)).form("decision").fields["form_token"]), true),
    Case("RFC 9700 §4.7.1", "consent that another site posts is refused", lambda world: forged(world, site="cross-site"), true),
    Case("RFC 9700 §4.7.1", "sign-in without the form's token is refused", lambda world: forged_sign_in(world, form_token=None), true),
    Case("RFC 9700 §4.7.1", "sign-in with another browser's form token is refused",
         lambda world: forged_sign_in(world, form_token=world.visit(person=world.stranger()).form("password").fields["form_token"]), true),
    Case("RFC 6749 §10.12", "consent of nobody is refused: a session that ended", lambda world: consent_without_session(world), true),
    Case("RFC 6749 §10.10", "codes have 128 bits or more, and no two are the same",
         lambda world: len({world.authorize("own")["code"] for _ in range(5)}) == 5 and len(world.authorize("own")["code"]) >= 22, true),
    Case("RFC 9700 §4.11.2", "a person is asked before the first answer to a client that is not the operator's own",
         lambda world: world.visit(person=signed_in(world)).form("decision") is not None, true),
    Case("RFC 6749 §10.2", "the consent page names the client, and where the answer goes",
         lambda world: all(word in world.visit(person=signed_in(world)).html for word in ("Web", "web.example")), true),
    Case("RFC 6749 §3.1", "a session's cookie is kept from scripts and other sites", lambda world: cookies(world), true),
    Case("RFC 6749 §10.12", "signing in makes a new cookie: nobody can set it beforehand", lambda world: fixation(world), true),
    # Open redirectors: the sign-in page leads to paths of the service that are for people, and nowhere else.
    *[Case("RFC 9700 §4.11", f"the sign-in page does not lead to {where}", lambda world, where=where: leads(world, where), true) for where in (
        "https://evil.example/", "//evil.example/", "/\\evil.example/", "\\\\evil.example/", "/oauth2/authorize/../../evil", "/api/v1/users/me",
        "/oauth2/authorizeevil?x", "javascript:alert(1)", "https:evil.example", "/\t/evil.example", "/oauth2/authorize?x\r\nSet-Cookie: a=b", "")],
]


def signed_in(world, client="own"):
    """Somebody new who is signed in, by a request of the operator's own application."""
    person = world.somebody()
    landing = world.authorize(client, person)
    assert isinstance(landing, Landing) and landing.get("code"), landing
    return person


def fresh(world):
    person = world.somebody()
    assert world.authorize(person=person)["code"]
    return person


def without_consent(world):
    return world.authorize("web", signed_in(world), prompt="none")


def remembered(world, **overrides):
    person = world.somebody()
    assert world.authorize("web", person, remember=True).get("code")
    return world.authorize("web", person, **overrides)


def asked_again(world, field, **overrides):
    person = world.somebody()
    assert world.authorize("web", person, remember=True).get("code")
    assert isinstance(world.visit("web", person), Landing), "the consent is not remembered"
    world.later(2)
    place = world.visit("web", person, **overrides)
    return isinstance(place, Page) and place.form(field) is not None or repr(place)


def going_back(world):
    """The request is sent again, as by a reload, with nothing done in between."""
    person = signed_in(world)
    world.later(2)
    query = urllib.parse.urlencode(world.request("own", prompt="login"))
    places = [person.get(f"/oauth2/authorize?{query}") for _ in range(2)]
    return all(isinstance(place, Page) and place.form("password") for place in places) or repr(places)


def long_ago(world, then, seconds=301):
    person = signed_in(world)
    world.later(seconds)
    return then(person)


def too_long_ago(world, client, seconds=31, **overrides):
    person = world.somebody()
    assert world.authorize(client, person, remember=True).get("code")
    world.later(seconds)
    return world.authorize(client, person, prompt="none", **overrides)


def hint_of_another(world):
    hint = world.tokens("own", world.somebody())["id_token"]
    return world.authorize("own", signed_in(world), prompt="none", id_token_hint=hint)


def hinted(world):
    hint = "\"><script>alert(1)</script>"
    page = world.visit(person=world.stranger(), login_hint=hint)
    return page.form("password").fields["username"] == hint and "<script>alert" not in page.html or repr(page)


def framed(page):
    policy = page.answer.headers["Content-Security-Policy"]
    return "frame-ancestors 'none'" in policy and page.answer.headers["X-Frame-Options"] == "DENY" or policy


def only(found, allowed):
    assert found and set(found) <= allowed, found


def no_cors(world):
    query = urllib.parse.urlencode(world.request())
    answers = [
        world.server.send("GET", f"/oauth2/authorize?{query}", None, {"Origin": SPA_ORIGIN}),
        world.server.send("OPTIONS", "/oauth2/authorize", None, {"Origin": SPA_ORIGIN, "Access-Control-Request-Method": "GET"}),
    ]
    return all("Access-Control-Allow-Origin" not in answer.headers for answer in answers) or [answer.headers.items() for answer in answers]


def forged(world, form_token="", site="same-origin"):
    """Consent that is posted by others; `form_token` in place of the form's own, None for none."""
    person = signed_in(world)
    page = world.visit(person=person)
    form = page.form("decision")
    fields = {**form.fields, "decision": "allow"}
    if form_token is None:
        del fields["form_token"]
    elif form_token:
        fields["form_token"] = form_token
    path = person.own(urllib.parse.urljoin(page.path, form.action))
    place = person.follow(path, person.send("POST", path, fields, Sec_Fetch_Site=site))
    return not (isinstance(place, Landing) and place.get("code")) or repr(place)


def forged_sign_in(world, form_token):
    person = world.somebody()
    page = world.visit(person=person)
    form = page.form("password")
    fields = {**form.fields, "username": person.username, "password": person.password}
    if form_token is None:
        del fields["form_token"]
    else:
        fields["form_token"] = form_token
    path = person.own(urllib.parse.urljoin(page.path, form.action))
    place = person.follow(path, person.send("POST", path, fields))
    return not person.is_signed_in and isinstance(place, Page) or repr(place)


def consent_without_session(world):
    person = signed_in(world)
    page = world.visit(person=person)
    form = page.form("decision")
    person.cookies = {name: value for name, value in person.cookies.items() if not name.endswith("session")}
    place = person.submit(page, form, decision="allow")
    return not (isinstance(place, Landing) and place.get("code")) or repr(place)


def cookies(world):
    person = fresh(world)
    lines = [line for _, answer in person.seen for line in answer.headers.get_all("Set-Cookie") or [] if "martlet-session" in line]
    return bool(lines) and all("HttpOnly" in line and "SameSite=Lax" in line and "Path=/" in line for line in lines) or lines


def fixation(world):
    """A value that somebody else put into the browser before is not the session's afterwards."""
    person = world.somebody()
    planted = secrets.token_urlsafe(32)
    person.cookies["martlet-session"] = planted
    assert world.authorize("own", person)["code"]
    return person.cookies["martlet-session"] != planted


def leads(world, where):
    """The page refuses the address, or, when it takes a sign-in, does not go there afterwards."""
    person = world.somebody()
    place = person.get(f"/oauth2/sign-in?next={urllib.parse.quote(where, safe='')}")
    if isinstance(place, Page) and (form := place.form("password")):
        place = person.submit(place, form, username=person.username, password=person.password)
    everywhere = [answer.headers.get("Location") for _, answer in person.seen if answer.headers.get("Location")]
    return isinstance(place, Page) and all(Browser.own(person, to) for to in everywhere) and not any("evil" in to for to in everywhere) or repr(place)
