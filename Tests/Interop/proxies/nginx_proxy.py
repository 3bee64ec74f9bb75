"""A real nginx with the configuration of contrib/, before an application that tells what it got."""

import http.client
import http.server
import json
import os
import pathlib
import re
import shutil
import socket
import ssl
import subprocess
import threading
from dataclasses import dataclass

import martlet_server
from martlet_server import Answer

CONFIGURATION = martlet_server.PACKAGE / "contrib" / "nginx" / "martlet-forward.conf"
COMPLAINT = re.compile(r"\[(warn|crit|alert|emerg)\]")

# What is nginx's own: everything in a folder of the test's, nothing in the background, one process.
MAIN = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log stderr notice;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/martlet-forward.conf;
}}
"""


class Echo(http.server.BaseHTTPRequestHandler):
    """Answers with what the request was, fields in lower case, each with all of its values."""

    protocol_version = "HTTP/1.1"

    def answer(self):
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            body = b"".join(iter(self.chunk, b""))
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        fields = {}
        for field, value in self.headers.items():
            fields.setdefault(field.lower(), []).append(value.encode("latin-1").decode())
        self.server.requests.append(self.path)
        content = json.dumps({"method": self.command, "path": self.path, "headers": fields, "body": body.decode("latin-1")}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def chunk(self):
        size = int(self.rfile.readline(), 16)
        data = self.rfile.read(size)
        self.rfile.readline()
        return data

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = answer

    def log_message(self, *arguments):
        pass


@dataclass
class Proxy:
    """A running nginx, and the application behind it."""

    port: int
    process: subprocess.Popen
    folder: pathlib.Path
    application: http.server.ThreadingHTTPServer

    def connect(self):
        """A connection; the certificate is the test's own."""
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=20, context=context)

    def send(self, method="GET", path="/", token=None, content=None, headers=(), connection=None):
        """One request; `headers` are pairs, of which a name may come twice."""
        kept = connection or self.connect()
        kept.putrequest(method, path, skip_accept_encoding=True)
        if token is not None:
            kept.putheader("Authorization", f"Bearer {token}")
        for field, value in headers:
            kept.putheader(field, value)
        if content is not None:
            kept.putheader("Content-Length", str(len(content)))
        kept.endheaders(content)
        response = kept.getresponse()
        answer = Answer(response.status, response.headers, response.read())
        if connection is None:
            kept.close()
        return answer

    @property
    def reached(self):
        """The paths of the requests that were let in."""
        return self.application.requests

    @property
    def log(self):
        return (self.folder / "log.txt").read_text(errors="replace")

    def stop(self):
        """Ends both, after which nginx must have had nothing to complain about."""
        early = self.process.poll()
        self.process.terminate()
        self.process.wait(10)
        self.application.shutdown()
        self.application.server_close()
        assert early is None, f"nginx had ended by itself:\n{self.log}"
        # That a large body went through a file is no complaint.
        complaints = [line for line in self.log.splitlines() if COMPLAINT.search(line) and "buffered to a temporary file" not in line]
        assert not complaints, complaints


def program():
    # Debian has it in /usr/sbin, which is not in everybody's PATH.
    found = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    assert found, "nginx is missing: scripts/install-packages test"
    return found


def launch(folder, service):
    """Starts nginx before a service, with an application behind it; `folder` is new."""
    folder.mkdir()
    application = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    application.daemon_threads = True
    application.requests = []
    threading.Thread(target=application.serve_forever, daemon=True).start()
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1",
         "-subj", "/CN=app.example", "-keyout", folder / "key.pem", "-out", folder / "certificate.pem"], check=True, capture_output=True)
    (folder / "nginx.conf").write_text(MAIN.format(folder=folder))
    # Somebody else may take the port between the asking and the listening; once more is enough.
    for _ in range(3):
        port = martlet_server.free_port()
        (folder / "martlet-forward.conf").write_text(configuration(folder, port, service.port, application.server_port))
        with open(folder / "log.txt", "wb") as log:
            process = subprocess.Popen(
                [program(), "-p", folder, "-e", "stderr", "-c", folder / "nginx.conf"], stdout=log, stderr=log, cwd=folder)
        proxy = Proxy(port, process, folder, application)
        martlet_server.until(lambda: process.poll() is not None or listens(port), what="nginx")
        # Where it could not bind it tries on for a while, and who listens is the other one.
        if process.poll() is None and "bind()" not in proxy.log:
            return proxy
        process.kill()
        process.wait()
    application.shutdown()
    raise AssertionError(f"nginx does not start:\n{proxy.log}")


def configuration(folder, port, martlet, application):
    """The file of contrib/ with what is this test's own in the place of addresses and certificate."""
    text = CONFIGURATION.read_text()
    for written, here in {
        "listen 443 ssl;": f"listen 127.0.0.1:{port} ssl;",
        "server 127.0.0.1:8080;": f"server 127.0.0.1:{martlet};",
        "server 127.0.0.1:3000;": f"server 127.0.0.1:{application};",
        "/etc/ssl/app.example.pem": f"{folder}/certificate.pem",
        "/etc/ssl/app.example.key": f"{folder}/key.pem",
    }.items():
        assert text.count(written) == 1, f"{CONFIGURATION} has {written} not once"
        text = text.replace(written, here)
    return text


def listens(port):
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0
