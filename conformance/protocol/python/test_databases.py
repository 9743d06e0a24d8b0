"""Databases: made, described, altered, used, dropped; the database of a call comes from metadata."""

import pytest
from pymilvus import MilvusClient
from pymilvus.grpc_gen import milvus_pb2
from refusals import refused
from small_collections import create, ids_of, rows_of
from wire import send


@pytest.fixture
def database(client, name):
    database = f"db_{name}"
    client.create_database(database)
    yield database
    client.use_database(database)
    for collection in client.list_collections():
        client.drop_collection(collection)
    client.use_database("default")
    client.drop_database(database)


def test_default_database_is_there(client):
    assert "default" in client.list_databases()
    assert client.describe_database("default")["name"] == "default"


def test_create_list_describe_drop(client, name):
    client.create_database(f"db_{name}", properties={"database.replica.number": 1})
    assert f"db_{name}" in client.list_databases()
    described = client.describe_database(f"db_{name}")
    assert described["name"] == f"db_{name}"
    assert described["database.replica.number"] == "1"
    client.drop_database(f"db_{name}")
    assert f"db_{name}" not in client.list_databases()


def test_create_twice_is_refused(client, database):
    with refused(65535, "database already exist", database):
        client.create_database(database)


def test_unknown_database(client):
    with refused(800, "database not found", "nowhere"):
        client.describe_database("nowhere")
    with refused(800, "nowhere"):
        client.use_database("nowhere")


def test_a_client_of_an_unknown_database_is_refused(server):
    connected = MilvusClient(uri=server.uri, db_name="nowhere")
    with refused(800, "database not found", "nowhere"):
        connected.list_collections()
    connected.close()


def test_bad_names(client):
    for bad in ("1abc", "a-b", "a" * 256):
        with refused(802, "Invalid database name", bad[:64]):
            client.create_database(bad)


def test_default_cannot_be_dropped(client):
    with refused(1100, "default database"):
        client.drop_database("default")


def test_drop_of_a_missing_database_succeeds(client):
    client.drop_database("nowhere")


def test_database_with_collections_cannot_be_dropped(client, database):
    client.use_database(database)
    create(client, "kept")
    client.use_database("default")
    with refused(65535, database, "not empty"):
        client.drop_database(database)


def test_properties_are_altered_and_dropped(client, database):
    client.alter_database_properties(database, {"database.max.collections": 1})
    assert client.describe_database(database)["database.max.collections"] == "1"
    client.use_database(database)
    create(client, "first")
    with refused(102, "limit", "1"):
        create(client, "second")
    client.use_database("default")
    client.drop_database_properties(database, ["database.max.collections"])
    assert "database.max.collections" not in client.describe_database(database)


def test_unknown_property_is_refused_by_name(client, database):
    with refused(1100, "no.such.property"):
        client.alter_database_properties(database, {"no.such.property": 1})


def test_one_name_in_two_databases_is_two_collections(client, database, name):
    create(client, name)
    client.insert(name, rows_of(3))
    client.use_database(database)
    assert not client.has_collection(name)
    create(client, name)
    client.insert(name, rows_of(2, start=100))
    assert ids_of(client, name) == [100, 101]
    assert client.list_collections() == [name]
    client.use_database("default")
    assert ids_of(client, name) == [0, 1, 2]


def test_the_body_names_the_database_before_the_metadata(server, client, database, name):
    client.use_database(database)
    create(client, name)
    request = milvus_pb2.ShowCollectionsRequest(db_name=database)
    reply = send(server, "ShowCollections", request, milvus_pb2.ShowCollectionsResponse, [("dbname", "default")])
    assert list(reply.collection_names) == [name]
    request = milvus_pb2.ShowCollectionsRequest()
    reply = send(server, "ShowCollections", request, milvus_pb2.ShowCollectionsResponse, [("dbname", database)])
    assert list(reply.collection_names) == [name]
