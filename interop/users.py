"""Users whom a server knows, and the credentials file that it knows them from.

Each has one access key. Secrets are another in each run, and all begin with a word that the logs of servers can be
searched for.
"""

import secrets
from pathlib import Path
from typing import Iterable, NamedTuple

from server import Server

# What a secret begins with: it is in no line that a server writes.
MARK = "CANARYx"
ANYWHERE = "127.0.0.1:0"

_nonce = secrets.token_hex(16)


class User(NamedTuple):
    """A user of an account, and the id of its access key."""

    account: str
    name: str
    key_id: str

    @property
    def secret(self) -> str:
        return f"{MARK}{self.key_id}{_nonce}"

    def entry(self) -> str:
        """What the file says of it."""
        return (
            f'[[users]]\naccount = "{self.account}"\nname = "{self.name}"\n'
            f'[[users.keys]]\nid = "{self.key_id}"\nsecret = "{self.secret}"\n'
        )


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
        self.file.write_text("\n".join(user.entry() for user in users))

    def server(self, folder: Path, *options: str, log: str = "log") -> Server:
        """A `millstream serve` on the data in a folder, that serves nobody else."""
        arguments = ["serve", "--data-dir", str(folder / "data"), "--admin-listen", ANYWHERE]
        if "--listen" not in options:
            arguments += ["--listen", ANYWHERE]
        arguments += ["--credentials", str(self.file), *options]
        return Server(arguments, folder / log, self.secrets)
