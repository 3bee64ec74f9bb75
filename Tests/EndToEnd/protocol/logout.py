"""Signing out (OpenID Connect RP-Initiated Logout): who may ask for it, and where it leads."""

import urllib.parse

from browser_flow import Landing, Page

from .authorize import signed_in
from .table import Case, true

LOGOUT = "OIDC RP-Initiated Logout §2"
BACK = "https://leaver.example/bye"


def leave(world, person, decision="sign_out", method="GET", **parameters):
    """Asks for the end of the session, and answers the question where there is one."""
    query = urllib.parse.urlencode({name: value for name, value in parameters.items() if value is not None}, doseq=True)
    if method == "POST":
        place = person.follow("/oauth2/logout", person.send("POST", "/oauth2/logout", urllib.parse.parse_qs(query, keep_blank_values=True)))
    else:
        place = person.get(f"/oauth2/logout?{query}")
    if isinstance(place, Page) and (form := place.form("decision")):
        place = person.submit(place, form, decision=decision)
    return place


def present(world):
    """Somebody who is signed in at the leaver, and the ID token that it got."""
    person = world.somebody()
    return person, world.tokens("leaver", person)["id_token"]


def is_in(world, person):
    landing = world.authorize("own", person, prompt="none")
    return isinstance(landing, Landing) and landing.get("code") is not None


def back(place):
    """The address that the person comes back to the client by: at once, or by a link."""
    if isinstance(place, Landing):
        return place.location, dict(place.pairs)
    links = [link for link in place.read.links if link.startswith(("http", "//"))]
    if not links:
        return None, {}
    base, _, query = links[0].partition("?")
    return base, dict(urllib.parse.parse_qsl(query))


def led(world, state="s & t=é", **parameters):
    """Where an otherwise right request leads."""
    person, hint = present(world)
    usual = {"id_token_hint": hint, "post_logout_redirect_uri": BACK, "state": state}
    given = {name: value(world) if callable(value) else value for name, value in parameters.items()}
    return person, leave(world, person, **{**usual, **given})


def nowhere(**parameters):
    def request(world):
        _, place = led(world, **parameters)
        return back(place)[0] is None or place

    return request


CASES = [
    Case(LOGOUT, "after it the person is signed in no more", lambda world: (lambda pair: not is_in(world, pair[0]) or pair)(led(world)), true),
    Case("OIDC RP-Initiated Logout §3", "a registered address is led to, with the state", lambda world: (lambda pair: back(pair[1]) == (BACK, {"state": "s & t=é"}) or pair)(led(world)), true),
    Case("OIDC RP-Initiated Logout §3", "without a state none is brought", lambda world: (lambda pair: back(pair[1]) == (BACK, {}) or pair)(led(world, state=None)), true),
    Case(LOGOUT, "a request may be posted", lambda world: (lambda pair: back(pair[1])[0] == BACK and not is_in(world, pair[0]) or pair)(led(world, method="POST")), true),
    Case(LOGOUT, "client_id in the hint's place names who asks", lambda world: (lambda pair: back(pair[1])[0] == BACK or pair)(
        led(world, id_token_hint=None, client_id=lambda world: world.id("leaver"))), true),
    Case("OIDC RP-Initiated Logout §3", "an address that is not registered is not led to", nowhere(post_logout_redirect_uri="https://evil.example/"), true),
    Case("OIDC RP-Initiated Logout §3", "an address of the same beginning is not led to", nowhere(post_logout_redirect_uri=BACK + "/x"), true),
    Case("OIDC RP-Initiated Logout §3", "an address with a query more is not led to", nowhere(post_logout_redirect_uri=BACK + "?x=1"), true),
    Case("OIDC RP-Initiated Logout §3", "an address with user information is not led to", nowhere(post_logout_redirect_uri="https://leaver.example@evil.example/bye"), true),
    Case("OIDC RP-Initiated Logout §3", "a script is not led to", nowhere(post_logout_redirect_uri="javascript:alert(1)"), true),
    Case("OIDC RP-Initiated Logout §3", "a redirect URI of the code is no address of this", nowhere(post_logout_redirect_uri="https://leaver.example/cb"), true),
    Case("OIDC RP-Initiated Logout §3", "without a hint or client nothing is led to", nowhere(id_token_hint=None), true),
    Case("OIDC RP-Initiated Logout §2", "a hint that is garbage leads nowhere", nowhere(id_token_hint="garbage"), true),
    Case("OIDC RP-Initiated Logout §2", "a hint without a signature leads nowhere", nowhere(id_token_hint=lambda world: unsigned(world)), true),
    Case("OIDC RP-Initiated Logout §2", "an access token is no hint", nowhere(id_token_hint=lambda world: world.tokens("leaver", world.somebody())["access_token"]), true),
    Case("OIDC RP-Initiated Logout §2", "a hint of another client than client_id leads nowhere", nowhere(client_id=lambda world: world.id("web")), true),
    Case("OIDC RP-Initiated Logout §2", "another client's hint does not lead to this one's address", nowhere(id_token_hint=lambda world: world.tokens("web", world.somebody())["id_token"]), true),
    Case("OIDC RP-Initiated Logout §2", "an address given twice leads nowhere", nowhere(post_logout_redirect_uri=[BACK, "https://evil.example/"]), true),
    Case("OIDC RP-Initiated Logout §4", "a hint that is over is taken", lambda world: expired(world), true),
    Case("OIDC RP-Initiated Logout §2", "without a hint the person is asked", lambda world: asked(world), true),
    Case("OIDC RP-Initiated Logout §2", "who stays is signed in still", lambda world: stays(world), true),
    Case("OIDC RP-Initiated Logout §6", "another site cannot sign a person out by a link alone", lambda world: by_link(world), true),
    Case("RFC 6749 §10.12", "the answer without the form's token is refused", lambda world: forged(world), true),
    Case("OIDC RP-Initiated Logout §2", "a hint of somebody else does not sign this person out unasked", lambda world: of_another(world), true),
    Case("OIDC RP-Initiated Logout §2", "who is not signed in gets a page, and no error", lambda world: world.stranger().get("/oauth2/logout").status == 200, true),
    Case("OIDC Back-Channel Logout §2.7", "tokens without offline_access end with the sign-in", lambda world: ends(world, "openid") is True, true),
    Case("OIDC Back-Channel Logout §2.7", "tokens with offline_access outlive the sign-in", lambda world: ends(world, "openid offline_access") is False, true),
]


def unsigned(world):
    head, body, _ = world.tokens("leaver", world.somebody())["id_token"].split(".")
    return f"{head}.{body}."


def expired(world):
    person, hint = present(world)
    world.later(3700)
    place = leave(world, person, id_token_hint=hint, post_logout_redirect_uri=BACK)
    return back(place)[0] == BACK and not is_in(world, person) or place


def asked(world):
    page = signed_in(world).get("/oauth2/logout")
    return page.form("decision") is not None or repr(page)


def stays(world):
    person = signed_in(world)
    leave(world, person, "stay")
    return is_in(world, person)


def by_link(world):
    person = signed_in(world)
    person.get("/oauth2/logout")
    person.get(f"/oauth2/logout?client_id={world.id('leaver')}&post_logout_redirect_uri={urllib.parse.quote(BACK)}")
    return is_in(world, person)


def forged(world):
    person = signed_in(world)
    page = person.get("/oauth2/logout")
    form = page.form("decision")
    fields = {name: value for name, value in form.fields.items() if name != "form_token"}
    path = person.own(urllib.parse.urljoin(page.path, form.action))
    person.follow(path, person.send("POST", path, {**fields, "decision": "sign_out"}))
    return is_in(world, person)


def of_another(world):
    _, hint = present(world)
    person = signed_in(world)
    person.get(f"/oauth2/logout?id_token_hint={hint}")
    return is_in(world, person)


def ends(world, scope):
    """Whether the tokens of a sign-in end with it."""
    person = world.somebody()
    tokens = world.tokens("leaver", person, scope=scope, prompt="consent")
    leave(world, person)
    assert not is_in(world, person)
    return world.refresh("leaver", tokens["refresh_token"]).status == 400
