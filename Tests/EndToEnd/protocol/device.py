"""Device codes (RFC 8628): polling, one use, and what keeps a stranger's code from a person's yes."""

import urllib.parse

from browser_flow import Landing, Page

from .table import Case, answered, granted, refused, true
from .world import DEVICE, basic

POLL = "RFC 8628 §3.5"
PHISHING = "RFC 8628 §5.4"


def begin(world, client="tv", **fields):
    answer = world.form("device_authorization", {"scope": "openid", **fields}, client)
    assert answer.status == 200, f"no device code: {answer}"
    return answer.json


def poll(world, begun, client="tv", **overrides):
    return world.token(client, **{"grant_type": DEVICE, "device_code": begun["device_code"], **overrides})


def type_code(person, begun, code=None):
    """A person types the code, and signs in when asked to: the page that comes then."""
    place = person.get("/oauth2/device")
    for _ in range(3):
        if form := place.form("password"):
            place = person.submit(place, form, username=person.username, password=person.password)
        elif form := place.form("user_code"):
            return signed_in_for(person, person.submit(place, form, user_code=code or begun["user_code"]))
    raise AssertionError(f"no field for the code: {place}")


def signed_in_for(person, place):
    """The page, or the one behind the sign-in that it leads to."""
    form = place.form("password")
    return person.submit(place, form, username=person.username, password=person.password) if form else place


def decide(world, begun, decision="allow", person=None, code=None):
    """A person types the code, looks, and decides."""
    person = person or world.person
    place = to_question(world, begun, person, code)
    form = place.form("decision")
    assert form, f"no question: {place}"
    return person.submit(place, form, decision=decision)


def allowed(client="tv", **fields):
    """A person allows a device, which then asks."""

    def request(world):
        begun = begin(world, client, **fields)
        decide(world, begun)
        world.later(begun.get("interval", 5) + 1)
        return poll(world, begun, client)

    return request


CASES = [
    Case("RFC 8628 §3.2", "a device gets its code, the person's code, and where to type it", lambda world: world.form("device_authorization", {"scope": "openid"}, "tv"), answered(
        200, device_code=lambda code: len(code) >= 22, user_code=bool, verification_uri=lambda uri: uri.endswith("/oauth2/device"), expires_in=lambda seconds: 60 <= seconds <= 1800)),
    Case("RFC 8628 §3.2", "the answer is not stored", lambda world: "no-store" in world.form("device_authorization", {}, "tv").headers["Cache-Control"], true),
    Case("RFC 8628 §3.1", "a confidential client must prove itself", lambda world: world.form("device_authorization", {"client_id": world.id("box")}), refused(401, "invalid_client")),
    Case("RFC 8628 §3.1", "a client with a wrong secret is refused", lambda world: world.form("device_authorization", {}, basic(world.id("box"), "x" * 43)), refused(401, "invalid_client")),
    Case("RFC 8628 §3.1", "an unknown client is refused", lambda world: world.form("device_authorization", {"client_id": "nobody"}), refused(401, "invalid_client")),
    Case("RFC 8628 §3.1", "a client without the grant is refused", lambda world: world.form("device_authorization", {}, "spa"), refused(400, "unauthorized_client")),
    Case("RFC 8628 §3.1", "an unknown scope is refused", lambda world: world.form("device_authorization", {"scope": "unheard.of"}, "tv"), refused(400, "invalid_scope")),
    Case("RFC 8628 §3.1", "a parameter given twice is refused", lambda world: world.form("device_authorization", {"scope": ["openid", "email"]}, "tv"), refused(400, "invalid_request")),
    Case("RFC 8628 §3.1", "GET is not allowed", lambda world: world.server.send("GET", "/oauth2/device_authorization", None, {}).status == 405, true),
    Case("RFC 8707 §2", "a resource with a fragment is refused", lambda world: world.form("device_authorization", {"resource": "https://a.example/#x"}, "tv"), refused(400, "invalid_target")),
    # Polling
    Case(POLL, "before anybody decided the answer is authorization_pending", lambda world: poll(world, begin(world)), refused(400, "authorization_pending")),
    Case(POLL, "who asks too often is told slow_down", lambda world: hurried(world), refused(400, "slow_down")),
    Case(POLL, "who waits is not told slow_down", lambda world: patient(world), refused(400, "authorization_pending")),
    Case(POLL, "after a yes there are tokens", allowed(), granted(scope="openid", refresh_token=bool, id_token=bool)),
    Case("RFC 8628 §3.4", "a confidential device proves itself and gets tokens", allowed("box"), granted(refresh_token=None)),
    Case(POLL, "a device code is good once", lambda world: twice(world), refused(400, "invalid_grant")),
    Case(POLL, "after a no the answer is access_denied", lambda world: denied(world), refused(400, "access_denied")),
    Case(POLL, "after its time the answer is expired_token", lambda world: over(world), refused(400, "expired_token", "invalid_grant")),
    Case("RFC 8628 §3.4", "another client's device code is refused", lambda world: of_another(world), refused(400, "invalid_grant")),
    Case("RFC 8628 §3.4", "another client's attempt does not use the code up", lambda world: survives(world), granted()),
    Case("RFC 8628 §3.4", "an unknown device code is refused", lambda world: world.token("tv", grant_type=DEVICE, device_code="nothing"), refused(400, "invalid_grant")),
    Case("RFC 8628 §3.4", "the person's code is no device code", lambda world: (lambda begun: poll(world, begun, device_code=begun["user_code"]))(begin(world)), refused(400, "invalid_grant")),
    Case("RFC 8628 §3.4", "a request without a device code is refused", lambda world: world.token("tv", grant_type=DEVICE), refused(400, "invalid_request")),
    Case("RFC 8628 §3.4", "the device code given twice is refused", lambda world: (lambda begun: poll(world, begun, device_code=[begun["device_code"]] * 2))(begin(world)), refused(400, "invalid_request")),
    Case("RFC 8628 §3.4", "a client without the grant is refused", lambda world: world.token("spa", grant_type=DEVICE, device_code="x"), refused(400, "unauthorized_client")),
    Case("RFC 8628 §3.4", "a confidential client must prove itself to poll", lambda world: world.form(
        "token", {"grant_type": DEVICE, "device_code": begin(world, "box")["device_code"], "client_id": world.id("box")}), refused(401, "invalid_client")),
    Case("RFC 6749 §3.3", "the tokens are for the scope that the person saw", lambda world: poll_more(world), lambda answer, world: (
        granted(scope="openid")(answer, world) if answer.status == 200 else refused(400, "invalid_scope", "invalid_request")(answer, world))),
    # The person
    Case("RFC 8628 §6.1", "the code is read in any case, with or without its dash", lambda world: typed(world, lambda code: code.lower().replace("-", " ")), true),
    Case("RFC 8628 §6.1", "the code has letters that are hard to confuse, and no words", lambda world: readable(world), true),
    Case("RFC 8628 §5.1", "no two codes are the same", lambda world: len({begin(world)["user_code"] for _ in range(10)}) == 10, true),
    Case(PHISHING, "an address with the code in it does not decide: the person is asked still", lambda world: complete(world, post=False), true),
    Case(PHISHING, "an address with the code in it shows the code to compare", lambda world: complete(world, post=True), true),
    Case(PHISHING, "the question names the client and warns", lambda world: named(world), true),
    Case(PHISHING, "a person is asked even for the operator's own client, and where a consent is remembered", lambda world: asked_again(world), true),
    Case("RFC 8628 §3.3", "nobody decides without a sign-in", lambda world: stranger(world), true),
    Case("RFC 8628 §5.1", "guessing codes is limited", lambda world: guessing(world), true),
    Case("RFC 8628 §3.3", "an unknown code is told, and nothing else of it", lambda world: unknown(world), true),
    Case("RFC 8628 §3.3", "a code that was decided on is unknown", lambda world: decided(world), true),
    Case("RFC 8628 §5.5", "a code that is over cannot be allowed", lambda world: late(world), true),
    Case("RFC 6749 §10.12", "the decision without the form's token is refused", lambda world: forged(world, None), true),
    Case("RFC 6749 §10.12", "the decision that another site posts is refused", lambda world: forged(world, "cross-site"), true),
    Case("RFC 9700 §4.16", "the page may not be framed", lambda world: (lambda page: page.answer.headers["X-Frame-Options"] == "DENY" or repr(page))(world.stranger().get("/oauth2/device")), true),
]


def hurried(world):
    begun = begin(world)
    poll(world, begun)
    return poll(world, begun)


def patient(world):
    begun = begin(world)
    poll(world, begun)
    world.later(begun.get("interval", 5) + 1)
    return poll(world, begun)


def twice(world):
    begun = begin(world)
    decide(world, begun)
    assert poll(world, begun).status == 200
    world.later(6)
    return poll(world, begun)


def denied(world):
    begun = begin(world)
    decide(world, begun, "deny")
    return poll(world, begun)


def over(world):
    begun = begin(world)
    world.later(begun["expires_in"] + 1)
    return poll(world, begun)


def of_another(world):
    begun = begin(world)
    decide(world, begun)
    return poll(world, begun, "box")


def survives(world):
    begun = begin(world)
    decide(world, begun)
    assert poll(world, begun, "box").status == 400
    world.later(6)
    return poll(world, begun)


def poll_more(world):
    begun = begin(world)
    decide(world, begun)
    return poll(world, begun, scope="openid email profile")


def typed(world, spelling):
    begun = begin(world)
    decide(world, begun, code=spelling(begun["user_code"]))
    return poll(world, begun).status == 200


def readable(world):
    letters = "".join(begin(world)["user_code"].replace("-", "") for _ in range(10))
    return not set(letters) & set("AEIOU01") and letters == letters.upper() or letters


def complete(world, post):
    begun = begin(world)
    address = begun["verification_uri_complete"].removeprefix(world.server.url)
    person = world.somebody()
    person.sign_in()
    place = person.get(address)
    if not post:
        pending = poll(world, begun)
        return isinstance(place, Page) and pending.json["error"] == "authorization_pending" or (place, pending)
    return begun["user_code"] in place.html or repr(place)


def to_question(world, begun, person=None, code=None):
    """Where a person gets with the code: the question, or the field with what was wrong."""
    person = person or world.person
    place = type_code(person, begun, code)
    if not place.form("decision") and (form := place.form("user_code")) and form.fields["user_code"] and 'id="problem"' not in place.html:
        # After the sign-in the code stands in the field, to be looked at (§5.4).
        place = person.submit(place, form)
    return place


def named(world):
    begun = begin(world)
    page = to_question(world, begun)
    return "Television" in page.html and begun["user_code"] in page.html or repr(page)


def asked_again(world):
    person = world.somebody()
    for _ in range(2):
        begun = begin(world)
        page = to_question(world, begun, person)
        assert page.form("decision"), page
        person.submit(page, page.form("decision"), decision="allow")
    return poll(world, begun).status == 200


def stranger(world):
    """Who is not signed in is asked to, at once or after the code."""
    person, begun = world.stranger(), begin(world)
    place = person.get("/oauth2/device")
    if form := place.form("user_code"):
        place = person.submit(place, form, user_code=begun["user_code"])
    return place.form("password") is not None and place.form("decision") is None or repr(place)


def guessing(world):
    """Somebody types wrong codes, until even a right one is not looked at for a while."""
    with world.limited() as other:
        person, begun = other.somebody(), begin(other)
        for _ in range(40):
            place = type_code(person, begun, "BBBB-BBBB")
            if place.status == 429:
                break
        else:
            return "forty wrong codes were looked at"
        return type_code(person, begun).form("decision") is None


def unknown(world):
    person = world.somebody()
    person.sign_in()
    place = person.get("/oauth2/device")
    place = person.submit(place, place.form("user_code"), user_code="BCDF-GHJK")
    return isinstance(place, Page) and place.form("decision") is None and place.form("user_code") is not None or repr(place)


def decided(world):
    begun = begin(world)
    decide(world, begun)
    place = to_question(world, begun, world.somebody())
    return place.form("decision") is None or repr(place)


def late(world):
    begun = begin(world)
    page = to_question(world, begun)
    world.later(begun["expires_in"] + 1)
    world.person.submit(page, page.form("decision"), decision="allow")
    return poll(world, begun).status == 400


def forged(world, site):
    begun = begin(world)
    page = to_question(world, begun)
    form = page.form("decision")
    fields = {**form.fields, "decision": "allow"}
    if site is None:
        del fields["form_token"]
    path = world.person.own(urllib.parse.urljoin(page.path, form.action))
    place = world.person.follow(path, world.person.send("POST", path, fields, Sec_Fetch_Site=site))
    return not isinstance(place, Landing) and poll(world, begun).json.get("error") == "authorization_pending" or repr(place)
