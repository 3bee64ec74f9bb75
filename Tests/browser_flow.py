"""People before the service's pages, without a browser: cookies, forms and redirects, as far as the pages need them.

    person = Person(server, "ada", "seven swifts over the mill")
    answer = person.authorize(client_id=..., redirect_uri=..., response_type="code", ...)
    answer["code"], answer["state"], answer["iss"]

No redirect leaves the service: where one would, that is the answer (`Landing`). What ends on a page of the service is the page (`Page`).
"""

import http.cookies
import urllib.parse
from dataclasses import dataclass, field
from html.parser import HTMLParser

from martlet_server import PASSWORD, Answer

LONGEST_WAY = 16


@dataclass
class Form:
    """A form of a page."""

    action: str = ""
    method: str = "get"
    fields: dict = field(default_factory=dict)
    buttons: list = field(default_factory=list)
    readonly: set = field(default_factory=set)

    def has(self, name, value=None):
        """Whether there is a field or button of that name."""
        return name in self.fields or any(own == name and value in (None, given) for own, given in self.buttons)


class PageReader(HTMLParser):
    """What a person would see of a page: its forms, links, and text."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.forms, self.links, self.scripts, self.frames, self.text, self.language = [], [], [], [], "", None
        self._form = None
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        values = {name: value or "" for name, value in attributes}
        if tag == "html":
            self.language = values.get("lang")
        elif tag == "form":
            self._form = Form(values.get("action", ""), values.get("method", "get").lower())
            self.forms.append(self._form)
        elif tag == "a":
            self.links.append(values.get("href", ""))
        elif tag == "script":
            self.scripts.append(values.get("src", ""))
        elif tag == "iframe":
            self.frames.append(values.get("src", ""))
        elif tag in ("input", "button") and self._form is not None and values.get("name"):
            if tag == "button" or values.get("type") == "submit":
                self._form.buttons.append((values["name"], values.get("value", "")))
            elif values.get("type") not in ("checkbox", "radio"):
                self._form.fields[values["name"]] = values.get("value", "")
                if "readonly" in values:
                    self._form.readonly.add(values["name"])

    def handle_endtag(self, tag):
        if tag == "form":
            self._form = None

    def handle_data(self, data):
        self.text += data


def cookies_of(answer):
    """Names and values that an answer sets; an empty value for one that ends."""
    for line in answer.headers.get_all("Set-Cookie") or []:
        for name, morsel in http.cookies.SimpleCookie(line).items():
            yield name, "" if morsel["max-age"] == "0" else morsel.value


@dataclass
class Page:
    """An answer that stays at the service."""

    answer: Answer
    path: str

    @property
    def status(self):
        return self.answer.status

    @property
    def html(self):
        return self.answer.body.decode(errors="replace")

    @property
    def read(self):
        return PageReader(self.html)

    def form(self, *names):
        """The form that has all of these fields or buttons; None when there is none."""
        return next((form for form in self.read.forms if all(form.has(name) for name in names)), None)

    def __repr__(self):
        words = " ".join(self.read.text.split())
        return f"<a page at {self.path[:120]}: {self.status} {words[:200]!r}>"


@dataclass
class Landing:
    """An answer that went to a client: where to, and with what."""

    location: str
    mode: str
    pairs: list
    answer: Answer

    @property
    def parameters(self):
        return dict(self.pairs)

    def get(self, name):
        return self.parameters.get(name)

    def __getitem__(self, name):
        assert name in self.parameters, f"no {name} in {self}"
        return self.parameters[name]

    def __repr__(self):
        return f"<to {self.location} by {self.mode}: {self.parameters}>"


class Browser:
    """Keeps cookies and follows redirects within the service."""

    def __init__(self, server):
        self.server = server
        self.cookies = {}
        self.seen = []

    def send(self, method, path, fields=None, **headers):
        """One request, with the cookies; redirects are not followed."""
        sent = {"Accept": "text/html", **{name.replace("_", "-"): value for name, value in headers.items() if value is not None}}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        body = None
        if fields is not None:
            body = urllib.parse.urlencode(fields, doseq=True).encode()
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        answer = self.server.send(method, path, body, sent)
        for name, value in cookies_of(answer):
            if value:
                self.cookies[name] = value
            else:
                self.cookies.pop(name, None)
        return answer

    def get(self, path, **headers):
        """Goes to an address of the service: a `Page` or a `Landing`."""
        return self.follow(path, self.send("GET", path, **headers))

    def submit(self, page, form, **values):
        """Sends a form of a page, these values in it."""
        assert form.method == "post", f"a form of {page} is not posted"
        path = urllib.parse.urljoin(page.path, form.action)
        assert self.own(path) is not None, f"a form of {page} leads to {path}"
        path = self.own(path)
        return self.follow(path, self.send("POST", path, {**form.fields, **values}, Sec_Fetch_Site="same-origin"))

    def follow(self, path, answer):
        for _ in range(LONGEST_WAY):
            self.seen.append((path, answer))
            location = answer.headers.get("Location")
            if answer.status not in (301, 302, 303, 307, 308) or location is None:
                return self.posted_landing(answer) or Page(answer, path)
            inside = self.own(urllib.parse.urljoin(path, location))
            if inside is None:
                return self.landing(location, answer)
            path, answer = inside, self.send("GET", inside)
        raise AssertionError(f"more than {LONGEST_WAY} redirects, the last to {path}")

    def own(self, location):
        """The path of an address of the service; None for one elsewhere. As a browser reads it: // and \\ lead to hosts."""
        flat = location.replace("\\", "/")
        if flat.startswith("/") and not flat.startswith("//"):
            return location
        if location.startswith(self.server.url + "/") or location == self.server.url:
            return location.removeprefix(self.server.url) or "/"
        return None

    @staticmethod
    def landing(location, answer):
        place, mark, fragment = location.partition("#")
        base, _, query = place.partition("?")
        text = fragment if mark else query
        pairs = urllib.parse.parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text))
        return Landing(base if not mark else place, "fragment" if mark else "query", pairs, answer)

    def posted_landing(self, answer):
        """The form of response_mode=form_post, which leads away."""
        if answer.status != 200 or not (answer.headers.get("Content-Type") or "").startswith("text/html"):
            return None
        forms = PageReader(answer.body.decode(errors="replace")).forms
        away = [form for form in forms if form.action and self.own(form.action) is None]
        return Landing(away[0].action, "form_post", list(away[0].fields.items()), answer) if away else None


class Person(Browser):
    """Somebody with an account, who says yes unless told otherwise."""

    def __init__(self, server, username, password=PASSWORD):
        super().__init__(server)
        self.username, self.password = username, password

    @property
    def is_signed_in(self):
        return any(name.endswith("martlet-session") for name in self.cookies)

    def authorize(self, decision="allow", remember=False, method="GET", **parameters):
        """Sends an authorization request and answers what is asked on the way. Parameters of None are left out."""
        query = urllib.parse.urlencode({name: value for name, value in parameters.items() if value is not None}, doseq=True)
        if method == "POST":
            place = self.follow("/oauth2/authorize", self.send("POST", "/oauth2/authorize", urllib.parse.parse_qs(query, keep_blank_values=True)))
        else:
            place = self.get(f"/oauth2/authorize?{query}")
        return self.go_on(place, decision, remember)

    def go_on(self, place, decision="allow", remember=False):
        """From a page to the end: signs in, decides."""
        for _ in range(LONGEST_WAY):
            if isinstance(place, Landing):
                return place
            if form := place.form("password"):
                if decision == "cancel":
                    return self.submit(place, form, cancel="yes")
                assert 'id="problem"' not in place.html, f"not signed in: {place}"
                name = {} if form.fields.get("username") == self.username else {"username": self.username}
                place = self.submit(place, form, **name, password=self.password)
            elif form := place.form("decision"):
                place = self.submit(place, form, decision="deny" if decision == "deny" else "allow", **({"remember": "on"} if remember else {}))
            else:
                return place
        raise AssertionError(f"no end of pages, the last one {place}")

    def sign_in(self, then="/oauth2/device"):
        """Signs in, to go on at a path that the sign-in page may lead to."""
        page = self.get(f"/oauth2/sign-in?next={urllib.parse.quote(then, safe='')}")
        form = page.form("password")
        assert form, f"no sign-in form: {page}"
        return self.submit(page, form, username=self.username, password=self.password)
