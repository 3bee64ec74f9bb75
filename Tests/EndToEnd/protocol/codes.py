"""The code at the token endpoint: what it is bound to, how often it is good, and what a repeat does (the redemption table)."""

import threading

import martlet_server

from .table import Case, claims, granted, refused, true
from .world import CALENDAR, FILES, challenge, new_verifier

CODE = "OAuth 2.1 §4.1.3"
INJECTION = "RFC 9700 §4.5.3.1"
VERIFIER = "RFC 7636 §4.6"
REPLAY = "RFC 6749 §4.1.2"


def redeeming(of="web", **overrides):
    """A fresh code, redeemed as it should be but for what is overridden."""
    return lambda world: world.redeem(world.code(of), **overrides)


def after(wrong, **then):
    """Something wrong with a fresh code, then the right thing."""

    def request(world):
        grant = world.code("web")
        first = wrong(world, grant)
        assert first.status in (400, 401), first
        return world.redeem(grant, **then)

    return request


def again(repeat, kills):
    """A code is redeemed, then presented again; whether what came of it lives on."""

    def request(world):
        grant = world.code("web")
        tokens = world.redeem(grant).json
        answer = repeat(world, grant)
        assert answer.status in (400, 401) and answer.json["error"] in ("invalid_grant", "invalid_request", "invalid_client"), answer
        alive = (world.is_active(tokens["access_token"]), world.refresh("web", tokens["refresh_token"]).status == 200)
        return alive == ((False, False) if kills else (True, True)) or f"access and refresh token live: {alive}"

    return request


CASES = [
    Case(CODE, "a code and its verifier give tokens", redeeming(), granted(token_type="Bearer", scope="openid", refresh_token=bool, id_token=bool)),
    Case(CODE, "the redirect URI may be left out: PKCE binds the code", redeeming(redirect_uri=None), granted()),
    Case(CODE, "a public client gets tokens by its id and the verifier", redeeming("spa"), granted(refresh_token=bool)),
    Case("RFC 6749 §5.1", "a client without the refresh grant gets no refresh token", redeeming("once"), granted(refresh_token=None)),
    # PKCE
    Case(VERIFIER, "without a verifier there are no tokens", redeeming(code_verifier=None), refused(400, "invalid_request", "invalid_grant")),
    Case(VERIFIER, "an empty verifier is none", redeeming(code_verifier=""), refused(400, "invalid_request", "invalid_grant")),
    Case(VERIFIER, "a wrong verifier is refused", redeeming(code_verifier=new_verifier()), refused(400, "invalid_grant")),
    Case("RFC 9700 §2.1.1", "the challenge in the verifier's place is refused: there is no downgrade to plain",
         lambda world: challenge_as_verifier(world), refused(400, "invalid_grant")),
    Case("RFC 7636 §4.1", "a verifier of 42 characters is refused", redeeming(code_verifier="v" * 42), refused(400, "invalid_request", "invalid_grant")),
    Case("RFC 7636 §4.1", "a verifier of 129 characters is refused", redeeming(code_verifier="v" * 129), refused(400, "invalid_request", "invalid_grant")),
    Case("RFC 7636 §4.1", "a verifier with other than unreserved characters is refused", redeeming(code_verifier="v" * 42 + "+"), refused(400, "invalid_request", "invalid_grant")),
    Case("RFC 7636 §4.1", "a verifier of 43 characters whose challenge was sent is good", lambda world: of_verifier(world, "v" * 43), granted()),
    Case("RFC 7636 §4.1", "a verifier of 128 characters whose challenge was sent is good", lambda world: of_verifier(world, "~" * 128), granted()),
    Case(INJECTION, "a code that was stolen is no good in another flow of its own client", lambda world: injected(world), refused(400, "invalid_grant")),
    Case("RFC 9700 §4.5.3.2", "the ID token has the nonce of the request that the code came of", lambda world: nonce_of(world), true),
    # Bindings
    Case(CODE, "another redirect URI is refused", redeeming(redirect_uri="https://web.example/cb2"), refused(400, "invalid_grant")),
    Case(CODE, "the redirect URI with a slash more is refused", redeeming(redirect_uri="https://web.example/cb/"), refused(400, "invalid_grant")),
    Case("RFC 8252 §7.3", "a loopback redirect URI is compared with its port", lambda world: world.redeem(
        world.code("native", redirect_uri="http://127.0.0.1:5001/cb"), redirect_uri="http://127.0.0.1:5002/cb"), refused(400, "invalid_grant")),
    Case(CODE, "the registered redirect URI that was not the request's is refused", lambda world: world.redeem(
        world.code("two"), redirect_uri="https://two.example/b?keep=1"), refused(400, "invalid_grant")),
    Case(CODE, "another confidential client is refused", redeeming(client="poster"), refused(400, "invalid_grant")),
    Case(CODE, "a public client with a confidential client's code is refused", lambda world: world.redeem(world.code("web"), client="spa"), refused(400, "invalid_grant")),
    Case(CODE, "a confidential client must prove itself, verifier or not", lambda world: world.redeem(
        world.code("web"), client={}, client_id=world.id("web")), refused(401, "invalid_client")),
    Case(CODE, "a confidential client with a public client's code is refused", lambda world: world.redeem(world.code("spa"), client="web"), refused(400, "invalid_grant")),
    Case("RFC 9449 §10", "a code announced for a key is refused without a proof", lambda world: world.redeem(
        world.code("spa", dpop_jkt=challenge("a key"))), refused(400, "invalid_grant", "invalid_dpop_proof", "use_dpop_nonce")),
    Case(CODE, "an unknown code is refused", redeeming(code="nothing"), refused(400, "invalid_grant")),
    Case(CODE, "a request without a code is refused", redeeming(code=None), refused(400, "invalid_request")),
    Case(CODE, "the code's hash is no code", lambda world: hash_as_code(world), refused(400, "invalid_grant")),
    Case(CODE, "an access token is no code", lambda world: world.redeem(world.code(), code=world.machine_token()), refused(400, "invalid_grant")),
    Case(CODE, "the scope of a code is its request's, whatever the token request says",
         redeeming(scope="openid email"), lambda answer, world: refused(400, "invalid_scope", "invalid_request")(answer, world) if answer.status != 200 else granted(scope="openid")(answer, world)),
    # What goes wrong does not use the code up: it would let others stop a flow.
    Case("redemption table", "after a wrong verifier the right one is good still", after(lambda world, grant: world.redeem(grant, code_verifier=new_verifier())), granted()),
    Case("redemption table", "after another client's attempt the code is good still", after(lambda world, grant: world.redeem(grant, client="poster")), granted()),
    Case("redemption table", "after a wrong redirect URI the code is good still", after(lambda world, grant: world.redeem(grant, redirect_uri="https://web.example/x")), granted()),
    Case("redemption table", "after a wrong secret the code is good still", after(lambda world, grant: world.redeem(grant, client=wrong_secret(world))), granted()),
    Case("redemption table", "after a resource that was not granted the code is good still", after(lambda world, grant: world.redeem(grant, resource=FILES)), granted()),
    # Time
    Case("OAuth 2.1 §4.1.2", "a code is good for less than a minute's while", lambda world: aged(world, 55), granted()),
    Case("OAuth 2.1 §4.1.2", "a code is refused after a minute", lambda world: aged(world, 62), refused(400, "invalid_grant")),
    Case("RFC 9700 §4.5", "a code of somebody who was disabled since is refused", lambda world: of_disabled(world), refused(400, "invalid_grant")),
    # Again
    Case(REPLAY, "a code is good once", lambda world: twice(world), refused(400, "invalid_grant")),
    Case(REPLAY, "its own client that asks again, right in everything, is refused and loses nothing", again(lambda world, grant: world.redeem(grant), False), true),
    Case(REPLAY, "a repeat with a wrong verifier ends what came of the code", again(lambda world, grant: world.redeem(grant, code_verifier=new_verifier()), True), true),
    Case(REPLAY, "a repeat by another client ends what came of the code", again(lambda world, grant: world.redeem(grant, client="poster"), True), true),
    Case(REPLAY, "a repeat by a public client ends what came of the code", again(lambda world, grant: world.redeem(grant, client="spa"), True), true),
    Case(REPLAY, "a repeat with another redirect URI ends what came of the code", again(lambda world, grant: world.redeem(grant, redirect_uri="https://web.example/x"), True), true),
    Case(REPLAY, "a repeat by who cannot prove to be a client ends nothing", again(lambda world, grant: world.redeem(grant, client=wrong_secret(world)), False), true),
    Case(REPLAY, "of twenty requests at once with one code one gets tokens, and they work", lambda world: at_once(world), true),
    # Resources
    Case("RFC 8707 §2.2", "a token is for the one resource that was asked for", lambda world: audience(world, [CALENDAR]), true),
    Case("RFC 8707 §2.2", "of two granted resources a token is for the one that is named", lambda world: audience(world, [CALENDAR, FILES], resource=FILES), true),
    Case("RFC 8707 §2.2", "of two granted resources one must be named", lambda world: world.redeem(
        world.code("web", resource=[CALENDAR, FILES])), refused(400, "invalid_target")),
    Case("RFC 8707 §2.2", "one token for two resources is refused", lambda world: world.redeem(
        world.code("web", resource=[CALENDAR, FILES]), resource=[CALENDAR, FILES]), refused(400, "invalid_target")),
    Case("RFC 8707 §2.2", "a client that may combine them gets one token for both", lambda world: combined(world), true),
    Case("RFC 8707 §2.2", "a resource that was not granted is refused", lambda world: world.redeem(
        world.code("web", resource=CALENDAR), resource=FILES), refused(400, "invalid_target")),
    # What the token says
    Case("RFC 9068 §2.1", "an access token says that it is one", lambda world: martlet_server.header(world.tokens()["access_token"])["typ"] == "at+jwt", true),
    Case("RFC 9068 §2.2", "an access token has iss, exp, aud, sub, client_id, iat and jti",
         lambda world: {"iss", "exp", "aud", "sub", "client_id", "iat", "jti"} - set(claims(world.tokens()["access_token"])) == set(), true),
    Case("RFC 9068 §2.2.1", "an access token says when and how the person signed in",
         lambda world: {"auth_time", "acr"} <= set(claims(world.tokens()["access_token"])), true),
    Case("RFC 9068 §2.2.3", "an access token says its scope", lambda world: claims(world.tokens(scope="openid email")["access_token"])["scope"] == "openid email", true),
    Case("RFC 9068 §2.2", "client_id is the client's", lambda world: claims(world.tokens()["access_token"])["client_id"] == world.id("web"), true),
    # The endpoint
    Case("OAuth 2.1 §3.2", "a request with GET is not allowed",
         lambda world: world.server.send("GET", "/oauth2/token?grant_type=client_credentials", None, {}).status == 405, true),
    Case("RFC 6749 §3.2", "parameters in the address do not count", lambda world: in_address(world), refused(400, "invalid_request")),
    Case("RFC 6749 §3.2", "the code given twice is refused", lambda world: (lambda grant: world.redeem(grant, code=[grant.code, grant.code]))(world.code()), refused(400, "invalid_request")),
    Case("RFC 6749 §3.2", "the verifier given twice is refused", lambda world: (lambda grant: world.redeem(grant, code_verifier=[grant.verifier] * 2))(world.code()), refused(400, "invalid_request")),
    Case("RFC 6749 §3.2", "grant_type given twice is refused", lambda world: world.token("machine", grant_type=["client_credentials", "authorization_code"]), refused(400, "invalid_request")),
    Case("RFC 6749 §3.2", "an unknown parameter given twice is refused", lambda world: world.token("machine", grant_type="client_credentials", unheard=["1", "2"]), refused(400, "invalid_request")),
    Case("RFC 6749 §3.2", "an unknown parameter is ignored", redeeming(unheard="1"), granted()),
    Case("RFC 6749 §5.2", "a request without grant_type is refused", lambda world: world.token("machine"), refused(400, "invalid_request")),
    Case("RFC 6749 §5.2", "an unknown grant type is refused", lambda world: world.token("machine", grant_type="dance"), refused(400, "unsupported_grant_type")),
    Case("RFC 9700 §2.4", "the password grant is not served", lambda world: world.token(
        "web", grant_type="password", username=world.person.username, password=world.person.password), refused(400, "unsupported_grant_type")),
    Case("OAuth 2.1 §10.1", "the implicit grant is no grant type", lambda world: world.token("web", grant_type="implicit"), refused(400, "unsupported_grant_type")),
    Case("RFC 6749 §3.2", "a body in JSON is refused", lambda world: world.server.send(
        "POST", "/oauth2/token", b'{"grant_type":"client_credentials"}', {"Content-Type": "application/json", **world.proof("machine", {})[0]}), refused(400, "invalid_request")),
    Case("OAuth 2.1 §4.2", "client_credentials of a public client are refused", lambda world: world.token("spa", grant_type="client_credentials"), refused(400, "unauthorized_client")),
    Case("RFC 6749 §5.2", "a grant that the client is not registered for is refused", lambda world: world.token("machine", grant_type="authorization_code", code="x", code_verifier=new_verifier()),
         refused(400, "unauthorized_client")),
    Case("RFC 6749 §4.4.3", "client_credentials come without a refresh token and without an ID token",
         lambda world: world.token("machine", grant_type="client_credentials"), granted(refresh_token=None, id_token=None)),
    Case("RFC 6749 §3.3", "client_credentials of more than the client's scope are refused", lambda world: world.token(
        "calendar", grant_type="client_credentials", scope="calendar.read calendar.write"), refused(400, "invalid_scope")),
    Case("OIDC Core §3.1.2.1", "client_credentials of openid are refused: there is no person", lambda world: world.token(
        "machine", grant_type="client_credentials", scope="openid"), refused(400, "invalid_scope")),
    Case("RFC 8707 §2", "client_credentials for a resource that is not the client's are refused", lambda world: world.token(
        "calendar", grant_type="client_credentials", resource=FILES), refused(400, "invalid_target")),
    Case("RFC 8707 §2", "client_credentials for a resource with a fragment are refused", lambda world: world.token(
        "machine", grant_type="client_credentials", resource=CALENDAR + "#x"), refused(400, "invalid_target")),
]


def challenge_as_verifier(world):
    grant = world.code()
    return world.redeem(grant, code_verifier=challenge(grant.verifier))


def of_verifier(world, verifier):
    request = world.request("web", verifier)
    grant = world.code("web", code_challenge=request["code_challenge"])
    return world.redeem(grant, code_verifier=verifier)


def injected(world):
    """An attacker puts the victim's code into their own flow: the client sends the verifier of that one."""
    victim, attacker = world.code("web", world.somebody()), world.code("web", world.somebody())
    return world.redeem(attacker, code=victim.code)


def nonce_of(world):
    nonce = "n-" + new_verifier()
    return claims(world.tokens(nonce=nonce)["id_token"])["nonce"] == nonce


def hash_as_code(world):
    grant = world.code()
    return world.redeem(grant, code=challenge(grant.code))


def wrong_secret(world):
    from .world import basic

    return basic(world.id("web"), world.clients["poster"]["client_secret"])


def aged(world, seconds):
    grant = world.code("own")
    world.later(seconds)
    return world.redeem(grant)


def of_disabled(world):
    person = world.somebody()
    grant = world.code("web", person)
    admin = world.admin()
    user = admin.call("GET", f"/admin/api/users?q={person.username}").json["items"][0]
    version = admin.call("GET", f"/admin/api/users/{user['id']}").headers["ETag"]
    answer = admin.call("PATCH", f"/admin/api/users/{user['id']}", {"is_active": False}, headers={"If-Match": version})
    assert answer.status == 200, answer
    return world.redeem(grant)


def twice(world):
    grant = world.code()
    assert world.redeem(grant).status == 200
    return world.redeem(grant)


def at_once(world):
    grant = world.code()
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(world.redeem(grant))) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    good = [answer for answer in answers if answer.status == 200]
    bad = [answer for answer in answers if answer.status == 400 and answer.json["error"] == "invalid_grant"]
    if (len(good), len(bad)) != (1, 19):
        return answers
    return world.is_active(good[0].json["access_token"]) and world.refresh("web", good[0].json["refresh_token"]).status == 200


def audience(world, resources, **fields):
    answer = world.redeem(world.code("web", resource=resources), **fields)
    assert answer.status == 200, answer
    aud = claims(answer.json["access_token"])["aud"]
    wanted = fields.get("resource", resources[0])
    return aud in (wanted, [wanted]) or aud


def combined(world):
    answer = world.redeem(world.code("combine", resource=[CALENDAR, FILES]))
    assert answer.status == 200, answer
    return set(claims(answer.json["access_token"])["aud"]) == {CALENDAR, FILES}


def in_address(world):
    grant = world.code()
    headers, _ = world.proof("web", {})
    from urllib.parse import urlencode

    query = urlencode({"grant_type": "authorization_code", "code": grant.code, "redirect_uri": grant.redirect_uri, "code_verifier": grant.verifier})
    return world.server.send("POST", f"/oauth2/token?{query}", b"", {"Content-Type": "application/x-www-form-urlencoded", **headers})
