// An API behind Martlet in plain Node: no request waits for the issuer, and what is revoked is refused.
//
// Keys are renewed in time; a loop follows the revocation feed. If the issuer is away, what is known stays in force.

import { createHash, createPublicKey, constants, verify as verifySignature } from "node:crypto";
import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

const ISSUER = process.env.ISSUER ?? "http://localhost:8080";
const AUDIENCE = process.env.AUDIENCE ?? ISSUER, FEED = "revocations+jwt";
const RENEWAL = 240, CEILING = 86_400, COOLDOWN = 30, LEEWAY = 30; // seconds

const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
const ALGORITHMS = {
  ES256: ["sha256", { dsaEncoding: "ieee-p1363" }], ES384: ["sha384", { dsaEncoding: "ieee-p1363" }], EdDSA: [null, {}],
  RS256: ["sha256", {}], RS384: ["sha384", {}], RS512: ["sha512", {}],
  PS256: ["sha256", pss], PS384: ["sha384", pss], PS512: ["sha512", pss],
};

class Refused extends Error {}
const now = () => Date.now() / 1000;
const parse = (part) => JSON.parse(Buffer.from(part, "base64url")) ?? {};

function demand(condition, message) {
  if (!condition) throw new Refused(message);
}

async function get(url, seconds = 5) {
  const answer = await fetch(url, { redirect: "error", signal: AbortSignal.timeout(seconds * 1000) });
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
  return answer;
}

async function metadata() {
  const document = await (await get(`${ISSUER}/.well-known/oauth-authorization-server`)).json();
  if (document.issuer !== ISSUER) throw new Error("These are somebody else's metadata.");
  return document;
}

// The issuer's public keys, by the one type that they sign (none: any but the feed) and kid.
const keys = { known: new Map(), fetchedAt: 0, fetching: null, cooledAt: {} };

async function renewKeys(purpose) {
  // Every purpose has a cooldown of its own: made-up kids in tokens delay nothing else.
  if (!keys.fetching && now() < (keys.cooledAt[purpose] ?? 0)) return;
  keys.cooledAt[purpose] = now() + COOLDOWN;
  keys.fetching ??= fetchKeys()
    .catch((error) => console.warn("The keys stay as they are:", error.message))
    .finally(() => (keys.fetching = null));
  await keys.fetching;
}

async function fetchKeys() {
  const document = await (await get((await metadata()).jwks_uri)).json();
  const usable = document.keys.filter((jwk) => Object.hasOwn(ALGORITHMS, jwk.alg) && jwk.use === "sig");
  demand(usable.length, "An issuer has keys.");
  const key = (jwk) => ({ alg: jwk.alg, key: createPublicKey({ key: jwk, format: "jwk" }) });
  keys.known = new Map(usable.map((jwk) => [`${jwk.signs} ${jwk.kid}`, key(jwk)]));
  keys.fetchedAt = now();
}

// Header and claims of a token of this type that the issuer signed and that is in its time.
async function verify(token, type, signs) {
  demand(/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token), "Not a token.");
  const [head, body, signature] = token.split(".");
  const header = parse(head);
  demand(header.typ === type && header.crit === undefined, "Not the type of token that is wanted here.");
  const name = `${signs} ${header.kid}`;
  if (!keys.known.has(name)) await renewKeys(signs);
  const { alg, key } = keys.known.get(name) ?? {};
  if (now() > keys.fetchedAt + CEILING) throw new Error("The issuer's keys are not known.");
  demand(key && alg === header.alg, "The key is not known.");
  const [hash, options] = ALGORITHMS[alg];
  const bytes = Buffer.from(signature, "base64url");
  demand(verifySignature(hash, Buffer.from(`${head}.${body}`), { key, ...options }, bytes), "The signature is wrong.");
  const claims = parse(body);
  demand(claims.iss === ISSUER, "From another issuer.");
  demand(now() < claims.exp + LEEWAY && !(claims.nbf > now() + LEEWAY), "The token is not in its time.");
  return { header, claims };
}

// What is revoked: for each digest until when that matters, and the `iat` from which tokens stand.
const feed = { entries: new Map(), lineage: null, seq: -1, heardAt: null };

async function follow() {
  for (;;) {
    try {
      if (now() > keys.fetchedAt + RENEWAL) await renewKeys("renewal");
      const { revocations_uri } = await metadata();
      const document = await get(revocations_uri + (feed.lineage ? `?after=${feed.seq}&wait=20&lineage=${feed.lineage}` : ""), 25);
      take((await verify(await document.text(), FEED, FEED)).claims);
      await sleep(100); // an issuer that lets nobody wait is not to be hammered
    } catch (error) {
      console.warn("The revocation feed:", error.message);
      await sleep(1000);
    }
  }
}

function take({ lineage, seq, after, iat, revoked: { sid = [], jti = [], client = [], key = [] } = {} }) {
  const isDelta = after !== undefined, isOurs = lineage === feed.lineage;
  if ((isOurs || isDelta) && !(isOurs && (after ?? 0) <= feed.seq && feed.seq <= seq)) {
    feed.lineage = null; // the snapshot is next
    throw new Error("It does not continue what is known.");
  }
  const entries = new Map([...feed.entries].filter(([, { until }]) => until > now())); // a snapshot adds, too
  for (const [until, text] of [...sid, ...jti]) {
    const digests = Buffer.from(text, "base64url").toString("hex").match(/.{32}/g) ?? [];
    for (const digest of digests) entries.set(digest, { until, before: Infinity });
  }
  for (const { h, until, iat_before: before = Infinity } of [...client, ...key]) {
    entries.set(Buffer.from(h, "base64url").toString("hex"), { until, before });
  }
  Object.assign(feed, { entries, lineage, seq, heardAt: iat });
  if (isDelta && key.length) renewKeys("emergency"); // a key was withdrawn, so there is another
}

function isRevoked({ kid }, claims) {
  const names = { sid: claims.sid, jti: claims.jti, client: claims.client_id, key: kid };
  const digest = ([kind, name]) => createHash("sha256").update(`${kind}:${name}`).digest("hex").slice(0, 32);
  return Object.entries(names).some((name) => claims.iat < feed.entries.get(digest(name))?.before);
}

async function whoami(request) {
  const [, token] = /^bearer +(\S+)$/i.exec(request.headers.authorization ?? "") ?? [];
  demand(token, "A bearer token is needed.");
  const { header, claims } = await verify(token, "at+jwt");
  demand([claims.aud].flat().includes(AUDIENCE), "For another audience.");
  demand(["sub", "jti", "client_id"].every((name) => typeof claims[name] === "string") && claims.iat, "A claim is missing.");
  demand(claims.cnf === undefined, "The token is for the holder of a key, whom nobody asks for a proof here.");
  demand(!isRevoked(header, claims), "The token has been revoked.");
  return { sub: claims.sub, scope: claims.scope ?? null, sid: claims.sid ?? null };
}

const routes = { "/whoami": whoami, "/healthz": () => ({ status: "ok", feed_age: feed.heardAt && now() - feed.heardAt }) };

createServer(async (request, response) => {
  const answer = (status, body, fields) =>
    response.writeHead(status, { "Content-Type": "application/json", ...fields }).end(JSON.stringify(body));
  const route = Object.hasOwn(routes, request.url) && routes[request.url];
  if (!route) return answer(404, { code: "not_found" });
  try {
    answer(200, await route(request));
  } catch (error) {
    if (!(error instanceof Refused || error instanceof SyntaxError)) return answer(503, { code: "unavailable" });
    const challenge = request.headers.authorization ? 'Bearer error="invalid_token"' : "Bearer";
    answer(401, { code: "invalid_token", detail: error.message }, { "WWW-Authenticate": challenge });
  }
}).listen(Number(process.env.PORT ?? 8000), "127.0.0.1");
follow();
