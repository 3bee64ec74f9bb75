"""Token exchange (RFC 8693): never more than the subject's token had, and not by everybody."""

from .table import Case, claims, granted, inactive, refused, true
from .world import ACCESS_TYPE, CALENDAR, EXCHANGE, FILES, ID_TYPE, REFRESH_TYPE

REQUEST = "RFC 8693 §2.1"
ERRORS = "RFC 8693 §2.2.2"
BAD = refused(400, "invalid_request", "invalid_grant")


def exchange(world, subject, client="exchanger", **overrides):
    return world.token(client, **{"grant_type": EXCHANGE, "subject_token": subject, "subject_token_type": ACCESS_TYPE, **overrides})


def exchanging(client="exchanger", asked=None, of="access_token", by="web", **overrides):
    """A person's token for the exchanger's API, exchanged."""
    asked = asked or {"resource": CALENDAR, "scope": "openid calendar.read"}
    return lambda world: exchange(world, world.tokens(by, **asked)[of], client, **overrides)


CASES = [
    Case(REQUEST, "a token is exchanged for one of less scope for another API", exchanging(resource=FILES, scope="calendar.read"), granted(issued_token_type=ACCESS_TYPE, scope="calendar.read")),
    Case("RFC 8693 §2.2.1", "the answer says what type was issued", exchanging(), granted(issued_token_type=ACCESS_TYPE)),
    Case("RFC 8693 §4.1", "the new token is for the same person, of this client", lambda world: same_person(world), true),
    Case("RFC 8693 §2.2.1", "an exchange gives no refresh token", exchanging(), granted(refresh_token=None)),
    Case("RFC 8693 §5", "the new token does not outlive the old one", lambda world: lifetime(world), true),
    Case("RFC 8693 §4.1", "with an actor's token the new one says who acts", lambda world: delegated(world), true),
    Case("RFC 8693 §5", "more scope than the subject's token has is refused", exchanging(scope="calendar.read calendar.write"), refused(400, "invalid_scope")),
    Case("RFC 8693 §5", "the scope of the account's own APIs is refused", exchanging(scope="account"), refused(400, "invalid_scope")),
    Case("RFC 8693 §5", "the administrators' scope is refused", exchanging(scope="admin"), refused(400, "invalid_scope")),
    Case("RFC 8693 §5", "a scope that the client is not registered for is refused", exchanging(
        asked={"resource": CALENDAR, "scope": "openid calendar.write"}, scope="calendar.write"), refused(400, "invalid_scope")),
    Case(ERRORS, "an API that the client may not have is refused", exchanging(resource="https://elsewhere.example"), refused(400, "invalid_target")),
    Case(ERRORS, "an audience that the client may not have is refused", exchanging(audience="https://elsewhere.example"), refused(400, "invalid_target")),
    Case(ERRORS, "the account's own API is refused", lambda world: exchange(world, subject_for(world), resource=world.server.url), refused(400, "invalid_target")),
    Case("RFC 8707 §2", "a resource with a fragment is refused", exchanging(resource=CALENDAR + "#x"), refused(400, "invalid_target")),
    Case("RFC 8693 §5", "a token that is not for the client's APIs is not the client's to exchange", lambda world: exchange(
        world, world.tokens(scope="openid")["access_token"]), refused(400, "invalid_request", "invalid_grant", "invalid_target", "access_denied", "unauthorized_client")),
    Case("RFC 6749 §5.2", "a client without the grant is refused", exchanging(client="web"), refused(400, "unauthorized_client")),
    Case("RFC 8693 §5", "a public client is refused", exchanging(client="spa"), refused(400, "unauthorized_client")),
    Case(REQUEST, "a confidential client must prove itself", lambda world: exchange(world, "x", {}, client_id=world.id("exchanger")), refused(401, "invalid_client")),
    Case(REQUEST, "a request without a subject's token is refused", lambda world: world.token("exchanger", grant_type=EXCHANGE, subject_token_type=ACCESS_TYPE), refused(400, "invalid_request")),
    Case(REQUEST, "a request without its type is refused", exchanging(subject_token_type=None), refused(400, "invalid_request")),
    Case(REQUEST, "an unknown type is refused", exchanging(subject_token_type="urn:ietf:params:oauth:token-type:saml2"), refused(400, "invalid_request")),
    Case(REQUEST, "a type that is not the token's is refused", exchanging(subject_token_type=ID_TYPE), BAD),
    Case("RFC 8725 §3.12", "an ID token as an access token is refused", exchanging(of="id_token"), BAD),
    Case("RFC 8725 §3.12", "a refresh token as an access token is refused", exchanging(of="refresh_token"), BAD),
    Case("RFC 8693 §5", "another client's refresh token is not exchanged", exchanging(of="refresh_token", subject_token_type=REFRESH_TYPE), BAD),
    Case(REQUEST, "a requested type that is not issued is refused", exchanging(requested_token_type="urn:ietf:params:oauth:token-type:saml2"), refused(400, "invalid_request")),
    Case("RFC 8693 §2.2.1", "a refresh token is not issued for an access token", exchanging(requested_token_type=REFRESH_TYPE), refused(400, "invalid_request")),
    Case(REQUEST, "an actor's type without the token is refused", exchanging(actor_token_type=ACCESS_TYPE), refused(400, "invalid_request")),
    Case(REQUEST, "an actor's token without its type is refused", lambda world: exchange(world, subject_for(world), actor_token=world.machine_token("exchanger")), refused(400, "invalid_request")),
    Case(ERRORS, "an actor's token that is garbage is refused", exchanging(actor_token="garbage", actor_token_type=ACCESS_TYPE), BAD),
    Case("RFC 8693 §5", "somebody else's token is not the client's to act with", lambda world: exchange(
        world, subject_for(world), actor_token=world.machine_token("machine"), actor_token_type=ACCESS_TYPE), BAD),
    Case(ERRORS, "garbage is refused", lambda world: exchange(world, "garbage"), BAD),
    Case(ERRORS, "a token that is over is refused", lambda world: over(world), BAD),
    Case(ERRORS, "a token that was revoked is refused", lambda world: revoked(world), BAD),
    Case(REQUEST, "the subject's token given twice is refused", lambda world: exchange(world, [subject_for(world)] * 2), refused(400, "invalid_request")),
    Case("RFC 8693 §5", "the new token ends with the session that it came of", lambda world: ends(world), true),
    Case("RFC 8693 §5", "the new token is not active for an API that it is not for", lambda world: world.introspect(
        exchanging(resource=CALENDAR)(world).json["access_token"], "files"), inactive),
    Case("RFC 9449 §5", "a bound token is not exchanged for a bearer's without its key", lambda world: unbound(world), lambda answer, world: refused(
        400, "invalid_request", "invalid_grant", "invalid_dpop_proof")(answer, world)),
]


def subject_for(world, person=None):
    return world.tokens("web", person, resource=CALENDAR, scope="openid calendar.read")["access_token"]


def same_person(world):
    subject = subject_for(world)
    answer = exchange(world, subject)
    assert answer.status == 200, answer
    new = claims(answer.json["access_token"])
    return new["sub"] == claims(subject)["sub"] and new["client_id"] == world.id("exchanger") or new


def lifetime(world):
    subject = subject_for(world)
    world.later(300)
    answer = exchange(world, subject)
    assert answer.status == 200, answer
    return claims(answer.json["access_token"])["exp"] <= claims(subject)["exp"]


def delegated(world):
    answer = exchange(world, subject_for(world), actor_token=world.machine_token("exchanger"), actor_token_type=ACCESS_TYPE)
    assert answer.status == 200, answer
    new = claims(answer.json["access_token"])
    return new["act"]["sub"] == world.id("exchanger") or new


def over(world):
    subject = subject_for(world)
    world.later(601)
    return exchange(world, subject)


def revoked(world):
    subject = subject_for(world)
    assert world.revoke(subject, "web").status == 200
    return exchange(world, subject)


def ends(world):
    tokens = world.tokens(resource=CALENDAR, scope="openid calendar.read")
    answer = exchange(world, tokens["access_token"])
    assert answer.status == 200, answer
    assert world.is_active(answer.json["access_token"])
    assert world.revoke(tokens["refresh_token"], "web").status == 200
    return not world.is_active(answer.json["access_token"])


def unbound(world):
    from .dpop import bound

    _, tokens = bound(world, "web", resource=CALENDAR, scope="openid calendar.read")
    return exchange(world, tokens["access_token"])
