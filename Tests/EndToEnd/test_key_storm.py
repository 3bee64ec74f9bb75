"""Keys under pressure: strangers' `kid`s, rotations while tokens are verified, and two thousand who wait for the feed."""

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import martlet_server
from consumers import KEYS, Document, LongPoll, Poller, delayed, digest, feed, forged, quantile
from martlet_server import claims, header, until

# Sends whoami requests from another process, so that its work is not this one's: the port, then a token on each line of its
# input, over two connections. Prints how often it saw each status.
STORM = """
import collections, concurrent.futures, sys
sys.path.insert(0, sys.argv[1])
from consumers import Poller
from types import SimpleNamespace
server = SimpleNamespace(port=int(sys.argv[2]))
tokens = sys.stdin.read().split()
def send(part):
    poller = Poller(server)
    return [poller.status(Poller.request(token)) for token in part]
print("ready", flush=True)
with concurrent.futures.ThreadPoolExecutor(2) as pool:
    statuses = [status for part in pool.map(send, (tokens[::2], tokens[1::2])) for status in part]
print(*(f"{status}:{count}" for status, count in sorted(collections.Counter(statuses).items())))
"""


class Storm:
    """Requests with these tokens, as fast as two connections go, from a process of its own."""

    def __init__(self, api, tokens):
        self.process = subprocess.Popen(
            [sys.executable, "-c", STORM, str(martlet_server.PACKAGE / "Tests"), str(api.port)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.process.stdin.write("\n".join(tokens))
        self.process.stdin.close()
        assert self.process.stdout.readline() == "ready\n"

    def is_over(self):
        return self.process.poll() is not None

    def statuses(self):
        """How often each status came."""
        text = self.process.stdout.read()
        assert self.process.wait(30) == 0
        return {int(status): int(count) for status, _, count in (word.partition(":") for word in text.split())}


def measured(poller, requests, goes_on):
    """How long each request took, in milliseconds, for as long as `goes_on`; all must be 200."""
    taken = []
    while goes_on(len(taken)):
        begun = time.perf_counter()
        status = poller.status(requests[len(taken) % len(requests)])
        taken.append((time.perf_counter() - begun) * 1000)
        assert status == 200
    return taken


def test_a_thousand_strangers_kids_cause_two_fetches_and_slow_down_nobody(behind, consume, proxy, record_property):
    server = behind()
    ada = server.register()
    requests = [Poller.request(server.login(ada.username).access) for _ in range(20)]
    api = consume(server.url).ready()
    poller = Poller(api)
    rounds = []
    # The machine has other work, too: one round of six without it is enough.
    while not rounds or (rounds[-1][0] > max(2 * rounds[-1][1], 5) and len(rounds) < 6):
        measured(poller, requests, lambda count: count < 200)
        quiet = quantile(measured(poller, requests, lambda count: count < 2000), 0.99)
        asked = proxy.counts[KEYS]
        storm = Storm(api, [forged(ada.access) for _ in range(1000)])
        taken = measured(poller, requests, lambda count: not storm.is_over())  # noqa: B023
        assert storm.statuses() == {401: 1000}
        assert proxy.counts[KEYS] - asked <= 2, proxy.counts
        assert len(taken) >= 50, "there was something to measure"
        rounds.append((quantile(taken, 0.99), quiet))
    poller.close()
    busy, quiet = rounds[-1]
    figures = f"p99 {busy:.2f} ms of good tokens in the storm, {quiet:.2f} ms before (round {len(rounds)}); {proxy.counts[KEYS]} fetches in all"
    print(figures)
    record_property("storm", figures)
    assert busy <= max(2 * quiet, 5), rounds


def test_strangers_kids_that_repeat_are_remembered_and_cost_nothing(behind, consume, proxy):
    server = behind()
    ada = server.register()
    api = consume(server.url).ready()
    for _ in range(5):
        assert (*api.whoami(forged(ada.access, "nobody's")),) == (401, "invalid_token")
    assert proxy.counts[KEYS] == 2


def test_strangers_who_come_while_one_is_looked_for_share_that_fetch(behind, consume, proxy):
    server = behind()
    ada = server.register()
    api = consume(server.url).ready()
    proxy.rules[KEYS] = delayed(0.6)
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(api.whoami, forged(ada.access))
        until(lambda: proxy.counts[KEYS] == 2, what="the fetch")
        others = [pool.submit(api.whoami, forged(ada.access)) for _ in range(3)]
    assert [(*answer.result(),) for answer in (first, *others)] == [(401, "invalid_token")] * 4
    assert proxy.counts[KEYS] == 2, "and it begins the pause in which there is no other"


# Rotation


def test_a_rotation_from_next_to_retired_fails_no_verification(travel, consume, proxy):
    server = travel.start(MARTLET_ISSUER=proxy.url)
    proxy.port = server.port
    apis = [consume(server.url, **travel.settings).ready() for _ in range(2)]
    ada = server.register()
    ended, gate = threading.Event(), threading.Lock()
    failures, kids = [], []

    def stream():
        """Fresh tokens, verified at once by both; a jump of the clock waits until that is done."""
        while not ended.is_set():
            with gate:
                token = server.login(ada.username).access
                kids.append(header(token)["kid"])
                failures.extend(answer for answer in (api.whoami(token) for api in apis) if answer.status != 200)

    def jump(seconds):
        with gate:
            travel.to(seconds)

    def published():
        return {key["kid"] for key in server.get(KEYS).json["keys"] if "signs" not in key}

    (old,) = published()
    thread = threading.Thread(target=stream)
    thread.start()
    try:
        server.cli("keys", "rotate", settings=travel.settings)
        until(lambda: len(published()) == 2, what="the next key")
        (new,) = published() - {old}
        late = server.register()
        for seconds in range(60, 361, 60):
            jump(seconds)
        assert set(kids) == {old}
        jump(366)
        until(lambda: kids[-1] == new, seconds=8, what="the promotion")
        for api in apis:
            assert api.whoami(late.access).status == 200, (api.whoami(late.access), claims(late.access), time.time())
        jump(300 + 60 + 600 + 60 + 3600 + 30)
        until(lambda: published() == {new}, seconds=8, what="the retirement")
        count = len(kids)
        until(lambda: len(kids) > count + 5)
        assert not any(api.accepts(late.access) for api in apis)
    finally:
        ended.set()
        thread.join()
    print(f"{len(kids)} tokens verified twice each, {kids.index(new)} by the old key")
    assert not failures, failures[:3]
    assert kids == [old] * kids.index(new) + [new] * (len(kids) - kids.index(new))


@pytest.mark.parametrize("is_stormy", [False, True], ids=["quiet", "in a storm"])
def test_an_emergency_kills_old_tokens_everywhere_and_new_ones_work_at_once(behind, consume, proxy, is_stormy):
    server = behind()
    ada = server.register()
    apis = [consume(server.url).ready() for _ in range(3)]
    assert all(api.accepts(ada.access) for api in apis)
    storms = []
    if is_stormy:
        # The budget for unknown kids is used up before, and there is no end of them.
        storms = [Storm(api, [forged(ada.access) for _ in range(3000)]) for api in apis]
        until(lambda: proxy.counts[KEYS] >= 2 * len(apis), seconds=3, what="the strangers' fetches")
    server.cli("keys", "rotate", "--emergency")
    rotated = time.monotonic()
    for api in apis:
        until(lambda: api.whoami(ada.access).status == 401, seconds=1, pause=0.01, what="the end of the old key")  # noqa: B023
    dead = time.monotonic() - rotated
    fresh = until(
        lambda: next((s for s in [server.login(ada.username)] if header(s.access)["kid"] != header(ada.access)["kid"]), None), seconds=1)
    # A token that is faster than the news of its key has it looked for, unless strangers have used that up; the news comes anyway.
    for api in apis:
        assert is_stormy or api.accepts(fresh.access), "at once"
        until(lambda: api.accepts(fresh.access), seconds=1, pause=0.01, what="the new key")  # noqa: B023
    print(f"old tokens dead everywhere after {dead * 1000:.0f} ms, new ones good after {(time.monotonic() - rotated) * 1000:.0f} ms")
    for _ in range(20):
        token = server.login(ada.username).access
        assert all(api.accepts(token) for api in apis)
    assert not any(api.accepts(ada.access) for api in apis)
    for storm in storms:
        assert set(storm.statuses()) <= {401, 503}


@pytest.mark.parametrize("is_stormy", [False, True], ids=["quiet", "in a storm"])
def test_an_emergency_of_the_feeds_key_interrupts_the_feed_for_a_moment_only(behind, consume, proxy, is_stormy):
    server = behind()
    ada, bob = server.register(), server.register()
    api = consume(server.url, MARTLET_METRICS_LISTEN="any").ready()
    storm = None
    if is_stormy:
        storm = Storm(api, [forged(ada.access) for _ in range(4000)])
        until(lambda: proxy.counts[KEYS] >= 2, seconds=3, what="the strangers' fetch")
    server.cli("keys", "rotate", "--purpose", "feed", "--emergency")
    rotated = time.monotonic()
    assert ada.call("POST", "/auth/logout").status == 204
    until(lambda: api.refuses(ada.access), seconds=2, pause=0.01, what="the news by the new key")
    print(f"a revocation after the feed's emergency was heard {(time.monotonic() - rotated) * 1000:.0f} ms after it")
    assert api.accepts(bob.access)
    bob.call("POST", "/auth/logout")
    until(lambda: api.refuses(bob.access), seconds=1)
    if storm:
        assert set(storm.statuses()) <= {401, 503}


def test_two_emergencies_in_a_row_are_both_followed(behind, consume):
    """The second comes before the feed's budget for keys is whole again."""
    server = behind()
    ada = server.register()
    api = consume(server.url).ready()
    for _ in range(2):
        old = ada.access
        server.cli("keys", "rotate", "--emergency")
        until(lambda: api.whoami(old).status == 401, seconds=1)  # noqa: B023
        ada = until(lambda: next((s for s in [server.login(ada.username)] if header(s.access)["kid"] != header(old)["kid"]), None), seconds=1)  # noqa: B023
        until(lambda: api.accepts(ada.access), seconds=1, what="the new key")  # noqa: B023


# Waiting


def resident(process):
    """Bytes of memory that a process has in use."""
    with open(f"/proc/{process.pid}/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS:"))


def test_two_thousand_wait_at_little_cost_and_all_hear(start, record_property):
    server = start(MARTLET_METRICS_LISTEN="any", MARTLET_LOG_LEVEL="info")
    ada = server.register()
    sessions = [server.login(ada.username) for _ in range(20)]

    def waiting():
        return server.metrics()["martlet_feed_waiting"]

    def asked():
        """How long the token API takes, in milliseconds."""
        taken = []
        for round_ in range(100):
            begun = time.perf_counter()
            assert sessions[round_ % 20].me().status == 200
            taken.append((time.perf_counter() - begun) * 1000)
            if round_ % 10 == 0:
                begun = time.perf_counter()
                assert sessions[round_ % 20].refresh().status == 200
                taken.append((time.perf_counter() - begun) * 1000)
        return taken

    # Everything that is made once is made by now.
    quiet = asked()
    base = feed(server).seq
    first = [LongPoll(server, base, wait=25, source=f"127.1.0.{place + 1}") for place in range(50)]
    until(lambda: waiting() == 50)
    for long in first:
        long.close(abruptly=True)
    until(lambda: waiting() == 0)

    before = resident(server.process)
    held = [LongPoll(server, base, wait=25, source=f"127.0.{10 + place // 1600}.{place % 1600 // 16 + 1}") for place in range(2000)]
    until(lambda: waiting() == 2000, what="two thousand")
    each = (resident(server.process) - before) / 2000
    busy = asked()
    over = LongPoll(server, base, wait=25, source="127.0.20.1")
    assert Document(server, over.answer().body).entries == {}, "one more is answered at once"

    begun = time.monotonic()
    assert sessions[0].call("POST", "/auth/logout").status == 204
    answered = [long.answer() for long in held]
    spread = time.monotonic() - begun
    assert {answer.status for answer in answered} == {200}
    for text in {answer.body for answer in answered}:
        assert set(Document(server, text).entries) == {("sid", digest("sid", claims(sessions[0].access)["sid"]))}
    until(lambda: waiting() == 0)
    for long in [*held, over]:
        long.close()

    # Nothing stays behind: the second time costs no more than the first.
    peak = resident(server.process)
    base = feed(server).seq
    again = [LongPoll(server, base, wait=25, source=f"127.0.{10 + place // 1600}.{place % 1600 // 16 + 1}") for place in range(2000)]
    until(lambda: waiting() == 2000)
    growth = resident(server.process) - peak
    for long in again:
        long.close(abruptly=True)
    until(lambda: waiting() == 0, what="the end of all waiting")
    figures = (
        f"{each / 1024:.1f} KiB for each of 2,000 long polls (from {before >> 20} MiB), {growth / 1024:.0f} KiB more the second time; "
        f"all heard in {spread * 1000:.0f} ms; token API p99 {quantile(busy, 0.99):.2f} ms with them, {quantile(quiet, 0.99):.2f} ms without")
    print(figures)
    record_property("long_polls", figures)
    assert each < 16 * 1024, figures
    assert growth < 4 << 20, figures
    assert spread < 2, figures
    assert quantile(busy, 0.99) < max(3 * quantile(quiet, 0.99), 20), figures
