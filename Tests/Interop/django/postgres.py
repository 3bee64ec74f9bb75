"""A real PostgreSQL in a folder of its own, reached through a socket there."""

import os
import pathlib
import pwd
import shutil
import subprocess
import tempfile

import martlet_server

# initdb and postgres refuse to be root; where the tests are, Debian's account for them is there as well.
ACCOUNT = "postgres"


class Postgres:
    """A running server with an empty database `site`; whoever reaches the socket is let in."""

    def __init__(self):
        # Not among pytest's folders, which are closed to other accounts and whose paths are too long for a socket.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="martlet-pg-"))
        self.owner = ACCOUNT if os.geteuid() == 0 else None
        if self.owner:
            shutil.chown(self.folder, self.owner)
        data = self.folder / "data"
        self.run("initdb", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--username=site", "--no-sync", f"--pgdata={data}")
        log = open(self.folder / "log.txt", "wb")
        self.process = subprocess.Popen(
            [program("postgres"), "-D", data, "-k", self.folder, "-c", "listen_addresses=", "-c", "fsync=off"], stdout=log, stderr=log,
            start_new_session=True, **self.identity)
        log.close()
        martlet_server.until(
            lambda: subprocess.run([program("pg_isready"), "-q", "-h", self.folder], check=False).returncode == 0, 20, what="PostgreSQL")
        self.run("createdb", "--host", self.folder, "--username=site", "site")
        self.url = f"postgresql://site@/site?host={self.folder}"
        self.django = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": "site", "USER": "site", "HOST": str(self.folder)}}

    @property
    def identity(self):
        return {"user": self.owner, "group": pwd.getpwnam(self.owner).pw_gid, "extra_groups": []} if self.owner else {}

    def run(self, name, *arguments):
        subprocess.run([program(name), *arguments], check=True, stdout=subprocess.DEVNULL, cwd=self.folder, **self.identity)

    def sql(self, text):
        self.run("psql", "--host", self.folder, "--username=site", "--quiet", "--set=ON_ERROR_STOP=1", f"--command={text}", "site")

    def stop(self):
        # SIGINT ends its sessions.
        self.process.send_signal(2)
        self.process.wait(20)
        shutil.rmtree(self.folder)


def program(name):
    """Debian keeps the server's programs by version, out of the path."""
    folders = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: float(folder.parent.name), reverse=True)
    found = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), *map(str, folders)]))
    assert found, f"{name} is missing: scripts/install-packages test"
    return found
