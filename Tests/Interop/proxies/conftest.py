"""nginx before a service, as a fixture."""

import pytest

import nginx_proxy


@pytest.fixture
def before(tmp_path):
    """Starts nginx before a service: `before(service)`. All are stopped and checked at the end."""
    running = []

    def launch(service):
        running.append(nginx_proxy.launch(tmp_path / f"nginx-{len(running)}", service))
        return running[-1]

    yield launch
    for proxy in running:
        proxy.stop()
