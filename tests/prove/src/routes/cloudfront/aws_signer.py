# Signs as botocore does: cases come as JSON, addresses go out as JSON. Run by rushes-prove with a Python that has boto3.
import datetime
import json
import sys

import rsa
from botocore.signers import CloudFrontSigner

asked = json.load(sys.stdin)
with open(asked["private"], "rb") as file:
    private = rsa.PrivateKey.load_pkcs1(file.read())
signer = CloudFrontSigner(asked["id"], lambda text: rsa.sign(text, private, "SHA-1"))


def at(seconds):
    return seconds and datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)


def signed(case):
    until = at(case["until"])
    if case["resource"] is None:
        return signer.generate_presigned_url(case["address"], date_less_than=until)
    policy = signer.build_policy(case["resource"], until, at(case["from"]), case["ip"])
    return signer.generate_presigned_url(case["address"], policy=policy)


json.dump([signed(case) for case in asked["cases"]], sys.stdout)
