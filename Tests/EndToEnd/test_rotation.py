"""The rotation of refresh tokens: every row of the contract's table, and the races between them."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from martlet_server import PASSWORD, claims, name, until


def refresh(server, token, **members):
    return server.post("/auth/refresh", {"refresh": token, **members})


def is_over(session):
    """Nothing that the session was ever given works any more."""
    return session.me().status == 401 and refresh(session.server, session.refresh_token).status == 401


@pytest.fixture
def strict(start):
    return start(MARTLET_REFRESH_GRACE=0)


def test_the_current_token_is_exchanged_for_the_next(shared, ada):
    before = claims(ada.refresh_token)
    first, first_access = ada.refresh_token, ada.access
    answer = ada.refresh()
    assert answer.status == 200 and answer.json["refresh_reason"] == "rotated"
    after = claims(ada.refresh_token)
    assert ada.refresh_token != first and ada.access != first_access
    assert after["ctr"] == before["ctr"] + 1 and after["sid"] == before["sid"] and after["nonce"] == before["nonce"]
    assert ada.me().status == 200 and shared.get("/api/v1/users/me", token=first_access).status == 200


def test_a_chain_of_rotations_holds(ada):
    for count in range(1, 11):
        assert ada.refresh().json["refresh_reason"] == "rotated"
        assert claims(ada.refresh_token)["ctr"] == count


def test_a_retry_within_the_grace_gets_the_same_bytes_and_another_access_token(shared, ada):
    old = ada.refresh_token
    ada.refresh()
    access = {ada.access}
    for _ in range(5):
        answer = refresh(shared, old)
        assert answer.status == 200 and answer.json["refresh_reason"] == "retry"
        assert answer.json["refresh"] == ada.refresh_token
        assert shared.get("/api/v1/users/me", token=answer.json["access"]).status == 200
        access.add(answer.json["access"])
    assert len(access) == 6
    assert ada.refresh().json["refresh_reason"] == "rotated"


def test_a_retry_counts_at_most_64_times(shared, ada):
    old = ada.refresh_token
    ada.refresh()
    assert [refresh(shared, old).status for _ in range(64)] == [200] * 64
    assert (*refresh(shared, old),) == (401, "refresh_replayed")
    assert is_over(ada)


def test_without_grace_the_second_use_is_a_replay_and_ends_the_session(strict):
    ada = strict.register()
    old = ada.refresh_token
    ada.refresh()
    assert (*refresh(strict, old),) == (401, "refresh_replayed")
    assert ada.me().code == "token_revoked"
    assert (*refresh(strict, ada.refresh_token),) == (401, "session_ended")
    assert (*refresh(strict, old),) == (401, "session_ended")


def test_after_the_grace_it_is_a_replay(start):
    server = start(MARTLET_REFRESH_GRACE=1)
    ada = server.register()
    old = ada.refresh_token
    ada.refresh()
    assert refresh(server, old).json["refresh_reason"] == "retry"

    def replayed():
        answer = refresh(server, old)
        return answer if answer.status != 200 else None

    assert (*until(replayed, what="the end of the grace", pause=0.1),) == (401, "refresh_replayed")
    assert is_over(ada)


def test_a_token_two_behind_ends_the_session_within_the_grace_too(shared, ada):
    old = ada.refresh_token
    ada.refresh()
    ada.refresh()
    assert (*refresh(shared, old),) == (401, "refresh_replayed")
    assert is_over(ada)


def test_a_replay_is_in_the_audit_trail(shared, ada, warden):
    old = ada.refresh_token
    ada.refresh(), ada.refresh()
    answer = shared.post("/auth/refresh", {"refresh": old}, headers={"X-Request-Id": f"replay-{ada.username}"})
    assert answer.code == "refresh_replayed"
    entries = warden.call("GET", "/admin/api/audit?action=refresh.replayed&limit=200").json["items"]
    entry = next(entry for entry in entries if ada.sid in (entry["target"] or ""))
    assert (entry["request_id"], entry["ip"], entry["result"]) == (f"replay-{ada.username}", "127.0.0.1", "failure")


def test_a_retry_from_elsewhere_is_in_the_audit_trail(start):
    server = start(MARTLET_TRUSTED_PROXIES="127.0.0.1/32")
    ada = server.register()
    old = ada.refresh_token
    ada.refresh()
    answer = server.post("/auth/refresh", {"refresh": old}, headers={"X-Forwarded-For": "203.0.113.9", "User-Agent": "another"})
    assert answer.json["refresh_reason"] == "retry"
    entries = server.admin().call("GET", "/admin/api/audit?action=refresh.retried_elsewhere").json["items"]
    assert [entry["ip"] for entry in entries if ada.sid in entry["target"]] == ["203.0.113.9"]


def test_a_session_that_is_over_is_session_ended(shared, ada):
    assert shared.post("/auth/logout", {"refresh": ada.refresh_token}).status == 204
    assert (*refresh(shared, ada.refresh_token),) == (401, "session_ended")
    assert (*shared.post("/auth/logout", {"refresh": ada.refresh_token}),) == (401, "session_ended")
    assert (*shared.post("/auth/verify", {"token": ada.refresh_token}),) == (401, "session_ended")


@pytest.mark.parametrize("tamper", ["payload", "signature", "alg none", "truncated", "other key", "typ"])
def test_a_forged_refresh_token_is_invalid(shared, ada, tamper):
    import base64
    import json

    import jwt

    head, payload, signature = ada.refresh_token.split(".")
    encode = lambda value: base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()  # noqa: E731
    body = claims(ada.refresh_token)
    kid = jwt.get_unverified_header(ada.refresh_token)["kid"]
    forged = {
        "payload": f"{head}.{encode({**body, 'ctr': 1})}.{signature}",
        "signature": f"{head}.{payload}.{signature[:-2]}AA",
        "alg none": f"{encode({'alg': 'none', 'typ': 'rt+jwt', 'kid': kid})}.{payload}.",
        "truncated": f"{head}.{payload}.{signature[:20]}",
        "other key": jwt.encode(body, "k" * 32, algorithm="HS256", headers={"typ": "rt+jwt", "kid": kid}),
        "typ": jwt.encode(body, "k" * 32, algorithm="HS256", headers={"typ": "at+jwt", "kid": kid}),
    }[tamper]
    assert refresh(shared, forged).status == 401
    assert shared.post("/auth/blacklist", {"token": forged}).status == 401
    assert ada.refresh().status == 200


def test_a_user_has_at_most_100_sessions_and_the_oldest_ends(shared):
    ada = shared.register()
    others = [shared.login(ada.username) for _ in range(99)]
    assert ada.me().status == 200
    others.append(shared.login(ada.username))
    assert ada.me().code == "token_revoked" and ada.refresh().code == "session_ended"
    assert others[0].me().status == 200
    items, cursor = [], ""
    while cursor is not None:
        page = others[-1].call("GET", f"/auth/sessions?limit=40{'&cursor=' + cursor if cursor else ''}").json
        items, cursor = items + page["items"], page["next_cursor"]
    assert len(items) == 100 and {item["id"] for item in items} == {session.sid for session in others}


# Races


def test_of_50_parallel_refreshes_one_rotates_and_the_others_get_its_token(shared):
    ada = shared.register()
    gate = threading.Barrier(50)

    def one(_):
        gate.wait()
        return refresh(shared, ada.refresh_token)

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(one, range(50)))
    assert [answer.status for answer in answers] == [200] * 50
    reasons = [answer.json["refresh_reason"] for answer in answers]
    assert reasons.count("rotated") == 1 and reasons.count("retry") == 49
    assert len({answer.json["refresh"] for answer in answers}) == 1
    assert len({answer.json["access"] for answer in answers}) == 50
    assert claims(answers[0].json["refresh"])["ctr"] == 1


@pytest.mark.parametrize("way", ["refresh", "bearer", "logout-all", "blacklist"])
def test_a_logout_that_races_a_refresh_leaves_no_usable_token(shared, way):
    end = {
        "refresh": lambda session: shared.post("/auth/logout", {"refresh": session.refresh_token}),
        "bearer": lambda session: session.call("POST", "/auth/logout"),
        "logout-all": lambda session: session.call("POST", "/auth/logout-all"),
        "blacklist": lambda session: shared.post("/auth/blacklist", {"token": session.refresh_token}),
    }[way]
    ada = shared.register()
    with ThreadPoolExecutor(4) as pool:
        for _ in range(40):
            session = shared.login(ada.username)
            gate = threading.Barrier(4)

            def refreshing():
                gate.wait()
                return refresh(shared, session.refresh_token)

            def ending():
                gate.wait()
                return end(session)

            refreshed = [pool.submit(refreshing) for _ in range(3)]
            ended = pool.submit(ending).result()
            assert ended.status == 204, ended
            for future in refreshed:
                answer = future.result()
                assert answer.status == 200 or answer.code == "session_ended", answer
                if answer.status == 200:
                    assert (*shared.get("/api/v1/users/me", token=answer.json["access"]),) == (401, "token_revoked")
                    assert (*refresh(shared, answer.json["refresh"]),) == (401, "session_ended")
            assert session.me().code == "token_revoked"


def test_a_login_that_races_a_password_change_opens_no_session_with_the_old_password(shared):
    """Bound to the version of the account: whoever is let in by the old password is put out by the change."""
    with ThreadPoolExecutor(4) as pool:
        for _ in range(15):
            ada = shared.register()
            gate = threading.Barrier(4)

            def old():
                gate.wait()
                return shared.post("/auth/login", {"username": ada.username, "password": PASSWORD})

            def change():
                gate.wait()
                return ada.call("POST", "/auth/password", {"current_password": PASSWORD, "new_password": PASSWORD + " anew"})

            logins = [pool.submit(old) for _ in range(3)]
            assert pool.submit(change).result().status == 204
            for future in logins:
                answer = future.result()
                assert answer.status == 200 or answer.code == "invalid_credentials"
                if answer.status == 200:
                    assert shared.get("/api/v1/users/me", token=answer.json["access"]).code == "token_revoked"
            assert ada.me().status == 200


def test_of_20_parallel_registrations_of_one_name_one_succeeds(shared):
    username = name()
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda index: shared.post(
            "/auth/register", {"username": username.upper() if index % 2 else username, "password": PASSWORD}), range(20)))
    assert sorted(answer.status for answer in answers) == [201] + [409] * 19
