"""A multi-region access point: access_point.py ADDRESS CERTIFICATE KEY STORE BUCKET RECORD HOST, with the bucket's keys in the
environment. Serves https. Writes every request as it came into the record, a line of JSON each; takes reads that are
signed as AWS's are (see sigv4a.py) and answers them with what the store has, which is asked by a signature of its own kind;
anything else it refuses as AWS does."""
import http.client
import json
import os
import ssl
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

import sigv4a

address, certificate, key, store, bucket, record, host = sys.argv[1:]
keys = (os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"])
signer = S3SigV4Auth(Credentials(*keys), "s3", "us-east-1")
lock, upstream = threading.Lock(), threading.local()
# What a read may ask beside the key.
PASSED = {"range", "if-match", "if-none-match", "x-amz-checksum-mode"}


def ask(method, target, headers):
    asked = AWSRequest(method, f"http://{store}/{bucket}{target}", headers)
    signer.add_auth(asked)
    if not hasattr(upstream, "connection"):
        upstream.connection = http.client.HTTPConnection(store)
    prepared = asked.prepare()
    upstream.connection.request(method, prepared.url.removeprefix(f"http://{store}"), headers=dict(prepared.headers))
    return upstream.connection.getresponse()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def any(self):
        headers = [[name, value] for name, value in self.headers.items()]
        came = {"method": self.command, "target": self.path, "headers": headers, "at": time.time()}
        with lock:
            lines.write(json.dumps(came) + "\n")
        if self.command not in ("GET", "HEAD"):
            return self.refuse(405, "MethodNotAllowed", "The specified method is not allowed against this resource.")
        if why := sigv4a.why_refused(came, *keys, host):
            return self.refuse(403, "SignatureDoesNotMatch", f"The request signature we calculated does not match: {why}")
        answer = ask(self.command, self.path, {n: v for n, v in self.headers.items() if n.lower() in PASSED})
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("server", "date", "connection", "transfer-encoding"):
                self.send_header(name, value)
        self.end_headers()
        while piece := answer.read(1 << 16):
            self.wfile.write(piece)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = any

    def refuse(self, status, code, message):
        body = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>".encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        # What was to be sent along has not been read.
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 256
    daemon_threads = True

    def finish_request(self, request, client):
        # On the connection's own thread: a handshake takes round trips.
        with context.wrap_socket(request, server_side=True) as secured:
            super().finish_request(secured, client)

    def handle_error(self, *_):
        # Clients close connections whenever they like.
        pass


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
server = Server((address, 443), Handler)
# Whoever waits for this to serve waits for that file.
lines = open(record, "a", buffering=1)
server.serve_forever()
