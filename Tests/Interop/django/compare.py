"""One request sent to two sides, and what their answers differ in.

A story is a list of requests in order, run on each side with that side's own tokens: `{login.refresh}` in a path, a header field
or a body stands for a member of an earlier answer. An answer becomes a flat description (status, header fields that matter,
members with their types; words literally; tokens by header, claims and lifetime), and a difference is a line of it that is not
the same, with a stable name. Values that no two runs share are described by type, and by which earlier value they are equal to.
"""

import concurrent.futures
import email.utils
import fnmatch
import http.cookies
import json
import re
import time
import urllib.parse
from dataclasses import dataclass, field
from datetime import datetime, timezone

import martlet_server


@dataclass(frozen=True)
class Request:
    """One row. `body` is sent as JSON, `form` as a form, `raw` as it is with `content_type`."""

    name: str
    method: str
    path: str
    body: object = None
    form: dict | None = None
    raw: bytes | None = None
    content_type: str | None = None
    headers: dict = field(default_factory=dict)
    # A token whose end is waited for before the request goes out.
    after_expiry: str | None = None
    # Seconds that are waited before it goes out, for an end that no claim tells.
    after_seconds: float = 0
    # So many at once; compared is the best answer, and that the others are refused or equally good.
    at_once: int = 1
    # Of a successful body, the members that are compared; None is all.
    only: frozenset | None = None


@dataclass(frozen=True)
class Change:
    """What an administrator does to an account between two requests."""

    action: str
    username: str
    members: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Story:
    name: str
    profile: str
    steps: tuple

    @property
    def requests(self):
        return [step for step in self.steps if isinstance(step, Request)]


@dataclass(frozen=True)
class Difference:
    """`row` is story/request; `name` says what is different, and how."""

    row: str
    name: str

    def __str__(self):
        return f"{self.row}: {self.name}"


@dataclass(frozen=True)
class Allowed:
    """A difference that is meant; the patterns are those of fnmatch, with brackets as they are."""

    row: str
    difference: str
    reason: str

    def covers(self, difference):
        return fnmatch.fnmatchcase(difference.row, literal_brackets(self.row)) and fnmatch.fnmatchcase(
            difference.name, literal_brackets(self.difference))


def run(story, reference, candidate):
    """The differences of the candidate from the reference, in the order of the rows."""
    left, right = Run(story, reference), Run(story, candidate)
    differences = []
    for step in story.steps:
        if isinstance(step, Change):
            for side in (reference, candidate):
                side.change(step.action, step.username, **step.members)
            continue
        time.sleep(step.after_seconds)
        if step.after_expiry:
            time.sleep(max(0, max(left.expiry(step.after_expiry), right.expiry(step.after_expiry)) + 1.05 - time.time()))
        lines = left.perform(step), right.perform(step)
        differences += [Difference(f"{story.name}/{step.name}", name) for name in unequal(*lines)]
    return differences


def judge(differences, allowed):
    """What is not allowed, and which permissions nobody needs any more."""
    unexpected = [difference for difference in differences if not any(entry.covers(difference) for entry in allowed)]
    stale = [entry for entry in allowed if not any(entry.covers(difference) for difference in differences)]
    return unexpected, stale


class Run:
    """A story on one side: the answers so far, and the values seen in them."""

    def __init__(self, story, side):
        self.story, self.side = story, side
        self.answers = {}
        self.seen = {}

    def perform(self, request):
        path, headers, content = self.filled(request.path), self.filled(request.headers), request.raw
        if request.body is not None:
            headers, content = {"Content-Type": "application/json", **headers}, json.dumps(self.filled(request.body)).encode()
        elif request.form is not None:
            headers = {"Content-Type": "application/x-www-form-urlencoded", **headers}
            content = urllib.parse.urlencode(self.filled(request.form)).encode()
        elif request.content_type is not None:
            headers = {"Content-Type": request.content_type, **headers}
        with concurrent.futures.ThreadPoolExecutor(request.at_once) as pool:
            sent = [pool.submit(self.side.send, request.method, path, content, headers) for _ in range(request.at_once)]
            answers = sorted((answer.result() for answer in sent), key=lambda answer: answer.status)
        self.answers[request.name] = answers[0]
        lines = self.describe(request, answers[0])
        if request.at_once > 1:
            lines["the others"] = "as good or 401" if all(answer.status in (answers[0].status, 401) for answer in answers) else "else"
        return lines

    def expiry(self, reference):
        claims = claims_of(self.filled("{" + reference + "}"))
        return claims["exp"] if claims else 0

    # References

    def filled(self, value):
        """The value with every reference replaced; of an answer that lacks the member, a word that says so."""
        if isinstance(value, dict):
            return {name: self.filled(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [self.filled(inner) for inner in value]
        if not isinstance(value, str):
            return value
        if REFERENCE.fullmatch(value):
            return self.referred(REFERENCE.fullmatch(value))
        return REFERENCE.sub(lambda match: str(self.referred(match)), value)

    def referred(self, match):
        request, path, change = match["request"], match["path"], match["change"]
        try:
            answer = self.answers[request]
            if path.startswith("cookie:"):
                value = cookies(answer)[path.removeprefix("cookie:")].value
            else:
                value = answer.json
                for member in path.split("."):
                    value = value[member]
        except (KeyError, TypeError, ValueError):
            return f"no-{path}-in-{request}"
        return CHANGES[change](value) if change else value

    # Descriptions

    def describe(self, request, answer):
        lines = {"status": answer.status}
        for name in LITERAL_FIELDS:
            if (value := answer.headers.get(name)) is not None:
                lines[f"header {name}"] = value
        if (value := answer.headers.get("Content-Type")) is not None:
            lines["header Content-Type"] = value.partition(";")[0].strip().lower()
        if (value := answer.headers.get("Allow")) is not None:
            lines["header Allow"] = ", ".join(sorted(word.strip() for word in value.split(",")))
        if (value := answer.headers.get("Location")) is not None:
            lines["header Location"] = re.sub(r"^http://[^/]*", "", value)
        for name, morsel in sorted(cookies(answer).items()):
            self.describe_cookie(lines, f"cookie {name}", morsel, answer, request)
        self.describe_body(lines, request, answer)
        return lines

    def describe_cookie(self, lines, key, morsel, answer, request):
        flags = [word for word in ("secure", "httponly") if morsel[word]]
        pairs = [f"{word}={morsel[word]}" for word in ("path", "domain", "samesite") if morsel[word]]
        lines[key] = "; ".join(flags + pairs)
        if morsel["max-age"] != "":
            lines[f"{key} max-age"] = Seconds(int(morsel["max-age"]))
        if morsel["expires"]:
            end = email.utils.parsedate_to_datetime(morsel["expires"]).timestamp()
            lines[f"{key} expires in"] = Seconds(end - date(answer)) if end > 0 else "at once"
        self.describe_value(lines, f"{key} value", "cookie", morsel.value, answer, request)

    def describe_body(self, lines, request, answer):
        media = lines.get("header Content-Type", "")
        if not answer.body:
            lines["body"] = "empty"
        elif media == "application/json" or media.endswith("+json"):
            try:
                value = answer.json
            except ValueError:
                lines["body"] = "not JSON"
                return
            if request.only is not None and answer.status < 300 and isinstance(value, dict):
                value = {name: inner for name, inner in value.items() if name in request.only}
            self.describe_value(lines, "body", "", value, answer, request)
        else:
            lines["body"] = media or "bytes"

    def describe_value(self, lines, key, member, value, answer, request):
        if isinstance(value, dict):
            lines[key] = "object"
            for name in sorted(value):
                self.describe_value(lines, f"{key}.{name}", name, value[name], answer, request)
        elif isinstance(value, list):
            lines[key] = f"list of {len(value)}"
            for index, inner in enumerate(value):
                self.describe_value(lines, f"{key}[{index}]", member, inner, answer, request)
        elif isinstance(value, bool) or value is None:
            lines[key] = json.dumps(value)
        elif isinstance(value, int):
            lines[key] = self.described_number(member, value, key, request)
        elif (claims := claims_of(value)) is not None:
            lines[key] = self.related("token", "token", value, key, request)
            self.describe_token(lines, key, martlet_server.header(value), claims, answer, request)
        elif (moment := moment_of(value)) is not None:
            lines[key] = re.sub(r"\d", "0", value)
            lines[f"{key} in"] = Seconds(moment - date(answer))
        elif member in IDENTIFIERS:
            lines[key] = self.related("string", IDENTIFIERS[member], value, key, request)
        elif member in SECRETS and value:
            lines[key] = self.related("opaque string", "token", value, key, request)
        else:
            lines[key] = json.dumps(value, ensure_ascii=False)

    def describe_token(self, lines, key, header, claims, answer, request):
        for name, value in sorted(header.items()):
            lines[f"{key} header.{name}"] = "string" if name == "kid" else json.dumps(value)
        issued = claims.get("iat")
        for name, value in sorted(claims.items()):
            line = f"{key} claims.{name}"
            if name in ("exp", "refresh_exp", "nbf") and isinstance(value, int) and isinstance(issued, int):
                lines[line] = Seconds(value - issued)
            elif name in ("iat", "auth_time", "orig_iat") and isinstance(value, int):
                lines[line] = "timestamp"
            elif name in ("exp", "refresh_exp", "nbf", "iat"):
                lines[line] = type(value).__name__
            elif name in ("hash_password", "sub", "sid") and isinstance(value, str):
                lines[line] = "string"
            else:
                self.describe_value(lines, line, name, value, answer, request)

    def described_number(self, member, value, key, request):
        if member == "pk" and value > 1_000_000_000:
            return "timestamp"
        if member in IDENTIFIERS:
            return self.related("integer", IDENTIFIERS[member], value, key, request)
        return str(value)

    def related(self, kind, family, value, key, request):
        """`kind`, and where the value was seen first."""
        place = f"{request.name} {key}"
        first = self.seen.setdefault((family, str(value)), place)
        return f"{kind}, new" if first == place else f"{kind}, as in {first}"


class Seconds:
    """A span; two are the same when they are no further than the clocks' ticks apart."""

    def __init__(self, value):
        self.value = value

    def __eq__(self, other):
        return isinstance(other, Seconds) and abs(self.value - other.value) <= TOLERANCE

    def __str__(self):
        nearest = round(self.value / 5) * 5
        return f"{nearest if abs(self.value - nearest) <= TOLERANCE else round(self.value)} s"


def unequal(left, right):
    """The names of the lines that differ."""
    names = sorted({*left, *right})
    pairs = ((name, left.get(name, "absent"), right.get(name, "absent")) for name in names)
    return [f"{name}: {one} → {other}" for name, one, other in pairs if one != other]


def cookies(answer):
    """The cookies that an answer sets, by name."""
    found = {}
    for line in answer.headers.get_all("Set-Cookie") or []:
        found.update(http.cookies.SimpleCookie(line))
    return found


def claims_of(value):
    """The claims of a signed token; None for any other value."""
    if not isinstance(value, str) or not TOKEN.fullmatch(value):
        return None
    try:
        martlet_server.header(value)
        return martlet_server.claims(value)
    except ValueError:
        return None


def moment_of(value):
    """The seconds of an ISO date with a time; None for any other value."""
    if not isinstance(value, str) or not MOMENT.match(value):
        return None
    moment = datetime.fromisoformat(value)
    return moment.replace(tzinfo=moment.tzinfo or timezone.utc).timestamp()


def date(answer):
    return email.utils.parsedate_to_datetime(answer.headers["Date"]).timestamp() if "Date" in answer.headers else time.time()


def tampered(token):
    """The same claims under a signature that is not theirs."""
    head, _, signature = str(token).rpartition(".")
    return f"{head}.{'B' if signature[:1] == 'A' else 'A'}{signature[1:]}"


def unsigned(token):
    """The same claims under `alg` none."""
    return "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0." + str(token).split(".")[1] + "." if claims_of(token) else "e30.e30."


def user_id(token):
    """The account's key that a token names."""
    return (claims_of(token) or {}).get("user_id")


def literal_brackets(pattern):
    return pattern.replace("[", "[[]")


TOLERANCE = 2
LITERAL_FIELDS = ("WWW-Authenticate", "Cache-Control")
# Members whose values differ from run to run; those of one family are looked for among each other.
IDENTIFIERS = {"jti": "jti", "orig_jti": "jti", "user_id": "user", "uid": "user", "pk": "user", "id": "user"}
SECRETS = {"access", "refresh", "token", "key", "cookie"}
CHANGES = {
    "tampered": tampered,
    "unsigned": unsigned,
    "user_id": user_id,
    "padded": lambda token: f"  {token} ",
    "halved": lambda token: token[: len(token) // 2],
}
REFERENCE = re.compile(r"\{(?P<request>[a-z0-9 -]+)\.(?P<path>[\w.:-]+)(?:\|(?P<change>\w+))?\}")
TOKEN = re.compile(r"[\w-]{2,}\.[\w-]{2,}\.[\w-]*")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
