"""The sides of a comparison behind one interface: `send`, `change` an account, `stop`."""

import http.client
import json
import os
import pathlib
import shutil
import sqlite3
import subprocess
import sys

import martlet_server
from martlet_server import ADMIN, Answer, binary, clean_environment

from profiles import ACCOUNTS
from table import NEW

FOLDER = pathlib.Path(__file__).resolve().parent
# Where the site's own view is on the other side.
MARTLET_PATHS = {"/protected/": "/api/v1/users/me"}


class DjangoSide:
    """A site of django_site on a database of its own."""

    def __init__(self, profile, folder, database):
        folder.mkdir(parents=True, exist_ok=True)
        self.log_path = folder / "django.txt"
        self.database = folder / "db.sqlite3"
        shutil.copyfile(database, self.database)
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "django_site.serve", "run"], stdout=subprocess.PIPE, stderr=log, cwd=FOLDER,
                env=site_environment(profile.site, self.database))
        line = martlet_server.announcement(self.process)
        assert line, self.log
        self.port = int(line.rpartition(":")[2])

    def send(self, method, path, content=None, headers=None):
        return exchange(self.port, method, path, content, headers)

    def change(self, action, username, **members):
        answer = self.send("POST", f"/-/{action}/", json.dumps({"username": username, **members}))
        assert answer.status == 204, (answer, self.log)

    @property
    def log(self):
        return self.log_path.read_text(errors="replace")[-4000:]

    def stop(self):
        self.process.terminate()
        self.process.wait(10)
        self.process.stdout.close()


class MartletSide:
    """The service with the compatibility endpoints of the profile's suite."""

    def __init__(self, profile, folder):
        self.server = martlet_server.launch(folder, **profile.environment)
        self.port = self.server.port
        # Looked for in the log at the end, beside the usual ones.
        self.server.secrets.add(NEW)
        self.ids = {}
        for account in ACCOUNTS:
            if account["username"] == ADMIN:
                continue
            members = {name: account[name] for name in ("username", "password", "email")}
            # Django's backends do not ask whether an address is verified; who brings accounts over says that they are.
            made = self.as_admin("POST", "/admin/api/users", {
                **members, "email_verified": True, "is_active": account.get("is_active", True)})
            assert made.status == 201, made
            self.ids[account["username"]] = made.json["id"]

    def send(self, method, path, content=None, headers=None):
        return exchange(self.port, method, MARTLET_PATHS.get(path, path), content, headers)

    def change(self, action, username, **members):
        path = f"/admin/api/users/{self.ids[username]}"
        if action == "delete":
            answer = self.as_admin("DELETE", path)
        elif action == "password":
            answer = self.as_admin("PATCH", path, {"password": members["password"]})
        else:
            answer = self.as_admin("PATCH", path, {"is_active": {"activate": True, "deactivate": False}[action]})
        assert answer.status in (200, 204), answer

    def as_admin(self, method, path, body=None):
        """A call with a token of its own: in some profiles one lives for a second at most, so that it may be over already."""
        for _ in range(20):
            answer = self.server.admin().call(method, path, body)
            if answer.status != 401:
                break
        return answer

    @property
    def log(self):
        return self.server.log[-4000:]

    def stop(self):
        self.server.stop()


class ImportedSide(MartletSide):
    """The service on what `martlet import django` took over from a site: its accounts are those of Django, and no others."""

    def __init__(self, profile, folder, site):
        settings = {**martlet_server.USUAL_SETTINGS, "MARTLET_DATA_DIR": str(folder / "data")}
        folder.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(
            [binary(), "import", "django", "--database", f"sqlite:{site.database}", "--json"], env=clean_environment(settings), cwd=folder,
            capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done
        self.summary = json.loads(done.stdout)
        self.server = martlet_server.launch(folder, fresh_admin=False, **profile.environment)
        self.port = self.server.port
        with sqlite3.connect(folder / "data" / "martlet.db") as database:
            self.ids = dict(database.execute("SELECT username, id FROM users"))
        database.close()


def prepared_database(path, accounts=ACCOUNTS):
    """A database with Django's tables and these accounts, for sides to copy."""
    environment = site_environment({"suite": "simplejwt"}, path) | {"PREPARE_ACCOUNTS": json.dumps(accounts)}
    subprocess.run([sys.executable, "-m", "django_site.serve", "prepare"], check=True, cwd=FOLDER, env=environment)
    return path


def site_environment(site, database):
    return {**os.environ, "SITE_SETTINGS": json.dumps({**site, "database": str(database)}), "PYTHONWARNINGS": "ignore"}


def exchange(port, method, path, content, headers):
    """One request on a connection of its own, with exactly these header fields and what HTTP requires."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, path, body=content, headers=headers or {})
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())
    finally:
        connection.close()
