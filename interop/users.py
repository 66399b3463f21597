"""Users whom a server knows, and the credentials file that it knows them from.

Each has one access key, and policies: those of AWS by their ARNs, and those of `examples/policies`, as people copy
them, for an account and a stream of their own. Secrets are another in each run, and all begin with a word that the
logs of servers can be searched for.
"""

import secrets
from pathlib import Path
from typing import Iterable, NamedTuple

from server import REPOSITORY, Server, keys

# What a secret begins with: it is in no line that a server writes.
MARK = "CANARYx"
ANYWHERE = "127.0.0.1:0"
FULL_ACCESS = "arn:aws:iam::aws:policy/AmazonKinesisFullAccess"

POLICIES = REPOSITORY / "examples/policies"
# The account and the stream that the examples speak of.
ACCOUNT, STREAM = "111122223333", "orders"

_nonce = secrets.token_hex(16)


class Policy(NamedTuple):
    """An example, for the streams of a user; `orders-*` is every one whose name begins so."""

    name: str
    stream: str

    def text(self, account: str) -> str:
        text = (POLICIES / f"{self.name}.json").read_text()
        assert text.count(f":{ACCOUNT}:stream/{STREAM}") == text.count("arn:aws:")
        return text.replace(f":{ACCOUNT}:stream/{STREAM}", f":{account}:stream/{self.stream}")


class User(NamedTuple):
    """A user of an account, the id of its access key, and its policies."""

    account: str
    name: str
    key_id: str
    policies: tuple[str | Policy, ...] = (FULL_ACCESS,)

    @property
    def secret(self) -> str:
        return f"{MARK}{self.key_id}{_nonce}"

    def write(self, folder: Path) -> str:
        """Writes its policies into a folder, and answers what the credentials file there says of it."""
        policies = ", ".join(f'"{self._write(folder, policy)}"' for policy in self.policies)
        return (
            f'[[users]]\naccount = "{self.account}"\nname = "{self.name}"\npolicies = [{policies}]\n'
            f'[[users.keys]]\nid = "{self.key_id}"\nsecret = "{self.secret}"\n'
        )

    def _write(self, folder: Path, policy: str | Policy) -> str:
        if isinstance(policy, str):
            return policy
        file = f"{self.name}-{policy.name}.json"
        (folder / file).write_text(policy.text(self.account))
        return file


def user_of(account: str) -> User:
    """The user whose access key's id is the number of its account, so that tests need to name no key."""
    return User(account, "tester", account)


class Users:
    """Some users, and their file, which nobody else may read."""

    def __init__(self, folder: Path, users: Iterable[User]):
        users = list(users)
        self.secrets = {user.key_id: user.secret for user in users}
        self.file = folder / "credentials.toml"
        self.file.touch(mode=0o600)
        self.file.write_text("\n".join(user.write(folder) for user in users))

    def server(self, folder: Path, *options: str, log: str = "log") -> Server:
        """A `millstream serve` on the data in a folder, that serves nobody else, and has a keyring."""
        keyring = folder / "keyring.json"
        if not keyring.exists():
            keys("create", keyring)
        arguments = ["serve", "--data-dir", str(folder / "data"), "--admin-listen", ANYWHERE]
        if "--listen" not in options:
            arguments += ["--listen", ANYWHERE]
        arguments += ["--credentials", str(self.file), "--keys", str(keyring), *options]
        return Server(arguments, folder / log, self.secrets)
