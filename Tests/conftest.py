"""Fixtures that run the service, for every folder of tests that needs it."""

import subprocess

import pytest

import martlet_server


@pytest.fixture(scope="session")
def shared(tmp_path_factory):
    """A service with the usual settings, for tests that leave it as it was but for new accounts."""
    server = martlet_server.launch(tmp_path_factory.mktemp("shared"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def warden(shared):
    """The shared service's administrator."""
    return shared.admin()


@pytest.fixture
def start(tmp_path):
    """Starts services of one's own: `start(MARTLET_REFRESH_GRACE=0)`. All are stopped and checked at the end."""
    servers = []

    def launch(*arguments, folder="martlet", **settings):
        server = martlet_server.launch(tmp_path / folder, *arguments, **settings)
        servers.append(server)
        return server

    yield launch
    for server in servers:
        server.stop()


@pytest.fixture
def ada(shared):
    """A new account on the shared service, logged in."""
    return shared.register()


@pytest.fixture(scope="session")
def shim(tmp_path_factory):
    """The library that gives a service a disk and a clock to command (EndToEnd/shim.c)."""
    path = tmp_path_factory.mktemp("shim") / "shim.so"
    source = martlet_server.PACKAGE / "Tests" / "EndToEnd" / "shim.c"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-o", path, source, "-ldl"], check=True)
    return path
