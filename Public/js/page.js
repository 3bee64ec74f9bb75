/**
 * The page at `/`: chooses the view that fits the state of the session, sends its forms, and keeps the clock of the
 * access token. The session itself is `martlet.js`'s, what the panels look like `panels.js`'s.
 */

import { Martlet, MartletError, decodeToken } from "./martlet.js";
import { addPasswordToggles, clock, describe, onSubmit, reset, showBox, whileBusy } from "./forms.js";
import { appendSessions, showCommands, showMembers, showProfile } from "./panels.js";

const $ = (/** @type {string} */ id) => /** @type {any} */ (document.getElementById(id));
const martlet = new Martlet();
/** @type {string | null} */ let shownUser = null;
let nextAttempt = 0;
let failures = 0;
let noticeEnd = 0;

martlet.addEventListener("change", (event) => {
    const { reason, otherTab } = /** @type {CustomEvent} */ (event).detail;
    if (martlet.user) signedIn(reason, otherTab); else signedOut(reason, otherTab);
});
addPasswordToggles();
wireEntrance();
wireAccount();
setInterval(tick, 500);
document.addEventListener("visibilitychange", tick);
restore();

async function restore() {
    show("restoring");
    try {
        if (!(await martlet.restore())) show("signed-out");
    } catch (error) {
        $("unreachable-detail").textContent = describe(error);
        show("unreachable");
    }
}

function show(/** @type {string} */ view) {
    for (const name of ["restoring", "unreachable", "signed-out", "signed-in"]) $(`view-${name}`).hidden = name !== view;
    $("account").hidden = view !== "signed-in";
}

function signedIn(/** @type {string} */ reason, /** @type {boolean} */ otherTab) {
    const user = /** @type {import("./martlet.js").User} */ (martlet.user);
    const name = user.display_name || user.username;
    $("welcome").textContent = `Hello, ${name}.`;
    $("account-name").textContent = name;
    $("password-username").value = user.username;
    document.title = `${name} · Martlet`;
    showProfile($("profile"), user);
    showToken(reason, otherTab);
    if (shownUser === user.id) return;
    shownUser = user.id;
    notify("");
    [$("login"), $("register"), $("password")].forEach(reset);
    $("display-name").reset();
    $("profile-display-name").value = user.display_name ?? "";
    showCommands($("commands"), user.username, copy);
    show("signed-in");
    loadSessions();
    if (!otherTab && reason !== "refreshed") $("welcome").focus();
}

function signedOut(/** @type {string} */ reason, /** @type {boolean} */ otherTab) {
    shownUser = null;
    document.title = "Martlet";
    // Nothing of the account stays behind in the page.
    const shown = ["profile", "token-header", "token-claims", "sessions", "commands", "welcome", "account-name"];
    for (const id of shown) $(id).replaceChildren();
    [$("login"), $("register"), $("password"), $("display-name")].forEach(reset);
    $("password-username").value = "";
    if ($("confirm").open) $("confirm").close("cancel");
    show("signed-out");
    const goodbye = GOODBYES.get(reason) ?? "Your session has ended. Please log in again.";
    notify(reason === "logout" && otherTab ? "You logged out in another tab." : goodbye);
    if (!otherTab && reason === "logout") $("login-username").focus();
}

function wireEntrance() {
    const choose = () => {
        const registering = location.hash === "#register";
        $("panel-login").hidden = registering;
        $("panel-register").hidden = !registering;
    };
    addEventListener("hashchange", () => {
        if (!["#login", "#register"].includes(location.hash)) return;
        choose();
        $(`${location.hash.slice(1)}-username`).focus();
    });
    choose();

    $("retry").addEventListener("click", restore);
    onSubmit($("login"), async ({ username, password }) => {
        try {
            await martlet.login({ username, password });
        } catch (error) {
            // A username may hold an @ too, so what looks like an e-mail is only then taken for one.
            if (!username.includes("@") || !(error instanceof MartletError) || error.code !== "invalid_credentials") throw error;
            await martlet.login({ email: username, password });
        }
    });
    onSubmit($("register"), async ({ username, email, password }) => {
        await martlet.register({ username, password, ...(email && { email }) });
        history.replaceState(null, "", location.pathname);
        choose();
    }, { username_taken: "username", email_taken: "email", weak_password: "password" });
}

function wireAccount() {
    $("logout").addEventListener("click", () => whileBusy($("logout"), () => martlet.logout()).catch(announceError));
    $("logout-all").addEventListener("click", () => $("confirm").showModal());
    $("confirm").addEventListener("close", () => {
        if ($("confirm").returnValue !== "confirm") return;
        $("confirm").returnValue = "";
        whileBusy($("logout-all"), () => martlet.logout({ everywhere: true })).catch(announceError);
    });
    $("refresh").addEventListener("click", () => whileBusy($("refresh"), () => martlet.refresh()).then(
        () => announce("The access token was refreshed."),
        announceError,
    ));
    $("copy-token").addEventListener("click", () => copy(martlet.accessToken ?? ""));
    const more = $("more-sessions");
    more.addEventListener("click", () => whileBusy(more, () => loadSessions(more.dataset.cursor)));

    onSubmit($("display-name"), async ({ display_name }) => {
        await martlet.call("PATCH", "/api/v1/users/me", { display_name });
        await martlet.reloadUser();
        notify("Your display name was saved.");
    });
    onSubmit($("password"), async ({ current_password, new_password }) => {
        await martlet.call("POST", "/auth/password", { current_password, new_password });
        reset($("password"));
        notify("Your password was changed. Your other sessions have ended.");
        await loadSessions();
    }, { weak_password: "new_password", invalid_credentials: "current_password" });
}

function showToken(/** @type {string} */ reason, /** @type {boolean} */ otherTab) {
    const { header, claims } = decodeToken(/** @type {string} */ (martlet.accessToken));
    showMembers($("token-header"), header);
    showMembers($("token-claims"), claims);
    if (reason !== "user") {
        const at = new Intl.DateTimeFormat("en", { timeStyle: "medium", hourCycle: "h23" }).format(new Date());
        $("token-status").textContent = `${otherTab ? "Received from another tab" : "Issued to this tab"} at ${at}`;
    }
    failures = nextAttempt = 0;
    tick();
}

/** Moves the clock on. When the time has come, and somebody is looking, it renews the token: an idle tab keeps no session alive. */
function tick() {
    if (!martlet.accessToken) return;
    const { claims } = decodeToken(martlet.accessToken);
    const left = Math.max(0, /** @type {number} */ (martlet.expiresAt) - Date.now());
    $("remaining").textContent = clock(Math.round(left / 1000));
    $("ring").setAttribute("stroke-dashoffset", String(100 - Math.min(100, left / 10 / (claims.exp - claims.iat))));
    const due = Math.max(/** @type {number} */ (martlet.refreshAt), nextAttempt);
    if (Date.now() >= due && document.visibilityState === "visible") renew();
}

async function renew() {
    nextAttempt = Infinity;
    try {
        await martlet.refresh();
    } catch (error) {
        if (!martlet.accessToken) return;
        const wait = (error instanceof MartletError && error.retryAfter) || Math.min(60, 5 * 2 ** failures);
        failures += 1;
        nextAttempt = Date.now() + wait * 1000;
        $("token-status").textContent = `${describe(error)} The next attempt is in ${wait} s.`;
    }
}

async function loadSessions(/** @type {string | undefined} */ cursor) {
    const list = $("sessions");
    const user = shownUser;
    try {
        const page = await martlet.call("GET", `/auth/sessions${cursor ? `?cursor=${encodeURIComponent(cursor)}` : ""}`);
        if (user !== shownUser) return;
        showBox($("sessions-error"), null);
        if (!cursor) list.replaceChildren();
        appendSessions(list, page.items, endSession);
        $("more-sessions").hidden = !page.next_cursor;
        $("more-sessions").dataset.cursor = page.next_cursor ?? "";
    } catch (error) {
        if (martlet.accessToken) showBox($("sessions-error"), describe(error));
    }
}

async function endSession(/** @type {any} */ session, /** @type {HTMLButtonElement} */ button, /** @type {HTMLElement} */ item) {
    try {
        await whileBusy(button, () => martlet.call("DELETE", `/auth/sessions/${encodeURIComponent(session.id)}`));
    } catch (error) {
        if (!(error instanceof MartletError) || error.status !== 404) return announceError(error);
    }
    const neighbours = [item.nextElementSibling, item.previousElementSibling].map((other) => other?.querySelector("button"));
    item.remove();
    (neighbours.find(Boolean) ?? $("logout-all")).focus();
    announce("The session was ended.");
}

async function copy(/** @type {string} */ text) {
    try {
        await navigator.clipboard.writeText(text);
        notify("Copied to the clipboard.");
    } catch {
        notify("The browser does not allow copying here. Select the text instead.");
    }
}

/** A line at the top of the window. News about the account that is signed in goes away after a while; a goodbye stays. */
function notify(/** @type {string} */ text) {
    $("notice").textContent = text;
    clearTimeout(noticeEnd);
    if (martlet.accessToken) noticeEnd = setTimeout(() => $("notice").replaceChildren(), NOTICE_TIME);
}

/** Something heard but not seen, because the page shows it anyway. */
function announce(/** @type {string} */ text) {
    $("announcer").textContent = text;
}

function announceError(/** @type {unknown} */ error) {
    if (martlet.accessToken) notify(describe(error));
}

const GOODBYES = new Map(Object.entries({
    logout: "You are logged out.",
    refresh_replayed: "Your session was closed for safety: somebody presented an old copy of its refresh token. "
        + "Log in again, and change your password if that was not you.",
    missing_token: "Please log in again.",
}));

/** Milliseconds, enough to read a sentence twice. */
const NOTICE_TIME = 8000;
