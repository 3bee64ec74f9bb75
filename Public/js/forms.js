/**
 * What every form of the page does alike: sends once, says that it is busy, puts each error next to its field, and waits
 * when the service asks for it. What is sent, and what happens then, the caller decides.
 */

import { MartletError } from "./martlet.js";

/**
 * @param {HTMLFormElement} form
 * @param {(values: Record<string, string>) => Promise<void>} send given the trimmed text fields; passwords stay as typed
 * @param {Record<string, string>} [fieldOfCode] which field an error code without `fields` belongs to
 */
export function onSubmit(form, send, fieldOfCode = {}) {
    const button = /** @type {HTMLButtonElement} */ (form.querySelector("button:not([type])"));
    form.addEventListener("submit", (event) => {
        event.preventDefault();
        if (isBusy(button)) return;
        clearErrors(form);
        hidePasswords(form);
        const values = Object.fromEntries(inputs(form).map((input) => [input.name, isSecret(input) ? input.value : input.value.trim()]));
        const missing = inputs(form).filter((input) => input.required && !values[input.name]);
        missing.forEach((input) => showFieldError(input, "Please fill in this field."));
        if (missing.length > 0) return missing[0].focus();
        whileBusy(button, () => send(values)).catch((error) => showError(form, button, error, fieldOfCode));
    });
}

/** Runs the work a button stands for, with the button marked as busy. A second press meanwhile does nothing. */
export async function whileBusy(/** @type {HTMLButtonElement} */ button, /** @type {() => Promise<void>} */ work) {
    if (isBusy(button)) return;
    const label = button.textContent;
    button.setAttribute("aria-disabled", "true"); // Not `disabled`, which would throw the focus away.
    if (button.dataset.busy) button.textContent = button.dataset.busy;
    try {
        await work();
    } finally {
        button.textContent = label;
        button.removeAttribute("aria-disabled");
    }
}

/** A sentence for people about anything that went wrong. */
export function describe(/** @type {unknown} */ error) {
    if (!(error instanceof MartletError)) return "Something went wrong in this page. Reload it and try again.";
    const reference = error.status >= 500 && error.requestId ? ` (Reference: ${error.requestId})` : "";
    switch (error.code) {
    case "network_error": return "The service could not be reached. Check your connection and try again.";
    case "rate_limited": return `Too many attempts. ${tryAgain(error.retryAfter)}`;
    case "overloaded":
    case "unavailable":
    case "not_ready": return `The service is busy at the moment. ${tryAgain(error.retryAfter)}`;
    case "invalid_credentials": return "That name and password do not belong together.";
    case "registration_closed": return "Registration is closed. Ask the operator for an account.";
    default: return error.detail + reference;
    }
}

/** Seconds as people read them: `0:42`, `12:05`. */
export function clock(/** @type {number} */ seconds) {
    return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** Empties a form, its errors too. */
export function reset(/** @type {HTMLFormElement} */ form) {
    form.reset();
    clearErrors(form);
    hidePasswords(form);
}

/** Shows or, with null, hides an error box; its role makes it heard. */
export function showBox(/** @type {HTMLElement} */ box, /** @type {string | null} */ text) {
    box.textContent = text ?? "";
    box.hidden = !text;
}

/** Gives every password field of the page a button that shows what was typed. */
export function addPasswordToggles() {
    for (const input of document.querySelectorAll("input[type=password]")) {
        const button = document.createElement("button");
        button.type = "button";
        button.textContent = "Show";
        button.setAttribute("aria-controls", input.id);
        button.setAttribute("aria-label", "Show password");
        button.addEventListener("click", () => setShown(input, input.getAttribute("type") === "password"));
        const frame = document.createElement("div");
        frame.className = "secret";
        input.replaceWith(frame);
        frame.append(input, button);
    }
}

function setShown(/** @type {Element} */ input, /** @type {boolean} */ shown) {
    const button = /** @type {Element} */ (input.nextElementSibling);
    input.setAttribute("type", shown ? "text" : "password");
    button.textContent = shown ? "Hide" : "Show";
    button.setAttribute("aria-label", shown ? "Hide password" : "Show password");
}

// Before sending, so that password managers see a password field, and the next person at the screen no password.
function hidePasswords(/** @type {HTMLFormElement} */ form) {
    form.querySelectorAll(".secret input").forEach((input) => setShown(input, false));
}

function showError(/** @type {HTMLFormElement} */ form, /** @type {HTMLButtonElement} */ button, /** @type {unknown} */ error,
    /** @type {Record<string, string>} */ fieldOfCode) {
    const named = new Map(inputs(form).map((input) => [input.name, input]));
    const rest = [];
    let first = null;
    const fields = error instanceof MartletError ? { ...error.fields } : {};
    if (error instanceof MartletError && Object.keys(fields).length === 0 && fieldOfCode[error.code]) {
        fields[fieldOfCode[error.code]] = [{ code: error.code, detail: describe(error) }];
    }
    for (const [name, problems] of Object.entries(fields)) {
        const text = problems.map((problem) => problem.detail).join(" ");
        const input = named.get(name);
        if (input) showFieldError(input, text); else rest.push(text);
        first ??= input;
    }
    const box = /** @type {HTMLElement} */ (form.querySelector(".form-error"));
    if (rest.length > 0 || !first) showBox(box, rest.join(" ") || describe(error));
    first?.focus();
    if (error instanceof MartletError && error.status === 429 && error.retryAfter) hold(button, error.retryAfter);
}

function showFieldError(/** @type {HTMLInputElement} */ input, /** @type {string} */ text) {
    const message = document.createElement("p");
    message.className = "field-error";
    message.id = `${input.id}-error`;
    message.textContent = text;
    input.closest(".field")?.append(message);
    input.setAttribute("aria-invalid", "true");
    const described = input.getAttribute("aria-describedby");
    input.setAttribute("aria-describedby", described ? `${message.id} ${described}` : message.id);
}

function clearErrors(/** @type {HTMLFormElement} */ form) {
    showBox(/** @type {HTMLElement} */ (form.querySelector(".form-error")), null);
    for (const message of form.querySelectorAll(".field-error")) {
        const input = /** @type {HTMLElement} */ (document.getElementById(message.id.replace(/-error$/, "")));
        const described = (input.getAttribute("aria-describedby") ?? "").split(" ").filter((id) => id && id !== message.id);
        input.removeAttribute("aria-invalid");
        if (described.length > 0) input.setAttribute("aria-describedby", described.join(" "));
        else input.removeAttribute("aria-describedby");
        message.remove();
    }
}

/** Keeps a button from being pressed until the wait is over, and shows how long that is. */
function hold(/** @type {HTMLButtonElement} */ button, /** @type {number} */ seconds) {
    const end = Date.now() + seconds * 1000;
    whileBusy(button, () => new Promise((resolve) => {
        const tick = () => {
            const left = Math.ceil((end - Date.now()) / 1000);
            if (left <= 0) { clearInterval(timer); resolve(); } else button.textContent = `Wait ${clock(left)}`;
        };
        const timer = setInterval(tick, 500);
        tick();
    }));
}

function tryAgain(/** @type {number | null} */ seconds) {
    if (!seconds) return "Try again in a moment.";
    return seconds < 120 ? `Try again in ${seconds} s.` : `Try again in ${Math.ceil(seconds / 60)} minutes.`;
}

function isBusy(/** @type {HTMLButtonElement} */ button) {
    return button.getAttribute("aria-disabled") === "true";
}

function isSecret(/** @type {HTMLInputElement} */ input) {
    return input.closest(".secret") !== null;
}

/** @returns {HTMLInputElement[]} */
function inputs(/** @type {HTMLFormElement} */ form) {
    return Array.from(form.querySelectorAll("input"));
}
