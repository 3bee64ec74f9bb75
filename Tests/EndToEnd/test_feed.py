"""The revocation feed as the contract has it: its documents, its waiting, and that nothing taken back is missing from it."""

import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import jwt
import pytest

import martlet_server
from consumers import FEED, KEYS, METADATA, Document, LongPoll, digest, feed, news
from martlet_server import PASSWORD, claims, header, name, until

LEEWAY = 60


@pytest.fixture(scope="module")
def issuer(tmp_path_factory):
    """A strict service with metrics, for tests that leave it as it was but for new accounts."""
    server = martlet_server.launch(tmp_path_factory.mktemp("feed"), MARTLET_METRICS_LISTEN="any", MARTLET_REFRESH_GRACE=0)
    yield server
    server.stop()


@pytest.fixture
def warden(issuer):
    return issuer.admin()


@pytest.fixture
def ada(issuer):
    return issuer.register()


@pytest.fixture
def poll(issuer):
    """Begins long polls; all are closed at the end."""
    polls = []

    def begin(*arguments, **options):
        polls.append(LongPoll(issuer, *arguments, **options))
        return polls[-1]

    yield begin
    for one in polls:
        if one.socket.fileno() >= 0:
            one.close(abruptly=True)
    until(lambda: waiting(issuer) == 0, seconds=8, what="the end of all waiting")


def waiting(server):
    return server.metrics()["martlet_feed_waiting"]


def signed(server):
    return server.metrics()["martlet_feed_signed_total"]


def sid(session):
    return claims(session.access)["sid"]


def change_password(session):
    answer = session.call("POST", "/auth/password", {"current_password": PASSWORD, "new_password": PASSWORD + " anew"})
    assert answer.status == 204, answer


def settled(server):
    """The number of the last event, everything of it published."""
    before = server.register()
    server.post("/auth/blacklist", {"token": before.access})
    return until(lambda: next((d.seq for d in [feed(server)] if d.until("jti", claims(before.access)["jti"])), None), what="the feed")


# Documents


def test_a_snapshot_is_what_the_contract_says(issuer, ada):
    ada.call("POST", "/auth/logout")
    until(lambda: feed(issuer).until("sid", sid(ada)), seconds=1)
    now = int(time.time())
    document = feed(issuer)
    assert document.header == {"alg": "ES256", "typ": "revocations+jwt", "kid": document.header["kid"]}
    assert document.iss == issuer.url and now - 1 <= document.iat <= now + 1 and document.iat < document.exp <= document.iat + 3600
    assert isinstance(document.lineage, str) and len(document.lineage) >= 16
    assert isinstance(document.seq, int) and document.seq > 0 and "after" not in document.claims
    assert set(document.claims) <= {"iss", "iat", "exp", "lineage", "seq", "revoked"}


def test_the_key_of_the_feed_is_in_the_key_set_and_says_what_it_is_for(issuer, ada):
    keys = issuer.get(KEYS).json["keys"]
    ours = [key for key in keys if key.get("signs") == "revocations+jwt"]
    assert [key["kid"] for key in ours] == [feed(issuer).header["kid"]]
    assert ours[0]["use"] == "sig" and ours[0]["alg"] == "ES256" and "d" not in ours[0]
    assert header(ada.access)["kid"] != ours[0]["kid"]


def test_a_document_is_no_token(issuer):
    document = feed(issuer).text
    assert issuer.get("/api/v1/users/me", token=document).status == 401
    assert issuer.post("/auth/verify", {"token": document}).status == 401
    key = next(key for key in issuer.get(KEYS).json["keys"] if "signs" not in key)
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(document, jwt.PyJWK(key), algorithms=["ES256"], issuer=issuer.url)


def test_the_metadata_names_the_feed(issuer):
    for path in (METADATA, "/.well-known/openid-configuration"):
        assert issuer.get(path).json["revocations_uri"] == issuer.url + FEED


def test_a_snapshot_has_a_validator_that_changes_with_the_revocations_only(issuer, ada):
    settled(issuer)
    first = issuer.get(FEED)
    assert first.headers["Cache-Control"] == "no-cache"
    etag = first.headers["ETag"]
    again = issuer.get(FEED, headers={"If-None-Match": f'"other", {etag}'})
    assert again.status == 304 and again.body == b"" and again.headers["ETag"] == etag
    assert issuer.get(FEED, headers={"If-None-Match": '"other"'}).status == 200

    ada.call("POST", "/auth/logout")
    until(lambda: issuer.get(FEED, headers={"If-None-Match": etag}).status == 200, seconds=1)
    assert issuer.get(FEED).headers["ETag"] != etag


def test_a_delta_tells_what_came_after_its_base_and_nothing_else(issuer):
    early, late = issuer.register(), issuer.register()
    early.call("POST", "/auth/logout")
    until(lambda: feed(issuer).until("sid", sid(early)), seconds=1)
    base = feed(issuer).seq
    late.call("POST", "/auth/logout")
    document = news(issuer, base, 1)
    assert document.after == base and document.seq > base and document.lineage == feed(issuer).lineage
    assert set(document.entries) == {("sid", digest("sid", sid(late)))}
    whole = feed(issuer).entries
    assert {("sid", digest("sid", sid(session))) for session in (early, late)} <= set(whole)
    assert issuer.get(f"{FEED}?after={base}").headers["Cache-Control"] == "no-store"


def test_a_number_from_another_history_gets_the_snapshot_at_once(issuer):
    seq = settled(issuer)
    begun = time.monotonic()
    document = feed(issuer, seq + 1000, wait=20)
    assert time.monotonic() - begun < 1 and "after" not in document.claims and document.entries


@pytest.mark.parametrize("query", [
    "after=-1", "after=x", "after=", "after=1.5", "after=9223372036854775808", "after=0&wait=26", "after=0&wait=-1", "after=0&wait=x", "after=1&after=2",
])
def test_numbers_out_of_range_are_400(issuer, query):
    assert (*issuer.get(f"{FEED}?{query}"),) == (400, "invalid_request")


@pytest.mark.parametrize("query", ["", "?after=0", "?wait=5"])
def test_head_is_get_without_the_body(issuer, query):
    answer = issuer.call("HEAD", FEED + query)
    assert answer.status == 200 and answer.body == b"" and int(answer.headers["Content-Length"]) > 100


# What ends tokens, and its entry


def blacklist(token):
    return lambda ada, warden: ada.server.post("/auth/blacklist", {"token": getattr(ada, token)})


def revoke(**members):
    return lambda ada, warden: warden.call(
        "POST", "/admin/api/revocations", {member: value(ada) for member, value in members.items()})


def patch(**members):
    return lambda ada, warden: warden.call("PATCH", f"/admin/api/users/{ada.user_id}", members)


def command(*arguments, text=None):
    """Beside the service, as an operator does."""
    return lambda ada, warden: ada.server.cli("revoke", *(word(ada) if callable(word) else word for word in arguments), text=text and text(ada))


def replay(ada, warden):
    old = ada.refresh_token
    assert ada.refresh().status == 200
    assert ada.server.post("/auth/refresh", {"refresh": old}).code == "refresh_replayed"


def own_sid(ada):
    return {("sid", sid(ada))}


def own_jti(ada):
    return {("jti", claims(ada.access)["jti"])}


ONE_SESSION = {
    "logout by refresh token": (lambda ada, warden: ada.server.post("/auth/logout", {"refresh": ada.refresh_token}), own_sid),
    "logout by access token": (lambda ada, warden: ada.call("POST", "/auth/logout"), own_sid),
    "the end of a session": (lambda ada, warden: ada.call("DELETE", f"/auth/sessions/{ada.sid}"), own_sid),
    "blacklist of the access token": (blacklist("access"), own_jti),
    "blacklist of the refresh token": (blacklist("refresh_token"), own_sid),
    "administrator: token": (revoke(token=lambda ada: ada.access), own_jti),
    "administrator: refresh token": (revoke(token=lambda ada: ada.refresh_token), own_sid),
    "administrator: jti": (revoke(jti=lambda ada: claims(ada.access)["jti"]), own_jti),
    "administrator: session_id": (revoke(session_id=lambda ada: ada.sid), own_sid),
    "administrator: user_id": (revoke(user_id=lambda ada: ada.user_id), own_sid),
    "replay of a refresh token": (replay, own_sid),
    "command: session": (command("--session", lambda ada: ada.sid), own_sid),
    "command: user": (command("--user", lambda ada: ada.username), own_sid),
    "command: jti": (command("--jti", lambda ada: claims(ada.access)["jti"]), own_jti),
    "command: token": (command("--token", "-", text=lambda ada: ada.access), own_jti),
    "command: refresh token": (command("--token", "-", text=lambda ada: ada.refresh_token), own_sid),
}


@pytest.mark.parametrize("way", ONE_SESSION)
def test_what_ends_tokens_of_a_session_is_in_the_feed_within_a_second(issuer, warden, way):
    act, wanted = ONE_SESSION[way]
    base = settled(issuer)
    ada = issuer.register()
    old = claims(ada.access)
    outcome = act(ada, warden)
    assert getattr(outcome, "status", 200) < 300, outcome
    document = news(issuer, base, 1)
    assert set(document.entries) == {(kind, digest(kind, id_)) for kind, id_ in wanted(ada)}, "this and no more"
    assert all(kept >= max(old["exp"], claims(ada.access)["exp"]) + LEEWAY for kept in document.entries.values())
    assert feed(issuer).entries.items() >= document.entries.items()


ALL_SESSIONS = {
    "logout everywhere": lambda ada, warden: ada.call("POST", "/auth/logout-all"),
    "administrator: user_id": revoke(user_id=lambda ada: ada.user_id),
    "disabling": patch(is_active=False),
    "a password set by an administrator": patch(password=PASSWORD + " of the warden"),
    "roles": patch(roles=["editor"]),
    "deletion": lambda ada, warden: warden.call("DELETE", f"/admin/api/users/{ada.user_id}"),
    "command: user disable": lambda ada, warden: ada.server.cli("user", "disable", ada.username),
    "command: user passwd": lambda ada, warden: ada.server.cli(
        "user", "passwd", ada.username, "--password-stdin", text=PASSWORD + " of the command\n"),
}


@pytest.mark.parametrize("way", ALL_SESSIONS)
def test_what_ends_all_sessions_has_an_entry_for_each(issuer, warden, way):
    base = settled(issuer)
    ada = issuer.register()
    sessions = [ada, *(issuer.login(ada.username) for _ in range(3))]
    # A session that was refreshed has other tokens, and one entry still.
    assert sessions[1].refresh().status == 200
    outcome = ALL_SESSIONS[way](ada, warden)
    assert getattr(outcome, "status", 200) < 300, outcome
    document = news(issuer, base, 4)
    assert set(document.entries) == {("sid", digest("sid", sid(session))) for session in sessions}
    latest = max(claims(session.access)["exp"] for session in sessions)
    assert min(document.entries.values()) >= latest + LEEWAY


def test_a_password_change_spares_ones_own_session(issuer, ada):
    others = [issuer.login(ada.username) for _ in range(3)]
    base = settled(issuer)
    change_password(ada)
    document = news(issuer, base, 3)
    assert set(document.entries) == {("sid", digest("sid", sid(other))) for other in others}


def test_of_more_than_a_hundred_sessions_the_oldest_end_and_all_have_their_entry(issuer, ada):
    base = settled(issuer)
    sessions = [ada, *(issuer.login(ada.username) for _ in range(110))]
    entries = [("sid", digest("sid", sid(session))) for session in sessions]
    assert set(news(issuer, base, 11).entries) == set(entries[:11])
    base = settled(issuer)
    assert sessions[-1].call("POST", "/auth/logout-all").status == 204
    assert set(news(issuer, base, 100, seconds=2).entries) == set(entries[11:])


@pytest.mark.parametrize("way", ["administrator", "command"])
def test_a_client_is_taken_back_for_what_it_got_so_far(start, way):
    server = start()
    warden, ada = server.admin(), server.register()
    base = feed(server).seq
    if way == "command":
        server.cli("revoke", "--client", "martlet")
    else:
        assert warden.call("POST", "/admin/api/revocations", {"client_id": "martlet"}).status == 201
    document = news(server, base, 1)
    (entry,) = document.revoked["client"]
    kept = document.until("client", "martlet")
    assert set(entry) == {"h", "iat_before", "until"} and kept >= claims(ada.access)["exp"] + LEEWAY
    assert claims(ada.access)["iat"] < entry["iat_before"] <= int(time.time()) + 2
    # What the client gets from the next second on is good.
    eve = until(lambda: next((eve for eve in [server.register()] if eve.me().status == 200), None), seconds=2)
    assert claims(eve.access)["iat"] >= entry["iat_before"]


@pytest.mark.parametrize("way", ["administrator", "command"])
def test_an_emergency_rotation_is_an_entry_for_the_key(start, way):
    server = start()
    warden, ada = server.admin(), server.register()
    base, old = feed(server).seq, header(ada.access)["kid"]
    if way == "command":
        server.cli("keys", "rotate", "--emergency")
    else:
        assert warden.call("POST", "/admin/api/keys/rotate", {"emergency": True}).status == 200
    document = news(server, base, 1)
    assert set(document.entries) == {("key", digest("key", old))}
    assert document.until("key", old) >= claims(ada.access)["exp"] + LEEWAY
    assert old not in {key["kid"] for key in server.get(KEYS).json["keys"]}, "who hears of it finds the new key"


def test_an_emergency_of_the_feeds_key_is_followed_by_documents_of_the_new_one(start):
    server = start()
    ada = server.register()
    old = feed(server)
    server.cli("keys", "rotate", "--purpose", "feed", "--emergency")
    until(lambda: header(server.get(FEED).body.decode())["kid"] != old.header["kid"], seconds=1)
    new = feed(server)
    assert new.lineage == old.lineage and new.seq >= old.seq
    assert old.header["kid"] not in {key["kid"] for key in server.get(KEYS).json["keys"]}
    assert ada.me().status == 200


def test_what_says_nothing_about_tokens_is_no_news(issuer, warden):
    base = settled(issuer)
    issuer.login(issuer.register().username).refresh()
    warden.call("POST", "/admin/api/users", {"username": name(), "password": PASSWORD})
    assert feed(issuer, base, wait=1).entries == {}


def test_entries_go_when_no_token_can_be_left_that_they_decide_about(travel):
    server = travel.start()
    ada = server.register()
    ada.call("POST", "/auth/logout")
    kept = until(lambda: feed(server).until("sid", sid(ada)), seconds=1)
    before = feed(server).seq
    travel.to(600 + LEEWAY - 5)
    assert feed(server, ahead=655).until("sid", sid(ada)) == kept
    # Rounded up to a whole minute.
    travel.to(600 + LEEWAY + 70)
    until(lambda: feed(server, ahead=730).entries == {}, seconds=8)
    assert feed(server, ahead=730).seq >= before and feed(server, before, ahead=730).entries == {}


# Waiting


def test_a_long_poll_is_answered_as_soon_as_something_is_taken_back(issuer, ada, poll):
    base = settled(issuer)
    long = poll(base, wait=20)
    until(lambda: waiting(issuer) == 1)
    begun = time.monotonic()
    ada.call("POST", "/auth/logout")
    document = Document(issuer, long.answer().body)
    assert time.monotonic() - begun < 1
    assert document.after == base and document.until("sid", sid(ada))


def test_when_the_wait_is_over_a_freshly_signed_empty_delta_says_so(issuer, poll):
    base = settled(issuer)
    begun = time.time()
    document = Document(issuer, poll(base, wait=2).answer().body)
    assert 1.5 < time.time() - begun < 3
    assert document.entries == {} and document.after == base and document.iat >= int(begun) + 1


def test_who_is_behind_does_not_wait(issuer, ada):
    base = settled(issuer)
    ada.call("POST", "/auth/logout")
    news(issuer, base, 1)
    begun = time.monotonic()
    assert feed(issuer, base, wait=20).entries
    assert time.monotonic() - begun < 1


def test_head_never_waits(issuer):
    base = settled(issuer)
    begun = time.monotonic()
    answer = issuer.call("HEAD", f"{FEED}?after={base}&wait=20")
    assert answer.status == 200 and answer.body == b"" and time.monotonic() - begun < 1


def test_one_address_has_sixteen_places_and_further_ones_are_answered_at_once(issuer, poll):
    base = settled(issuer)
    held = [poll(base) for _ in range(16)]
    until(lambda: waiting(issuer) == 16)
    for _ in range(3):
        begun = time.monotonic()
        document = Document(issuer, poll(base).answer().body)
        assert time.monotonic() - begun < 1 and document.entries == {} and document.after == base
    other = poll(base, source="127.0.0.2")
    until(lambda: waiting(issuer) == 17)
    assert not any(long.is_answered() for long in [*held, other])

    # Who hangs up makes room.
    held.pop().close(abruptly=True)
    until(lambda: waiting(issuer) == 16, seconds=3)
    again = poll(base)
    until(lambda: waiting(issuer) == 17)
    issuer.register().call("POST", "/auth/logout")
    documents = [Document(issuer, long.answer().body) for long in [*held, other, again]]
    assert all(len(document.entries) == 1 for document in documents)


@pytest.mark.parametrize("abruptly", [False, True])
def test_who_hangs_up_keeps_no_place(issuer, poll, abruptly):
    """Nobody's restarts keep their successors out."""
    base = settled(issuer)
    for _ in range(4):
        held = [poll(base, wait=5) for _ in range(16)]
        until(lambda: sum(long.is_answered() for long in held) == 0 and waiting(issuer) == 16, seconds=3)
        for long in held:
            long.close(abruptly)
        until(lambda: waiting(issuer) == 0, seconds=3)


def test_however_many_wait_a_document_is_signed_once(issuer, poll):
    base = settled(issuer)
    held = [poll(base, source=f"127.0.1.{place // 16 + 1}") for place in range(160)]
    until(lambda: waiting(issuer) == 160)
    before = signed(issuer)
    sessions = [issuer.register() for _ in range(20)]
    for session in sessions:
        session.call("POST", "/auth/logout")
    documents = [long.answer().body for long in held]
    count = signed(issuer) - before
    assert count <= 6, f"{count} signatures for 20 revocations and 160 readers"
    assert len(set(documents)) <= 2 and Document(issuer, documents[0]).entries


def test_readers_of_the_snapshot_cause_no_more_than_one_signature_a_second(issuer):
    settled(issuer)
    before, begun = signed(issuer), time.monotonic()
    for _ in range(200):
        assert issuer.get(FEED).status == 200
    assert signed(issuer) - before <= time.monotonic() - begun + 2


# Who may read


def test_the_feed_for_holders_of_a_token(start):
    server = start(MARTLET_FEED="token")
    warden, ada = server.admin(), server.register()
    answer = server.get(FEED)
    assert (*answer,) == (401, "missing_token") and answer.headers["WWW-Authenticate"].startswith("Bearer ")
    assert (*server.get(FEED, token=ada.access),) == (403, "insufficient_scope")
    reader = server.login(martlet_server.ADMIN, martlet_server.ADMIN_PASSWORD, scope="revocations")
    assert claims(reader.access)["scope"] == "revocations"
    assert feed(server, token=reader.access).seq >= 0
    ada.call("POST", "/auth/logout")
    until(lambda: feed(server, token=reader.access).until("sid", sid(ada)), seconds=1)
    assert server.get(METADATA).json["revocations_uri"] == server.url + FEED
    assert warden.me().status == 200


def test_a_service_without_a_feed_says_nothing_of_one(start, consume):
    server = start(MARTLET_FEED="off")
    ada = server.register()
    assert (*server.get(FEED),) == (404, "not_found")
    assert "revocations_uri" not in server.get(METADATA).json
    # Its consumers are ready without one, and their tokens live till they expire.
    api = consume(server.url).ready()
    ada.call("POST", "/auth/logout")
    assert api.accepts(ada.access)


# Ends and beginnings


def test_sigterm_answers_those_who_wait_and_does_not_wait_for_them(start):
    server = start(MARTLET_METRICS_LISTEN="any")
    base = settled(server)
    keys = server.get(KEYS).body
    held = [LongPoll(server, base, wait=25, source=f"127.0.2.{place // 16 + 1}") for place in range(64)]
    until(lambda: waiting(server) == 64)
    begun = time.monotonic()
    server.process.send_signal(signal.SIGTERM)
    answered = [long.answer() for long in held]
    server.process.wait(10)
    took = time.monotonic() - begun
    assert took < 3, f"the end took {took:.1f} s"
    assert {answer.status for answer in answered} == {200}
    assert len({answer.body for answer in answered}) <= 2 and keys
    assert claims(answered[0].body.decode())["after"] == base
    for long in held:
        long.close()
    assert server.process.returncode == 0
    server.has_stopped = True
    server.check_log()


def test_a_restart_goes_on_where_it_was(start):
    server = start()
    ada, bob = server.register(), server.register()
    ada.call("POST", "/auth/logout")
    server.post("/auth/blacklist", {"token": bob.access})
    before = until(lambda: next((d for d in [feed(server)] if len(d.entries) == 2), None), seconds=1)
    server.stop()
    again = start(MARTLET_LISTEN=f"127.0.0.1:{server.port}")
    after = feed(again)
    assert after.lineage == before.lineage and after.seq >= before.seq
    assert after.entries == before.entries and after.header["kid"] == before.header["kid"]
    late = again.register()
    late.call("POST", "/auth/logout")
    assert set(news(again, before.seq, 1).entries) == {("sid", digest("sid", sid(late)))}


def test_after_a_sudden_end_no_number_is_used_again(start):
    server = start()
    base = settled(server)
    ada = server.register()
    ada.call("POST", "/auth/logout")
    server.kill()
    again = start(MARTLET_LISTEN=f"127.0.0.1:{server.port}")
    document = feed(again)
    assert document.seq > base and document.until("sid", sid(ada)), "what was answered is told"


def test_a_restored_backup_is_another_history_and_a_consumer_that_noticed_no_outage_hears_it(behind, start, consume, proxy, tmp_path):
    server = behind()
    ada, bob = server.register(), server.register()
    api = consume(server.url).ready()
    data = tmp_path / "restored" / "data"
    data.mkdir(mode=0o700, parents=True)
    server.cli("backup", data / "martlet.db", "--with-key")
    (data / "martlet.db.key").rename(data / "master.key")
    ada.call("POST", "/auth/logout")
    until(lambda: api.refuses(ada.access), seconds=1)
    before = feed(server)

    # The consumer's next question is answered when the new history has come as far as the old one: their numbers are the same.
    is_restored = threading.Event()
    proxy.rules[FEED] = lambda query: None if is_restored.wait(20) else None
    server.stop()
    again = start(folder="restored", MARTLET_ISSUER=proxy.url)
    proxy.port = again.port
    assert feed(again).lineage != before.lineage
    bob.server = again
    assert bob.call("POST", "/auth/logout").status == 204
    until(lambda: feed(again).until("sid", sid(bob)), seconds=1)
    assert feed(again).seq == before.seq
    begun = time.monotonic()
    is_restored.set()
    until(lambda: api.refuses(bob.access), seconds=2, what="the new history's first revocation")
    print(f"another history was noticed {(time.monotonic() - begun) * 1000:.0f} ms after it was there")
    assert api.refuses(ada.access), "what was known stays known"


def test_two_services_on_one_database_have_one_feed(start):
    one, two = start(MARTLET_ISSUER="https://auth.example"), start(MARTLET_ISSUER="https://auth.example")
    one.url = two.url = "https://auth.example"
    ada, base = one.register(), feed(two).seq
    one.post("/auth/logout", {"refresh": ada.refresh_token})
    document = news(two, base, 1)
    assert document.until("sid", sid(ada)) and document.lineage == feed(one).lineage


def test_polls_and_revocations_at_once_lose_nothing(issuer):
    """A reader that only ever takes deltas ends up with every entry, whatever it raced with."""
    base = settled(issuer)
    sessions = [issuer.register() for _ in range(60)]

    def follow(source):
        seen, position = {}, base
        while len(seen) < len(sessions):
            long = LongPoll(issuer, position, wait=2, source=source)
            document = Document(issuer, long.answer().body)
            long.close(abruptly=True)
            assert document.after <= position
            seen |= document.entries
            position = document.seq
        return seen

    with ThreadPoolExecutor(8) as pool:
        readers = [pool.submit(follow, f"127.0.3.{place + 1}") for place in range(4)]
        list(pool.map(lambda session: issuer.post("/auth/logout", {"refresh": session.refresh_token}), sessions))
        for reader in readers:
            assert set(reader.result(20)) == {("sid", digest("sid", sid(session))) for session in sessions}
