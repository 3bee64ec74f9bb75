"""Fixtures for the consuming side (`martlet api` processes, a proxy before the issuer, a Redis), and a clock to command."""

import pytest

import consumers


@pytest.fixture
def consume(tmp_path):
    """Starts consumers: `consume(issuer.url, MARTLET_MAX_STALENESS=2)`. All are stopped and checked at the end."""
    started = []

    def launch(issuer, *arguments, **settings):
        consumer = consumers.launch_api(tmp_path / "api", issuer, *arguments, **settings)
        started.append(consumer)
        return consumer

    yield launch
    for consumer in started:
        consumer.stop()


@pytest.fixture
def proxy():
    proxy = consumers.Proxy()
    yield proxy
    proxy.close()


@pytest.fixture
def behind(start, proxy):
    """Starts a service whose address is the proxy's: `behind()`."""

    def launch(*arguments, **settings):
        server = start(*arguments, MARTLET_ISSUER=proxy.url, **settings)
        proxy.port = server.port
        return server

    return launch


@pytest.fixture
def redis_server(tmp_path):
    redis = consumers.Redis(tmp_path)
    yield redis
    redis.stop()


@pytest.fixture
def travel(start, tmp_path, shim):
    """`travel.start(…)` starts a service; `travel.to(seconds)` sets its clock, and that of others with `travel.settings`, ahead."""

    class Travel:
        path = tmp_path / "ahead"
        settings = {"LD_PRELOAD": str(shim), "SHIM_AHEAD": str(path)}

        def start(self, **settings):
            return start(**self.settings, **settings)

        def to(self, seconds):
            # Renamed into place: the service must not read half of it.
            new = self.path.with_suffix(".new")
            new.write_text(str(seconds))
            new.rename(self.path)

    return Travel()
