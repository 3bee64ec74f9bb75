"""What time does by itself: tokens, sessions, graces and keys. The service's clock is moved; nobody waits for days."""

import pytest

from martlet_server import PASSWORD, claims, header, until

MINUTE, DAY = 60, 86_400
# The service looks after its keys every five seconds.
UPKEEP = 8


@pytest.mark.parametrize("seconds, status", [(595, 200), (601, 401), (DAY, 401)])
def test_an_access_token_lives_600_seconds(travel, seconds, status):
    server = travel.start()
    ada = server.register()
    travel.to(seconds)
    assert ada.me().status == status
    assert ada.me().code == (None if status == 200 else "token_expired")
    answer = server.post("/auth/verify", {"token": ada.access})
    assert (answer.status, answer.code) == (status, None if status == 200 else "token_expired")


@pytest.mark.parametrize("seconds, outcome", [(14 * DAY - 10, None), (14 * DAY + 1, "token_expired")])
def test_a_refresh_token_lives_14_days_without_use(travel, seconds, outcome):
    server = travel.start()
    ada = server.register()
    travel.to(seconds)
    assert server.post("/auth/verify", {"token": ada.refresh_token}).code == outcome
    assert ada.refresh().code == outcome


def test_an_expired_refresh_token_can_be_blacklisted_and_logged_out_without_fuss(travel):
    server = travel.start()
    ada = server.register()
    travel.to(15 * DAY)
    assert server.post("/auth/blacklist", {"token": ada.refresh_token}).status == 204
    assert server.post("/auth/logout", {"refresh": ada.refresh_token}).status in (204, 401)


def test_a_session_ends_90_days_after_it_began_however_often_it_was_refreshed(travel):
    server = travel.start()
    ada = server.register()
    for day in range(10, 90, 10):
        travel.to(day * DAY)
        assert ada.refresh().status == 200, day
        assert ada.body["refresh_expires_in"] <= min(14, 90 - day) * DAY
    travel.to(90 * DAY - 30)
    assert ada.refresh().status == 200 and ada.body["refresh_expires_in"] <= 30
    travel.to(90 * DAY + 1)
    assert ada.refresh().status == 401
    assert claims(ada.refresh_token)["exp"] <= claims(ada.access)["iat"] + 30


@pytest.mark.parametrize("seconds, reason", [(29, "retry"), (31, None)])
def test_the_grace_is_30_seconds(travel, seconds, reason):
    server = travel.start()
    ada = server.register()
    old = ada.refresh_token
    ada.refresh()
    travel.to(seconds)
    answer = server.post("/auth/refresh", {"refresh": old})
    if reason:
        assert answer.json["refresh_reason"] == reason and answer.json["refresh"] == ada.refresh_token
    else:
        assert (*answer,) == (401, "refresh_replayed")


def test_a_clock_that_was_set_back_harms_nobody(travel):
    travel.to(300)
    server = travel.start()
    ada = server.register()
    travel.to(0)
    assert ada.refresh().status == 200
    assert ada.me().status == 200
    assert server.post("/auth/logout", {"refresh": ada.refresh_token}).status == 204
    assert ada.me().code == "token_revoked"


def test_a_revocation_is_listed_while_it_matters(travel):
    server = travel.start()
    warden, ada = server.admin(), server.register()
    made = warden.call("POST", "/admin/api/revocations", {"token": ada.access}).json
    ids = lambda who: [item["id"] for item in who.call("GET", "/admin/api/revocations").json["items"]]  # noqa: E731
    assert made["id"] in ids(warden)
    travel.to(DAY)
    assert made["id"] not in ids(server.admin())


def published(server):
    return {key["kid"] for key in server.token_keys()}


def states(warden):
    items = warden.call("GET", "/admin/api/keys").json["items"]
    return {key["kid"]: key["state"] for key in items if key["purpose"] == "access"}


def test_a_key_goes_from_next_to_active_to_retiring_to_retired(travel):
    server = travel.start()
    warden = server.admin()
    (old,) = published(server)
    warden.call("POST", "/admin/api/keys/rotate")
    (new,) = published(server) - {old}
    early = server.register()

    travel.to(300 + 50)
    assert header(server.register().access)["kid"] == old, "not before every cache of the key set has it"
    travel.to(300 + 60 + 5)
    until(lambda: header(server.login(early.username).access)["kid"] == new, seconds=UPKEEP, pause=0.2, what="the promotion")
    assert states(server.admin()) == {old: "retiring", new: "active"} and published(server) == {old, new}
    assert early.me().status == 200, "what the old key signed is good to its end"

    # The mark of the last token is set up to an hour further than needed, so that few logins have to raise it.
    travel.to(300 + 60 + 600 + 60 + 3600 + 30)
    until(lambda: published(server) == {new}, seconds=UPKEEP, pause=0.2, what="the retirement")
    assert states(server.admin())[old] == "retired"
    assert early.me().status == 401 and early.refresh().status == 200 and early.me().status == 200
    assert warden.refresh().status == 200
    assert warden.call("POST", "/admin/api/keys/rotate").status == 200, "and the next may come"


def test_keys_are_followed_by_new_ones_after_90_days(travel):
    server = travel.start()
    (old,) = published(server)
    travel.to(89 * DAY)
    server.register()
    travel.to(90 * DAY - 300)
    until(lambda: len(published(server)) == 2, seconds=UPKEEP, pause=0.2, what="the next key")
    travel.to(90 * DAY + 120)
    until(lambda: header(server.register().access)["kid"] != old, seconds=UPKEEP, pause=0.2, what="the promotion")
    entries = server.admin().call("GET", "/admin/api/audit?action=key.promoted").json["items"]
    assert entries and all(entry["actor"] == "system" for entry in entries)


def test_refresh_tokens_of_a_retiring_key_are_good_to_their_end(travel):
    server = travel.start()
    warden, ada = server.admin(), server.register()
    old = header(ada.refresh_token)["kid"]
    warden.call("POST", "/admin/api/keys/rotate", {"purpose": "refresh"})
    travel.to(7 * MINUTE)
    until(lambda: header(server.register().refresh_token)["kid"] != old, seconds=UPKEEP, pause=0.2, what="the promotion")
    travel.to(13 * DAY)
    assert ada.refresh().status == 200 and header(ada.refresh_token)["kid"] != old


def test_an_address_counts_as_known_for_30_days(travel):
    server = travel.start(MARTLET_LOGIN_ATTEMPTS="5/300", MARTLET_TRUSTED_PROXIES="127.0.0.1/32")
    ada = server.register()
    login = lambda address, password: server.post(  # noqa: E731
        "/auth/login", {"username": ada.username, "password": password}, headers={"X-Forwarded-For": address}).status
    assert login("192.0.2.1", PASSWORD) == 200
    for days, status in ((29, 200), (29 + 31, 429)):
        travel.to(days * DAY)
        while login("198.51.100.9", "wrong password") != 429:
            pass
        assert login("192.0.2.1", PASSWORD) == status, days
