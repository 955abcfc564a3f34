"""An S3 server on the loopback for tests: moto, held to what S3 promises, and broken on purpose where a test asks for it.

Google's object storage understands the same requests; where its words for them differ, they are translated.

moto looks whether an object is there and then writes it, so two conditional puts at once could both succeed; here they are
let in one at a time. It believes every signature; here they are checked, as S3 checks them. Requests and bytes are counted.
"""

import collections
import hashlib
import hmac
import logging
import os
import threading
import time
import urllib.parse

KEY, SECRET, REGION = "TESTKEY", "a secret of the tests", "us-east-1"
# moto asks for the account of whoever signs, and finds it here.
os.environ["MOTO_ALLOW_NONEXISTENT_REGION"] = "true"

import boto3  # noqa: E402
import botocore.config  # noqa: E402
from moto.server import DomainDispatcherApplication, create_backend_app  # noqa: E402
from werkzeug.serving import WSGIRequestHandler, make_server  # noqa: E402


class Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, *arguments):
        pass


def denied(code, start_response):
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{code}</Message></Error>".encode()
    status = {"SlowDown": "503 Slow Down", "InternalError": "500 Internal Error"}.get(code, "403 Forbidden")
    start_response(status, [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))])
    return [body]


def signature(environ):
    """The signature that the request should have (version 4), and the one that it has."""
    fields = dict(
        part.strip().split("=", 1) for part in environ["HTTP_AUTHORIZATION"].removeprefix("AWS4-HMAC-SHA256").split(",")
    )
    key, day, region, service, end = fields["Credential"].split("/")
    if key != KEY:
        return None, fields["Signature"]
    uri = environ["RAW_URI"]
    path, _, query = uri.partition("?")
    pairs = sorted(tuple((pair + "=").split("=", 2)[:2]) for pair in query.split("&") if pair)
    signed = fields["SignedHeaders"].split(";")
    names = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}
    values = [environ.get(names.get(name, "HTTP_" + name.upper().replace("-", "_")), "").strip() for name in signed]
    canonical = "\n".join(
        [
            environ["REQUEST_METHOD"],
            path,
            "&".join(f"{name}={value}" for name, value in pairs),
            *(f"{name}:{' '.join(value.split())}" for name, value in zip(signed, values)),
            "",
            fields["SignedHeaders"],
            environ["HTTP_X_AMZ_CONTENT_SHA256"],
        ]
    )
    scope = "/".join([day, region, service, end])
    text = "\n".join(
        ["AWS4-HMAC-SHA256", environ["HTTP_X_AMZ_DATE"], scope, hashlib.sha256(canonical.encode()).hexdigest()]
    )
    secret = ("AWS4" + SECRET).encode()
    for part in (day, region, service, end):
        secret = hmac.new(secret, part.encode(), hashlib.sha256).digest()
    return hmac.new(secret, text.encode(), hashlib.sha256).hexdigest(), fields["Signature"]


def in_google_words(environ, start_response):
    """A condition as S3 says it, and the number of every object's version, without which Google's clients believe nothing."""
    if environ.pop("HTTP_X_GOOG_IF_GENERATION_MATCH", None) == "0":
        environ["HTTP_IF_NONE_MATCH"] = "*"
    # moto reads there which of its services is meant.
    environ["HTTP_AUTHORIZATION"] = f"AWS4-HMAC-SHA256 Credential={KEY}/20260101/{REGION}/s3/aws4_request"
    return lambda status, headers, *more: start_response(status, [*headers, ("x-goog-generation", "1")], *more)


class Server:
    """One that is up as long as nobody calls `stop`."""

    def __init__(self):
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self.moto = DomainDispatcherApplication(create_backend_app)
        self.conditional = threading.Lock()
        self.counting = threading.Lock()
        self.busy_every = 0
        self.loses_commits = False
        self.speaks_google = False
        self.latency = 0
        self.forget()
        self.server = make_server("127.0.0.1", 0, self, threaded=True, request_handler=Handler)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.client = boto3.client(
            "s3",
            endpoint_url=self.endpoint(),
            aws_access_key_id=KEY,
            aws_secret_access_key=SECRET,
            region_name=REGION,
            config=botocore.config.Config(retries={"max_attempts": 0}, max_pool_connections=50),
        )

    def endpoint(self):
        return f"http://127.0.0.1:{self.port}"

    def forget(self):
        """Begins to count anew."""
        self.requests = collections.Counter()
        self.n_bytes = 0
        self.n_lost = 0
        self.n_busy = 0

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def __call__(self, environ, start_response):
        method = environ["REQUEST_METHOD"]
        # What the server does not read, it must not take for the next request.
        length = int(environ.get("CONTENT_LENGTH") or 0)
        with self.counting:
            self.requests[method] += 1
            n_requests = self.requests.total()
        if self.latency:
            time.sleep(self.latency)
        is_google = self.speaks_google and not environ.get("HTTP_AUTHORIZATION", "").startswith("AWS4")
        if is_google:
            start_response = in_google_words(environ, start_response)
        try:
            wanted, found = ("", "") if is_google else signature(environ)
        except KeyError:
            wanted, found = None, ""
        refusal = None
        if wanted is None:
            refusal = "InvalidAccessKeyId"
        elif not hmac.compare_digest(wanted, found):
            refusal = "SignatureDoesNotMatch"
        elif self.busy_every and n_requests % self.busy_every == 0:
            refusal = "SlowDown"
            self.n_busy += 1
        if refusal:
            environ["wsgi.input"].read(length)
            return denied(refusal, start_response)
        is_conditional = environ.get("HTTP_IF_NONE_MATCH") == "*"
        if not is_conditional:
            return self.passed_on(environ, start_response)
        with self.conditional:
            answers = []
            body = list(self.moto(environ, lambda *answer: answers.append(answer)))
        if self.loses_commits and answers[0][0].startswith("200"):
            self.n_lost += 1
            return denied("InternalError", start_response)
        start_response(*answers[0])
        return body

    def passed_on(self, environ, start_response):
        body = list(self.moto(environ, start_response))
        with self.counting:
            self.n_bytes += sum(map(len, body))
        return body
