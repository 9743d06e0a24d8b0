"""Fixtures: one server for the whole run, a fresh client and names for each case."""

import itertools

import pytest
from elanus_server import ElanusServer
from packages import where_packages
from pymilvus import MilvusClient

_numbers = itertools.count()


def pytest_report_header():
    where = where_packages()
    if where is None:
        return "not run: test_packages, since there is neither ../shared/data nor examples/data/packages.f16.npy"
    return f"test_packages runs on {where}"


@pytest.fixture(scope="session")
def server():
    running = ElanusServer().start()
    yield running
    running.remove()


@pytest.fixture
def own_server():
    """A server that the case may stop, kill and start again."""
    running = ElanusServer().start()
    yield running
    running.remove()


@pytest.fixture
def client(server):
    connected = MilvusClient(uri=server.uri)
    yield connected
    connected.close()


@pytest.fixture
def name():
    """A collection name that no other case uses."""
    return f"case_{next(_numbers)}"
