/**
 * A frontend as teams have it today for djangorestframework-simplejwt: tokens in localStorage, a `Bearer` header, and an
 * interceptor that refreshes after a 401. Nothing in it knows Martlet. To move over, BASE_URL becomes Martlet's address.
 *
 * New code does better with martlet.js, which keeps tokens out of storage. This file shows that old code need not change.
 */

let BASE_URL = "http://localhost:8000";
// For trying it on one's own machine: legacy.html?base=http://localhost:8080
if (["localhost", "127.0.0.1"].includes(location.hostname)) BASE_URL = new URLSearchParams(location.search).get("base") ?? BASE_URL;

// The client: what an application uses of axios.

const http = {
    interceptors: { request: [], response: [] },

    async request(config) {
        for (const intercept of this.interceptors.request) config = intercept(config);
        const answer = await fetch(BASE_URL + config.url, {
            method: config.method,
            headers: { "Content-Type": "application/json", ...config.headers },
            body: config.data && JSON.stringify(config.data),
        });
        const response = { status: answer.status, data: await answer.json().catch(() => null), config };
        if (answer.ok) return response;
        const error = Object.assign(new Error(`Request failed with status code ${answer.status}`), { response, config });
        for (const intercept of this.interceptors.response) {
            const replaced = await intercept(error);
            if (replaced) return replaced;
        }
        throw error;
    },
    get(url) { return this.request({ method: "GET", url }); },
    post(url, data) { return this.request({ method: "POST", url, data }); },
};

// The interceptors.

let isRefreshing = false;
let waiting = [];

http.interceptors.request.push((config) => {
    const access = localStorage.getItem("access");
    const isPublic = config.url.startsWith("/api/token/");
    return access && !isPublic ? { ...config, headers: { Authorization: `Bearer ${access}` } } : config;
});

http.interceptors.response.push(async (error) => {
    const { config, response } = error;
    if (response.status !== 401 || config.isRetry || config.url.startsWith("/api/token/")) return null;
    const isStale = config.headers?.Authorization !== `Bearer ${localStorage.getItem("access")}`;
    if (isStale) return http.request({ ...config, isRetry: true });
    if (isRefreshing) await new Promise((resolve, reject) => waiting.push({ resolve, reject }));
    else await refresh();
    return http.request({ ...config, isRetry: true });
});

async function refresh() {
    isRefreshing = true;
    try {
        const { data } = await http.post("/api/token/refresh/", { refresh: localStorage.getItem("refresh") });
        localStorage.setItem("access", data.access);
        if (data.refresh) localStorage.setItem("refresh", data.refresh);
        showExpiry();
        log("The access token had expired and was refreshed.");
        waiting.forEach(({ resolve }) => resolve());
    } catch (error) {
        waiting.forEach(({ reject }) => reject(error));
        signOutHere(error.response?.data?.detail);
        throw error;
    } finally {
        waiting = [];
        isRefreshing = false;
    }
}

// The application.

const element = (id) => document.getElementById(id);

element("login").addEventListener("submit", async (event) => {
    event.preventDefault();
    showError("");
    try {
        const { data } = await http.post("/api/token/", { username: element("username").value, password: element("password").value });
        localStorage.setItem("access", data.access);
        localStorage.setItem("refresh", data.refresh);
        element("login").reset();
        element("log").replaceChildren();
        showHome();
        log("Signed in.");
    } catch (error) {
        showError(words(error));
    }
});

element("load").addEventListener("click", () => loadProfile().catch((error) => log(words(error))));

element("load-many").addEventListener("click", async () => {
    const all = await Promise.allSettled(Array.from({ length: 5 }, () => http.get("/api/v1/users/me")));
    log(`${all.filter((one) => one.status === "fulfilled").length} of 5 loaded.`);
});

element("sign-out").addEventListener("click", async () => {
    await http.post("/api/token/blacklist/", { refresh: localStorage.getItem("refresh") }).catch(() => {});
    signOutHere("You are signed out.");
});

async function loadProfile() {
    const { data } = await http.get("/api/v1/users/me");
    log(`Profile of ${data.username}.`);
}

/** At page load: is there a token, and is it good? */
async function start() {
    if (!localStorage.getItem("access")) return showLogin();
    try {
        await http.post("/api/token/verify/", { token: localStorage.getItem("access") });
    } catch {
        try { await refresh(); } catch { return; }
    }
    showHome();
    log("Welcome back.");
}

function signOutHere(text = "Please sign in again.") {
    localStorage.removeItem("access");
    localStorage.removeItem("refresh");
    showLogin();
    showError(text);
}

/** The words of the framework's errors. */
function words(error) {
    const data = error.response?.data;
    if (!data) return "The server could not be reached.";
    return data.detail ?? Object.entries(data).map(([field, texts]) => `${field}: ${[].concat(texts).join(" ")}`).join(" ");
}

/** What the token says of its end, as jwt-decode would read it. */
function showExpiry() {
    const access = localStorage.getItem("access");
    if (!access) return;
    const { exp } = JSON.parse(atob(access.split(".")[1].replaceAll("-", "+").replaceAll("_", "/")));
    const left = Math.max(0, Math.ceil(exp - Date.now() / 1000));
    element("expiry").textContent = left > 0 ? `Signed in. Access token: ${left} s left.` : "Signed in. Access token: expired.";
}

function showHome() {
    element("login-page").hidden = true;
    element("home-page").hidden = element("sign-out").hidden = false;
    showExpiry();
}

function showLogin() {
    element("login-page").hidden = false;
    element("home-page").hidden = element("sign-out").hidden = true;
}

function showError(text) {
    element("error").textContent = text;
    element("error").hidden = !text;
}

function log(text) {
    const item = document.createElement("li");
    item.textContent = text;
    element("log").append(item);
}

setInterval(showExpiry, 250);
start();
