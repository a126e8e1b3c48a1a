"""Checks signatures by AWS's Signature Version 4A, from what AWS has published of it, with OpenSSL's ECDSA (by way of
`cryptography`) and nobody's signer. As a program: sigv4a.py RECORD HOST, with keys from the environment, checks every
request of the record, and that the same requests with one thing changed are refused, and that a request that AWS's own C
library has signed is taken. It prints one JSON object."""
import datetime
import hashlib
import hmac
import json
import os
import sys
from urllib.parse import parse_qsl, quote, unquote

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

ALGORITHM = "AWS4-ECDSA-P256-SHA256"
# The order of the group, of which a private key is a number.
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
EMPTY = hashlib.sha256(b"").hexdigest()
CLOCKS_DIFFER = datetime.timedelta(minutes=15)
MUST_BE_SIGNED = {"host", "x-amz-content-sha256", "x-amz-date", "x-amz-region-set"}


class Refused(Exception):
    pass


def public_key(access_key, secret):
    """Of the key pair that both sides derive from the secret: NIST SP 800-108's function in counter mode."""
    for counter in range(1, 255):
        context = access_key.encode() + bytes([counter])
        fixed = ALGORITHM.encode() + b"\0" + context + (256).to_bytes(4, "big")
        block = hmac.new(b"AWS4A" + secret.encode(), (1).to_bytes(4, "big") + fixed, hashlib.sha256).digest()
        candidate = int.from_bytes(block, "big")
        if candidate <= ORDER - 2:
            return ec.derive_private_key(candidate + 1, ec.SECP256R1()).public_key()
    raise Refused("no key comes of this secret")


def canonical(request, signed):
    """S3's form: the path is encoded once and not tidied."""
    path, _, query = request["target"].partition("?")
    encode = lambda text: quote(text, safe="-_.~")
    pairs = sorted((encode(name), encode(value)) for name, value in parse_qsl(query, keep_blank_values=True))
    values = {}
    for name, value in request["headers"]:
        values.setdefault(name.lower(), []).append(" ".join(value.split()))
    lines = [
        request["method"],
        quote(unquote(path), safe="/-_.~"),
        "&".join(f"{name}={value}" for name, value in pairs),
        *(f"{name}:{','.join(values.get(name, ['']))}" for name in signed),
        "",
        ";".join(signed),
        values["x-amz-content-sha256"][0],
    ]
    return "\n".join(lines)


def verify(request, access_key, secret, host, region="eu-west-1"):
    """Raises Refused, with why, unless the request was signed with this secret, for this host and region, about now."""
    headers = {name.lower(): value for name, value in request["headers"]}
    kind, _, rest = headers.get("authorization", "").partition(" ")
    if kind != ALGORITHM:
        raise Refused(f"signed by {kind or 'nobody'}")
    told = dict(item.strip().partition("=")[::2] for item in rest.split(","))
    date, service, end = told["Credential"].removeprefix(access_key + "/").split("/")
    at, signed = headers["x-amz-date"], told["SignedHeaders"].split(";")
    if (service, end) != ("s3", "aws4_request") or not at.startswith(date):
        raise Refused(f"its scope is {told['Credential']}")
    if headers["host"] != host:
        raise Refused(f"it was sent to {headers['host']}")
    if not MUST_BE_SIGNED <= set(signed) or signed != sorted(signed):
        raise Refused(f"signed are only {signed}")
    # A star is what access points are asked with: whichever region is nearest may answer.
    if headers["x-amz-region-set"] != "*" and region not in headers["x-amz-region-set"].split(","):
        raise Refused(f"it is for {headers['x-amz-region-set']}")
    when = datetime.datetime.strptime(at, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc)
    if abs(when.timestamp() - request["at"]) > CLOCKS_DIFFER.total_seconds():
        raise Refused(f"it was signed at {at}")
    if headers["x-amz-content-sha256"] not in (EMPTY, "UNSIGNED-PAYLOAD"):
        raise Refused("its body is another one")
    digest = hashlib.sha256(canonical(request, signed).encode()).hexdigest()
    text = "\n".join([ALGORITHM, at, f"{date}/{service}/{end}", digest])
    try:
        public_key(access_key, secret).verify(
            bytes.fromhex(told["Signature"]), text.encode(), ec.ECDSA(hashes.SHA256())
        )
    except InvalidSignature:
        raise Refused("signature") from None


def changed(request):
    """The request with one byte of its path, its regions, or its date another one."""
    path, mark, query = request["target"].partition("?")
    yield "path", {**request, "target": path[:-1] + ("b" if path[-1] == "a" else "a") + mark + query}

    def with_header(header, value):
        return {**request, "headers": [(n, value if n.lower() == header else v) for n, v in request["headers"]]}

    at = dict((n.lower(), v) for n, v in request["headers"])["x-amz-date"]
    yield "regions", with_header("x-amz-region-set", "eu-west-1")
    yield "date", with_header("x-amz-date", at[:-2] + ("1" if at[-2] == "0" else "0") + "Z")


def by_awscrt(access_key, secret, host):
    """A request as AWS's C library signs it."""
    from awscrt import auth, http

    request = http.HttpRequest("GET", "/there/a%20clip-1.mxf?x-id=GetObject", http.HttpHeaders([("Host", host)]))
    request.headers.add("Range", "bytes=0-99")
    now = datetime.datetime.now(datetime.timezone.utc)
    config = auth.AwsSigningConfig(
        algorithm=auth.AwsSigningAlgorithm.V4_ASYMMETRIC,
        signature_type=auth.AwsSignatureType.HTTP_REQUEST_HEADERS,
        credentials_provider=auth.AwsCredentialsProvider.new_static(access_key, secret),
        region="*",
        service="s3",
        date=now,
        use_double_uri_encode=False,
        should_normalize_uri_path=False,
        signed_body_header_type=auth.AwsSignedBodyHeaderType.X_AMZ_CONTENT_SHA_256,
    )
    signed = auth.aws_sign_request(request, config).result(10)
    headers = list(signed.headers)
    return {"method": signed.method, "target": signed.path, "headers": headers, "at": now.timestamp()}


def why_refused(request, *about):
    try:
        return verify(request, *about)
    except Refused as refused:
        return str(refused)


def main(record, host):
    about = (os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"], host)
    with open(record) as lines:
        requests = [json.loads(line) for line in lines]
    good, bad, forged, taken = {}, [], {}, []
    for request in requests:
        why = why_refused(request, *about)
        if why:
            bad.append(f"{request['method']} {request['target']}: {why}")
            continue
        good[request["method"]] = good.get(request["method"], 0) + 1
        for what, other in changed(request):
            is_told_apart = why_refused(other, *about) == "signature"
            (forged.update({what: forged.get(what, 0) + 1}) if is_told_apart else taken.append([what, other]))
    theirs = by_awscrt(*about)
    witness = why_refused(theirs, *about)
    taken += [[what, "awscrt"] for what, other in changed(theirs) if why_refused(other, *about) != "signature"]
    methods = [request["method"] for request in requests]
    ranges = sum(any(name.lower() == "range" for name, _ in request["headers"]) for request in requests)
    print(
        json.dumps(
            {
                "requests": len(requests),
                "verified": good,
                "bad": bad,
                "ranges": ranges,
                "methods": sorted(set(methods)),
                "refused_when_changed": forged,
                "taken_when_changed": taken,
                "awscrt": witness or "verified",
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
