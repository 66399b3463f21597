"""Policies are judged by `millstream policy simulate` and by a judge that is not ours, which `interop/policies` runs."""

import subprocess

from server import REPOSITORY, binary, environment

# How long it may take to fetch the other judge, and to run both.
SECONDS_MAX = 300
# As many as are decided.
CASES_MIN = 140


def test_policies_when_another_judge_decides_by_them_then_does_so_alike():
    ran = subprocess.run(
        [REPOSITORY / "interop" / "policies" / "run"],
        env=environment(MILLSTREAM_BIN=str(binary())),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
    )
    assert ran.returncode == 0, ran.stderr
    alike = [line for line in ran.stdout.splitlines() if line.startswith("ok: ")]
    assert len(alike) >= CASES_MIN
