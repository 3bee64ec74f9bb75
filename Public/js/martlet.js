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
 *
 * The endpoints of djangorestframework-simplejwt, dj-rest-auth and drf-jwt are spoken as well, Martlet's or Django's own:
 *
 *     const martlet = new Martlet({ issuer: "https://api.example.org", dialect: "simplejwt" });
 *
 * A dialect is a table of paths and names (`DIALECTS`); one of your own will do, say
 * `{ ...DIALECTS.simplejwt, login: "/auth/jwt/create/" }`. Where the refresh token comes in a body it stays in memory, too,
 * shared by the tabs: a reload keeps the session only while another tab has it. Prefer a cookie (`native`,
 * `dj-rest-auth-cookies`). With `drf-jwt` the access token renews itself: one that has expired is the end of the session.
 */

/** Where a dialect has no `user`, `id` and perhaps `username` are all that is known; dj-rest-auth has members of its own.
 * @typedef {{ id: string, username: string, email: string | null, email_verified: boolean, display_name: string | null,
 *    roles: string[], is_active: boolean, created_at: string, last_login_at: string | null }} User */
/** @typedef {Record<string, { code: string, detail: string }[]>} FieldErrors */
/** Why the state changed: what was called here or in another tab, or the code with which the service ended the session.
 * @typedef {"login" | "register" | "refreshed" | "user" | "logout" | "session_ended" | "refresh_replayed" | string} ChangeReason */

/**
 * What a group of endpoints has its own words for. A path that is missing is an endpoint that is not there.
 * @typedef {object} Dialect
 * @property {string} scheme what stands before the access token in `Authorization`
 * @property {string} login
 * @property {string} refresh
 * @property {string} logout
 * @property {string} [logoutEverywhere]
 * @property {string} [register]
 * @property {string} [user] who is signed in; without it that is read from the token
 * @property {string} access the member of an answer that is the access token
 * @property {string} [renewal] the member, of answers and of bodies sent, that is the token which renews; without it a cookie is
 * @property {boolean} [logoutByAccess] whether it is the access token that says which session ends, not the one which renews
 * @property {object} [besides] further members of every request for tokens
 */

/** @type {Record<string, Dialect>} */
export const DIALECTS = {
    "native": {
        scheme: "Bearer", access: "access", logoutByAccess: true, besides: { transport: "cookie" },
        login: "/auth/login", register: "/auth/register", refresh: "/auth/refresh",
        logout: "/auth/logout", logoutEverywhere: "/auth/logout-all", user: "/api/v1/users/me",
    },
    "simplejwt": {
        scheme: "Bearer", access: "access", renewal: "refresh",
        login: "/api/token/", refresh: "/api/token/refresh/", logout: "/api/token/blacklist/",
    },
    "dj-rest-auth": {
        scheme: "Bearer", access: "access", renewal: "refresh",
        login: "/dj-rest-auth/login/", refresh: "/dj-rest-auth/token/refresh/", logout: "/dj-rest-auth/logout/",
        user: "/dj-rest-auth/user/",
    },
    "dj-rest-auth-cookies": {
        scheme: "Bearer", access: "access",
        login: "/dj-rest-auth/login/", refresh: "/dj-rest-auth/token/refresh/", logout: "/dj-rest-auth/logout/",
        user: "/dj-rest-auth/user/",
    },
    "drf-jwt": {
        scheme: "JWT", access: "token", renewal: "token", logoutByAccess: true,
        login: "/api-token-auth/", refresh: "/api-token-refresh/", logout: "/api-token-blacklist/",
    },
};

/** A request that failed. Compare `code`, show `detail`, quote `requestId` to the operator. */
export class MartletError extends Error {
    /** @param {{ status?: number, code: string, detail: string, fields?: FieldErrors, requestId?: string | null,
     *    retryAfter?: number | null, cause?: unknown }} members */
    constructor({ status = 0, code, detail, fields = {}, requestId = null, retryAfter = null, cause }) {
        super(detail, { cause });
        this.name = "MartletError";
        /** HTTP status; 0 when no answer came. */
        this.status = status;
        /** A code of the service's contract, in whichever dialect; `network_error` when no answer came, `bad_response` when it says
         * nothing of the kind. */
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
    #dialect;
    #issuer;
    #origins;
    #channel;
    #name;
    /** @type {string | null} */ #access = null;
    /** @type {string | null} */ #renewal = null;
    /** @type {User | null} */ #user = null;
    #expiresAt = 0;
    #margin = 0;
    /** @type {Promise<void> | null} */ #refreshing = null;
    /** @type {Promise<unknown>} */ #queue = Promise.resolve();
    #answered = () => {};

    /**
     * @param {{ issuer?: string, origins?: string[], dialect?: string | Dialect }} options `issuer`: origin of the service.
     *   `origins`: those beside the issuer's and the page's own to which `fetch` may send the access token. `dialect`: a name
     *   in `DIALECTS`, or a table like those.
     * @throws {TypeError} for a dialect that is not there
     */
    constructor({ issuer = location.origin, origins = [], dialect = "native" } = {}) {
        super();
        const table = typeof dialect === "string" ? DIALECTS[dialect] : dialect;
        if (!table) throw new TypeError(`There is no dialect "${dialect}".`);
        this.#dialect = table;
        this.#issuer = new URL(issuer).origin;
        this.#origins = new Set([issuer, location.origin, ...origins].map((origin) => new URL(origin).origin));
        this.#name = `martlet ${this.#issuer}${table.login}`;
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
        const path = this.#path(everywhere ? "logoutEverywhere" : "logout");
        try {
            if (this.#dialect.logoutByAccess) await this.call("POST", path, {});
            else await this.#exclusively(async () => this.#send("POST", path, this.#renewing(), { refusal: "session_ended" }));
        } catch (error) {
            if (!isOver(error)) throw error;
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
            if (!isOver(error)) throw error;
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
        if (!this.#access) throw nobody();
        return this.#access;
    }

    /**
     * `fetch` with the access token. A token that is about to end is renewed first; one that is refused all the same
     * (a 401 that blames nothing else) is renewed and the request sent once more. A body given as a
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
            headers.set("Authorization", `${this.#dialect.scheme} ${access}`);
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
        const init = { ...jsonRequest(method, body), credentials: this.#credentials };
        return decoded(await answered(this.fetch(new URL(path, this.#issuer), init)));
    }

    /**
     * Asks the service who is signed in, for instance after a change.
     * @returns {Promise<User>}
     * @throws {MartletError}
     */
    async reloadUser() {
        const user = identified(await this.call("GET", this.#path("user")));
        this.#user = user;
        this.#tell("user");
        return user;
    }

    async #open(/** @type {"login" | "register"} */ reason, /** @type {any} */ body) {
        const path = this.#path(reason);
        return this.#exclusively(async () => {
            const session = await this.#obtain(path, body, "invalid_credentials");
            const user = await this.#whose(session, body.username);
            this.#adopt(session, user, reason);
            return user;
        });
    }

    async #renew(/** @type {string | null} */ stale) {
        if (this.#access !== stale) return; // While we waited for the lock another tab renewed it, or signed out.
        if (await this.#askOtherTabs()) return;
        const body = this.#renewing();
        try {
            const session = await this.#obtain(this.#dialect.refresh, body, "session_ended");
            this.#adopt(session, await this.#whose(session), "refreshed");
        } catch (error) {
            if (isOver(error)) this.#close(/** @type {MartletError} */ (error).code);
            throw error;
        }
    }

    /** One request for tokens: what the answer says in any dialect. `refusal` is the code of a 401 that has none of its own. */
    async #obtain(/** @type {string} */ path, /** @type {any} */ body, /** @type {string} */ refusal) {
        const { access: name, renewal, besides } = this.#dialect;
        const answer = await this.#send("POST", path, { ...body, ...besides }, { refusal });
        const access = answer?.[name];
        if (typeof access !== "string") throw new MartletError({ code: "bad_response", detail: "The answer has no access token." });
        const claims = answer.expires_in === undefined ? decodeToken(access).claims : {};
        const seconds = answer.expires_in ?? claims.exp - (claims.iat ?? Date.now() / 1000);
        // Who does not rotate answers without: what was sent stays good.
        const next = renewal ? answer[renewal] || body[renewal] || null : null;
        return { access, lifetime: 1000 * seconds, user: answer.user, renewal: next };
    }

    /** Whose tokens these are, with as few questions as possible. */
    async #whose(/** @type {any} */ { access, user }, /** @type {string | undefined} */ username) {
        if (user) return identified(user);
        if (this.#user && this.#access && subject(this.#access) === subject(access)) return this.#user;
        if (this.#dialect.user) return identified(await this.#send("GET", this.#dialect.user, undefined, { access }));
        return { id: subject(access), username: username ?? decodeToken(access).claims.username ?? null };
    }

    /** The body that asks for renewal, or for an end, by the token which renews. */
    #renewing() {
        if (this.#isBare) throw nobody();
        return this.#dialect.renewal ? { [this.#dialect.renewal]: this.#renewal } : {};
    }

    /** Whether this tab has nothing to renew by: no token, and no cookie that might be there. */
    get #isBare() {
        return this.#dialect.renewal !== undefined && this.#renewal === null;
    }

    /** The service may set and take away its cookie; where there is none, none is to go along. */
    get #credentials() {
        return /** @type {RequestCredentials} */ (this.#dialect.renewal ? "same-origin" : "include");
    }

    #path(/** @type {keyof Dialect} */ name) {
        const path = this.#dialect[name];
        if (typeof path !== "string") throw new TypeError(`This dialect has no "${name}".`);
        return path;
    }

    /** Whether another tab holds a later token. Its message may be slower than its lock, so ask, and wait a moment. */
    #askOtherTabs() {
        return new Promise((resolve) => {
            const timer = setTimeout(() => resolve(false), ANSWER_WAIT);
            this.#answered = () => { clearTimeout(timer); resolve(true); };
            this.#channel.postMessage({ type: "ask", after: this.#expiresAt, isBare: this.#isBare });
        });
    }

    #hear(/** @type {any} */ message) {
        const isFresh = this.#expiresAt > message.after && Date.now() < this.#expiresAt - this.#margin;
        if (message.type === "ask" && this.#access && (isFresh || message.isBare)) {
            this.#tell("refreshed", false);
        } else if (message.type === "token" && this.#supersedes(message)) {
            const { access, renewal, expiresAt, margin, user } = message;
            [this.#access, this.#renewal, this.#expiresAt, this.#margin, this.#user] = [access, renewal, expiresAt, margin, user];
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
        this.#renewal = session.renewal;
        this.#expiresAt = Date.now() + session.lifetime;
        this.#margin = Math.min(15_000, session.lifetime / 3);
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
        this.#access = this.#renewal = this.#user = null;
        this.#expiresAt = this.#margin = 0;
    }

    #tell(/** @type {ChangeReason} */ reason, changed = true) {
        this.#channel.postMessage({
            type: "token", reason, access: this.#access, renewal: this.#renewal, expiresAt: this.#expiresAt, margin: this.#margin,
            user: this.#user,
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
     * @param {{ access?: string, refusal?: string }} options `refusal`: the code of a 401 that has none of its own
     */
    async #send(method, path, body, { access, refusal } = {}) {
        const { headers, ...init } = jsonRequest(method, body);
        if (access) headers.set("Authorization", `${this.#dialect.scheme} ${access}`);
        const [signal, credentials] = [AbortSignal.timeout(REQUEST_LIMIT), this.#credentials];
        return decoded(await answered(fetch(new URL(path, this.#issuer), { ...init, headers, signal, credentials })), refusal);
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

/** Whether a 401 is one that a new access token may mend; a wrong password, say, is not. An API that gives no code may mean the token. */
async function isStale(/** @type {Response} */ response) {
    const code = await response.clone().json().then((body) => body?.code, () => null);
    return !code || ["token_expired", "token_revoked", "invalid_token", "token_not_valid"].includes(code);
}

/** Whether an error says that the session is over, so that asking again is of no use. */
function isOver(/** @type {unknown} */ error) {
    return error instanceof MartletError && (error.status === 401 || error.code === "session_ended");
}

function nobody() {
    return new MartletError({ status: 401, code: "missing_token", detail: "Nobody is signed in." });
}

/** Whom a token speaks for, as text; where a dialect calls it otherwise, the same for all that are not told apart. */
function subject(/** @type {string} */ token) {
    const { user_id, sub, username } = decodeToken(token).claims;
    return String(user_id ?? sub ?? username ?? "");
}

/** dj-rest-auth calls the id `pk`. */
function identified(/** @type {any} */ user) {
    return user.pk === undefined ? user : { id: String(user.pk), ...user };
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

async function decoded(/** @type {Response} */ response, /** @type {string | undefined} */ refusal) {
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
    const { non_field_errors: general = [], ...fields } = body?.fields ?? problems(body);
    const told = [...general, ...Object.values(fields).flat()].map((problem) => problem.detail).join(" ");
    throw new MartletError({
        status: response.status,
        code: codeOf(response.status, body?.code, refusal, general.length > 0, told !== ""),
        detail: body?.detail ?? (told || `The service answered with status ${response.status}.`),
        fields,
        requestId: body?.request_id ?? response.headers.get("X-Request-Id"),
        retryAfter: seconds === null || Number.isNaN(seconds) ? null : Math.max(0, seconds),
    });
}

/** Django REST framework's lists of sentences by field. */
function problems(/** @type {any} */ body) {
    const lists = Object.entries(body ?? {}).filter(([, texts]) => Array.isArray(texts) && texts.every((text) => typeof text === "string"));
    return Object.fromEntries(lists.map(([field, texts]) => [field, texts.map((detail) => ({ code: "invalid", detail }))]));
}

function codeOf(/** @type {number} */ status, /** @type {string | undefined} */ own, /** @type {string | undefined} */ refusal,
    /** @type {boolean} */ isGeneral, /** @type {boolean} */ isInvalid) {
    if (own && own !== "token_not_valid") return own;
    if (status === 429) return "rate_limited";
    if (status === 401 || (isGeneral && refusal)) return refusal ?? own ?? "invalid_token";
    return isInvalid ? "validation_failed" : "bad_response";
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
