"""Prints what botocore resolves, a case a line: parameters and the endpoint, or the error.

Two kinds of cases: calls of real clients, of every operation in every region and variant with every
ARN it takes, and parameters given to the rules directly, among them such as no client lets through.
"""

import itertools
import json
import sys

import botocore.session
from botocore.config import Config
from botocore.endpoint_provider import EndpointProvider, RuleSetStandardLibrary
from botocore.exceptions import BotoCoreError, EndpointVariantError

ACCOUNT = "123456789012"
CONTEXT = ["StreamId", "StreamARN", "ConsumerARN", "ResourceARN", "ChannelARN", "QueueARN"]
UNKNOWN = ["eu-atlantis-7", "xx-new-1", "local", "us-gov-x-y-1", "eusc-fr-east-1", "aws-eusc-global"]
PSEUDO = ["fips-us-east-1", "us-gov-west-1-fips", "fips-us-west-2-fips"]
WRONG = ["", "-", "12", "us-east-1.evil.example", "a/b", "x" * 64]

session = botocore.session.Session()
session.set_credentials("AKID", "secret", account_id=None)
loader = session.get_component("data_loader")
rules = loader.load_service_model("kinesis", "endpoint-rule-set-1")
partitions = loader.load_data("partitions")
provider = EndpointProvider(rules, partitions)


def listed():
    for partition in session.get_available_partitions():
        for name in session.get_available_regions("kinesis", partition):
            data = next(p for p in partitions["partitions"] if p["id"] == partition)
            yield {
                "name": name,
                "partition": partition,
                "description": data["regions"][name]["description"],
            }


def say(of, params, answer):
    print(json.dumps({"of": of, "params": params, "answer": answer}))


def arns(partition, region):
    base = f"arn:{partition}:kinesis:{region}:{ACCOUNT}"
    return {
        "StreamARN": f"{base}:stream/orders",
        "ConsumerARN": f"{base}:stream/orders/consumer/c:1700000000",
        "ResourceARN": f"{base}:stream/orders",
        "ChannelARN": f"{base}:channel/c0ffee",
        "QueueARN": f"{base}:queue/q0ffee",
        "StreamId": "abcdefghij0123456789-xyz",
    }


def library(region):
    return RuleSetStandardLibrary(partitions).aws_partition(region)["name"]


def answered(resolve):
    try:
        return {"url": resolve().url}
    except BotoCoreError as error:
        return {"error": str(error)}


def calls():
    regions = sorted({r for p in partitions["partitions"] for r in p["regions"]})
    variants = list(itertools.product([False, True], [False, True]))
    for region in regions + UNKNOWN + PSEUDO + WRONG[1:]:
        for fips, dual in variants:
            config = Config(use_fips_endpoint=fips, use_dualstack_endpoint=dual)
            base = {"Region": region, "UseFIPS": fips, "UseDualStack": dual}
            try:
                client = session.create_client("kinesis", region, config=config)
            except EndpointVariantError:
                # The table of endpoints that preceded the rules has no such variant, and botocore
                # asks it first when it makes a client. AWS's other SDKs have the rules alone.
                given = arns(library(region), region)
                for args in [{}, *({m: given[m]} for m in CONTEXT if m != "QueueARN")]:
                    ask("GetRecords", False, "data", {**base, **args})
                continue
            except BotoCoreError as error:
                say("GetRecords", base, {"error": str(error)})
                continue
            yield region, base, client


def of_clients():
    for region, base, client in calls():
        given = arns(library(client.meta.region_name), client.meta.region_name)
        model = client.meta.service_model
        for name in model.operation_names:
            operation = model.operation_model(name)
            members = [c.name for c in operation.context_parameters]
            for chosen in [None, *members]:
                args = {chosen: given[chosen]} if chosen else {}
                resolver = client._ruleset_resolver
                answer = answered(lambda: resolver.construct_endpoint(operation, args, {}))
                say(name, {**base, **args}, answer)


def ask(name, queue, kind, params):
    given = {k: v for k, v in params.items() if v is not None}
    given["OperationType"] = kind
    if queue:
        given["ResourceType"] = "queue"
    say(name, params, answered(lambda: provider.resolve_endpoint(**given)))


def of_rules():
    named = [
        ("PutRecord", False, "data"),
        ("DeleteStream", False, "control"),
        ("ReceiveQueueRecords", True, "data"),
        ("DeleteQueue", True, "control"),
    ]
    for operation in named:
        for params in odd():
            ask(*operation, params)


def odd():
    some = ["us-east-1", "cn-north-1", "us-gov-west-1", "us-iso-east-1", "us-isob-east-1", None]
    base = {"UseFIPS": False, "UseDualStack": False}
    for region, member in itertools.product(some, CONTEXT):
        partition = library(region) if region else "aws"
        for value in wrong_values(partition, region or "us-east-1", member):
            yield {**base, "Region": region, member: value}
    for region, fips, dual in itertools.product(some, [False, True], [False, True]):
        base = {"Region": region, "UseFIPS": fips, "UseDualStack": dual}
        partition = library(region) if region else "aws"
        given = arns(partition, region or "us-east-1")
        for first, second in itertools.combinations(CONTEXT, 2):
            yield {**base, first: given[first], second: given[second]}
        for account, mode in itertools.product(
            [None, ACCOUNT, "not.a.label", ""], [None, "preferred", "disabled", "required"]
        ):
            yield {**base, "AccountId": account, "AccountIdEndpointMode": mode}
            yield {
                **base,
                "AccountId": account,
                "AccountIdEndpointMode": mode,
                "StreamARN": given["StreamARN"],
            }
        for endpoint in [
            "http://localhost:4567",
            "https://kinesis-beta.us-east-1.amazonaws.com",
            "http://-beta.example.com",
            "https://kinesis.us-east-1.amazonaws.com",
            "https://e.example/path",
        ]:
            yield {**base, "Endpoint": endpoint}
            for member in CONTEXT:
                yield {**base, "Endpoint": endpoint, member: given[member]}


def wrong_values(partition, region, member):
    if member == "StreamId":
        return [
            "abcdefghij0123456789-xyz",
            "abcdefghij0123456789xyzz",
            "abcdefghij0123456789-xyz-abc",
            "abcdefghij0123456789-xy",
            "orders",
            "",
            "\u00e4bcdefghij0123456789-xyz",
        ]
    other = "aws-cn" if partition == "aws" else "aws"
    values = ["", "orders", "arn:", "arn:aws:kinesis", "arn:a:kinesis:r:1:", "arn::kinesis:r:1:stream/s"]
    for where in [partition, other]:
        for service in ["kinesis", "s3"]:
            for account in [ACCOUNT, "", "a.b", "-1"]:
                for place in [region, "", "a_b"]:
                    if (service, account, place) != ("kinesis", ACCOUNT, region) and (
                        where == other
                    ):
                        continue
                    base = f"arn:{where}:{service}:{place}:{account}"
                    for kind in ["stream", "channel", "queue", "table"]:
                        values.append(f"{base}:{kind}/thing")
    base = f"arn:{partition}:kinesis:{region}:{ACCOUNT}"
    for kind in ["stream", "channel", "queue"]:
        values += [f"{base}:{kind}", f"{base}:{kind}/", f"{base}:{kind}:thing/more"]
        values += [f"{base}:{kind}/no_label", f"{base}:{kind}/a.b", f"{base}:/{kind}"]
    return values


if __name__ == "__main__":
    if sys.argv[1] == "regions":
        print(json.dumps(list(listed())))
    elif sys.argv[1] == "clients":
        of_clients()
    else:
        of_rules()
