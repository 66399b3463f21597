"""The keyring's page, by code that shares nothing with the server's: what it says is enough to read
a keyring and to open a data key that it has wrapped."""

import base64
import hashlib
import json
import pathlib
import re

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

PAGE = pathlib.Path(__file__).parents[2] / "docs/formats/keyring.md"
STREAM = "arn:aws:kinesis:us-east-1:000000000000:stream/orders"


def block(heading):
    section = PAGE.read_text().split(f"\n### {heading}\n")[1]
    return re.search(r"```\w*\n(.*?)```", section, re.DOTALL)[1]


def cipher(material, salt):
    derived = HKDF(hashes.SHA256(), 32, salt, b"millstream-keyring 1").derive(material)
    return AESGCM(derived)


def associated(clear, *texts):
    parts = [len(text).to_bytes(8, "big") + text.encode() for text in texts]
    return clear + b"".join(parts)


def test_checksum_when_computed_as_the_page_says_then_is_the_files():
    text = block("Example")
    content, rest = text.rsplit(',\n  "checksum"', 1)
    assert json.loads(text)["checksum"] == hashlib.sha256(content.encode()).hexdigest()
    assert rest.endswith('"\n}\n')


def test_wrapped_data_key_when_opened_as_the_page_says_then_is_the_data_key():
    keys = json.loads(block("Example"))["keys"]
    (key,) = [key for key in keys if key["aliases"] == ["aws/kinesis"]]
    arn = f"arn:aws:kms:{key['region']}:{key['account']}:key/{key['id']}"
    wrapped = bytes.fromhex(block("Example of a wrapped data key"))
    assert len(wrapped) == 81 and wrapped[0] == 1
    number = int.from_bytes(wrapped[1:5], "big")
    (material,) = [m for m in key["materials"] if m["number"] == number]
    opening = cipher(base64.b64decode(material["secret"]), wrapped[5:21])
    clear = associated(wrapped[:33], arn, "aws:kinesis:arn", STREAM)
    assert opening.decrypt(wrapped[21:33], wrapped[33:], clear) == b"\x09" * 32
