"""The sample tools as a package, and one private PostgreSQL 15 for the tests of this folder."""

import sys
from pathlib import Path

import pytest

TOOLS = Path(__file__).resolve().parents[2]
TOP = TOOLS.parent

sys.path.insert(0, str(TOOLS))


@pytest.fixture(scope="session")
def sample_server():
    from sample.pg import PrivatePostgres

    try:
        server = PrivatePostgres("15", fsync=False)
    except FileNotFoundError as missing:
        pytest.skip(f"this needs PostgreSQL 15: {missing}")
    with server:
        yield server


@pytest.fixture
def dsn_for(sample_server):
    """dsn_for(name): a new empty database, dropped at the end."""
    from sample.database import Dsn

    made = []

    def create(name):
        sample_server.create_database(name)
        made.append(name)
        server = sample_server
        return Dsn(server.host, server.port, server.user, server.password, name)

    yield create
    for name in made:
        sample_server.drop_database(name)


@pytest.fixture(scope="session")
def cache():
    """Where the genuine schema is kept between runs; without a network our own tables serve."""
    return TOP / "build" / "cache"
