"""js/martlet.js, the client others copy, in a real browser against a scripted network: what it sends, repeats and refuses.

Needs what test_page.py needs; of the service only that it serves the file.
"""

import json

import pytest

from visitor import browser, visitor  # noqa: F401 (fixtures)

# Replaces the network by `answers(method, path, attempt)`; `sent` records each request with its token and body.
SCRIPTED_NETWORK = """
    const { Martlet, MartletError } = await import("/js/martlet.js");
    const sent = [];
    const events = [];
    let issued = 0;
    const encode = (value) => btoa(JSON.stringify(value)).replaceAll("=", "");
    const json = (status, body, headers = {}) => new Response(JSON.stringify(body), { status, headers });
    const refusal = (code) => json(401, { code, detail: code, request_id: "r" });
    const session = (more = {}) => json(200, {
        access: `${encode({ alg: "ES256" })}.${encode({ sub: "u1" })}.${++issued}`,
        token_type: "Bearer", expires_in: 600, refresh_expires_in: 1000, ...more,
    });
    const user = { id: "u1", username: "ada" };
    let answers = () => null;
    globalThis.fetch = async (input, init = {}) => {
        const request = new Request(input, init.body instanceof ReadableStream ? { ...init, duplex: "half" } : init);
        const path = new URL(request.url).pathname;
        const attempt = sent.filter((earlier) => earlier.path === path).length + 1;
        const [scheme = null, access] = request.headers.get("Authorization")?.split(" ") ?? [];
        const token = access?.split(".").pop() ?? null;
        const body = init.body instanceof ReadableStream ? "stream" : await request.text();
        sent.push({ method: request.method, path, scheme, token, body, credentials: request.credentials });
        await new Promise((resolve) => setTimeout(resolve, 5));
        const answer = answers(path, attempt, token);
        if (answer) return answer;
        if (path === "/auth/login") return session({ user });
        if (path === "/auth/refresh") return session({ refresh_reason: "rotated" });
        if (path === "/api/v1/users/me") return json(200, user);
        return json(200, { ok: true });
    };
    const martlet = new Martlet();
    martlet.addEventListener("change", ({ detail }) => events.push(detail.reason));
    const login = () => martlet.login({ username: "ada", password: "p" });
    const caught = (promise) => promise.then(() => null, (error) => error);
    const to = (path) => sent.filter((request) => request.path === path);
    const begun = Math.floor(Date.now() / 1000);
    // Tokens as the Django packages make them, in which alone stands how long they live.
    const made = (name) => `${encode({ alg: "HS256" })}.${encode({ user_id: "7", username: "ada", iat: begun, exp: begun + 300 })}.${name}`;
"""


@pytest.fixture
def run(visitor):  # noqa: F811
    """Runs a script in the page; whatever it returns comes back."""
    page = visitor.open()
    return lambda script: page.evaluate(f"async () => {{ {SCRIPTED_NETWORK} {script} }}")


@pytest.mark.parametrize("code", ["token_expired", "token_revoked", "invalid_token"])
def test_a_refused_token_is_renewed_and_the_request_repeated_once(run, code):
    status, tokens, refreshes = run(f"""
        await login();
        answers = (path, attempt, token) => path === "/api/x" && token === "1" ? refusal("{code}") : null;
        const response = await martlet.fetch("/api/x", {{ method: "POST", body: "b" }});
        return [response.status, to("/api/x").map((request) => [request.token, request.body]), to("/auth/refresh").length];
    """)
    assert (status, tokens, refreshes) == (200, [["1", "b"], ["2", "b"]], 1)


def test_a_second_refusal_is_the_answer(run):
    assert run("""
        await login();
        answers = (path) => path === "/api/x" ? refusal("token_expired") : null;
        const response = await martlet.fetch("/api/x");
        return [response.status, to("/api/x").length, to("/auth/refresh").length];
    """) == [401, 2, 1]


def test_a_wrong_password_is_no_reason_to_refresh(run):
    assert run("""
        await login();
        answers = (path) => path === "/auth/password" ? refusal("invalid_credentials") : null;
        const error = await caught(martlet.call("POST", "/auth/password", {}));
        return [error instanceof MartletError, error.code, error.status, error.requestId, to("/auth/refresh").length];
    """) == [True, "invalid_credentials", 401, "r", 0]


def test_another_resource_server_is_understood_by_its_challenge(run):
    assert run("""
        await login();
        answers = (path, attempt) => path === "/api/x" && attempt === 1
            ? new Response("no", { status: 401, headers: { "WWW-Authenticate": 'Bearer error="invalid_token"' } }) : null;
        return [(await martlet.fetch("/api/x")).status, to("/auth/refresh").length];
    """) == [200, 1]


def test_many_refused_requests_share_one_refresh(run):
    assert run("""
        await login();
        answers = (path, attempt, token) => path.startsWith("/api/") && token === "1" ? refusal("token_expired") : null;
        const all = await Promise.all(Array.from({ length: 20 }, (_, index) => martlet.fetch(`/api/${index}`)));
        return [all.every((response) => response.ok), to("/auth/refresh").length];
    """) == [True, 1]


def test_a_request_object_keeps_its_body_for_the_repetition(run):
    assert run("""
        await login();
        answers = (path, attempt) => path === "/api/x" && attempt === 1 ? refusal("token_expired") : null;
        await martlet.fetch(new Request("/api/x", { method: "POST", body: "kept" }));
        return to("/api/x").map((request) => request.body);
    """) == ["kept", "kept"]


def test_a_stream_is_not_repeated(run):
    assert run("""
        await login();
        answers = (path) => path === "/api/x" ? refusal("token_expired") : null;
        const body = new Blob(["once"]).stream();
        const response = await martlet.fetch("/api/x", { method: "POST", body, duplex: "half" });
        return [response.status, to("/api/x").length, to("/auth/refresh").length];
    """) == [401, 1, 0]


def test_a_token_about_to_end_is_renewed_before_it_is_sent(run):
    assert run("""
        await login();
        const now = Date.now;
        Date.now = () => now() + 586_000;
        await martlet.fetch("/api/x");
        return to("/api/x").map((request) => request.token);
    """) == ["2"]


def test_a_failed_early_renewal_does_not_waste_the_seconds_left(run):
    assert run("""
        await login();
        const now = Date.now;
        Date.now = () => now() + 586_000;
        answers = (path) => { if (path === "/auth/refresh") throw new TypeError("offline"); };
        const early = (await martlet.fetch("/api/x")).status;
        Date.now = () => now() + 601_000;
        const late = await caught(martlet.fetch("/api/x"));
        return [early, late.code, late.status, martlet.user.username];
    """) == [200, "network_error", 0, "ada"]


def test_the_token_goes_to_no_other_origin(run):
    assert run("""
        await login();
        const error = await caught(martlet.fetch("https://elsewhere.example/api"));
        return [error instanceof TypeError, sent.length];
    """) == [True, 1]


@pytest.mark.parametrize("code", ["session_ended", "refresh_replayed"])
def test_the_end_of_the_session_signs_out_with_its_reason(run, code):
    assert run(f"""
        await login();
        answers = (path) => path === "/auth/refresh" ? refusal("{code}") : null;
        const error = await caught(martlet.refresh());
        const asked = sent.length;
        return [error.code, events, martlet.user, martlet.accessToken, await martlet.restore(), sent.length - asked];
    """) == [code, ["login", code], None, None, False, 0]


def test_a_busy_service_signs_nobody_out(run):
    assert run("""
        await login();
        answers = (path) => path === "/auth/refresh" ? json(503, { code: "overloaded", detail: "d" }, { "Retry-After": "7" }) : null;
        const error = await caught(martlet.refresh());
        return [error.code, error.retryAfter, martlet.user.username];
    """) == ["overloaded", 7, "ada"]


def test_logout_renews_an_expired_token_first(run):
    assert run("""
        await login();
        answers = (path, attempt, token) => path === "/auth/logout" && token === "1" ? refusal("token_expired")
            : path === "/auth/logout" ? new Response(null, { status: 204 }) : null;
        await martlet.logout();
        return [to("/auth/logout").map((request) => request.token), events.at(-1), martlet.user];
    """) == [["1", "2"], "logout", None]


def test_logout_without_an_answer_changes_nothing(run):
    assert run("""
        await login();
        answers = (path) => { if (path === "/auth/logout") throw new TypeError("offline"); };
        const error = await caught(martlet.logout());
        return [error.code, martlet.user.username];
    """) == ["network_error", "ada"]


def test_without_web_locks_a_tab_still_refreshes_once(run):
    assert run("""
        Object.defineProperty(navigator, "locks", { value: undefined });
        await login();
        await Promise.all([martlet.refresh(), martlet.refresh(), martlet.refresh()]);
        answers = (path) => path === "/auth/refresh" ? json(500, {}) : null;
        const error = await caught(martlet.refresh());
        answers = () => null;
        await martlet.refresh();
        return [error.status, to("/auth/refresh").length];
    """) == [500, 3]


def test_a_restored_session_knows_its_user(run):
    assert run("""
        await login();
        BroadcastChannel.prototype.postMessage = () => {}; // The first client is silent, as after a reload.
        const reloaded = new Martlet();
        return [await reloaded.restore(), reloaded.user.username, to("/auth/refresh").length, to("/api/v1/users/me").length];
    """) == [True, "ada", 1, 1]


# The endpoints of the Django packages

# What they answer, call by call, and what is to be sent: path, scheme, body, and whether cookies go along.
CREDENTIALS = {"username": "ada", "password": "p"}
DIALECTS = {
    "simplejwt": (
        """{ "/api/token/": { access: made("a1"), refresh: "r1" }, "/api/token/refresh/": { access: made("a2"), refresh: "r2" } }""",
        [
            ["/api/token/", None, CREDENTIALS, "same-origin"], ["/x", "Bearer a1", None, "same-origin"],
            ["/api/token/refresh/", None, {"refresh": "r1"}, "same-origin"], ["/x", "Bearer a2", None, "same-origin"],
            ["/api/token/blacklist/", None, {"refresh": "r2"}, "same-origin"],
        ],
    ),
    "dj-rest-auth": (
        """{ "/dj-rest-auth/login/": { access: made("a1"), refresh: "r1", user: { pk: 7, username: "ada" } },
            "/dj-rest-auth/token/refresh/": { access: made("a2"), access_expiration: "2026-01-01T00:00:00Z" } }""",
        [
            ["/dj-rest-auth/login/", None, CREDENTIALS, "same-origin"], ["/x", "Bearer a1", None, "same-origin"],
            ["/dj-rest-auth/token/refresh/", None, {"refresh": "r1"}, "same-origin"], ["/x", "Bearer a2", None, "same-origin"],
            ["/dj-rest-auth/logout/", None, {"refresh": "r1"}, "same-origin"],
        ],
    ),
    "dj-rest-auth-cookies": (
        """{ "/dj-rest-auth/login/": { access: made("a1"), refresh: "", user: { pk: 7, username: "ada" } },
            "/dj-rest-auth/token/refresh/": { access: made("a2") } }""",
        [
            ["/dj-rest-auth/login/", None, CREDENTIALS, "include"], ["/x", "Bearer a1", None, "same-origin"],
            ["/dj-rest-auth/token/refresh/", None, {}, "include"], ["/x", "Bearer a2", None, "same-origin"],
            ["/dj-rest-auth/logout/", None, {}, "include"],
        ],
    ),
    "drf-jwt": (
        """{ "/api-token-auth/": { pk: 1, token: made("a1") }, "/api-token-refresh/": { pk: 2, token: made("a2") } }""",
        [
            ["/api-token-auth/", None, CREDENTIALS, "same-origin"], ["/x", "JWT a1", None, "same-origin"],
            ["/api-token-refresh/", None, {"token": "a1"}, "same-origin"], ["/x", "JWT a2", None, "same-origin"],
            ["/api-token-blacklist/", "JWT a2", {}, "same-origin"],
        ],
    ),
}
# `speak(dialect, bodies)`: a client whose service answers with these bodies by path.
SPEAK = """
    const speak = (dialect, bodies) => {
        answers = (path) => bodies[path] ? json(path === "/api-token-auth/" ? 201 : 200, bodies[path]) : null;
        return new Martlet({ dialect });
    };
"""


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_session_in_the_words_of_the_dialect(run, dialect):
    bodies, expected = DIALECTS[dialect]
    user, left, transcript = run(f"""
        {SPEAK}
        const client = speak("{dialect}", {bodies});
        const who = await client.login({{ username: "ada", password: "p" }});
        const left = client.expiresAt - Date.now();
        await client.fetch("/x");
        await client.refresh();
        await client.fetch("/x");
        await client.logout();
        const bare = (value) => typeof value === "string" && value.includes(".") ? value.split(".").pop() : value;
        return [who, left, sent.map((request) => [
            request.path, request.scheme && `${{request.scheme}} ${{request.token}}`,
            request.body && JSON.parse(request.body, (_, value) => bare(value)) || null, request.credentials,
        ])];
    """)
    assert (user["id"], user["username"]) == ("7", "ada")
    assert 290_000 < left <= 300_000
    assert transcript == expected


def test_another_tab_takes_the_session_up_without_a_cookie(run):
    """And goes on with it, though all that the first tab has is about to end."""
    assert run(f"""
        {SPEAK}
        const bodies = {DIALECTS["simplejwt"][0]};
        const first = speak("simplejwt", bodies);
        await first.login({{ username: "ada", password: "p" }});
        const later = Date.now;
        Date.now = () => later() + 299_000;
        const second = new Martlet({{ dialect: "simplejwt" }});
        const restored = await second.restore();
        await second.fetch("/x");
        await new Promise((resolve) => setTimeout(resolve, 50));
        const isShared = first.accessToken === second.accessToken;
        return [restored, second.user.username, to("/api/token/refresh/").length, to("/x")[0].token, isShared];
    """) == [True, "ada", 1, "a2", True]


def test_tokens_of_a_body_are_in_no_storage(run):
    assert run(f"""
        {SPEAK}
        await speak("simplejwt", {DIALECTS["simplejwt"][0]}).login({{ username: "ada", password: "p" }});
        const stored = JSON.stringify([{{ ...localStorage }}, {{ ...sessionStorage }}, document.cookie]);
        return ["a1", "r1"].some((secret) => stored.includes(secret));
    """) is False


def test_a_reload_without_another_tab_ends_the_session_in_silence(run):
    assert run(f"""
        {SPEAK}
        await speak("simplejwt", {DIALECTS["simplejwt"][0]}).login({{ username: "ada", password: "p" }});
        BroadcastChannel.prototype.postMessage = () => {{}};
        return [await new Martlet({{ dialect: "simplejwt" }}).restore(), sent.length];
    """) == [False, 1]


# What such a service says at login and refresh, and what it is to the page.
REFUSALS = [
    ("login", 401, {"detail": "No active account found"}, ["invalid_credentials", "No active account found", {}]),
    ("login", 400, {"non_field_errors": ["Unable to log in."]}, ["invalid_credentials", "Unable to log in.", {}]),
    ("login", 400, {"username": ["This field may not be blank."]},
     ["validation_failed", "This field may not be blank.", {"username": [{"code": "invalid", "detail": "This field may not be blank."}]}]),
    ("login", 429, {"detail": "Request was throttled."}, ["rate_limited", "Request was throttled.", {}]),
    ("login", 502, {}, ["bad_response", "The service answered with status 502.", {}]),
    ("refresh", 401, {"detail": "Token is expired", "code": "token_not_valid"}, ["session_ended", "Token is expired", {}]),
    ("refresh", 400, {"non_field_errors": ["Refresh has expired."]}, ["session_ended", "Refresh has expired.", {}]),
]


@pytest.mark.parametrize("call, status, body, expected", REFUSALS)
def test_refusals_of_the_framework_get_a_code(run, call, status, body, expected):
    code, detail, fields, signed_in = run(f"""
        {SPEAK}
        const client = speak("simplejwt", {DIALECTS["simplejwt"][0]});
        if ("{call}" === "refresh") await client.login({{ username: "ada", password: "p" }});
        answers = () => json({status}, {json.dumps(body)});
        const error = await caught("{call}" === "refresh" ? client.refresh() : client.login({{ username: "ada", password: "p" }}));
        return [error.code, error.detail, error.fields, client.user !== null];
    """)
    assert [code, detail, fields] == expected
    assert not signed_in


@pytest.mark.parametrize("body", [{"detail": "Given token not valid", "code": "token_not_valid"}, {"detail": "Token has expired."}])
def test_an_api_of_the_framework_is_asked_again_with_a_new_token(run, body):
    assert run(f"""
        {SPEAK}
        const bodies = {DIALECTS["simplejwt"][0]};
        const client = speak("simplejwt", bodies);
        await client.login({{ username: "ada", password: "p" }});
        answers = (path, attempt) => bodies[path] ? json(200, bodies[path]) : attempt === 1 ? json(401, {json.dumps(body)}) : null;
        return [(await client.fetch("/x")).status, to("/x").map((request) => request.token)];
    """) == [200, ["a1", "a2"]]


def test_a_sign_out_of_nobody_asks_nobody(run):
    assert run("""
        const client = new Martlet({ dialect: "simplejwt" });
        await client.logout();
        return sent.length;
    """) == 0


def test_what_a_dialect_lacks_is_told_at_once(run):
    assert run("""
        const client = new Martlet({ dialect: "simplejwt" });
        const errors = [await caught(client.reloadUser()), await caught(client.logout({ everywhere: true })),
            await caught(new Promise(() => new Martlet({ dialect: "none" })))];
        return [errors.map((error) => error instanceof TypeError), sent.length];
    """) == [[True, True, True], 0]
