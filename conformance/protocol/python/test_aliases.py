"""Aliases: another name of one collection, everywhere a name is taken."""

import pytest
from refusals import refused
from small_collections import add_index, count_of, create, ids_of, rows_of, vector_of


@pytest.fixture
def alias(client, name):
    create(client, name)
    client.create_alias(name, f"{name}_alias")
    return f"{name}_alias"


def test_described_and_listed(client, name, alias):
    client.create_alias(name, f"{alias}_2")
    described = client.describe_alias(alias)
    assert (described["alias"], described["collection_name"], described["db_name"]) == (alias, name, "default")
    assert sorted(client.list_aliases(name)["aliases"]) == [alias, f"{alias}_2"]
    assert {alias, f"{alias}_2"} <= set(client.list_aliases()["aliases"])


def test_every_call_takes_the_alias(client, name, alias):
    assert client.has_collection(alias)
    client.insert(alias, rows_of(5))
    client.upsert(alias, rows_of(1, start=5))
    assert client.delete(alias, ids=[0])["delete_count"] == 1
    assert ids_of(client, alias) == [1, 2, 3, 4, 5]
    assert client.search(alias, [vector_of(3)], limit=1)[0][0]["id"] == 3
    assert client.get(alias, ids=[2], output_fields=["id"]) == [{"id": 2}]
    client.flush(alias)
    client.create_partition(alias, "p")
    assert client.list_partitions(alias) == ["_default", "p"]
    assert client.get_collection_stats(alias) == {"row_count": 5}
    assert client.describe_index(alias, "vector")["index_type"] == "FLAT"
    assert client.describe_collection(alias)["collection_name"] == name
    client.release_collection(alias)
    client.load_collection(alias)
    assert count_of(client, alias) == 5


def test_moved_to_another_collection(client, name, alias):
    create(client, f"{name}_b")
    client.insert(f"{name}_b", rows_of(2, start=70))
    client.alter_alias(f"{name}_b", alias)
    assert client.describe_alias(alias)["collection_name"] == f"{name}_b"
    assert ids_of(client, alias) == [70, 71]
    assert client.describe_collection(name)["aliases"] == []


def test_dropped(client, name, alias):
    client.drop_alias(alias)
    assert not client.has_collection(alias)
    with refused(1600, "alias not found", alias):
        client.describe_alias(alias)
    client.drop_alias(alias)


def test_taken_by_another_collection(client, name, alias):
    create(client, f"{name}_b")
    with refused(1602, alias, name):
        client.create_alias(f"{name}_b", alias)
    client.create_alias(name, alias)


def test_conflicts_with_collection_names(client, name, alias):
    with refused(1601, "alias and collection name conflict", name):
        client.create_alias(name, name)
    with refused(1601, "conflict", alias):
        client.create_collection(alias, dimension=4)


def test_of_a_missing_collection(client, alias):
    with refused(100, "nowhere"):
        client.create_alias("nowhere", "some_alias")
    with refused(1600, "no_alias"):
        client.describe_alias("no_alias")


def test_a_collection_with_an_alias_cannot_be_dropped(client, name, alias):
    with refused(65535, name, alias, "alias"):
        client.drop_collection(name)
    with refused(1100, alias):
        client.drop_collection(alias)
    assert client.has_collection(name)
    client.drop_alias(alias)
    client.drop_collection(name)


def test_bad_alias_names(client, name, alias):
    with refused(1100, "Invalid alias name", "1st"):
        client.create_alias(name, "1st")


def test_index_through_an_alias(client, name, alias):
    client.release_collection(name)
    client.drop_index(alias, "vector")
    add_index(client, alias, index_type="HNSW", metric="IP")
    assert client.describe_index(name, "vector")["index_type"] == "HNSW"
