// How to connect from JavaScript: AWS's SDK as it is, with AWS_ENDPOINT_URL in the environment.
//
// It speaks HTTP/2 from the first byte, also without TLS, with a connection for each request. Every operation
// that the server has is called once, and what it did is looked at. It prints a line for each step, and ends
// with an error at the first that is not as on AWS.

import { Kinesis } from "@aws-sdk/client-kinesis";
import { record, reshard } from "./records.js";
import { consume } from "./consumers.js";
import { create, decrypt, describe, encrypt, monitor, refuse, remove, retain, tag } from "./streams.js";

const kinesis = new Kinesis();

const arn = await create(kinesis);
await describe(kinesis, arn);
await tag(kinesis);
await retain(kinesis);
await monitor(kinesis);
await encrypt(kinesis);
await record(kinesis);
await consume(kinesis, arn);
await reshard(kinesis);
await decrypt(kinesis);
await refuse(kinesis);
await remove(kinesis);
kinesis.destroy();
