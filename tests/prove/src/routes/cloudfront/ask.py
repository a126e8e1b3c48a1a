# Asks over HTTPS: [address, headers] come as JSON, [status, headers, body in base64] go out. Knows nothing of signatures.
import base64
import json
import ssl
import sys
import urllib.error
import urllib.request

trusted = ssl.create_default_context(cafile=sys.argv[1])


def asked(address, headers):
    try:
        answer = urllib.request.urlopen(urllib.request.Request(address, headers=headers), context=trusted)
    except urllib.error.HTTPError as refused:
        answer = refused
    said = {name.lower(): value for name, value in answer.headers.items()}
    return [answer.status, said, base64.b64encode(answer.read()).decode()]


json.dump([asked(*case) for case in json.load(sys.stdin)], sys.stdout)
