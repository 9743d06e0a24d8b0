"""Partitions by name and by key."""

import pytest
from pymilvus import DataType
from refusals import refused
from small_collections import STRONG, add_index, count_of, create, ids_of, rows_of, schema_of, vector_of


def test_made_listed_dropped(client, name):
    create(client, name, load=False)
    client.create_partition(name, "p1")
    client.create_partition(name, "p1")
    client.create_partition(name, "2021-p")
    assert client.list_partitions(name) == ["_default", "p1", "2021-p"]
    assert client.has_partition(name, "p1") and not client.has_partition(name, "p9")
    assert client.describe_collection(name)["num_partitions"] == 3
    client.drop_partition(name, "p1")
    client.drop_partition(name, "p1")
    assert client.list_partitions(name) == ["_default", "2021-p"]


def test_rows_are_read_by_partition(client, name):
    create(client, name)
    client.create_partition(name, "p1")
    client.insert(name, rows_of(3))
    client.insert(name, rows_of(3, start=10), partition_name="p1")
    assert ids_of(client, name) == [0, 1, 2, 10, 11, 12]
    assert ids_of(client, name, partition_names=["p1"]) == [10, 11, 12]
    assert ids_of(client, name, partition_names=["_default"]) == [0, 1, 2]
    assert ids_of(client, name, partition_names=["_default", "p1"]) == [0, 1, 2, 10, 11, 12]
    hits = client.search(name, [vector_of(0)], limit=10, partition_names=["p1"])[0]
    assert [hit["id"] for hit in hits] == [10, 11, 12]
    assert count_of(client, name, partition_names=["p1"]) == 3
    assert int(client.get_partition_stats(name, "p1")["row_count"]) == 3
    client.flush(name)
    assert ids_of(client, name, partition_names=["p1"]) == [10, 11, 12]


def test_delete_in_one_partition(client, name):
    create(client, name)
    client.create_partition(name, "p1")
    client.insert(name, rows_of(3))
    client.insert(name, rows_of(3, start=10), partition_name="p1")
    assert client.delete(name, filter="id >= 0", partition_name="p1")["delete_count"] == 3
    assert ids_of(client, name) == [0, 1, 2]
    client.delete(name, ids=[0, 1], partition_name="p1")
    assert ids_of(client, name) == [0, 1, 2]


def test_a_key_written_into_another_partition_moves(client, name):
    create(client, name)
    client.create_partition(name, "p1")
    client.insert(name, rows_of(2))
    client.upsert(name, rows_of(1), partition_name="p1")
    assert ids_of(client, name) == [0, 1]
    assert ids_of(client, name, partition_names=["p1"]) == [0]
    assert ids_of(client, name, partition_names=["_default"]) == [1]


def test_dropping_a_partition_drops_its_rows_for_good(client, name):
    create(client, name)
    client.create_partition(name, "p1")
    client.insert(name, rows_of(3, start=10), partition_name="p1")
    client.insert(name, rows_of(1))
    with refused(65535, "p1", "release"):
        client.drop_partition(name, "p1")
    client.release_partitions(name, ["p1"])
    client.drop_partition(name, "p1")
    client.create_partition(name, "p1")
    client.load_partitions(name, ["p1"])
    assert ids_of(client, name) == [0]
    assert ids_of(client, name, partition_names=["p1"]) == []


def test_missing_partition(client, name):
    create(client, name)
    with refused(200, "partition not found", "p9"):
        client.insert(name, rows_of(1), partition_name="p9")
    with refused(200, "p9"):
        ids_of(client, name, partition_names=["p9"])
    with refused(200, "p9"):
        client.search(name, [vector_of(0)], partition_names=["p9"])
    with refused(200, "p9"):
        client.delete(name, ids=[1], partition_name="p9")
    with refused(200, "p9"):
        client.get_partition_stats(name, "p9")
    with refused(200, "p9"):
        client.load_partitions(name, ["p9"])


def test_default_partition_stays(client, name):
    create(client, name, load=False)
    with refused(1100, "default partition"):
        client.drop_partition(name, "_default")


@pytest.mark.parametrize("bad", ["p 1", "ä", "p" * 256])
def test_bad_names(client, name, bad):
    create(client, name)
    with refused(1100, "Invalid partition name", bad[:64]):
        client.create_partition(name, bad)


@pytest.fixture
def keyed(client, name):
    schema = schema_of(("tenant", DataType.VARCHAR, {"max_length": 20, "is_partition_key": True}))
    client.create_collection(name, schema=schema, num_partitions=8, **STRONG)
    add_index(client, name)
    client.load_collection(name)
    client.insert(name, rows_of(100, tenant=lambda i: f"t{i % 10}"))
    return name


def test_partition_key(client, keyed):
    assert client.describe_collection(keyed)["num_partitions"] == 8
    assert client.list_partitions(keyed) == [f"_default_{i}" for i in range(8)]
    assert ids_of(client, keyed, 'tenant == "t3"') == list(range(3, 100, 10))
    assert ids_of(client, keyed, 'tenant in ["t3", "t4"]') == sorted([*range(3, 100, 10), *range(4, 100, 10)])
    assert count_of(client, keyed) == 100
    hits = client.search(keyed, [vector_of(50)], filter='tenant == "t7"', limit=5)[0]
    assert all(hit["id"] % 10 == 7 for hit in hits) and len(hits) == 5
    counts = [int(client.get_partition_stats(keyed, part)["row_count"]) for part in client.list_partitions(keyed)]
    assert sum(counts) == 100
    assert sum(count > 0 for count in counts) > 1
    assert all(count % 10 == 0 for count in counts)


def test_a_row_may_change_its_partition_key(client, keyed):
    client.upsert(keyed, rows_of(1, start=3, tenant=lambda i: "other"))
    assert ids_of(client, keyed, 'tenant == "t3"') == list(range(13, 100, 10))
    assert ids_of(client, keyed, 'tenant == "other"') == [3]
    assert count_of(client, keyed) == 100


def test_partition_names_are_refused_with_a_partition_key(client, keyed):
    text = "partition key"
    with refused(1100, text):
        client.insert(keyed, rows_of(1, tenant=lambda i: "t"), partition_name="_default_0")
    with refused(1100, text):
        ids_of(client, keyed, partition_names=["_default_0"])
    with refused(1100, text):
        client.search(keyed, [vector_of(1)], partition_names=["_default_0"])
    with refused(1100, text):
        client.create_partition(keyed, "p")
    with refused(1100, text):
        client.drop_partition(keyed, "_default_0")


def test_sixteen_partitions_by_default(client, name):
    client.create_collection(name, schema=schema_of(("tenant", DataType.INT64, {"is_partition_key": True})))
    assert client.describe_collection(name)["num_partitions"] == 16


def test_number_of_partitions_without_a_key_is_refused(client, name):
    with refused(1100, "num_partitions"):
        client.create_collection(name, schema=schema_of(), num_partitions=4)
