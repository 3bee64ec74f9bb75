/**
 * Martlet's client for browser applications: one file, no dependencies; copy it into yours.
 *
 *     import { Martlet, MartletError } from "./martlet.js";
 *     const martlet = new Martlet({ issuer: "https://auth.example.org" });
 *     martlet.addEventListener("change", ({ detail }) => render(martlet.user, detail.reason));
 *     await martlet.restore() || await martlet.login({ username, password });
 *     const response = await martlet.fetch("/api/orders");
 *
 * The refresh token lives in an HttpOnly cookie no script can read; the access token in memory alone, never in storage.
 * All tabs of an origin share one session and make one refresh: a Web Lock lets one tab at a time talk to the token
 * endpoints, and a BroadcastChannel hands the new access token to the rest. Where locks are missing (plain http off
 * loopback) tabs may refresh at once; the service's grace period answers them all.
 */

/** @typedef {{ id: string, username: string, email: string | null, email_verified: boolean, display_name: string | null,
 *    roles: string[], is_active: boolean, created_at: string, last_login_at: string | null }} User */
/** @typedef {Record<string, { code: string, detail: string }[]>} FieldErrors */
/** Why the state changed: what was called here or in another tab, or the code with which the service ended the session.
 * @typedef {"login" | "register" | "refreshed" | "user" | "logout" | "session_ended" | "refresh_replayed" | string} ChangeReason */

/** A request that failed. Compare `code`, show `detail`, quote `requestId` to the operator. */
export class MartletError extends Error {
    /** @param {{ status?: number, code: string, detail: string, fields?: FieldErrors, requestId?: string | null,
     *    retryAfter?: number | null, cause?: unknown }} members */
    constructor({ status = 0, code, detail, fields = {}, requestId = null, retryAfter = null, cause }) {
        super(detail, { cause });
        this.name = "MartletError";
        /** HTTP status; 0 when no answer came. */
        this.status = status;
        /** A code of the service's contract, or `network_error` when no answer came, or `bad_response` when it was not Martlet's. */
        this.code = code;
        /** A sentence for people. */
        this.detail = detail;
        /** What is wrong with which field, when `code` is `validation_failed`. */
        this.fields = fields;
        /** Under which the service logged the request. */
        this.requestId = requestId;
        /** Seconds to wait before trying again, when the service said so. */
        this.retryAfter = retryAfter;
    }
}

/**
 * The session of this browser with one issuer. Dispatches `change`, a CustomEvent whose detail is
 * `{ reason: ChangeReason, otherTab: boolean }`, whenever `user` or the access token is another one than before.
 */
export class Martlet extends EventTarget {
    #issuer;
    #origins;
    #channel;
    #name;
    /** @type {string | null} */ #access = null;
    /** @type {User | null} */ #user = null;
    #expiresAt = 0;
    #margin = 0;
    /** @type {Promise<void> | null} */ #refreshing = null;
    /** @type {Promise<unknown>} */ #queue = Promise.resolve();
    #answered = () => {};

    /**
     * @param {{ issuer?: string, origins?: string[] }} options `issuer`: origin of the service. `origins`: those beside
     *   the issuer's and the page's own to which `fetch` may send the access token.
     */
    constructor({ issuer = location.origin, origins = [] } = {}) {
        super();
        this.#issuer = new URL(issuer).origin;
        this.#origins = new Set([issuer, location.origin, ...origins].map((origin) => new URL(origin).origin));
        this.#name = `martlet ${this.#issuer}`;
        this.#channel = new BroadcastChannel(this.#name);
        this.#channel.addEventListener("message", (event) => this.#hear(event.data));
    }

    /** Who is signed in, as the service last told; null when nobody is. */
    get user() { return this.#user; }

    /** The access token, perhaps about to expire; null when signed out. To send one yourself, ask `token()`. */
    get accessToken() { return this.#access; }

    /** When the access token ends, in milliseconds of this machine's clock; null when signed out. */
    get expiresAt() { return this.#access ? this.#expiresAt : null; }

    /** From when on the access token is renewed before use: 15 s before it ends, for very short lives a third of them. */
    get refreshAt() { return this.#access ? this.#expiresAt - this.#margin : null; }

    /**
     * Opens a session; name the account by `username` or by a verified `email`.
     * @param {{ username?: string, email?: string, password: string }} credentials
     * @returns {Promise<User>}
     * @throws {MartletError} `invalid_credentials`, `rate_limited`, …
     */
    login({ username, email, password }) {
        return this.#open("login", { username, email, password });
    }

    /**
     * Creates an account and opens its first session.
     * @param {{ username: string, password: string, email?: string }} account
     * @returns {Promise<User>}
     * @throws {MartletError} `validation_failed`, `weak_password`, `username_taken`, …
     */
    register({ username, password, email }) {
        return this.#open("register", { username, password, email });
    }

    /**
     * Ends this session, or with `everywhere` all of the user's. When no answer comes it throws and nothing is changed:
     * the cookie is out of a script's reach, so pretending to be signed out would be a lie.
     * @param {{ everywhere?: boolean }} options
     * @throws {MartletError}
     */
    async logout({ everywhere = false } = {}) {
        try {
            await this.call("POST", everywhere ? "/auth/logout-all" : "/auth/logout", {});
        } catch (error) {
            if (!(error instanceof MartletError) || error.status !== 401) throw error;
        }
        // Behind a refresh under way in another tab, so that its token does not arrive after the news of the end.
        await this.#exclusively(async () => this.#close("logout"));
    }

    /**
     * At page load: takes up the session that this browser had, from another tab or with a silent refresh. Makes no
     * request when there was none.
     * @returns {Promise<boolean>} whether somebody is signed in now
     * @throws {MartletError} when the service could not be asked; the session may still be there, so try again.
     */
    async restore() {
        if (this.#access) return true;
        if (!remembered(this.#name)) return false;
        try {
            await this.refresh();
        } catch (error) {
            if (!(error instanceof MartletError) || error.status !== 401) throw error;
        }
        return this.#access !== null;
    }

    /**
     * Gets a new access token; calls at the same time, from whichever tab, share one request.
     * @returns {Promise<void>}
     * @throws {MartletError}
     */
    refresh() {
        const stale = this.#access;
        this.#refreshing ??= this.#exclusively(() => this.#renew(stale)).finally(() => { this.#refreshing = null; });
        return this.#refreshing;
    }

    /**
     * An access token fit to be sent, renewed first when it is about to end.
     * @returns {Promise<string>}
     * @throws {MartletError} `missing_token` when nobody is signed in
     */
    async token() {
        if (this.#access && Date.now() >= this.#expiresAt - this.#margin) {
            await this.refresh().catch((error) => {
                if (!this.#access || Date.now() >= this.#expiresAt) throw error;
            });
        }
        if (!this.#access) throw new MartletError({ status: 401, code: "missing_token", detail: "Nobody is signed in." });
        return this.#access;
    }

    /**
     * `fetch` with the access token. A token that is about to end is renewed first; one that is refused all the same
     * (401 expired, revoked or no longer valid) is renewed and the request sent once more. A body given as a
     * ReadableStream is spent by the first try: such a request is not repeated, its 401 is the answer.
     * @param {RequestInfo | URL} input
     * @param {RequestInit} [init]
     * @returns {Promise<Response>}
     * @throws {MartletError} when nobody is signed in (any more)
     * @throws {TypeError} for an origin not named to the constructor
     */
    async fetch(input, init = {}) {
        const original = input instanceof Request ? input : null;
        const { origin } = new URL(original ? original.url : input.toString(), location.href);
        if (!this.#origins.has(origin)) throw new TypeError(`The access token is not for ${origin}.`);
        const headers = new Headers(init.headers ?? original?.headers);
        const attempt = (/** @type {RequestInfo | URL} */ target, /** @type {string} */ access) => {
            headers.set("Authorization", `Bearer ${access}`);
            return fetch(target, { ...init, headers });
        };
        const repeatable = !(init.body instanceof ReadableStream);
        const access = await this.token();
        const response = await attempt(original && repeatable ? original.clone() : input, access);
        if (response.status !== 401 || !repeatable || !(await isStale(response))) return response;
        if (this.#access === access) await this.refresh();
        return attempt(input, await this.token());
    }

    /**
     * Calls the service's JSON API.
     * @param {string} method
     * @param {string} path
     * @param {object} [body]
     * @returns {Promise<any>} the decoded answer, null when it has no body
     * @throws {MartletError}
     */
    async call(method, path, body) {
        const response = await answered(this.fetch(new URL(path, this.#issuer), jsonRequest(method, body)));
        return decoded(response);
    }

    /**
     * Asks the service who is signed in, for instance after a change.
     * @returns {Promise<User>}
     * @throws {MartletError}
     */
    async reloadUser() {
        const user = await this.call("GET", "/api/v1/users/me");
        this.#user = user;
        this.#tell("user");
        return user;
    }

    async #open(/** @type {"login" | "register"} */ reason, /** @type {object} */ body) {
        return this.#exclusively(async () => {
            const session = await this.#send("POST", `/auth/${reason}`, { ...body, transport: "cookie" });
            this.#adopt(session, session.user, reason);
            return session.user;
        });
    }

    async #renew(/** @type {string | null} */ stale) {
        if (this.#access !== stale) return; // While we waited for the lock another tab renewed it, or signed out.
        if (await this.#askOtherTabs()) return;
        try {
            const session = await this.#send("POST", "/auth/refresh", { transport: "cookie" });
            const known = this.#user?.id === decodeToken(session.access).claims.sub;
            const user = known ? this.#user : await this.#send("GET", "/api/v1/users/me", undefined, session.access);
            this.#adopt(session, user, "refreshed");
        } catch (error) {
            if (error instanceof MartletError && error.status === 401) this.#close(error.code);
            throw error;
        }
    }

    /** Whether another tab holds a later token. Its message may be slower than its lock, so ask, and wait a moment. */
    #askOtherTabs() {
        return new Promise((resolve) => {
            const timer = setTimeout(() => resolve(false), ANSWER_WAIT);
            this.#answered = () => { clearTimeout(timer); resolve(true); };
            this.#channel.postMessage({ type: "ask", after: this.#expiresAt });
        });
    }

    #hear(/** @type {any} */ message) {
        if (message.type === "ask" && this.#access && this.#expiresAt > message.after && Date.now() < this.#expiresAt - this.#margin) {
            this.#tell("refreshed", false);
        } else if (message.type === "token" && this.#supersedes(message)) {
            ({ access: this.#access, expiresAt: this.#expiresAt, margin: this.#margin, user: this.#user } = message);
            this.#answered();
            this.#changed(message.reason, true);
        } else if (message.type === "closed" && this.#access) {
            this.#forget();
            this.#changed(message.reason, true);
        }
    }

    #supersedes(/** @type {any} */ { reason, access, expiresAt }) {
        if (reason === "login" || reason === "register") return true;
        return expiresAt > this.#expiresAt || (reason === "user" && access === this.#access);
    }

    #adopt(/** @type {any} */ session, /** @type {User | null} */ user, /** @type {ChangeReason} */ reason) {
        this.#access = session.access;
        this.#expiresAt = Date.now() + session.expires_in * 1000;
        this.#margin = Math.min(15_000, session.expires_in * 1000 / 3);
        this.#user = user;
        remember(this.#name, true);
        this.#tell(reason);
    }

    #close(/** @type {ChangeReason} */ reason) {
        this.#forget();
        remember(this.#name, false);
        this.#channel.postMessage({ type: "closed", reason });
        this.#changed(reason, false);
    }

    #forget() {
        this.#access = this.#user = null;
        this.#expiresAt = this.#margin = 0;
    }

    #tell(/** @type {ChangeReason} */ reason, changed = true) {
        this.#channel.postMessage({
            type: "token", reason, access: this.#access, expiresAt: this.#expiresAt, margin: this.#margin, user: this.#user,
        });
        if (changed) this.#changed(reason, false);
    }

    #changed(/** @type {ChangeReason} */ reason, /** @type {boolean} */ otherTab) {
        this.dispatchEvent(new CustomEvent("change", { detail: { reason, otherTab } }));
    }

    /**
     * @template T
     * @param {() => Promise<T>} work
     * @returns {Promise<T>}
     */
    #exclusively(work) {
        if (navigator.locks) return navigator.locks.request(this.#name, work);
        const turn = this.#queue.then(work);
        this.#queue = turn.catch(() => {});
        return turn;
    }

    /**
     * One request to the service, as it stands: no renewal, no repetition, and no waiting for ever with the lock held.
     * @param {string} method
     * @param {string} path
     * @param {object} [body]
     * @param {string} [access]
     */
    async #send(method, path, body, access) {
        const { headers, ...init } = jsonRequest(method, body);
        if (access) headers.set("Authorization", `Bearer ${access}`);
        const signal = AbortSignal.timeout(REQUEST_LIMIT);
        return decoded(await answered(fetch(new URL(path, this.#issuer), { ...init, headers, signal, credentials: "include" })));
    }
}

/**
 * What stands in a JWT, for display: nothing is verified here, so decide nothing by it.
 * @param {string} token
 * @returns {{ header: Record<string, any>, claims: Record<string, any> }}
 */
export function decodeToken(token) {
    const [header, claims] = token.split(".").slice(0, 2).map((part) => {
        const bytes = Uint8Array.from(atob(part.replaceAll("-", "+").replaceAll("_", "/")), (character) => character.charCodeAt(0));
        return JSON.parse(new TextDecoder().decode(bytes));
    });
    return { header, claims };
}

/** Whether a 401 is one that a new access token may mend; a wrong password, say, is not. */
async function isStale(/** @type {Response} */ response) {
    const code = await response.clone().json().then((body) => body?.code, () => null);
    if (code) return ["token_expired", "token_revoked", "invalid_token"].includes(code);
    return /error="?invalid_token"?/.test(response.headers.get("WWW-Authenticate") ?? ""); // RFC 6750 §3.1, another resource server.
}

function jsonRequest(/** @type {string} */ method, /** @type {object | undefined} */ body) {
    const headers = new Headers({ Accept: "application/json" });
    if (body) headers.set("Content-Type", "application/json");
    return { method, headers, body: body && JSON.stringify(body) };
}

async function answered(/** @type {Promise<Response>} */ request) {
    try {
        return await request;
    } catch (cause) {
        if (cause instanceof MartletError) throw cause;
        throw new MartletError({ code: "network_error", detail: "The service could not be reached.", cause });
    }
}

async function decoded(/** @type {Response} */ response) {
    const text = await response.text().catch(() => "");
    let body = null;
    try {
        if (text) body = JSON.parse(text);
    } catch (cause) {
        const { status } = response;
        if (response.ok) throw new MartletError({ status, code: "bad_response", detail: "The answer is not JSON.", cause });
    }
    if (response.ok) return body;
    const wait = response.headers.get("Retry-After");
    const seconds = wait === null ? null : /^\d+$/.test(wait) ? Number(wait) : Math.ceil((Date.parse(wait) - Date.now()) / 1000);
    throw new MartletError({
        status: response.status,
        code: body?.code ?? "bad_response",
        detail: body?.detail ?? `The service answered with status ${response.status}.`,
        fields: body?.fields,
        requestId: body?.request_id ?? response.headers.get("X-Request-Id"),
        retryAfter: seconds === null || Number.isNaN(seconds) ? null : Math.max(0, seconds),
    });
}

// The hint that there was a session is no secret, and storage may be switched off: then nothing is restored.
function remembered(/** @type {string} */ name) {
    try { return localStorage.getItem(name) !== null; } catch { return false; }
}

function remember(/** @type {string} */ name, /** @type {boolean} */ had) {
    try { had ? localStorage.setItem(name, "session") : localStorage.removeItem(name); } catch { /* As said above. */ }
}

/** Milliseconds: a tab in the background answers within a few. */
const ANSWER_WAIT = 100;
/** Milliseconds after which a request that no answer came to is given up. */
const REQUEST_LIMIT = 20_000;
