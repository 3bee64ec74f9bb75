"""What a row of the protocol table is, and the words that outcomes are compared in.

A row: the section that demands it, the demand as a sentence, what is done (a function of the `World`), what must come of it (a function
that raises when it did not).
"""

import urllib.parse
from dataclasses import dataclass
from typing import Callable

from browser_flow import Landing, Page

import martlet_server


@dataclass(frozen=True)
class Case:
    section: str
    sentence: str
    request: Callable
    expected: Callable

    @property
    def id(self):
        return f"{self.section}: {self.sentence}"


def shown(status=None, contains=None):
    """A page for the person, and no way from there to the client: nothing was proven of it (RFC 6749 §4.1.2.1)."""

    def check(outcome, world):
        assert isinstance(outcome, Page), f"it went away: {outcome}"
        assert outcome.status == status if status else 400 <= outcome.status < 500, outcome
        assert outcome.answer.headers.get("Location") is None
        assert (outcome.answer.headers.get("Content-Type") or "").startswith("text/html"), outcome.answer.headers
        assert contains is None or contains in outcome.html, outcome
        assert not outcome.read.forms, f"the error page has a form: {outcome}"
        assert all(link.startswith("/") and not link.startswith("//") for link in outcome.read.links), outcome.read.links

    return check


def errs(*errors, mode="query", state=True, told=False):
    """The client hears an error, with its state and the issuer (RFC 9207 §2), and no code. `told`: or the person does, on a page."""

    def check(outcome, world):
        if told and isinstance(outcome, Page):
            return shown()(outcome, world)
        assert isinstance(outcome, Landing), f"the client hears nothing: {outcome}"
        assert outcome.get("error") in errors and outcome.get("code") is None, outcome
        assert outcome["iss"] == world.server.url and outcome.mode == mode, outcome
        assert not state or outcome["state"] == world.state, outcome
        assert outcome.location in world.redirect_uris, outcome
        names = [name for name, _ in outcome.pairs]
        assert len(names) == len(set(names)), outcome

    return check


def coded(mode="query", at=None):
    """The client gets a code, its state and the issuer, each once, and nothing of an error or a token."""

    def check(outcome, world):
        assert isinstance(outcome, Landing), f"no answer to the client: {outcome}"
        assert len(outcome["code"]) >= 22 and outcome.get("error") is None, outcome
        assert outcome["iss"] == world.server.url and outcome["state"] == world.state and outcome.mode == mode, outcome
        assert not {"access_token", "id_token", "token_type"} & set(outcome.parameters), outcome
        assert at is None or outcome.location == at, outcome
        names = [name for name, _ in outcome.pairs]
        assert len(names) == len(set(names)), outcome

    return check


def refused(status, *errors, **fields):
    """A JSON refusal in the protocol's words that nobody stores."""

    def check(answer, world):
        assert answer.status == status, answer
        assert answer.json.get("error") in errors, answer
        assert "access_token" not in answer.json and "no-store" in (answer.headers.get("Cache-Control") or ""), answer
        if "invalid_client" in errors and status == 401:
            # RFC 6749 §5.2.
            assert (answer.headers.get("WWW-Authenticate") or "").startswith("Basic "), answer.headers
        for name, value in fields.items():
            assert answer.json.get(name) == value, answer

    return check


def granted(**members):
    """Tokens, which nobody stores (RFC 6749 §5.1). A member's value may be a function of it."""

    def check(answer, world):
        assert answer.status == 200, answer
        body = answer.json
        assert body["access_token"] and body["token_type"] in ("Bearer", "DPoP") and body["expires_in"] > 0, answer
        assert "no-store" in answer.headers["Cache-Control"] and answer.headers["Content-Type"].startswith("application/json"), answer.headers
        compare(body, members)

    return check


def answered(status=200, **members):
    """An answer with these members."""

    def check(answer, world):
        assert answer.status == status, answer
        if members:
            compare(answer.json, members)

    return check


def compare(body, members):
    for name, value in members.items():
        if callable(value):
            assert value(body.get(name)), f"{name} is {body.get(name)!r}"
        elif value is None:
            assert name not in body, f"{name} is {body.get(name)!r}"
        else:
            assert body.get(name) == value, f"{name} is {body.get(name)!r}, not {value!r}"


def challenged(status, error=None, scheme="Bearer"):
    """A refusal of a protected resource (RFC 6750 §3): the scheme, and the error where a token was shown."""

    def check(answer, world):
        assert answer.status == status, answer
        challenges = answer.headers.get_all("WWW-Authenticate") or []
        mine = [challenge for challenge in challenges if challenge.startswith(scheme)]
        assert mine, challenges
        if error is None:
            assert not any("error=" in challenge for challenge in mine), challenges
        else:
            assert any(f'error="{error}"' in challenge for challenge in challenges), challenges

    return check


def inactive(answer, world):
    """RFC 7662 §2.2: nothing but that."""
    assert answer.status == 200 and answer.json == {"active": False}, answer


def active(**members):
    def check(answer, world):
        assert answer.status == 200 and answer.json["active"] is True, answer
        compare(answer.json, members)

    return check


def true(outcome, world):
    """The steps of the row compared themselves: they answer what there is to show when it is wrong, or True."""
    assert outcome is True, outcome


def equal(value):
    def check(outcome, world):
        assert outcome == value, f"{outcome!r}, not {value!r}"

    return check


def claims(token):
    return martlet_server.claims(token)


def quoted(fields):
    return urllib.parse.urlencode({name: value for name, value in fields.items() if value is not None}, doseq=True)
