"""The sessions of the front page and the guide, as pasted: AWS CLI 1 in a shell, and boto3."""

import re
import subprocess
import sys
from base64 import b64encode
from pathlib import Path

import pytest

from server import REPOSITORY, environment

# A fenced block of shell that a comment on the line before says is a session, and any of Python.
SHELL = re.compile(r"^<!-- session: cli -->\n```sh\n(.*?)^```$", re.DOTALL | re.MULTILINE)
PYTHON = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
DATA = re.compile(r"--data '([^']+)'")
DEFAULT_URL = "http://127.0.0.1:4567"


PAGES = ["README.md", "docs/guide/README.md"]


def sessions(pattern) -> list[str]:
    """The pages' blocks of a kind, which must be there."""
    texts = [(REPOSITORY / page).read_text() for page in PAGES]
    found = [block for text in texts for block in pattern.findall(text)]
    assert found, f"no page has a block like {pattern.pattern}"
    return found


@pytest.fixture
def run(open_server, tmp_path):
    """Runs a session, with nothing configured but what it says itself."""
    path = f"{Path(sys.executable).parent}:{environment()['PATH']}"
    variables = environment(PATH=path, HOME=str(tmp_path))

    def run(command: list[str], session: str) -> str:
        assert DEFAULT_URL in session
        ran = subprocess.run(
            [*command, session.replace(DEFAULT_URL, open_server.url.rstrip("/"))],
            cwd=tmp_path,
            env=variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    return run


# For all services, as the front page has it, or for Kinesis alone.
@pytest.mark.parametrize("variable", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_KINESIS"])
def test_cli_session_when_pasted_then_reads_back_what_it_put_and_cleans_up(variable, open_server, run):
    for session in sessions(SHELL):
        assert "AWS_ENDPOINT_URL=" in session
        session = session.replace("AWS_ENDPOINT_URL=", f"{variable}=")
        shown = run(["bash", "-ec"], session)
        put = DATA.findall(session)
        assert len(put) >= 2
        places = [shown.find(b64encode(data.encode()).decode()) for data in put]
        assert -1 not in places, shown
        assert places == sorted(places)
        assert "orders" not in open_server.client("000000000000").list_streams()["StreamNames"]


def test_python_session_when_pasted_then_reads_back_what_it_put(run):
    for session in sessions(PYTHON):
        lines = run([sys.executable, "-c"], session).splitlines()
        assert sorted(line.split(" ", 2)[2] for line in lines) == [f"b'payment {n}'" for n in range(10)]
