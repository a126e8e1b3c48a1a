"""up|down ENDPOINT BUCKET CA (FILE KEY)...: moves them with s3transfer's CRT client, all at once."""
import sys

import botocore.session
from botocore.config import Config
from s3transfer.crt import (
    BotocoreCRTCredentialsWrapper,
    BotocoreCRTRequestSerializer,
    CRTTransferManager,
    create_s3_crt_client,
)

direction, endpoint, bucket, ca, *rest = sys.argv[1:]
region = "us-east-1"
session = botocore.session.Session()
keys = BotocoreCRTCredentialsWrapper(session.get_credentials()).to_crt_credentials_provider()
client = create_s3_crt_client(region, crt_credentials_provider=keys, verify=ca)
config = Config(s3={"addressing_style": "path"})
serializer = BotocoreCRTRequestSerializer(
    session, {"region_name": region, "endpoint_url": endpoint, "config": config}
)
with CRTTransferManager(client, serializer) as transfers:
    pairs = zip(rest[::2], rest[1::2])
    if direction == "up":
        begun = [transfers.upload(file, bucket, key) for file, key in pairs]
    else:
        begun = [transfers.download(bucket, key, file) for file, key in pairs]
    for transfer in begun:
        transfer.result()
