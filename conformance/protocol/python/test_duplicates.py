"""One row a primary key: an insert of a key that exists replaces the row, in growing and sealed segments alike."""

import pytest
from pymilvus import DataType
from small_collections import count_of, create, ids_of, rows_of, vector_of


def ten_rows_and_number_three_again(client, name, flush_between, index_type="FLAT"):
    create(client, name, ("a", DataType.INT64, {}), index_type=index_type)
    client.insert(name, rows_of(10, a=lambda i: i))
    if flush_between:
        client.flush(name)
    client.insert(name, rows_of(1, start=3, a=lambda i: 333))


def check(client, name, value):
    """Count, rows, filters, statistics and search agree that row 3 is there once, with `value`."""
    assert count_of(client, name) == 10
    assert count_of(client, name, "a >= 0") == 10
    assert ids_of(client, name) == list(range(10))
    assert ids_of(client, name, "a == 3") == ([3] if value == 3 else [])
    assert ids_of(client, name, f"a == {value}") == [3]
    assert client.get(name, [3], output_fields=["a"])[0]["a"] == value
    for limit in (4, 10, 20):
        hits = [hit["id"] for hit in client.search(name, [vector_of(3)], limit=limit)[0]]
        assert len(hits) == min(limit, 10) and len(set(hits)) == len(hits)
    assert client.get_collection_stats(name)["row_count"] == 10


@pytest.mark.parametrize("flush_between", [False, True])
@pytest.mark.parametrize("index_type", ["FLAT", "HNSW"])
def test_the_newest_wins(client, name, flush_between, index_type):
    ten_rows_and_number_three_again(client, name, flush_between, index_type)
    check(client, name, 333)
    client.flush(name)
    check(client, name, 333)
    client.upsert(name, rows_of(1, start=3, a=lambda i: 444))
    check(client, name, 444)
    client.release_collection(name)
    client.load_collection(name)
    check(client, name, 444)
    client.compact(name)
    check(client, name, 444)


def test_within_one_insert_the_last_wins(client, name):
    create(client, name, ("a", DataType.INT64, {}))
    client.insert(name, rows_of(10, a=lambda i: i) + rows_of(1, start=3, a=lambda i: 31) + rows_of(1, start=3, a=lambda i: 32))
    check(client, name, 32)


def test_written_while_the_collection_is_released(client, name):
    ten_rows_and_number_three_again(client, name, True)
    client.release_collection(name)
    client.insert(name, rows_of(1, start=3, a=lambda i: 555))
    client.flush(name)
    client.load_collection(name)
    check(client, name, 555)


def test_a_delete_takes_every_version(client, name):
    ten_rows_and_number_three_again(client, name, True)
    client.delete(name, ids=[3])
    assert client.get(name, [3]) == []
    assert ids_of(client, name, "a in [3, 333]") == []
    assert count_of(client, name) == 9
    client.flush(name)
    client.compact(name)
    assert count_of(client, name) == 9


def test_k_distinct_keys_never_come_short(client, name):
    """The nearest rows are all old versions of one key; what follows must still fill k."""
    create(client, name)
    for _ in range(50):
        client.insert(name, [{"id": 1, "vector": [0.0, 0, 0, 0]}])
    client.insert(name, [{"id": 1, "vector": [99.0, 0, 0, 0]}])
    client.insert(name, [{"id": i, "vector": [float(i), 0, 0, 0]} for i in range(2, 12)])
    for _ in range(2):
        hits = client.search(name, [[0.0, 0, 0, 0]], limit=10)[0]
        assert [hit["id"] for hit in hits] == list(range(2, 12))
        client.flush(name)


def test_auto_id_rows_are_never_duplicates(client, name):
    create(client, name, ("id", DataType.INT64, {"is_primary": True, "auto_id": True}), load=False)
    client.load_collection(name)
    for _ in range(5):
        client.insert(name, [{"vector": vector_of(1)}] * 20)
    assert count_of(client, name) == 100


def test_across_partitions(client, name):
    create(client, name, ("a", DataType.INT64, {}))
    client.create_partition(name, "p")
    client.insert(name, rows_of(5, a=lambda i: i))
    client.insert(name, rows_of(2, start=3, a=lambda i: 100 + i), partition_name="p")
    assert ids_of(client, name) == [0, 1, 2, 3, 4]
    assert ids_of(client, name, partition_names=["_default"]) == [0, 1, 2]
    assert ids_of(client, name, partition_names=["p"]) == [3, 4]
    assert count_of(client, name) == 5
