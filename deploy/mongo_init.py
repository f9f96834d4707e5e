"""Make the replica set of docker-compose.yml and its users; safe to run again.

It shares the network of mongod, for a server without users obeys connections from its own machine
only. Passwords come from the environment: MONGO_ROOT_PASSWORD, MONGO_PASSWORD, MONGOT_PASSWORD
(may be absent: then there is no user for vector search). A changed MONGO_PASSWORD or
MONGOT_PASSWORD is taken over; the root password is the one that the data was made with.
"""

import argparse
import logging
import os
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

REPLICA_SET = "rs0"
UNAUTHORIZED = 13
AUTHENTICATION_FAILED = 18
ALREADY_INITIALIZED = 23
USER_EXISTS = 51003
PRIMARY_SECONDS = 60.0
POLL_SECONDS = 0.2

Client = MongoClient[dict[str, Any]]
Role = Mapping[str, str]

logger = logging.getLogger("mongo-init")


def initiate(client: Client, member: str) -> None:
    """Start the replica set with this one member, unless it has been started."""
    configuration = {"_id": REPLICA_SET, "members": [{"_id": 0, "host": member}]}
    try:
        client.admin.command("replSetInitiate", configuration)
    except OperationFailure as error:
        # Once there are users, a stranger isn't even told that the set exists.
        if error.code not in (ALREADY_INITIALIZED, UNAUTHORIZED):
            raise


def await_primary(client: Client) -> None:
    """Return when the server takes writes. Raises TimeoutError."""
    deadline = time.monotonic() + PRIMARY_SECONDS
    while not client.admin.command("hello")["isWritablePrimary"]:
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(POLL_SECONDS)


def create_root(client: Client, password: str) -> None:
    """Create the first user; the server allows that to a stranger from its own machine once."""
    try:
        roles = [{"role": "root", "db": "admin"}]
        client.admin.command("createUser", "root", pwd=password, roles=roles)
    except OperationFailure as error:
        if error.code not in (UNAUTHORIZED, USER_EXISTS):
            raise


def put_user(client: Client, name: str, password: str, roles: Sequence[Role]) -> None:
    """Create the user, or give the one that exists this password and these roles."""
    try:
        client.admin.command("createUser", name, pwd=password, roles=roles)
    except OperationFailure as error:
        if error.code != USER_EXISTS:
            raise
        client.admin.command("updateUser", name, pwd=password, roles=roles)


def users(environment: Mapping[str, str]) -> dict[str, tuple[str, list[Role]]]:
    """Name → password and roles of everybody but root."""
    database = environment["BACKLOT_MONGO_DATABASE"]
    own = [{"role": role, "db": database} for role in ("readWrite", "dbAdmin")]
    wanted: dict[str, tuple[str, list[Role]]] = {"backlot": (environment["MONGO_PASSWORD"], [*own])}
    if password := environment.get("MONGOT_PASSWORD"):
        wanted["mongot"] = (password, [{"role": "searchCoordinator", "db": "admin"}])
    return wanted


def prepare(address: str, member: str, environment: Mapping[str, str]) -> None:
    """Everything in order. Raises PyMongoError or TimeoutError."""
    root_password = environment["MONGO_ROOT_PASSWORD"]
    with Client(address, directConnection=True) as stranger:
        initiate(stranger, member)
        await_primary(stranger)
        create_root(stranger, root_password)
    with Client(
        address, directConnection=True, username="root", password=root_password
    ) as administrator:
        for name, (password, roles) in users(environment).items():
            put_user(administrator, name, password, roles)


def main() -> int:
    """The command; 1 when the server refuses."""
    parser = argparse.ArgumentParser(description="Make the replica set and its users.")
    parser.add_argument("--address", default="127.0.0.1:27017", help="where mongod listens")
    parser.add_argument("--member", default="mongod:27017", help="how clients reach it")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s")
    try:
        prepare(arguments.address, arguments.member, os.environ)
    except TimeoutError:
        logger.error("mongod took no writes for %.0f s; its log says why.", PRIMARY_SECONDS)
    except OperationFailure as error:
        if error.code == AUTHENTICATION_FAILED:
            logger.error(
                "MONGO_ROOT_PASSWORD is not the one that this data was made with: put the old one "
                "into .env, or begin anew with `docker compose down --volumes`, which deletes all."
            )
        else:
            logger.error("mongod refused: %s", error)
    except PyMongoError as error:
        logger.error("mongod does not answer: %s", error)
    else:
        logger.info("The replica set and its users are ready.")
        return 0
    return 1


if __name__ == "__main__":
    sys.exit(main())
