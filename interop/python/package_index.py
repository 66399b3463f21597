"""The text of Debian's package index, for tests that want real data: the machine's, a fetched or a made one.

The machine's apt is asked and nothing of it is changed. What is made instead has the real one's size and keys
that repeat as rarely, and says that it is made.
"""

import random
import subprocess
from pathlib import Path

APT_SECONDS_MAX = 120
HELPER = "/usr/lib/apt/apt-helper"
MADE_STANZAS = 66_000
MADE_BYTES_MIN = 52_000_000


def package_index(folder: Path) -> tuple[str, bytes]:
    """Where it is from, and its text. What must be fetched is fetched into the folder."""
    text = installed()
    if text:
        return "this machine's package index", text
    text = fetched(folder)
    if text:
        return "Debian's package index, fetched as this machine has none", text
    return "a MADE-UP package index, as this machine has none and could fetch none", made()


def installed(*options: str) -> bytes:
    """The text of all indexes that apt has; empty if there are none, or no apt."""
    targets = apt("apt-get", *options, "indextargets", "--format", "$(FILENAME)", "Created-By: Packages")
    files = targets.decode().splitlines()
    return apt(HELPER, "cat-file", *files) if files else b""


def fetched(folder: Path) -> bytes:
    """The same, after an update that leaves the machine's own state alone."""
    (folder / "lists").mkdir(parents=True)
    places = {"Dir::State": folder, "Dir::State::Lists": folder / "lists", "Dir::Cache": folder}
    limits = {"Acquire::http::Timeout": 10, "Acquire::Retries": 0}
    # Else apt, run by root, fetches as a user of its own, who may not write there.
    user = {"APT::Sandbox::User": "root"}
    options = [word for name, value in (places | limits | user).items() for word in ("-o", f"{name}={value}")]
    apt("apt-get", *options, "update")
    return installed(*options)


def apt(*command: str) -> bytes:
    """What a command of apt's says; nothing if it cannot be run or fails."""
    try:
        ran = subprocess.run(command, capture_output=True, timeout=APT_SECONDS_MAX)
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return b""
    return ran.stdout if ran.returncode == 0 else b""


def made() -> bytes:
    """Stanzas of chance, the same each time; one in twenty has the name of one before it."""
    chance = random.Random(0)
    stanzas = []
    for number in range(MADE_STANZAS):
        package = chance.randrange(number) if number % 20 == 19 else number
        filling = chance.randbytes(chance.randrange(100, 662)).hex()
        stanzas.append(f"Package: made-{package}\nVersion: {number}\nDescription: {filling}\n\n")
    return "".join(stanzas).encode()
