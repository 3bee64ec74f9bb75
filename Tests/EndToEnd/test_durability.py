"""Nothing is acknowledged before it is on disk: slow disks, failing disks, full disks, sudden ends."""

import os
import random
import resource
import shutil
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import martlet_server
from martlet_server import PASSWORD, claims, name, until

class Disk:
    """Says what syncs do, through the preloaded shim."""

    def __init__(self, folder, library):
        self.slow, self.fail, self.journal = folder / "slow", folder / "fail", folder / "journal"
        self.settings = {"LD_PRELOAD": str(library), "SHIM_SLOW": str(self.slow), "SHIM_FAIL": str(self.fail), "SHIM_JOURNAL": str(self.journal)}

    def syncs(self):
        """The syncs so far, as pairs of begin and end in nanoseconds; failed ones are left out."""
        begun, pairs = [], []
        for line in self.journal.read_text().splitlines():
            what, _, at = line.partition(" ")
            if what == "begin":
                begun.append(int(at))
            else:
                start = begun.pop(0)
                if what == "end":
                    pairs.append((start, int(at)))
        return pairs


@pytest.fixture
def disk(tmp_path, shim):
    return Disk(tmp_path, shim)


def deeds(server, warden):
    """What has to be durable before it is answered: each a call and its status."""
    ada, bob, eve, dot = (server.register() for _ in range(4))
    return {
        "register": (lambda: server.post("/auth/register", {"username": name(), "password": PASSWORD}), 201),
        "login": (lambda: server.post("/auth/login", {"username": ada.username, "password": PASSWORD}), 200),
        "refresh": (lambda: server.post("/auth/refresh", {"refresh": ada.refresh_token}), 200),
        "blacklist": (lambda: server.post("/auth/blacklist", {"token": bob.access}), 204),
        "logout": (lambda: server.post("/auth/logout", {"refresh": eve.refresh_token}), 204),
        "revoke": (lambda: warden.call("POST", "/admin/api/revocations", {"user_id": dot.user_id}), 201),
        "password": (lambda: ada.call("POST", "/auth/password", {"current_password": PASSWORD, "new_password": PASSWORD + "!"}), 204),
    }


def test_no_answer_comes_before_the_sync_has_returned(start, disk):
    server = start(**disk.settings)
    table = deeds(server, server.admin())
    disk.slow.touch()
    for deed, (call, status) in table.items():
        begun = time.monotonic_ns()
        answer = call()
        ended = time.monotonic_ns()
        assert answer.status == status, (deed, answer)
        within = [(start, end) for start, end in disk.syncs() if begun <= start and end <= ended]
        assert within, f"{deed} was answered without a sync that began and ended in between"
        assert ended - begun >= 200_000_000
    disk.slow.unlink()


def test_reading_does_not_wait_for_a_slow_disk(start, disk):
    server = start(**disk.settings)
    ada = server.register()
    disk.slow.touch()
    with ThreadPoolExecutor(4) as pool:
        writing = [pool.submit(server.register) for _ in range(3)]
        begun = time.monotonic()
        for _ in range(20):
            assert ada.me().status == 200
        assert time.monotonic() - begun < 0.2 * 10
        for future in writing:
            future.result()
    disk.slow.unlink()


def test_a_slow_disk_is_shared_by_those_who_wait(start, disk):
    """Commits are grouped: 40 registrations do not take 40 syncs in turn."""
    server = start(**disk.settings)
    disk.slow.touch()
    begun = time.monotonic()
    with ThreadPoolExecutor(40) as pool:
        list(pool.map(lambda _: server.register(), range(40)))
    assert time.monotonic() - begun < 40 * 0.2 / 2
    disk.slow.unlink()


def test_a_failing_disk_is_503_and_what_was_not_acknowledged_did_not_happen_or_counts_nowhere(start, disk):
    server = start(**disk.settings)
    warden = server.admin()
    for round_ in range(3):
        ada, bob = server.register(), server.register()
        username = name("ghost")
        disk.fail.touch()
        answers = [
            server.post("/auth/register", {"username": username, "password": PASSWORD}),
            server.post("/auth/refresh", {"refresh": ada.refresh_token}),
            server.post("/auth/blacklist", {"token": bob.access}),
            warden.call("POST", "/admin/api/revocations", {"user_id": bob.user_id}),
        ]
        for answer in answers:
            assert (*answer,) == (503, "unavailable"), (round_, answer)
            assert int(answer.headers["Retry-After"]) >= 1
            assert "disk" not in answer.json["detail"].lower() and "I/O" not in answer.json["detail"]
        assert ada.me().status == 200, "reading goes on"
        disk.fail.unlink()
        # What was refused may be tried again, and then it works.
        until(lambda: server.get("/readyz").status == 200, what="readiness")
        again = server.post("/auth/register", {"username": username, "password": PASSWORD})
        assert again.status == 201, again
        assert ada.refresh().status == 200 and ada.me().status == 200
        assert bob.me().status == 200, "a revocation that was not acknowledged is not in force"
        assert server.post("/auth/blacklist", {"token": bob.access}).status == 204 and bob.me().code == "token_revoked"
    server.kill()
    again = start(MARTLET_LISTEN=f"127.0.0.1:{server.port}")
    assert again.get("/api/v1/users/me", token=bob.access).code == "token_revoked"
    assert again.get("/api/v1/users/me", token=ada.access).status == 200
    again.login(username)


def test_after_a_failed_sync_and_a_power_cut_nothing_acknowledged_is_missing(start, disk):
    """A page that a failed sync dropped must not be taken for written later (fsync says EIO once only)."""
    server = start(**disk.settings)
    acknowledged = []
    for _ in range(5):
        acknowledged.append(server.register().username)
        disk.fail.touch()
        assert server.post("/auth/register", {"username": name(), "password": PASSWORD}).status == 503
        disk.fail.unlink()
        acknowledged.append(until(lambda: registered(server), what="recovery"))
    server.kill()
    again = start()
    for username in acknowledged:
        assert again.login(username).me().status == 200


def registered(server):
    username = name()
    return username if server.post("/auth/register", {"username": username, "password": PASSWORD}).status == 201 else None


# Full disks


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 8 MiB, where this user may mount one."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = os.geteuid() == 0 and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", folder], capture_output=True).returncode == 0
    yield folder if mounted else None
    if mounted:
        subprocess.run(["umount", "-l", folder], check=True)


def test_a_full_disk_is_503_and_room_is_all_it_takes_to_recover(start, small_disk, tmp_path):
    if small_disk is None:
        full_by_file_size(start)
        return
    server = start(MARTLET_DATA_DIR=str(small_disk / "data"))
    ada = server.register()
    ballast = small_disk / "ballast"
    with open(ballast, "wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 4096)
        except OSError:
            pass
    check_full_and_recover(server, ada, ballast.unlink)
    server.stop()
    copy = tmp_path / "copy" / "data"
    shutil.copytree(small_disk / "data", copy)
    assert start(folder="copy").login(ada.username).me().status == 200


def full_by_file_size(start):
    limit = 600 * 1024
    server = start(preexec=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY)))
    ada = server.register()
    check_full_and_recover(server, ada, lambda: resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2))


def check_full_and_recover(server, ada, make_room):
    acknowledged = []

    def full():
        username = name()
        answer = server.post("/auth/register", {"username": username, "password": PASSWORD})
        if answer.status == 201:
            acknowledged.append(username)
            return False
        assert (*answer,) == (503, "unavailable"), answer
        return True

    until(full, seconds=30, pause=0, what="a full disk")
    assert ada.me().status == 200, "reading goes on"
    for _ in range(20):
        full()
    make_room()
    until(lambda: ada.refresh().status == 200, what="recovery")
    server.register()
    for username in acknowledged:
        server.login(username)


# Sudden ends


class Load:
    """Clients that write down what was acknowledged, and only that."""

    def __init__(self, server):
        self.server = server
        self.registered, self.ending, self.revoked, self.blacklisted = {}, set(), [], []
        self.stopping = threading.Event()
        self.mistakes = []

    def run(self, index):
        # A client of its own for each thread; it ends with the server.
        chance = random.Random(index)
        while not self.stopping.is_set():
            try:
                self.step(chance)
            except AssertionError as mistake:
                self.mistakes.append(mistake)
                return
            except Exception:
                return

    def step(self, chance):
        username = name("k")
        answer = self.server.post("/auth/register", {"username": username, "password": PASSWORD}, fresh=True)
        assert answer.status == 201, answer
        session = answer.json
        self.registered[username] = session["refresh"]
        for _ in range(chance.randrange(3)):
            answer = self.server.post("/auth/refresh", {"refresh": session["refresh"]}, fresh=True)
            assert answer.status == 200, answer
            session = {**session, **answer.json}
            self.registered[username] = session["refresh"]
        turn = chance.randrange(4)
        if turn == 0:
            self.ending.add(username)
            assert self.server.post("/auth/logout", {"refresh": session["refresh"]}, fresh=True).status == 204
            self.revoked.append((session["access"], session["refresh"]))
        elif turn == 1:
            assert self.server.post("/auth/blacklist", {"token": session["access"]}, fresh=True).status == 204
            self.blacklisted.append(session["access"])


def test_nothing_acknowledged_is_lost_by_20_sudden_ends_under_load(start):
    port = martlet_server.free_port()
    listen = {"MARTLET_LISTEN": f"127.0.0.1:{port}"}
    kills = random.Random(7)
    total = 0
    for round_ in range(20):
        server = start(**listen)
        load = Load(server)
        threads = [threading.Thread(target=load.run, args=(round_ * 10 + index,)) for index in range(8)]
        for thread in threads:
            thread.start()
        until(lambda: len(load.registered) >= 3, what="the load")
        time.sleep(kills.uniform(0.02, 0.15))
        # Killed first: whatever was written down by then had been answered.
        server.kill()
        load.stopping.set()
        for thread in threads:
            thread.join()
        assert not load.mistakes, load.mistakes[0]

        server = start(**listen)
        ended = {refresh for _, refresh in load.revoked}
        for username, refresh in load.registered.items():
            total += 1
            if refresh in ended:
                assert server.post("/auth/refresh", {"refresh": refresh}).code == "session_ended"
                continue
            answer = server.post("/auth/refresh", {"refresh": refresh})
            # A refresh that was cut off may have happened without its answer, which the grace covers; a logout too.
            was_ending = username in load.ending and answer.code == "session_ended"
            assert answer.status == 200 or was_ending, (username, answer)
        for access, _ in load.revoked:
            assert server.get("/api/v1/users/me", token=access).code == "token_revoked"
        for access in load.blacklisted:
            assert server.get("/api/v1/users/me", token=access).code == "token_revoked"
        for username in list(load.registered)[-3:]:
            server.login(username)
        server.stop()
    assert total >= 100, "there was a load"


# An orderly end


def test_sigterm_lets_requests_end_and_refuses_new_connections(start):
    """A login that takes a while is answered; nobody new is let in."""
    import signal
    import socket

    server = start(MARTLET_ARGON2_MEMORY_KIB=65536, MARTLET_ARGON2_ITERATIONS=40, fresh_admin=False)
    with ThreadPoolExecutor(2) as pool:
        slow = pool.submit(lambda: server.post("/auth/register", {"username": name(), "password": PASSWORD}, fresh=True))
        time.sleep(0.4)
        assert not slow.done(), "the hash was not slow enough to test this"
        server.process.send_signal(signal.SIGTERM)

        def is_refused():
            try:
                socket.create_connection(("127.0.0.1", server.port), timeout=1).close()
                return False
            except OSError:
                return True

        until(is_refused, seconds=2, what="the end of listening")
        answer = slow.result()
    assert answer.status == 201, answer
    server.process.wait(12)
    assert server.process.returncode == 0
    server.has_stopped = True
    server.check_log()
    again = start(fresh_admin=False)
    assert again.get("/api/v1/users/me").status == 401


def test_an_idle_connection_does_not_hold_up_the_end(start):
    import socket

    server = start()
    with socket.create_connection(("127.0.0.1", server.port)) as idle:
        idle.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        idle.recv(1000)
        begun = time.monotonic()
        server.stop()
        assert time.monotonic() - begun < 5


def test_sighup_is_ignored(start):
    import signal

    server = start()
    server.process.send_signal(signal.SIGHUP)
    time.sleep(0.2)
    assert server.get("/healthz").status == 200


def test_two_services_on_one_database_agree(start):
    """Whoever takes something back, it is dead at the other within a second."""
    one = start(MARTLET_ISSUER="https://auth.example")
    two = start(MARTLET_ISSUER="https://auth.example")
    ada = one.register()
    assert two.get("/api/v1/users/me", token=ada.access).status == 200
    one.post("/auth/logout", {"refresh": ada.refresh_token})
    until(lambda: two.get("/api/v1/users/me", token=ada.access).code == "token_revoked", seconds=1)
    assert claims(two.login(ada.username).access)["sub"] == ada.user_id
