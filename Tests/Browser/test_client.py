"""js/martlet.js, the client others copy, in a real browser against a scripted network: what it sends, repeats and refuses.

Needs what test_page.py needs; of the service only that it serves the file.
"""

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
        const token = request.headers.get("Authorization")?.split(".").pop() ?? null;
        sent.push({ method: request.method, path, token, body: init.body instanceof ReadableStream ? "stream" : await request.text() });
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
