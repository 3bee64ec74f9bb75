/**
 * The panels of the signed-in page that only show something: who you are, what stands in the access token, the list of
 * sessions, commands for a terminal. Everything that came from the service becomes text nodes, never markup.
 */

/** @typedef {import("./martlet.js").User} User */

/** Who is signed in; what is not known has no row. */
export function showProfile(/** @type {HTMLElement} */ list, /** @type {User} */ user) {
    const email = user.email && `${user.email} (${user.email_verified ? "verified" : "not verified"})`;
    const facts = [
        ["Username", user.username],
        ["E-mail", email],
        ["Roles", user.roles?.join(", ")],
        ["Member since", user.created_at && time(user.created_at, { dateStyle: "long" })],
        ["User id", element("code", {}, user.id)],
    ];
    list.replaceChildren(...facts.flatMap(([name, value]) => (name && value ? [element("dt", {}, name), element("dd", {}, value)] : [])));
}

/** One row for each member of a token's header or claims, with what it means. */
export function showMembers(/** @type {HTMLElement} */ list, /** @type {Record<string, any>} */ members) {
    list.replaceChildren(...Object.entries(members).map(([name, value]) => element("div", {},
        element("dt", {}, name),
        element("dd", {}, readable(name, value)),
        element("dd", { className: "meaning" }, MEANINGS.get(name) ?? "A member of your own deployment."))));
}

/**
 * Appends sessions to the list.
 * @param {HTMLElement} list
 * @param {any[]} sessions
 * @param {(session: any, button: HTMLButtonElement, item: HTMLElement) => void} end called when an "End" button is pressed
 */
export function appendSessions(list, sessions, end) {
    list.append(...sessions.map((session) => {
        const name = session.client_id && session.client_id !== "martlet" ? session.client_id : agent(session.user_agent);
        const item = element("li", {},
            element("span", { className: "agent" }, name),
            element("span", { className: "when" }, "Last used ", time(session.last_used_at), ", began ", time(session.created_at),
                session.ip ? `, from ${session.ip}` : ""));
        const action = session.current ? element("span", { className: "badge" }, "This browser") : endButton(session, name, item, end);
        item.firstElementChild?.after(action);
        return item;
    }));
}

/**
 * Commands against this service, each with a button that copies it.
 * @param {HTMLElement} place
 * @param {string} username
 * @param {(text: string) => void} copy
 */
export function showCommands(place, username, copy) {
    const origin = location.origin;
    const commands = [
        ["Log in", `curl -s -H 'Content-Type: application/json' -d '{"username":"${username}","password":"…"}' ${origin}/auth/login`],
        ["Ask who you are", `curl -s ${origin}/api/v1/users/me -H "Authorization: Bearer $ACCESS"`],
        ["Refresh", `curl -s -H 'Content-Type: application/json' -d "{\\"refresh\\":\\"$REFRESH\\"}" ${origin}/auth/refresh`],
        ["Fetch the public keys", `curl -s ${origin}/.well-known/jwks.json`],
    ];
    place.replaceChildren(...commands.map(([title, command]) => {
        const button = element("button", { type: "button", className: "quiet small", ariaLabel: `Copy: ${title}` }, "Copy");
        button.addEventListener("click", () => copy(command));
        return element("div", { className: "command" },
            element("div", { className: "head" }, element("span", {}, title), button),
            element("pre", { tabIndex: 0, role: "region", ariaLabel: title }, element("code", {}, command)));
    }));
}

/**
 * @param {any} session
 * @param {string} name
 * @param {HTMLElement} item
 * @param {Function} end
 */
function endButton(session, name, item, end) {
    const label = `End session: ${name}${session.ip ? `, ${session.ip}` : ""}`;
    const made = element("button", { type: "button", className: "quiet small", ariaLabel: label }, "End");
    const button = /** @type {HTMLButtonElement} */ (made);
    button.dataset.busy = "Ending…";
    button.addEventListener("click", () => end(session, button, item));
    return button;
}

/**
 * @param {string} tag
 * @param {object} properties
 * @param {(Node | string)[]} children
 * @returns {HTMLElement}
 */
function element(tag, properties, ...children) {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
}

function time(/** @type {string} */ text, /** @type {Intl.DateTimeFormatOptions} */ style = MINUTE) {
    const date = new Date(text);
    const shown = Number.isNaN(date.getTime()) ? text : new Intl.DateTimeFormat("en", style).format(date);
    return element("time", { dateTime: text }, shown);
}

function readable(/** @type {string} */ name, /** @type {any} */ value) {
    if (["exp", "iat", "nbf", "auth_time"].includes(name) && Number.isFinite(value)) {
        const shown = new Intl.DateTimeFormat("en", { ...MINUTE, timeStyle: "medium" }).format(value * 1000);
        return `${value}, that is ${shown}`;
    }
    if (Array.isArray(value)) return value.join(", ");
    return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** A browser's name out of its User-Agent; the whole of it when it is none of the usual ones. */
function agent(/** @type {string | null} */ text) {
    if (!text) return "Unknown client";
    const program = [["Edg/", "Edge"], ["OPR/", "Opera"], ["Firefox/", "Firefox"], ["Chrome/", "Chrome"], ["Safari/", "Safari"]]
        .find(([mark]) => text.includes(mark))?.[1];
    const system = ["Android", "iPhone", "iPad", "Windows", "Mac OS", "Linux"].find((name) => text.includes(name));
    if (!program) return text;
    return system ? `${program} on ${system}` : program;
}

/** @type {Intl.DateTimeFormatOptions} */
const MINUTE = { dateStyle: "medium", timeStyle: "short", hourCycle: "h23" };

const MEANINGS = new Map(Object.entries({
    alg: "How the token is signed.",
    typ: "What kind of token it is, so that none passes for another.",
    kid: "Which of the service’s public keys verifies the signature.",
    iss: "Who issued it: this service.",
    sub: "Whom it speaks for: your user id.",
    aud: "Which APIs it is meant for. Any other must refuse it.",
    exp: "When it ends. From then on every API refuses it.",
    nbf: "It is not valid before.",
    iat: "When it was issued.",
    jti: "Its own id, by which this one token can be revoked.",
    client_id: "Which application it was issued to; “martlet” is this login.",
    scope: "What it allows.",
    sid: "The session it belongs to. It dies with it.",
    roles: "Your roles when it was issued.",
}));
