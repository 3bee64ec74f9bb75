"""What no issuer would say: documents and tokens that the examples must not believe."""

import time

import pytest

import resource_servers
from martlet_server import until
from scripted_issuer import ScriptedIssuer

VICTIM = "a session that nobody ended"


@pytest.fixture(scope="module")
def issuer():
    issuer = ScriptedIssuer()
    yield issuer
    issuer.stop()


@pytest.fixture(scope="module")
def consumer(example, issuer, redis_url, tmp_path_factory):
    server = resource_servers.launch(example, tmp_path_factory.mktemp(example), issuer.url, REDIS_URL=redis_url).follow()
    yield server
    server.stop()


def revoked(consumer, issuer, sid):
    return consumer.whoami(issuer.token(sid)).status == 401


def end_one_session(consumer, issuer, sid):
    """A true revocation. When it has arrived, whatever was said before has been heard."""
    assert not revoked(consumer, issuer, sid)
    issuer.revoke(sid)
    # A document by an unknown key may be held for ten seconds, in case the key is on its way.
    until(lambda: revoked(consumer, issuer, sid), seconds=20, pause=0.1, what="a true revocation")


def test_a_true_document_is_believed(consumer, issuer, request):
    end_one_session(consumer, issuer, request.node.name)
    assert not revoked(consumer, issuer, VICTIM)


UNTRUE = {
    "signed by the key for access tokens": lambda issuer: issuer.document(key="access", sid=[VICTIM], after=issuer.seq),
    "of another type": lambda issuer: issuer.document(typ="at+jwt", sid=[VICTIM], after=issuer.seq),
    "of another issuer": lambda issuer: issuer.document(iss="https://other.example", sid=[VICTIM], after=issuer.seq),
    "expired": lambda issuer: issuer.document(iat=int(time.time()) - 600, exp=int(time.time()) - 540, sid=[VICTIM], after=issuer.seq),
    "with another signature": lambda issuer: issuer.document(sid=[VICTIM], after=issuer.seq)[:-8] + "AAAAAAAA",
    "unsigned": lambda issuer: issuer.document(sid=[VICTIM], after=issuer.seq).rpartition(".")[0] + ".",
    "a delta of another history": lambda issuer: issuer.document(lineage="second", sid=[VICTIM], after=issuer.seq),
    "a delta with a gap before it": lambda issuer: issuer.document(seq=issuer.seq + 9, sid=[VICTIM], after=issuer.seq + 8),
    "a snapshot from before": lambda issuer: issuer.document(seq=issuer.seq - 1, sid=[VICTIM]),
    "nonsense": lambda issuer: "nonsense",
}


@pytest.mark.parametrize("kind", UNTRUE)
def test_an_untrue_document_is_not_believed_and_the_feed_goes_on(consumer, issuer, request, kind):
    issuer.say(UNTRUE[kind](issuer))
    until(issuer.news.empty, what="the follower's next question")
    end_one_session(consumer, issuer, request.node.name)
    assert not revoked(consumer, issuer, VICTIM)


def test_the_key_of_the_feed_signs_no_access_token(consumer, issuer):
    assert consumer.whoami(issuer.token(VICTIM)).status == 200
    assert consumer.whoami(issuer.token(VICTIM, key="feed")).status == 401


WRONG_CLAIMS = [{"iss": "https://other.example"}, {"aud": "https://other.example"}, {"aud": None}, {"exp": 1}, {"exp": "never"}]


@pytest.mark.parametrize("members", WRONG_CLAIMS, ids=str)
def test_a_token_with_a_wrong_claim_is_refused(consumer, issuer, members):
    assert consumer.whoami(issuer.token(VICTIM, **members)).status == 401


@pytest.mark.parametrize("seconds, status", [(-20, 200), (-60, 401)])
def test_half_a_minute_is_allowed_for_clocks(consumer, issuer, seconds, status):
    assert consumer.whoami(issuer.token(VICTIM, exp=int(time.time()) + seconds)).status == status
