"""A read right after an acknowledged write sees it: always at Strong, and Elanus promises it at every level."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from pymilvus import DataType, MilvusClient
from small_collections import count_of, create, ids_of, rows_of, vector_of

LEVELS = ["Strong", "Session", "Bounded", "Eventually"]


@pytest.mark.parametrize("level", LEVELS)
def test_each_write_is_seen_by_the_next_read(client, name, level):
    create(client, name, ("n", DataType.INT64, {}))
    for i in range(40):
        client.insert(name, rows_of(1, start=i, n=lambda i: i))
        assert client.get(name, [i], consistency_level=level, output_fields=["n"])[0]["n"] == i
        assert client.search(name, [vector_of(i)], limit=1, consistency_level=level)[0][0]["id"] == i
        client.upsert(name, rows_of(1, start=i, n=lambda i: -i))
        assert client.get(name, [i], consistency_level=level, output_fields=["n"])[0]["n"] == -i
        if i % 2:
            client.delete(name, ids=[i])
            assert client.get(name, [i], consistency_level=level) == []
        assert count_of(client, name, consistency_level=level) == i // 2 + 1


@pytest.mark.parametrize("level", LEVELS)
def test_level_of_the_collection(client, name, level):
    create(client, name, consistency_level=level)
    assert client.describe_collection(name)["consistency_level_name"] == level
    for i in range(10):
        client.insert(name, rows_of(1, start=i))
        assert ids_of(client, name) == list(range(i + 1))


def test_another_client_sees_it_at_strong(server, client, name):
    create(client, name)
    other = MilvusClient(uri=server.uri, dedicated=True)
    for i in range(50):
        client.insert(name, rows_of(1, start=i))
        assert count_of(other, name, consistency_level="Strong") == i + 1
    other.close()


def test_every_writer_sees_its_own_writes_at_once(server, client, name):
    client.create_collection(name, dimension=4, metric_type="L2", consistency_level="Strong", num_shards=2)

    def write_and_read(writer):
        own = MilvusClient(uri=server.uri, dedicated=True)
        for i in range(30):
            key = writer * 1000 + i
            own.insert(name, rows_of(1, start=key))
            assert [row["id"] for row in own.get(name, [key], output_fields=["id"])] == [key]
            assert count_of(own, name, f"id >= {writer * 1000} and id < {writer * 1000 + 1000}") == i + 1
        own.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write_and_read, range(8)))
    assert count_of(client, name) == 240
