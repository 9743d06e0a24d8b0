"""Fixtures: one server for the whole run, a fresh client and names for each case."""

import itertools

import pytest
from elanus_server import ElanusServer
from pymilvus import MilvusClient

_numbers = itertools.count()


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
