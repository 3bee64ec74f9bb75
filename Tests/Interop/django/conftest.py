"""Sites on a prepared database; each is stopped at the end of its test."""

import pytest

import sides


@pytest.fixture(scope="session")
def database(tmp_path_factory):
    """Django's tables and the accounts of profiles.py, made by Django."""
    return sides.prepared_database(tmp_path_factory.mktemp("django") / "prepared.sqlite3")


@pytest.fixture
def site(tmp_path, database):
    """Starts a site: `site(profile)`."""
    running = []

    def launch(profile):
        running.append(sides.DjangoSide(profile, tmp_path / f"site-{len(running)}", database))
        return running[-1]

    yield launch
    for side in running:
        side.stop()


@pytest.fixture
def martlet(tmp_path):
    """Starts a Martlet set up like a site: `martlet(profile)`."""
    running = []

    def launch(profile):
        running.append(sides.MartletSide(profile, tmp_path / f"martlet-{len(running)}"))
        return running[-1]

    yield launch
    for side in running:
        side.stop()


@pytest.fixture
def successor(tmp_path):
    """Starts a Martlet that took over the accounts of a site: `successor(profile, site)`."""
    running = []

    def launch(profile, site):
        running.append(sides.ImportedSide(profile, tmp_path / f"successor-{len(running)}", site))
        return running[-1]

    yield launch
    for side in running:
        side.stop()
