"""Real receivers of alerts: a mail server with STARTTLS and a login, and a web server with TLS. Run by tests/alerts/run."""

import http.server
import json
import logging
import os
import socket
import ssl
import subprocess
import sys
import threading
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

PROGRAM, SCRATCH = sys.argv[1], Path(sys.argv[2])
PASSWORD = "a secret of the tests"


def context():
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(SCRATCH / "server.pem", SCRATCH / "server.key")
    return made


class Inbox:
    def __init__(self):
        self.messages = []

    async def handle_DATA(self, server, session, envelope):
        self.messages.append((session.authenticated, session.ssl is not None, envelope))
        return "250 taken"


def authenticate(server, session, envelope, mechanism, data):
    is_right = data.login == b"trichter" and data.password == PASSWORD.encode()
    return AuthResult(success=is_right)


class Hook(http.server.BaseHTTPRequestHandler):
    got = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.got.append((self.path, self.headers["Authorization"], json.loads(body)))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *arguments):
        pass


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def log():
    """A day of many messages and few clicks, and an event two days later."""
    lines = []
    for n in range(200):
        own = {"contact_id": f"k{n}", "at": "2026-05-04T10:00:00Z", "message_id": f"m{n}"}
        lines += [{"kind": "message_sent", **own}, {"kind": "message_delivered", **own}]
    lines.append({"kind": "button_clicked", "contact_id": "k1", "at": "2026-05-04T10:05:00Z", "reply_to": "m1"})
    lines.append({"kind": "message_received", "contact_id": "k1", "at": "2026-05-06T10:30:00Z"})
    return "".join(json.dumps(line) + "\n" for line in lines)


def run(*arguments, **environment):
    done = subprocess.run(
        [PROGRAM, *arguments], cwd=SCRATCH, env={**os.environ, **environment}, capture_output=True, text=True, timeout=120
    )
    return done.returncode, done.stdout, done.stderr


def alerts(receiver, expected, *words, **environment):
    """Judges and tells from nothing; the exit code and the complaint have to be these."""
    (SCRATCH / "store" / "alerts.json").unlink(missing_ok=True)
    watched = '[[alert]]\nname = "Few clicks"\nmetric = "click_rate"\nbelow = "20%"\n'
    (SCRATCH / "trichter.toml").write_text(watched + receiver)
    code, out, err = run("alerts", "--store", "store", "--config", "trichter.toml", **environment)
    assert code == expected, f"{code} and not {expected}\n{receiver}\n{out}{err}"
    for word in words:
        assert word in err, f"no '{word}' in {err}"
    for secret in (PASSWORD, "secret-path", "wrong word"):
        assert secret not in out + err, err


def main():
    (SCRATCH / "log.ndjson").write_text(log())
    code, _, err = run("ingest", "log.ndjson", "--store", "store", "--quiet")
    assert code == 0, err

    inbox = Inbox()
    mail = Controller(
        inbox, hostname="127.0.0.1", port=free_port(), tls_context=context(), require_starttls=True,
        auth_required=True, authenticator=authenticate,
    )
    # What the server thinks of clients that hang up is looked for here, not on the terminal.
    logging.disable(logging.CRITICAL)
    mail.start()
    web = http.server.HTTPServer(("127.0.0.1", 0), Hook)
    web.socket = context().wrap_socket(web.socket, server_side=True)
    threading.Thread(target=web.serve_forever, daemon=True).start()
    try:
        trusted = 'ca_file = "ca.pem"\n'
        server = (
            f'[alerts.mail]\nserver = "localhost"\nport = {mail.port}\nfrom = "t@bot.example"\nto = ["desk@desk.example"]\n'
            'login = "trichter"\npassword_env = "MAIL"\ntimeout = "2s"\n'
        )
        alerts(server + trusted, 1, MAIL=PASSWORD)
        [(is_known, is_secret, envelope)] = inbox.messages
        assert is_known and is_secret and envelope.rcpt_tos == ["desk@desk.example"]
        assert b"Subject: trichter: 1 warning: Few clicks" in envelope.content, envelope.content
        alerts(server + trusted, 2, "alerts could not be told: mail: ", MAIL="wrong word")
        alerts(server, 2, "mail: ", "certificate", MAIL=PASSWORD)
        alerts(server + trusted + 'tls = "wrapped"\n', 2, "mail: ", MAIL=PASSWORD)
        assert len(inbox.messages) == 1

        hook = '[alerts.webhook]\nurl_env = "HOOK"\ntoken_env = "TOKEN"\ntimeout = "2s"\n'
        secrets = {"HOOK": f"https://localhost:{web.server_port}/secret-path", "TOKEN": PASSWORD.replace(" ", "-")}
        alerts(hook + trusted, 1, **secrets)
        [(path, token, body)] = Hook.got
        assert path == "/secret-path" and token == "Bearer a-secret-of-the-tests", (path, token)
        assert body["alerts"][0]["state"] == "raised" and body["language"] == "en", body
        alerts(hook, 2, "webhook: ", "TLS failed", **secrets)
        assert len(Hook.got) == 1
    finally:
        mail.stop()
        web.shutdown()
    print("alerts: a mail server with STARTTLS and a login and a web server with TLS took theirs, and nobody else was trusted")


main()
