"""`martlet shadow` before a real Django, with a Martlet that is set up like it, and one that is not: a frontend sees Django alone, and
the report says what docs/django.md says."""

import concurrent.futures
import http.cookies
import sqlite3

import pytest

import martlet_server
import shadows
import sides
from martlet_server import ADMIN, ADMIN_PASSWORD, PASSWORD, claims
from profiles import ACCESS_COOKIE, PROFILES, REFRESH_COOKIE, simplejwt

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


def bearing(word, token):
    return {"headers": {"Authorization": f"{word} {token}"}}


def drf_jwt_frontend(proxy):
    """drf-jwt's: a token that renews itself, somebody who helps as another, and the end of it."""
    call = proxy.post
    token = call("/api-token-auth/", ADA).json["token"]
    assert claims(token)["orig_iat"] == claims(token)["iat"]
    assert proxy.get("/protected/", **bearing("JWT", token)).json == {"username": "ada"}
    assert call("/api-token-verify/", {"token": token}).json["token"] == token
    fresh = call("/api-token-refresh/", {"token": token}).json["token"]
    assert claims(fresh)["orig_jti"] == claims(token)["jti"]
    # And once more, with the token that Martlet knows by another name.
    fresh = call("/api-token-refresh/", {"token": fresh}).json["token"]
    assert proxy.get("/protected/", **bearing("JWT", fresh)).status == 200
    assert call("/api-token-auth/", {**ADA, "password": "a wrong password"}).status == 400
    assert call("/api-token-auth/", {"username": "ada"}).json == {"password": ["This field is required."]}
    assert call("/api-token-verify/", {"token": "not.a.token"}).status == 400
    assert proxy.get("/api-token-auth/").status == 405
    assert proxy.call("OPTIONS", "/api-token-impersonate/").status == 401
    assert proxy.get("/api-token-impersonate/").status == 401
    warden = call("/api-token-auth/", {"username": ADMIN, "password": ADMIN_PASSWORD}).json["token"]
    asked = {"user": claims(token)["user_id"]}
    assert call("/api-token-impersonate/", asked).status == 401
    assert call("/api-token-impersonate/", asked, **bearing("JWT", fresh)).status == 403
    # Bearer is nobody's word there, and Martlet takes it.
    assert call("/api-token-impersonate/", asked, **bearing("Bearer", warden)).status == 401
    helped = call("/api-token-impersonate/", asked, **bearing("JWT", warden)).json["token"]
    assert claims(helped)["username"] == "ada"
    assert call("/api-token-verify/", {"token": helped}).status == 201
    assert call("/api-token-impersonate/", {"user": claims(warden)["user_id"]}, **bearing("JWT", warden)).status == 201
    assert call("/api-token-blacklist/", {"token": "not.a.token"}, **bearing("JWT", warden)).status == 500
    assert call("/api-token-blacklist/", {"token": fresh}, **bearing("JWT", fresh)).status == 201
    assert call("/api-token-verify/", {"token": fresh}).json == {"non_field_errors": ["Token is blacklisted."]}
    assert call("/api-token-refresh/", {"token": fresh}).status == 400
    return 23, 2


def sliding_frontend(proxy):
    """simplejwt's, with tokens that are renewed themselves."""
    call = proxy.post
    token = call("/api/token/", ADA).json["token"]
    assert claims(token)["token_type"] == "sliding"
    assert proxy.get("/protected/", token=token).status == 200
    fresh = call("/api/token/refresh/", {"token": token}).json["token"]
    assert call("/api/token/verify/", {"token": fresh}).json == {}
    fresh = call("/api/token/refresh/", {"token": fresh}).json["token"]
    assert call("/api/token/refresh/", {"token": "not.a.token"}).status == 401
    assert call("/api/token/refresh/", {}).json == {"token": ["This field is required."]}
    assert call("/api/token/", {**ADA, "password": "a wrong password"}).status == 401
    assert proxy.get("/api/token/refresh/").status == 405
    return 9, 1


NEW_PASSWORD = "eight swifts over the mill"
CHANGE = {"old_password": PASSWORD, "new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD}
JOIN = {"username": "hedda", "email": "hedda@example.com", "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
LOGIN, LOGOUT, USER, CHECK, RENEW, WORD, JOINING = (
    f"/dj-rest-auth/{path}/" for path in ("login", "logout", "user", "token/verify", "token/refresh", "password/change", "registration"))


def dj_rest_auth_frontend(proxy):
    """dj-rest-auth's with tokens in bodies: an account's whole life."""
    call = proxy.post
    pair = call(LOGIN, ADA).json
    assert pair["user"]["username"] == "ada"
    assert proxy.get("/protected/", token=pair["access"]).status == 200
    assert proxy.get(USER, token=pair["access"]).json["email"] == "ada@example.com"
    assert proxy.get(USER).status == 401
    assert proxy.call("PATCH", USER, {"first_name": "Ada"}, token=pair["access"]).json["first_name"] == "Ada"
    # allauth calls one's own name taken.
    assert proxy.call("PUT", USER, {"username": "ada"}, token=pair["access"]).status == 400
    assert call(CHECK, {"token": pair["access"]}).json == {}
    pair |= call(RENEW, {"refresh": pair["refresh"]}).json
    assert proxy.get(USER, token=pair["access"]).status == 200
    assert call(LOGIN, {**ADA, "password": "a wrong password"}).status == 400
    assert call(LOGIN, {"password": PASSWORD}).status == 400
    assert proxy.get(LOGIN).status == 405
    assert proxy.get(WORD).status == 401
    assert call(WORD, {**CHANGE, "old_password": "not hers"}, token=pair["access"]).status == 400
    assert call(WORD, {**CHANGE, "new_password1": "1234567", "new_password2": "1234567"}, token=pair["access"]).status == 400
    assert call(WORD, {**CHANGE, "new_password1": "qwerty", "new_password2": "qwerty"}, token=pair["access"]).status == 400
    assert call(WORD, CHANGE, token=pair["access"]).json == {"detail": "New password has been saved."}
    assert call(LOGIN, ADA).status == 400
    pair = call(LOGIN, {"email": "ada@example.com", "password": NEW_PASSWORD}).json
    assert call(LOGOUT, ["refresh"]).status == 500
    assert call(LOGOUT, {"refresh": pair["refresh"]}).json == {"detail": "Successfully logged out."}
    assert call(RENEW, {"refresh": pair["refresh"]}).status == 401
    assert call(JOINING, {**JOIN, "password2": "another"}).status == 400
    joined = call(JOINING, JOIN)
    assert joined.status == 201
    assert call(LOGOUT, {"refresh": joined.json["refresh"]}).status == 200
    return 25, 1


def dj_rest_auth_frontend_with_cookies(proxy):
    """The same with both tokens in cookies, as a browser keeps them."""
    jar = {}

    def call(method, path, body=None):
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in jar.items())} if jar else {}
        answer = proxy.call(method, path, body, headers=headers)
        for line in answer.headers.get_all("Set-Cookie") or []:
            for name, morsel in http.cookies.SimpleCookie(line).items():
                jar.pop(name, None)
                if morsel.value:
                    jar[name] = morsel.value
                    proxy.secrets.add(morsel.value)
        return answer

    assert call("POST", LOGIN, ADA).json["refresh"] == ""
    assert {ACCESS_COOKIE, REFRESH_COOKIE} <= set(jar)
    assert call("GET", "/protected/").json == {"username": "ada"}
    assert call("GET", USER).json["username"] == "ada"
    for _ in range(2):
        before = jar[REFRESH_COOKIE]
        assert call("POST", RENEW, {}).status == 200 and jar[REFRESH_COOKIE] != before
    assert call("PATCH", USER, {"last_name": "L."}).json["last_name"] == "L."
    assert call("POST", WORD, CHANGE).status == 200
    assert call("POST", LOGOUT, {}).json == {"detail": "Successfully logged out."}
    assert REFRESH_COOKIE not in jar
    jar.clear()
    jar[ACCESS_COOKIE] = "of another time"
    assert call("POST", LOGIN, {**ADA, "password": NEW_PASSWORD}).status == 401
    jar.clear()
    assert call("GET", USER).status == 401
    assert call("POST", JOINING, JOIN).status == 201
    return 11, 1


@pytest.mark.parametrize(
    "profile, session, words", [
        ("drf-jwt", drf_jwt_frontend, {
            "here, too: beside drf-jwt's claims", "Bearer is accepted beside JWT", "names the administrator in `act`",
            "An administrator is never impersonated", "Where drf-jwt fails with 500", "A method that is not served", "OPTIONS answers 204",
        }),
        ("simplejwt-sliding", sliding_frontend, {"A token is Martlet's own:"}),
        ("dj-rest-auth-old-password", dj_rest_auth_frontend, {
            "A token is Martlet's own:", "does not name GET in `Allow`", "to a body that is no object", "takes the account's own username",
            "No Django session is begun", "has its id, a text, as `pk`", "is not called too common", "A method that is not served",
        }),
        ("dj-rest-auth-cookies", dj_rest_auth_frontend_with_cookies, {
            "A token is Martlet's own:", "has no `refresh` at all", "A bad access cookie", "With cookies, registration sets them",
        }),
    ])
def test_frontends_of_the_other_packages_see_django_and_the_report_only_what_is_documented(move, profile, session, words):
    _, _, proxy = move(profile, MARTLET_SHADOW="all")
    count, elsewhere = session(proxy)
    summary = proxy.settled(count)
    assert [(line["path"], line["place"], line["old"], line["new"]) for line in proxy.surprises] == []
    assert summary["skipped"]["elsewhere"] == elsewhere and summary["compared"] == count - elsewhere, summary
    reasons = {line["expected"] for line in proxy.report}
    assert all(any(word in reason for reason in reasons) for word in words), reasons
    proxy.stop()
    told = proxy.report_path.read_text() + proxy.log
    assert all(secret not in told for secret in proxy.secrets) and "eyJ" not in told


@pytest.mark.parametrize("profile, path", [
    ("drf-jwt", "/api-token-auth/"), ("simplejwt-sliding", "/api/token/"), ("dj-rest-auth-old-password", LOGIN),
    ("dj-rest-auth-cookies", LOGIN),
])
def test_what_comes_through_of_the_other_packages_is_byte_for_byte_djangos(move, profile, path):
    old, _, proxy = move(profile)
    as_json = {"Content-Type": "application/json"}
    rows = [
        ("GET", path, None, {}), ("HEAD", path, None, {}), ("OPTIONS", path, None, {"Origin": "https://a.example"}),
        ("POST", path, b'{"username": "ada"}', as_json), ("POST", path, b"{", as_json), ("POST", path.rstrip("/"), b"{}", as_json),
        ("POST", path, b'{"username": "ada", "password": "wrong"}', as_json),
        ("POST", path, b"username=ada&password=wrong", {"Content-Type": "application/x-www-form-urlencoded"}),
        ("POST", path, b'{"username": "bob", "password": "%s"}' % PASSWORD.encode(), {**as_json, "Cookie": f"{ACCESS_COOKIE}=x"}),
        ("GET", path, None, {"Accept": "text/html"}), ("GET", "/dj-rest-auth/user/", None, {}),
        ("POST", "/api-token-blacklist/", b"{}", as_json),
    ]
    for method, target, content, headers in rows:
        direct, through = (
            sides.exchange(port, method, target, content, {**headers, "Host": "app.example"}) for port in (old.port, proxy.port))
        assert (through.status, fields(through)) == (direct.status, fields(direct)), (method, target)
        if "csrftoken" not in str(direct.headers):
            assert through.body == direct.body, (method, target)


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
    [surprise] = proxy.surprises
    assert (surprise["kind"], surprise["place"], surprise["new"]) == ("claim", "/access claim exp", "600 s after iat")
    # simplejwt reads the clock for `exp` first and for `iat` later: a second may lie between.
    assert surprise["old"] in {"300 s after iat", "299 s after iat"}


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
