"""A Redis of one's own, the examples beside a running service, and a proxy that counts what they ask it."""

import shutil
import socket
import subprocess

import pytest
import redis

import martlet_server
import resource_servers


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory):
    """A redis-server on loopback that keeps nothing."""
    program = shutil.which("redis-server")
    assert program, "redis-server is missing: scripts/install-packages test"
    port, folder = martlet_server.free_port(), tmp_path_factory.mktemp("redis")
    with open(folder / "log.txt", "wb") as log:
        process = subprocess.Popen(
            [program, "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no"], stdout=log, stderr=log, cwd=folder)

    def answers():
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1) as sock:
                sock.sendall(b"PING\r\n")
                return sock.recv(16) == b"+PONG\r\n"
        except OSError:
            return False

    martlet_server.until(answers, what="Redis")
    yield f"redis://127.0.0.1:{port}"
    process.terminate()
    process.wait(10)


@pytest.fixture(scope="session", params=resource_servers.COMMANDS)
def example(request):
    """The name of each example in turn."""
    return request.param


@pytest.fixture
def beside(tmp_path, redis_url):
    """Starts an example: `beside("node", service, AUDIENCE="https://api.example")`. All are stopped at the end."""
    servers = []
    # A port may have been another issuer's a moment ago.
    redis.Redis.from_url(redis_url).flushall()

    def launch(name, service, **settings):
        servers.append(resource_servers.launch(name, tmp_path, service.url, **{"REDIS_URL": redis_url, **settings}))
        return servers[-1]

    yield launch
    for server in servers:
        server.stop()


@pytest.fixture
def proxied(start):
    """A service whose address is that of a counting proxy: `service, proxy`."""
    proxy = resource_servers.CountingProxy()
    service = start(MARTLET_ISSUER=proxy.url)
    proxy.port = service.port
    yield service, proxy
    proxy.stop()
