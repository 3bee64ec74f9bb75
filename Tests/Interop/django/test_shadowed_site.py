"""`martlet shadow` before a real Django, with a Martlet that is set up like it, and one that is not: a frontend sees Django alone, and
the report says what docs/django.md says."""

import concurrent.futures
import sqlite3

import pytest

import martlet_server
import shadows
import sides
from martlet_server import PASSWORD, claims
from profiles import PROFILES, simplejwt

ADA = {"username": "ada", "password": PASSWORD}


@pytest.fixture
def move(site, martlet, tmp_path):
    """A team in the middle of its move: `move(profile)` starts Django, Martlet with the same accounts, and the proxy."""
    running = []

    def launch(profile="simplejwt", *arguments, martlet_profile=None, **settings):
        old, new = site(PROFILES[profile]), martlet(martlet_profile or PROFILES[profile])
        known_as_in_django(old, new)
        proxy = shadows.launch(tmp_path / "shadow", old, new, *arguments, **settings)
        proxy.secrets |= {account["password"] for account in sides.ACCOUNTS}
        running.append(proxy)
        return old, new, proxy

    yield launch
    for proxy in running:
        proxy.stop()


def known_as_in_django(old, new):
    """As after an import: Martlet's accounts say what they were called where they came from."""
    with sqlite3.connect(old.database) as database:
        keys = dict(database.execute("select username, id from auth_user"))
    database = sqlite3.connect(new.server.folder / "data" / "martlet.db", timeout=20)
    with database:
        for username, key in keys.items():
            database.execute("update users set external_id = ? where username = ?", (str(key), username))
    database.close()


def frontend(proxy):
    """What a single-page application does in a day."""
    call = proxy.post
    pair = call("/api/token/", ADA).json
    assert claims(pair["access"])["token_type"] == "access"
    assert proxy.call("GET", "/protected/", token=pair["access"]).json == {"username": "ada"}
    assert call("/api/token/verify/", {"token": pair["access"]}).json == {}
    fresh = call("/api/token/refresh/", {"refresh": pair["refresh"]}).json
    pair |= fresh
    assert proxy.call("GET", "/protected/", token=pair["access"]).status == 200
    assert call("/api/token/refresh/", {"refresh": pair["access"]}).json["detail"] == "Token has wrong type"
    assert call("/api/token/", {**ADA, "password": "a wrong password"}).status == 401
    assert call("/api/token/", {"username": "ada"}).json == {"password": ["This field is required."]}
    assert call("/api/token/verify/", {"token": "not.a.token"}).status == 401
    assert proxy.get("/api/token/").status == 405
    assert call("/api/token/blacklist/", {"refresh": pair["refresh"]}).json == {}
    assert call("/api/token/refresh/", {"refresh": pair["refresh"]}).json["detail"] == "Token is blacklisted"
    return 12


@pytest.mark.parametrize("profile", ["simplejwt", "simplejwt-rotation"])
def test_a_frontend_sees_django_and_the_report_only_what_is_documented(move, profile):
    _, _, proxy = move(profile)
    count = frontend(proxy)
    summary = proxy.settled(count)
    assert proxy.surprises == []
    # The site's own view is not Martlet's.
    assert summary["skipped"]["elsewhere"] == 2 and summary["compared"] == count - 2, summary
    assert summary["expected"] >= 2 and summary["surprising"] == 0
    reasons = {line["expected"] for line in proxy.report}
    assert any(reason.startswith("A token is Martlet's own") for reason in reasons)
    proxy.stop()
    told = proxy.report_path.read_text() + proxy.log
    assert all(secret not in told for secret in proxy.secrets) and "eyJ" not in told


def test_what_comes_through_is_byte_for_byte_djangos(move):
    old, _, proxy = move()
    as_json, as_form = ({"Content-Type": f"application/{kind}"} for kind in ("json", "x-www-form-urlencoded"))
    rows = [
        ("GET", "/api/token/", None, {}),
        ("HEAD", "/api/token/", None, {}),
        ("OPTIONS", "/api/token/", None, {"Origin": "https://a.example"}),
        ("POST", "/api/token/", b'{"username": "ada"}', as_json),
        ("POST", "/api/token/", b"{", as_json),
        ("POST", "/api/token", b"{}", as_json),
        ("POST", "/api/token/", b"username=ada&password=wrong", as_form),
        ("GET", "/api/token/", None, {"Accept": "text/html"}),
        ("GET", "/protected/", None, {"Accept-Encoding": "gzip"}),
        ("GET", "/nothing/here/?a=b", None, {}),
        ("BREW", "/api/token/", None, {}),
        ("POST", "/api/token/", b"x", {"Content-Type": "text/plain"}),
        ("POST", "/api/token/verify/", b'{"token": "a"}', as_json),
    ]
    for method, path, content, headers in rows:
        direct, through = (
            sides.exchange(port, method, path, content, {**headers, "Host": "app.example"}) for port in (old.port, proxy.port))
        assert (through.status, fields(through)) == (direct.status, fields(direct)), (method, path)
        if "csrftoken" not in str(direct.headers):
            assert through.body == direct.body, (method, path)


def fields(answer):
    """The header fields but for those of the one connection, how the content's end is told, and what Django makes anew each time."""
    return sorted(
        (name.lower(), "new each time" if "csrftoken" in value else value) for name, value in answer.headers.items()
        if name.lower() not in {"date", "connection", "content-length"})


def test_a_setting_that_is_not_the_same_is_a_surprise_by_name(move):
    _, _, proxy = move("simplejwt", martlet_profile=PROFILES["simplejwt-rotation"])
    pair = proxy.post("/api/token/", ADA).json
    proxy.post("/api/token/refresh/", {"refresh": pair["refresh"]})
    proxy.settled(2)
    found = {(line["path"], line["kind"], line["place"], line["old"], line["new"]) for line in proxy.surprises}
    assert found == {("/api/token/refresh/", "shape", "/refresh", "absent", "token")}


def test_a_lifetime_that_is_not_the_same_is_told_in_seconds(move):
    _, _, proxy = move("simplejwt", martlet_profile=simplejwt({"MARTLET_ACCESS_TTL": 600, "MARTLET_REFRESH_TTL": 86400}))
    proxy.post("/api/token/", ADA)
    proxy.settled(1)
    assert {(line["kind"], line["place"], line["old"], line["new"]) for line in proxy.surprises} == {
        ("claim", "/access claim exp", "300 s after iat", "600 s after iat")}


def test_by_default_martlet_sees_no_password(move):
    _, new, proxy = move("simplejwt", MARTLET_SHADOW="reads")
    count = frontend(proxy)
    summary = proxy.settled(count)
    assert summary["skipped"]["not_asked"] == 7 and summary["skipped"]["token_not_mapped"] == 1, summary
    assert summary["compared"] == 2 and proxy.surprises == []
    assert "/api/token/refresh" not in new.log


def test_martlet_may_die_at_any_time(move):
    _, new, proxy = move()
    proxy.post("/api/token/", ADA)
    proxy.settled(1)
    new.server.kill()
    frontend(proxy)
    # The access tokens of the second login have no counterpart.
    assert proxy.settled(13)["skipped"]["unreachable"] >= 5


def test_two_hundred_logins_at_once(move):
    _, _, proxy = move()
    with concurrent.futures.ThreadPoolExecutor(40) as pool:
        statuses = list(pool.map(lambda _: proxy.call("POST", "/api/token/", ADA, fresh=True).status, range(200)))
    assert statuses == [200] * 200
    summary = proxy.settled(200, seconds=60)
    assert summary["answered"] == summary["expected"] == 200, [line for line in proxy.surprises]


def test_a_report_holds_nobodys_data(move):
    _, _, proxy = move()
    for username, password in (("ada", PASSWORD), ("zelda@example.com", "a password of hers"), ("ada", "tr0ub4dor&3")):
        proxy.post("/api/token/", {"username": username, "password": password, "refresh": password})
    proxy.settled(3)
    proxy.stop()
    told = proxy.report_path.read_text() + proxy.log
    for word in ("zelda", "tr0ub4dor", "of hers", PASSWORD):
        assert word not in told
    martlet_server.until(lambda: proxy.summaries(), what="the last summary")
