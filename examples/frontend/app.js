/**
 * The page of index.html: the story of a session told in words. The session itself is martlet.js's; this file shows how
 * an application uses it, whatever the endpoints behind it are called.
 */

import { DIALECTS, Martlet, MartletError } from "./martlet.js";

const CONFIG = {
    /** Origin of the service: a Martlet, or a Django with one of the packages. */
    issuer: "http://localhost:8080",
    /** A name in DIALECTS. */
    dialect: "native",
    /** A protected resource: a path of the service, or the address of another API. */
    api: "/api/v1/users/me",
};
// The query string changes these on a developer's machine alone: elsewhere a link could send passwords to a stranger.
const isLocal = ["localhost", "127.0.0.1"].includes(location.hostname);
if (isLocal) {
    const wanted = Object.fromEntries(new URLSearchParams(location.search));
    if (URL.canParse(wanted.issuer)) CONFIG.issuer = wanted.issuer;
    if (Object.hasOwn(DIALECTS, wanted.dialect)) CONFIG.dialect = wanted.dialect;
    if (URL.canParse(wanted.api, CONFIG.issuer)) CONFIG.api = wanted.api ?? CONFIG.api;
}

const $ = (/** @type {string} */ id) => /** @type {any} */ (document.getElementById(id));
const resource = new URL(CONFIG.api, CONFIG.issuer);
const martlet = new Martlet({ issuer: CONFIG.issuer, dialect: CONFIG.dialect, origins: [resource.origin] });
/** Whether an access token that has expired is the end: nothing else renews it. */
const renewsItself = DIALECTS[CONFIG.dialect].renewal === DIALECTS[CONFIG.dialect].access;
let lifetime = 0;
let retryAt = 0;

martlet.addEventListener("change", (event) => {
    const { reason, otherTab } = /** @type {CustomEvent} */ (event).detail;
    if (martlet.accessToken) signedIn(reason, otherTab); else signedOut(reason, otherTab);
});
wireConnection();
wireSignIn();
wireSession();
setInterval(tick, 250);
document.addEventListener("visibilitychange", tick);
start();

async function start() {
    try {
        if (!(await martlet.restore())) show("signed-out");
    } catch (error) {
        show("signed-out");
        notify(describe(error));
    }
}

function signedIn(/** @type {string} */ reason, /** @type {boolean} */ otherTab) {
    const isNews = $("signed-in").hidden;
    lifetime = martlet.expiresAt - Date.now();
    retryAt = 0;
    if (isNews) {
        const name = martlet.user?.username ?? `user ${martlet.user?.id}`;
        $("welcome").textContent = `Hello, ${name}.`;
        $("log").replaceChildren();
        notify("");
        show("signed-in");
        note(reason === "login" && !otherTab ? `Signed in as ${name}.` : "The session was taken up again.");
        if (!otherTab) $("welcome").focus();
    } else if (reason === "refreshed") {
        note(otherTab ? "Another tab renewed the access token." : "The access token was renewed.");
    }
    tick();
}

function signedOut(/** @type {string} */ reason, /** @type {boolean} */ otherTab) {
    // Nothing of the account stays behind in the page.
    for (const id of ["welcome", "answer", "log"]) $(id).replaceChildren();
    $("answer").hidden = true;
    showError("call-error", null);
    show("signed-out");
    notify(reason !== "logout" ? "Your session has ended. Please sign in again."
        : otherTab ? "You signed out in another tab." : "You are signed out.");
    if (!otherTab) $("username").focus();
}

function wireConnection() {
    $("dialect").textContent = CONFIG.dialect;
    $("resource").textContent = resource.origin === new URL(CONFIG.issuer).origin ? resource.pathname : resource.href;
    $("dialect-choice").append(...Object.keys(DIALECTS).map((name) => new Option(name, name, false, name === CONFIG.dialect)));
    $("issuer").value = CONFIG.issuer;
    $("api").value = CONFIG.api;
    $("legacy").search = new URLSearchParams({ base: CONFIG.issuer }).toString();
    $("connection").closest("details").hidden = !isLocal;
}

function wireSignIn() {
    $("sign-in").addEventListener("submit", (/** @type {SubmitEvent} */ event) => {
        event.preventDefault();
        const [username, password] = [$("username").value.trim(), $("password").value];
        clearProblems();
        if (!username) return showProblem("username", "Please enter your username.");
        if (!password) return showProblem("password", "Please enter your password.");
        whileBusy($("sign-in").querySelector("button"), async () => {
            await martlet.login({ username, password });
            $("sign-in").reset();
        }).catch(showSignInError);
    });
}

function wireSession() {
    $("keep").checked = renewsItself;
    $("call").addEventListener("click", () => whileBusy($("call"), callTheAPI).catch(callFailed));
    $("refresh").addEventListener("click", () => whileBusy($("refresh"), () => martlet.refresh()).catch(failed));
    $("sign-out").addEventListener("click", () => whileBusy($("sign-out"), () => martlet.logout()).catch(failed));
}

async function callTheAPI() {
    showError("call-error", null);
    const response = await martlet.fetch(resource, { headers: { Accept: "application/json" } }).catch((error) => {
        throw error instanceof MartletError ? error : new MartletError({ code: "network_error", detail: "No answer.", cause: error });
    });
    const body = await response.json().catch(() => null);
    if (!martlet.accessToken) return;
    $("answer").textContent = JSON.stringify(body, null, 2) ?? "";
    $("answer").hidden = body === null;
    note(response.ok ? `The API knows you: it answered ${response.status}.` : `The API refused: ${response.status}.`);
    if (!response.ok) showError("call-error", body?.detail ?? `The API answered with status ${response.status}.`);
}

/** Moves the clock on, and renews the token in time when that is wanted and somebody is looking. */
function tick() {
    if (!martlet.accessToken) return;
    const left = Math.max(0, /** @type {number} */ (martlet.expiresAt) - Date.now());
    const seconds = Math.ceil(left / 1000);
    $("left").textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    $("bar").style.inlineSize = `${Math.min(100, 100 * left / lifetime)}%`;
    const isDue = Date.now() >= /** @type {number} */ (martlet.refreshAt);
    $("signed-in").dataset.token = left === 0 ? "expired" : isDue ? "ending" : "good";
    const expired = renewsItself ? "It has expired, and nothing else renews it." : "It has expired. The next call gets a new one first.";
    setText("state", left === 0 ? expired : isDue ? "It is about to end. The next call renews it first." : "It is good.");
    if (isDue && $("keep").checked && Date.now() >= retryAt && document.visibilityState === "visible") {
        retryAt = Date.now() + RETRY_PAUSE;
        martlet.refresh().catch(failed);
    }
}

/** Runs the work a button stands for; a second press meanwhile does nothing. */
async function whileBusy(/** @type {HTMLButtonElement} */ button, /** @type {() => Promise<unknown>} */ work) {
    if (button.getAttribute("aria-disabled") === "true") return;
    button.setAttribute("aria-disabled", "true"); // Not `disabled`, which would throw the focus away.
    try {
        await work();
    } finally {
        button.removeAttribute("aria-disabled");
    }
}

/** A sentence for people about anything that went wrong. */
function describe(/** @type {unknown} */ error) {
    if (!(error instanceof MartletError)) return "Something went wrong in this page. Reload it and try again.";
    const { host } = new URL(CONFIG.issuer);
    if (error.status === 404) return `${host} has no ${CONFIG.dialect} endpoints.`;
    switch (error.code) {
    case "network_error": return `${host} could not be reached, or has no ${CONFIG.dialect} endpoints that this page may call.`;
    case "invalid_credentials": return "That name and password do not belong together.";
    case "rate_limited": return `Too many attempts. Try again ${error.retryAfter ? `in ${error.retryAfter} s` : "in a while"}.`;
    case "missing_token":
    case "session_ended": return "Your session has ended. Please sign in again.";
    default: return error.detail;
    }
}

function showSignInError(/** @type {unknown} */ error) {
    const named = error instanceof MartletError
        ? Object.entries(error.fields).filter(([name]) => ["username", "password"].includes(name)) : [];
    for (const [name, problems] of named) showProblem(name, problems.map((problem) => problem.detail).join(" "));
    if (named.length > 0) return;
    showError("sign-in-error", describe(error));
    $("password").select();
    $("password").focus();
}

function showProblem(/** @type {string} */ field, /** @type {string} */ text) {
    showError(`${field}-error`, text);
    $(field).setAttribute("aria-invalid", "true");
    $(field).setAttribute("aria-describedby", `${field}-error`);
    $(field).focus();
}

function clearProblems() {
    for (const id of ["sign-in-error", "username-error", "password-error"]) showError(id, null);
    for (const field of ["username", "password"]) {
        $(field).removeAttribute("aria-invalid");
        $(field).removeAttribute("aria-describedby");
    }
}

function showError(/** @type {string} */ id, /** @type {string | null} */ text) {
    $(id).textContent = text ?? "";
    $(id).hidden = !text;
}

function callFailed(/** @type {unknown} */ error) {
    if (martlet.accessToken) showError("call-error", describe(error));
}

/** What the end of the session does not say already. */
function failed(/** @type {unknown} */ error) {
    if (martlet.accessToken) note(describe(error));
}

function note(/** @type {string} */ text) {
    const [item, time, words] = ["li", "time", "span"].map((tag) => document.createElement(tag));
    time.textContent = new Date().toTimeString().slice(0, 8);
    words.textContent = text;
    item.append(time, " ", words);
    $("log").append(item);
}

function notify(/** @type {string} */ text) {
    setText("notice", text);
}

/** Only what is another text than before is a change, and heard. */
function setText(/** @type {string} */ id, /** @type {string} */ text) {
    if ($(id).textContent !== text) $(id).textContent = text;
}

function show(/** @type {string} */ view) {
    for (const name of ["signed-out", "signed-in"]) $(name).hidden = name !== view;
}

/** Milliseconds between two tries to renew a token. */
const RETRY_PAUSE = 5000;
