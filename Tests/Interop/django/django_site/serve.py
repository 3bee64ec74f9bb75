"""`python -m django_site.serve prepare|run`: makes the database and its accounts, or serves it on a free port, announced on a line.

PREPARE_ACCOUNTS is a JSON list of accounts: username, password, email, is_active, is_superuser.
"""

import json
import os
import socketserver
import sys
import wsgiref.simple_server

import django


class Server(socketserver.ThreadingMixIn, wsgiref.simple_server.WSGIServer):
    daemon_threads = True
    request_queue_size = 64

    def server_bind(self):
        # The inherited method looks up the machine's name, which may take seconds.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "localhost", self.server_address[1]
        self.setup_environ()


class Handler(wsgiref.simple_server.WSGIRequestHandler):
    def log_message(self, format, *arguments):
        """The log is for exceptions."""


def prepare():
    from django.contrib.auth import get_user_model
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    for account in json.loads(os.environ["PREPARE_ACCOUNTS"]):
        if account.get("is_superuser"):
            os.environ["DJANGO_SUPERUSER_PASSWORD"] = account["password"]
            call_command("createsuperuser", interactive=False, username=account["username"], email=account["email"], verbosity=0)
        else:
            get_user_model().objects.create_user(
                account["username"], account["email"], account["password"], is_active=account.get("is_active", True))


def run():
    from django.core.wsgi import get_wsgi_application

    with Server(("127.0.0.1", 0), Handler) as server:
        server.set_app(get_wsgi_application())
        print(f"django serves http://127.0.0.1:{server.server_port}", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "django_site.settings"
    django.setup()
    {"prepare": prepare, "run": run}[sys.argv[1]]()
