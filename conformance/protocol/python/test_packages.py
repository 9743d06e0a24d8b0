"""The main job on real data: load it through the client, search it with three metrics and with filters, and get the exact
answers before flush, after flush, after compaction, after a restart and after kill -9."""

import time

import numpy as np
import pytest
from elanus_server import ElanusServer
from packages import METRICS, load_packages
from pymilvus import DataType, MilvusClient
from small_collections import STRONG, add_index, count_of

BATCH = 1_000
WITHIN = 1e-5
GRAPH = {"M": 16, "efConstruction": 200}
EXTRA_ID = 1_000_000


@pytest.fixture(scope="module")
def packages():
    return load_packages()


def connected(server):
    return MilvusClient(uri=server.uri, dedicated=True)


def field_of(metric):
    """Each metric has a vector field of its own, all with the same vectors."""
    return metric.lower()


def make(client, name, dim, index_type):
    schema = MilvusClient.create_schema()
    schema.add_field("id", DataType.INT64, is_primary=True)
    for field, length in (("name", 200), ("section", 100), ("arch", 20), ("priority", 20)):
        schema.add_field(field, DataType.VARCHAR, max_length=length)
    schema.add_field("size", DataType.INT64)
    schema.add_field("installed_kb", DataType.INT64)
    schema.add_field("tags", DataType.ARRAY, element_type=DataType.VARCHAR, max_capacity=100, max_length=200)
    for metric in METRICS:
        schema.add_field(field_of(metric), DataType.FLOAT_VECTOR, dim=dim)
    client.create_collection(name, schema=schema, **STRONG)
    for metric in METRICS:
        params = {"params": GRAPH} if index_type == "HNSW" else {}
        add_index(client, name, field_of(metric), index_type, metric, **params)
    client.load_collection(name)


COLUMNS = ("id", "name", "section", "arch", "priority", "size", "installed_kb", "tags")


def insert(client, name, packages, start, end, write="insert", id_offset=0):
    for first in range(start, end, BATCH):
        rows = []
        for i in range(first, min(first + BATCH, end)):
            row = {column: packages.rows[i][column] for column in COLUMNS}
            row["id"] += id_offset
            for metric in METRICS:
                row[field_of(metric)] = packages.vectors[i]
            rows.append(row)
        getattr(client, write)(name, rows)


def right(packages, metric, queries, hits, truth_ids):
    """For each query, how many hits are as good as the k-th exact answer."""
    found = np.array([[hit["id"] for hit in one] for one in hits])
    exact = packages.scores(metric, queries, found)
    bound = packages.scores(metric, queries, np.asarray(truth_ids)[:, -1:])
    good = exact <= bound + WITHIN if metric == "L2" else exact >= bound - WITHIN
    told = np.array([[hit["distance"] for hit in one] for one in hits])
    assert np.allclose(told, exact, atol=1e-4), "the scores are not those of the rows"
    assert all(len(set(row)) == len(row) for row in found.tolist()), "a row came twice"
    return good


def search(client, name, metric, queries, k, filter="", **params):
    return client.search(
        name, queries, anns_field=field_of(metric), limit=k, filter=filter, search_params={"params": params}
    )


def check_exact(client, packages, k, count):
    """FLAT gives the exact answers: k of them, in any order among equal scores."""
    for metric in METRICS:
        queries = packages.queries[:count]
        hits = search(client, "flat", metric, queries, k)
        good = right(packages, metric, queries, hits, packages.truth[metric][:count, :k])
        assert good.shape == (len(queries), k) and good.all(), metric


def check_graph(client, packages, count):
    """HNSW: recall@10 with ef 64 and with defaults."""
    for metric in METRICS:
        queries = packages.queries[:count]
        for params, least in (({"ef": 64}, 0.98), ({}, 0.95)):
            hits = search(client, "graph", metric, queries, 10, **params)
            good = right(packages, metric, queries, hits, packages.truth[metric][:count, :10])
            assert good.shape == (len(queries), 10) and good.mean() >= least, (metric, params, good.mean())


def check_filtered(client, packages, name, least):
    """As many rows as match, never fewer hits than exist, and the right ones."""
    for case in packages.filtered:
        filter, metric, k = case["filter"], case["metric"], case["k"]
        assert count_of(client, name, filter) == case["count"], filter
        queries = packages.queries[: len(case["ids"])]
        hits = search(client, name, metric, queries, k, filter=filter, ef=64)
        expected = min(k, case["count"])
        assert [len(one) for one in hits] == [expected] * len(queries), filter
        if expected > 0:
            recall = right(packages, metric, queries, hits, case["ids"]).mean()
            assert recall >= least, (name, filter, recall)


SOME = 200


def check_all(client, packages, count=SOME):
    for name in ("flat", "graph"):
        assert count_of(client, name) == len(packages.rows)
        assert client.get_collection_stats(name)["row_count"] == len(packages.rows)
    check_exact(client, packages, 100, count if count > SOME else 30)
    check_graph(client, packages, count)
    check_filtered(client, packages, "flat", 1.0)
    check_filtered(client, packages, "graph", 0.98)


def wait_until(holds, seconds=300):
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it takes too long"
        time.sleep(0.1)


def indexed(client, name):
    return all(client.describe_index(name, field_of(metric))["state"] == "Finished" for metric in METRICS)


def test_the_packages(packages):
    if packages is None:
        return
    server = ElanusServer(env={"ELANUS_COMPUTE_THREADS": "2"}).start()
    try:
        client = connected(server)
        before_flush(client, packages)
        after_flush(client, packages)
        after_compaction(client, packages)
        server.restart(kill=False)
        check_all(connected(server), packages)
        server.restart(kill=True)
        check_all(connected(server), packages, count=len(packages.queries))
    finally:
        server.remove()


def before_flush(client, packages):
    """Half of the rows sealed; then rows that would be the best answers to everything, deleted again; then the other half."""
    rows = len(packages.rows)
    for name, index_type in (("flat", "FLAT"), ("graph", "HNSW")):
        make(client, name, packages.vectors.shape[1], index_type)
        insert(client, name, packages, 0, rows // 2)
        client.flush(name)
        insert(client, name, packages, 0, BATCH, id_offset=EXTRA_ID)
        assert client.delete(name, filter=f"id >= {EXTRA_ID}")["delete_count"] == min(BATCH, rows)
        insert(client, name, packages, rows // 2, rows)
        insert(client, name, packages, 0, BATCH, write="upsert")
    check_all(client, packages)


def after_flush(client, packages):
    for name in ("flat", "graph"):
        client.flush(name)
    check_all(client, packages)


def after_compaction(client, packages):
    for name in ("flat", "graph"):
        job = client.compact(name)
        wait_until(lambda: client.get_compaction_state(job) == "Completed")
        assert len(client.list_persistent_segments(name)) == 1
    wait_until(lambda: indexed(client, "graph"))
    check_all(client, packages)
