"""Prints what botocore makes of variables and shared files, a case a line."""

import json
import os
import sys
import tempfile

import botocore.exceptions
import botocore.session

PLAIN = dict(os.environ)


def outcome(profile):
    session = botocore.session.Session(profile=profile)
    region = session.get_config_variable("region")
    found = session.get_credentials()
    keys = found.get_frozen_credentials() if found else None
    bundle = session.get_config_variable("ca_bundle")
    # A client reads its bundle when it is made, and these cases have none.
    os.environ.pop("AWS_CA_BUNDLE", None)
    client = session.create_client("kinesis") if region and not bundle else None
    return {
        "region": region,
        "endpoint": client.meta.endpoint_url if client else None,
        "ca_bundle": bundle,
        "access_key": keys.access_key if keys else None,
        "secret_key": keys.secret_key if keys else None,
        "token": keys.token if keys else None,
        "account": found.account_id if found else None,
    }


def run(case, home):
    os.environ.clear()
    os.environ.update(PLAIN, HOME=home, AWS_EC2_METADATA_DISABLED="true")
    os.environ.update(case["variables"])
    for file, name in [("config", "AWS_CONFIG_FILE"), ("credentials", "AWS_SHARED_CREDENTIALS_FILE")]:
        os.environ[name] = os.path.join(home, file)
        with open(os.environ[name], "w") as out:
            out.write(case[file])
    try:
        return outcome(case["profile"])
    except botocore.exceptions.BotoCoreError as error:
        return {"error": type(error).__name__}


for case in json.loads(sys.argv[1]):
    with tempfile.TemporaryDirectory() as home:
        print(json.dumps(run(case, home)))
