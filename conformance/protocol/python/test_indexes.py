"""Indexes: made, described, listed, altered, dropped, built; searchable while they are built."""

import threading
import time

import numpy as np
import pytest
from pymilvus import DataType, MilvusClient
from pymilvus.grpc_gen import common_pb2, milvus_pb2
from refusals import refused
from small_collections import STRONG, add_index, create, random_vectors, rows_of, schema_of
from wire import send

SCALARS = [
    ("flag", DataType.BOOL, {}),
    ("n", DataType.INT64, {}),
    ("f", DataType.FLOAT, {}),
    ("s", DataType.VARCHAR, {"max_length": 20}),
    ("arr", DataType.ARRAY, {"element_type": DataType.INT64, "max_capacity": 4}),
    ("doc", DataType.JSON, {}),
]


@pytest.fixture
def unindexed(client, name):
    client.create_collection(name, schema=schema_of(*SCALARS, dynamic=True), **STRONG)
    return name


@pytest.mark.parametrize(
    ("index_type", "metric", "params"),
    [
        ("FLAT", "L2", {}),
        ("FLAT", "IP", {}),
        ("HNSW", "COSINE", {"M": "16", "efConstruction": "200"}),
        ("HNSW", "L2", {}),
        ("AUTOINDEX", "IP", {}),
    ],
)
def test_vector_index_is_described_as_it_was_given(client, unindexed, index_type, metric, params):
    add_index(client, unindexed, index_type=index_type, metric=metric, **({"params": params} if params else {}))
    assert client.describe_index(unindexed, "vector") == {
        "index_type": index_type,
        "metric_type": metric,
        **params,
        "field_name": "vector",
        "index_name": "vector",
        "total_rows": 0,
        "indexed_rows": 0,
        "pending_index_rows": 0,
        "state": "Finished",
    }


def test_params_as_json_are_described_flat_and_as_they_came(server, client, unindexed):
    pairs = {"index_type": "HNSW", "metric_type": "L2", "params": '{"M": 24, "efConstruction": 80}'}
    request = milvus_pb2.CreateIndexRequest(
        collection_name=unindexed,
        field_name="vector",
        index_name="mine",
        extra_params=[common_pb2.KeyValuePair(key=key, value=value) for key, value in pairs.items()],
    )
    assert send(server, "CreateIndex", request, common_pb2.Status).code == 0
    described = client.describe_index(unindexed, "mine")
    assert (described["M"], described["efConstruction"]) == ("24", "80")
    assert described["params"] == {"M": 24, "efConstruction": 80}


@pytest.mark.parametrize(
    ("field", "index_type", "params"),
    [
        ("flag", "INVERTED", {}),
        ("flag", "BITMAP", {}),
        ("n", "STL_SORT", {}),
        ("n", "INVERTED", {}),
        ("n", "BITMAP", {}),
        ("f", "STL_SORT", {}),
        ("s", "Trie", {}),
        ("s", "TRIE", {}),
        ("s", "INVERTED", {}),
        ("s", "STL_SORT", {}),
        ("s", "NGRAM", {"min_gram": "2", "max_gram": "3"}),
        ("arr", "INVERTED", {}),
        ("arr", "BITMAP", {}),
        ("doc", "INVERTED", {"json_path": 'doc["k"]', "json_cast_type": "DOUBLE"}),
        ("n", "AUTOINDEX", {}),
        ("n", "", {}),
    ],
)
def test_scalar_index(client, unindexed, field, index_type, params):
    add_index(client, unindexed, field, index_type, None, **({"index_name": "x"} | ({"params": params} if params else {})))
    described = client.describe_index(unindexed, "x")
    assert described["field_name"] == field
    assert described["index_type"] == (index_type or "AUTOINDEX")
    assert {key: described[key] for key in params} == params
    client.drop_index(unindexed, "x")
    assert client.list_indexes(unindexed) == []


def test_filters_are_exact_with_scalar_indexes(client, name):
    create(client, name, ("n", DataType.INT64, {}), ("s", DataType.VARCHAR, {"max_length": 20}), index_type="HNSW")
    add_index(client, name, "n", "STL_SORT", None)
    add_index(client, name, "s", "INVERTED", None)
    client.insert(name, rows_of(50, n=lambda i: i % 10, s=lambda i: f"s{i % 3}"))
    expected = [i for i in range(50) if i % 10 > 6 and i % 3 == 1]
    for _ in range(2):
        found = client.query(name, filter='n > 6 and s == "s1"', output_fields=["id"])
        assert [row["id"] for row in found] == expected
        client.flush(name)


def test_listed(client, unindexed):
    assert client.list_indexes(unindexed) == []
    assert client.describe_index(unindexed, "vector") is None
    add_index(client, unindexed)
    add_index(client, unindexed, "n", "STL_SORT", None, index_name="sorted")
    assert sorted(client.list_indexes(unindexed)) == ["sorted", "vector"]
    assert client.list_indexes(unindexed, field_name="n") == ["sorted"]


def test_the_same_index_again_succeeds_and_another_is_refused(client, unindexed):
    add_index(client, unindexed, index_type="HNSW", metric="L2")
    add_index(client, unindexed, index_type="HNSW", metric="L2")
    with refused(702, "at most one distinct index is allowed per field", "vector"):
        add_index(client, unindexed, index_type="FLAT", metric="L2")
    with refused(702, "vector"):
        add_index(client, unindexed, index_type="FLAT", metric="L2", index_name="second")
    with refused(702, "vector", "n"):
        add_index(client, unindexed, "n", "STL_SORT", None, index_name="vector")


FAULTS = {
    "unknown type": ("vector", "ANNOY", "L2", {}, ["ANNOY", "vector"]),
    "type that is not built": ("vector", "DISKANN", "L2", {}, ["DISKANN", "vector"]),
    "unknown metric": ("vector", "FLAT", "MANHATTAN", {}, ["MANHATTAN", "vector"]),
    "metric of other vectors": ("vector", "FLAT", "HAMMING", {}, ["HAMMING", "vector"]),
    "M too small": ("vector", "HNSW", "L2", {"M": 1, "efConstruction": 100}, ["M", "2", "2048", "1"]),
    "M too large": ("vector", "HNSW", "L2", {"M": 2049, "efConstruction": 100}, ["M", "2049", "2048"]),
    "M is no number": ("vector", "HNSW", "L2", {"M": "many", "efConstruction": 100}, ["M", "many"]),
    "efConstruction 0": ("vector", "HNSW", "L2", {"M": 16, "efConstruction": 0}, ["efConstruction", "0"]),
    "parameter with AUTOINDEX": ("vector", "AUTOINDEX", "L2", {"M": 16}, ["only metric type", "M"]),
    "STL_SORT on Bool": ("flag", "STL_SORT", None, {}, ["STL_SORT", "flag"]),
    "Trie on a number": ("n", "Trie", None, {}, ["n", "varchar"]),
    "BITMAP on Float": ("f", "BITMAP", None, {}, ["BITMAP", "f"]),
    "BITMAP on the key": ("id", "BITMAP", None, {}, ["BITMAP", "primary key"]),
    "NGRAM without sizes": ("s", "NGRAM", None, {}, ["min_gram", "max_gram"]),
    "JSON without cast": ("doc", "INVERTED", None, {}, ["json index must specify cast type"]),
    "vector type on a scalar": ("n", "HNSW", None, {}, ["HNSW", "n"]),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_index_faults_are_named(client, unindexed, fault):
    field, index_type, metric, params, fragments = FAULTS[fault]
    with refused(1100, *fragments):
        add_index(client, unindexed, field, index_type, metric, **({"params": params} if params else {}))
    assert client.list_indexes(unindexed) == []


def test_index_of_a_missing_field(client, name):
    create(client, name, load=False)
    with refused(1700, "nothing", name):
        add_index(client, name, "nothing", "INVERTED", None)


def test_drop(client, name):
    create(client, name)
    with refused(1100, "vector index cannot be dropped on loaded collection", name):
        client.drop_index(name, "vector")
    client.release_collection(name)
    client.drop_index(name, "vector")
    client.drop_index(name, "vector")
    assert client.list_indexes(name) == []
    with refused(700, name, "vector"):
        client.load_collection(name)


def test_another_index_after_a_drop_serves_the_old_rows(client, name):
    create(client, name, index_type="FLAT", metric="L2")
    client.insert(name, rows_of(20))
    client.flush(name)
    client.release_collection(name)
    client.drop_index(name, "vector")
    add_index(client, name, index_type="HNSW", metric="IP")
    client.load_collection(name)
    hits = client.search(name, [[1.0, 0, 0, 0]], limit=3)[0]
    assert [(hit["id"], hit["distance"]) for hit in hits] == [(19, 19.0), (18, 18.0), (17, 17.0)]


def test_alter(client, name):
    create(client, name, index_type="HNSW")
    with refused(104, "release"):
        client.alter_index_properties(name, "vector", {"mmap.enabled": True})
    client.release_collection(name)
    client.alter_index_properties(name, "vector", {"mmap.enabled": True})
    assert client.describe_index(name, "vector")["mmap.enabled"] == "True"
    client.drop_index_properties(name, "vector", ["mmap.enabled"])
    assert "mmap.enabled" not in client.describe_index(name, "vector")
    with refused(1100, "M"):
        client.alter_index_properties(name, "vector", {"M": 8})
    with refused(700, "nothing"):
        client.alter_index_properties(name, "nothing", {"mmap.enabled": True})


def test_old_state_calls(server, client, name):
    create(client, name)
    client.insert(name, rows_of(7))
    client.flush(name)
    state = send(server, "GetIndexState", milvus_pb2.GetIndexStateRequest(collection_name=name), milvus_pb2.GetIndexStateResponse)
    assert (state.status.code, state.state) == (0, common_pb2.Finished)
    request = milvus_pb2.GetIndexBuildProgressRequest(collection_name=name)
    progress = send(server, "GetIndexBuildProgress", request, milvus_pb2.GetIndexBuildProgressResponse)
    assert (progress.indexed_rows, progress.total_rows) == (7, 7)
    request = milvus_pb2.GetIndexStatisticsRequest(collection_name=name)
    statistics = send(server, "GetIndexStatistics", request, milvus_pb2.GetIndexStatisticsResponse)
    assert [one.index_name for one in statistics.index_descriptions] == ["vector"]


ROWS, DIM = 20_000, 64


def test_searchable_while_the_index_is_built(server, client, name):
    """No search is short or wrong between the first row and the finished graph, and the progress never goes back."""
    schema = schema_of(("vector", DataType.FLOAT_VECTOR, {"dim": DIM}))
    client.create_collection(name, schema=schema, **STRONG)
    add_index(client, name, index_type="HNSW", metric="COSINE", params={"M": 16, "efConstruction": 200})
    client.load_collection(name)
    vectors = random_vectors(ROWS, DIM, 1)
    queries = vectors[:: ROWS // 50][:50]
    for start in range(0, ROWS, 4_000):
        client.insert(name, [{"id": i, "vector": vectors[i]} for i in range(start, start + 4_000)])
    client.flush(name)
    done = threading.Event()
    faults, progress = [], []

    def search():
        own = MilvusClient(uri=server.uri, dedicated=True)
        while not done.is_set():
            for number, hits in enumerate(own.search(name, queries[:10], limit=10, search_params={"params": {"ef": 64}})):
                if len(hits) != 10 or hits[0]["id"] != number * (ROWS // 50):
                    faults.append((number, hits))
        own.close()

    searcher = threading.Thread(target=search)
    searcher.start()
    deadline = time.monotonic() + 60
    try:
        while time.monotonic() < deadline:
            state = client.describe_index(name, "vector")
            progress.append(state["indexed_rows"])
            assert state["total_rows"] == ROWS
            assert state["pending_index_rows"] == ROWS - state["indexed_rows"]
            if state["state"] == "Finished":
                break
            assert state["state"] == "InProgress"
    finally:
        done.set()
        searcher.join()
    assert faults == []
    assert progress == sorted(progress) and progress[-1] == ROWS
    exact = (queries / np.linalg.norm(queries, axis=1, keepdims=True)) @ (
        vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    ).T
    wanted = np.argsort(-exact, axis=1)[:, :10]
    found = client.search(name, queries, limit=10, search_params={"params": {"ef": 300}})
    hit_count = sum(len(set(row) & {hit["id"] for hit in hits}) for row, hits in zip(wanted.tolist(), found))
    assert hit_count / wanted.size >= 0.9
