"""The refresh token as a cookie, and the proof that a request comes from our own pages."""

import http.cookies

import pytest

from martlet_server import PASSWORD, claims, launch, name

SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}
COOKIE = "martlet-refresh"


def cookie(answer):
    """The refresh cookie that an answer sets, with its attributes."""
    values = answer.headers.get_all("Set-Cookie") or []
    assert len(values) == 1, values
    parts = [part.strip() for part in values[0].split(";")]
    key, _, value = parts[0].partition("=")
    attributes = {part.partition("=")[0].lower(): part.partition("=")[2] for part in parts[1:]}
    return key, value, attributes


def login(server, ada, headers=None, **members):
    return server.post(
        "/auth/login", {"username": ada.username, "password": PASSWORD, "transport": "cookie", **members}, headers=SAME_ORIGIN if headers is None else headers)


def refresh(server, value, headers=None, body=None, key=COOKIE):
    fields = {"Cookie": f"{key}={value}", **(SAME_ORIGIN if headers is None else headers)}
    server.secrets.add(value)
    return server.post("/auth/refresh", body, headers=fields)


def test_the_token_travels_in_the_cookie_alone(shared, ada):
    answer = login(shared, ada)
    assert answer.status == 200 and "refresh" not in answer.json and answer.json["access"]
    key, value, attributes = cookie(answer)
    assert key == COOKIE and claims(value)["sub"] == ada.user_id
    assert set(attributes) == {"httponly", "samesite", "path", "max-age"}, "http has no Secure, and there is no Domain"
    assert attributes["samesite"] == "Strict" and attributes["path"] == "/" and 1209590 <= int(attributes["max-age"]) <= 1209600


def test_registering_may_ask_for_the_cookie(shared):
    answer = shared.post("/auth/register", {"username": name(), "password": PASSWORD, "transport": "cookie"}, headers=SAME_ORIGIN)
    assert answer.status == 201 and "refresh" not in answer.json and cookie(answer)[0] == COOKIE


def test_a_refresh_by_cookie_is_answered_by_cookie(shared, ada):
    _, value, _ = cookie(login(shared, ada))
    for body in (None, {}, {"transport": "cookie"}, {"audience": "https://api.example"}):
        answer = refresh(shared, value, body=body)
        assert answer.status == 200 and "refresh" not in answer.json and answer.json["refresh_reason"] == "rotated", answer
        _, new, _ = cookie(answer)
        assert claims(new)["ctr"] == claims(value)["ctr"] + 1
        value = new


def test_a_refresh_by_cookie_that_asks_for_the_body_is_400(shared, ada):
    _, value, _ = cookie(login(shared, ada))
    assert (*refresh(shared, value, body={"transport": "body"}),) == (400, "invalid_request")
    assert refresh(shared, value).json["refresh_reason"] == "rotated", "the refused one rotated nothing"


def test_a_refresh_by_body_may_change_over_to_the_cookie(shared, ada):
    answer = shared.post("/auth/refresh", {"refresh": ada.refresh_token, "transport": "cookie"}, headers=SAME_ORIGIN)
    assert answer.status == 200 and "refresh" not in answer.json
    assert refresh(shared, cookie(answer)[1]).status == 200


def test_without_cookie_and_token_there_is_nothing_to_refresh(shared):
    assert shared.post("/auth/refresh", headers=SAME_ORIGIN).status == 400
    assert (*shared.post("/auth/refresh", {}),) == (400, "validation_failed")


def test_logging_out_by_cookie_ends_the_session_and_takes_the_cookie_away(shared, ada):
    answer = login(shared, ada)
    _, value, _ = cookie(answer)
    out = shared.post("/auth/logout", headers={"Cookie": f"{COOKIE}={value}", **SAME_ORIGIN})
    assert out.status == 204
    key, empty, attributes = cookie(out)
    assert (key, empty, attributes["max-age"], attributes["path"]) == (COOKIE, "", "0", "/")
    assert shared.get("/api/v1/users/me", token=answer.json["access"]).code == "token_revoked"
    assert refresh(shared, value).code == "session_ended"


def test_a_wrong_cookie_is_401_and_no_500(shared):
    for value in ("nonsense", "a.b.c", "%00", '"quoted"', "x" * 3000):
        assert refresh(shared, value).status in (400, 401)


@pytest.fixture(scope="module")
def listed(tmp_path_factory):
    server = launch(
        tmp_path_factory.mktemp("cookies"), MARTLET_ISSUER="https://auth.example",
        MARTLET_CORS_ORIGINS="https://app.auth.example,https://elsewhere.example")
    yield server
    server.stop()


# What a request says about where it comes from, and whether the cookie may be set for it.
ORIGINS = [
    ({"Sec-Fetch-Site": "same-origin"}, True),
    ({"Sec-Fetch-Site": "same-origin", "Origin": "https://auth.example"}, True),
    ({"Origin": "https://auth.example"}, True),
    ({"Origin": "https://app.auth.example"}, True),
    ({"Sec-Fetch-Site": "same-site", "Origin": "https://app.auth.example"}, True),
    ({}, False),
    ({"Sec-Fetch-Site": "none"}, False),
    ({"Sec-Fetch-Site": "cross-site"}, False),
    ({"Sec-Fetch-Site": "same-site"}, False),
    ({"Origin": "null"}, False),
    ({"Origin": "http://auth.example"}, False),
    ({"Origin": "https://auth.example:8443"}, False),
    ({"Origin": "https://evil.example"}, False),
    ({"Origin": "https://auth.example.evil.example"}, False),
    ({"Origin": "https://elsewhere.example"}, False),
    ({"Sec-Fetch-Site": "cross-site", "Origin": "https://elsewhere.example"}, False),
    ({"Sec-Fetch-Site": "cross-site", "Origin": "https://app.auth.example"}, False),
    ({"Sec-Fetch-Site": "same-site", "Origin": "https://other.auth.example"}, False),
    ({"Referer": "https://auth.example/"}, False),
]


@pytest.mark.parametrize("headers, is_let_in", ORIGINS)
def test_the_cookie_is_set_and_used_for_our_own_pages_only(listed, headers, is_let_in):
    ada = listed.register()
    answers = [
        login(listed, ada, headers),
        listed.post("/auth/register", {"username": name(), "password": PASSWORD, "transport": "cookie"}, headers=headers),
    ]
    _, value, _ = cookie(login(listed, ada))
    fields = {"Cookie": f"__Host-{COOKIE}={value}", **headers}
    answers += [listed.post("/auth/refresh", headers=fields), listed.post("/auth/logout", headers=fields)]
    for answer in answers:
        if is_let_in:
            assert answer.status in (200, 201, 204), answer
        else:
            assert (*answer,) == (403, "forbidden")
            assert "Set-Cookie" not in answer.headers


def test_over_https_the_cookie_is_bound_to_the_host(listed):
    ada = listed.register()
    key, value, attributes = cookie(login(listed, ada))
    assert key == f"__Host-{COOKIE}"
    assert set(attributes) == {"httponly", "samesite", "path", "max-age", "secure"} and attributes["path"] == "/"
    assert refresh(listed, value, key=COOKIE).status == 400, "the name without its prefix is another cookie"
    assert refresh(listed, value, key=f"__Host-{COOKIE}").status == 200


def test_without_the_cookie_no_origin_is_asked_for(shared, ada):
    assert shared.post("/auth/login", {"username": ada.username, "password": PASSWORD, "transport": "body"}).json["refresh"]
    assert shared.post("/auth/refresh", {"refresh": ada.refresh_token}, headers={"Origin": "https://evil.example"}).status == 200


def test_logging_out_everywhere_takes_the_cookie_away(shared, ada):
    answer = login(shared, ada)
    _, value, _ = cookie(answer)
    out = shared.post("/auth/logout-all", token=answer.json["access"], headers={"Cookie": f"{COOKIE}={value}", **SAME_ORIGIN})
    assert out.status == 204 and cookie(out)[1] == ""


def test_the_cookie_is_one_that_parsers_understand(shared, ada):
    jar = http.cookies.SimpleCookie()
    jar.load(login(shared, ada).headers["Set-Cookie"])
    assert jar[COOKIE]["httponly"] and claims(jar[COOKIE].value)["sub"] == ada.user_id
