"""Iterators read one snapshot: a hundred pages while rows are written, deleted, flushed, compacted and the server restarted."""

import random

import numpy as np
import pytest
from pymilvus import DataType, MilvusClient
from pymilvus.client.iterator.search_iterator import SearchIterator
from small_collections import count_of, create, ids_of, random_vectors, rows_of, vector_of

DIM = 4
ROWS = 2_000
PAGE = 20


def pages_of(iterator):
    """All pages until an empty one."""
    while True:
        page = iterator.next()
        if not page:
            iterator.close()
            return
        yield page


def test_search_pages_are_the_whole_in_order(client, name):
    create(client, name, metric="L2")
    vectors = random_vectors(500, DIM, 3)
    client.insert(name, [{"id": i, "vector": vectors[i]} for i in range(500)])
    query = random_vectors(1, DIM, 4)
    iterator = client.search_iterator(name, query, batch_size=30, output_fields=["id"])
    assert type(iterator).__name__ == "SearchIteratorV2"
    found = [hit["id"] for page in pages_of(iterator) for hit in page]
    order = np.argsort(((vectors - query) ** 2).sum(axis=1), kind="stable")
    assert found == order.tolist()


@pytest.mark.parametrize("metric", ["IP", "COSINE"])
def test_search_pages_of_other_metrics(client, name, metric):
    create(client, name, metric=metric, index_type="HNSW")
    vectors = random_vectors(300, DIM, 5)
    client.insert(name, [{"id": i, "vector": vectors[i]} for i in range(300)])
    client.flush(name)
    query = random_vectors(1, DIM, 6)
    scores = vectors @ query[0]
    if metric == "COSINE":
        scores = scores / np.linalg.norm(vectors, axis=1)
    found = [hit["id"] for page in pages_of(client.search_iterator(name, query, batch_size=17)) for hit in page]
    assert found == np.argsort(-scores, kind="stable").tolist()


def test_search_pages_with_a_filter_a_limit_and_a_range(client, name):
    create(client, name)
    client.insert(name, rows_of(200))
    iterator = client.search_iterator(name, [vector_of(0)], batch_size=10, filter="id % 2 == 1", limit=35)
    found = [hit["id"] for page in pages_of(iterator) for hit in page]
    assert len(found) == 35 and all(key % 2 for key in found) and len(set(found)) == 35
    params = {"params": {"radius": 1000.0}}
    iterator = client.search_iterator(name, [vector_of(0)], batch_size=7, search_params=params)
    found = [hit for page in pages_of(iterator) for hit in page]
    exact = {i for i in range(200) if sum((x - y) ** 2 for x, y in zip(vector_of(i), vector_of(0))) < 1000}
    assert {hit["id"] for hit in found} == exact and len(found) == len(exact)


def test_search_pages_of_equal_scores(client, name):
    """Every row has the same score: no row is lost and none comes twice."""
    create(client, name)
    client.insert(name, [{"id": i, "vector": [1.0] * 4} for i in range(100)])
    found = [hit["id"] for page in pages_of(client.search_iterator(name, [[0.0] * 4], batch_size=9)) for hit in page]
    assert sorted(found) == list(range(100))


def test_the_old_search_iterator(client, name):
    """Servers before 2.5: the client pages by radius and range_filter on its own."""
    create(client, name)
    vectors = random_vectors(300, DIM, 9)
    client.insert(name, [{"id": i, "vector": vectors[i]} for i in range(300)])
    query = random_vectors(1, DIM, 10)
    schema = client.describe_collection(name)
    iterator = SearchIterator(
        handler=client._get_connection(),
        context=client._generate_call_context(),
        collection_name=name,
        data=query,
        ann_field="vector",
        param={"metric_type": "L2", "params": {}},
        batch_size=25,
        schema=schema,
        rpc_options={},
    )
    found = []
    while page := iterator.next().ids():
        found += page
    iterator.close()
    assert found == np.argsort(((vectors - query) ** 2).sum(axis=1), kind="stable").tolist()


def test_query_pages(client, name):
    create(client, name, ("n", DataType.INT64, {}))
    client.insert(name, rows_of(1000, n=lambda i: i % 3))
    iterator = client.query_iterator(name, filter="n == 1", batch_size=50, output_fields=["n"])
    found = [row["id"] for page in pages_of(iterator) for row in page]
    assert found == list(range(1, 1000, 3))
    found = [row["id"] for page in pages_of(client.query_iterator(name, batch_size=300, limit=700)) for row in page]
    assert found == list(range(700))


def test_query_pages_of_text_keys(client, name):
    create(client, name, ("id", DataType.VARCHAR, {"is_primary": True, "max_length": 20}))
    keys = [f"k'{i:04}" if i % 2 else f"ä{i}" for i in range(100)]
    client.insert(name, [{"id": key, "vector": vector_of(i)} for i, key in enumerate(keys)])
    plain = [key for key in keys if "'" not in key]
    found = [row["id"] for page in pages_of(client.query_iterator(name, filter='id like "ä%"', batch_size=7)) for row in page]
    assert found == sorted(plain, key=str.encode)


class Changes:
    """Writes between pages, to a server and to a model of its rows alike."""

    def __init__(self, server, client, name, seed):
        self.server, self.client, self.name = server, client, name
        self.random = random.Random(seed)
        self.keys = set(range(ROWS))
        self.next_key = ROWS

    def change(self, number):
        """About ten upserts, deletes and inserts; now and then a flush, a compaction or a restart."""
        some = self.random.sample(sorted(self.keys), 6)
        self.client.upsert(self.name, [{"id": key, "vector": [1000.0 + number, 0, 0, 0]} for key in some[:3]])
        self.client.delete(self.name, ids=some[3:])
        self.keys -= set(some[3:])
        fresh = list(range(self.next_key, self.next_key + 4))
        self.client.insert(self.name, [{"id": key, "vector": [-1.0 * number, 0, 0, 0]} for key in fresh])
        self.next_key += 4
        self.keys |= set(fresh)
        if number % 10 == 3:
            self.client.flush(self.name)
        if number % 25 == 7:
            self.client.compact(self.name)
        if number in (40, 70):
            self.restart(kill=number == 70)

    def restart(self, kill):
        """On the same port, so that the iterator's own connection finds it again."""
        port = self.server.address.rsplit(":", 1)[1]
        self.server.args = ["--port", port]
        self.server.restart(kill=kill)


def filled(own_server, name):
    client = MilvusClient(uri=own_server.uri, dedicated=True)
    create(client, name)
    vectors = random_vectors(ROWS, DIM, 21)
    client.insert(name, [{"id": i, "vector": vectors[i]} for i in range(ROWS)])
    return client, vectors


def test_a_hundred_search_pages_of_one_snapshot(own_server, name):
    client, vectors = filled(own_server, name)
    query = random_vectors(1, DIM, 22)
    iterator = client.search_iterator(name, query, batch_size=PAGE)
    changes = Changes(own_server, client, name, seed=1)
    found = []
    for number in range(ROWS // PAGE):
        found += [hit["id"] for hit in iterator.next()]
        changes.change(number)
    assert found == np.argsort(((vectors - query) ** 2).sum(axis=1), kind="stable").tolist()
    assert not iterator.next()
    assert ids_of(client, name) == sorted(changes.keys)
    assert count_of(client, name) == len(changes.keys)


def test_a_hundred_query_pages_of_one_snapshot(own_server, name):
    client, vectors = filled(own_server, name)
    iterator = client.query_iterator(name, batch_size=PAGE, output_fields=["vector"])
    changes = Changes(own_server, client, name, seed=2)
    found = []
    for number in range(ROWS // PAGE):
        found += iterator.next()
        changes.change(number)
    assert [row["id"] for row in found] == list(range(ROWS))
    assert all(np.array_equal(np.asarray(row["vector"], np.float32), vectors[row["id"]]) for row in found)
    assert not iterator.next()
    assert ids_of(client, name) == sorted(changes.keys)
