"""For proxy.py: hosts that only the proxy knows, and hosts that it lets nobody reach."""

import json
import os

from proxy.http.exception import HttpRequestRejected
from proxy.http.proxy import HttpProxyBasePlugin

KNOWN = json.loads(os.environ["RIG_KNOWN"])
FORBIDDEN = json.loads(os.environ["RIG_FORBIDDEN"])


class Hosts(HttpProxyBasePlugin):
    def resolve_dns(self, host, port):
        return KNOWN.get(host), None

    def before_upstream_connection(self, request):
        if request.host.decode() in FORBIDDEN:
            raise HttpRequestRejected(status_code=403, reason=b"Forbidden")
        return request
