"""Search against numpy: metrics and scores, several queries, ranges, pages, filters, output fields, stored vectors."""

import numpy as np
import pytest
from pymilvus import DataType, MilvusClient
from pymilvus.grpc_gen import common_pb2, milvus_pb2
from refusals import refused
from small_collections import create, random_vectors, rows_of, vector_of
from wire import send

DIM = 12
ROWS = 300
VECTORS = random_vectors(ROWS, DIM, 7)
QUERIES = random_vectors(5, DIM, 8)


def scores(metric, queries, vectors):
    """Metric values in float64, a row a query."""
    q, v = queries.astype(np.float64), vectors.astype(np.float64)
    if metric == "L2":
        return ((q[:, None] - v[None]) ** 2).sum(axis=2)
    dots = q @ v.T
    if metric == "IP":
        return dots
    return dots / np.linalg.norm(q, axis=1)[:, None] / np.linalg.norm(v, axis=1)[None]


def ranked(metric, values, allowed=None):
    """Row numbers from best to worst."""
    order = np.argsort(values if metric == "L2" else -values, kind="stable")
    return [int(i) for i in order if allowed is None or i in allowed]


def check(hits, metric, values, expected):
    """The hits are `expected`, with the scores of numpy."""
    assert [hit["id"] for hit in hits] == expected
    assert np.allclose([hit["distance"] for hit in hits], values[expected], rtol=1e-5, atol=1e-5)


@pytest.fixture(scope="module", params=["L2", "IP", "COSINE"])
def metric(request):
    return request.param


@pytest.fixture(scope="module", params=["FLAT", "HNSW"])
def filled(request, server, metric):
    """Half of the rows sealed, half growing."""
    client = MilvusClient(uri=server.uri, dedicated=True)
    name = f"search_{request.param}_{metric}"
    create(
        client,
        name,
        ("n", DataType.INT64, {}),
        ("s", DataType.VARCHAR, {"max_length": 20}),
        ("vector", DataType.FLOAT_VECTOR, {"dim": DIM}),
        index_type=request.param,
        metric=metric,
    )
    rows = [{"id": i, "n": i % 10, "s": f"s{i}", "vector": VECTORS[i]} for i in range(ROWS)]
    client.insert(name, rows[: ROWS // 2])
    client.flush(name)
    client.insert(name, rows[ROWS // 2 :])
    yield name
    client.drop_collection(name)
    client.close()


def test_order_and_scores(client, filled, metric):
    values = scores(metric, QUERIES, VECTORS)
    found = client.search(filled, QUERIES, limit=20, search_params={"metric_type": metric, "params": {"ef": 300}})
    assert len(found) == len(QUERIES)
    for hits, row in zip(found, values):
        check(hits, metric, row, ranked(metric, row)[:20])


def test_more_than_there_are(client, filled, metric):
    row = scores(metric, QUERIES[:1], VECTORS)[0]
    check(client.search(filled, QUERIES[:1], limit=1000)[0], metric, row, ranked(metric, row))


def test_offset(client, filled, metric):
    row = scores(metric, QUERIES[:1], VECTORS)[0]
    hits = client.search(filled, QUERIES[:1], limit=7, search_params={"offset": 13})[0]
    check(hits, metric, row, ranked(metric, row)[13:20])
    assert client.search(filled, QUERIES[:1], limit=5, search_params={"offset": ROWS})[0] == []


def test_radius(client, filled, metric):
    row = scores(metric, QUERIES[:1], VECTORS)[0]
    order = ranked(metric, row)
    radius = float((row[order[29]] + row[order[30]]) / 2)
    hits = client.search(filled, QUERIES[:1], limit=100, search_params={"params": {"radius": radius, "ef": 300}})[0]
    check(hits, metric, row, order[:30])


def test_radius_and_range_filter(client, filled, metric):
    row = scores(metric, QUERIES[:1], VECTORS)[0]
    order = ranked(metric, row)
    outer = float((row[order[29]] + row[order[30]]) / 2)
    inner = float((row[order[9]] + row[order[10]]) / 2)
    params = {"radius": outer, "range_filter": inner, "ef": 300}
    hits = client.search(filled, QUERIES[:1], limit=100, search_params={"params": params})[0]
    check(hits, metric, row, order[10:30])


def test_bounds_in_the_wrong_order(client, filled, metric):
    radius, range_filter = (1.0, 2.0) if metric == "L2" else (0.5, 0.25)
    with refused(1100, "range_filter", "radius", metric):
        client.search(filled, QUERIES[:1], search_params={"params": {"radius": radius, "range_filter": range_filter}})


def test_round_decimal(client, filled, metric):
    row = scores(metric, QUERIES[:1], VECTORS)[0]
    for decimals in (0, 2, 6):
        hits = client.search(filled, QUERIES[:1], limit=5, round_decimal=decimals)[0]
        expected = np.floor(row[ranked(metric, row)[:5]] * 10**decimals + 0.5) / 10**decimals
        assert np.allclose([hit["distance"] for hit in hits], expected, atol=2e-6), decimals


@pytest.mark.parametrize(
    ("filter", "allowed"),
    [
        ("n == 3", {i for i in range(ROWS) if i % 10 == 3}),
        ("id < 20", set(range(20))),
        ('s in ["s1", "s299", "s150"]', {1, 150, 299}),
        ("n < 0", set()),
        ("id >= 0", set(range(ROWS))),
        ("n != 5 and not (id > 100)", {i for i in range(101) if i % 10 != 5}),
    ],
)
def test_filtered(client, filled, metric, filter, allowed):
    row = scores(metric, QUERIES[:1], VECTORS)[0]
    hits = client.search(filled, QUERIES[:1], limit=25, filter=filter, search_params={"params": {"ef": 300}})[0]
    check(hits, metric, row, ranked(metric, row, allowed)[:25])


def test_filter_with_templates(client, filled, metric):
    row = scores(metric, QUERIES[:1], VECTORS)[0]
    params = {"ids": list(range(50)), "n": 4}
    hits = client.search(filled, QUERIES[:1], limit=50, filter="id in {ids} and n == {n}", filter_params=params)[0]
    check(hits, metric, row, ranked(metric, row, {4, 14, 24, 34, 44}))


def test_by_ids(client, filled, metric):
    found = client.search(filled, ids=[5, 200], limit=4, search_params={"params": {"ef": 300}})
    values = scores(metric, VECTORS[[5, 200]], VECTORS)
    for hits, row in zip(found, values):
        check(hits, metric, row, ranked(metric, row)[:4])


def test_output_fields(client, filled):
    hits = client.search(filled, QUERIES[:1], limit=3, output_fields=["n", "s"])[0]
    for hit in hits:
        assert dict(hit["entity"]) == {"n": hit["id"] % 10, "s": f"s{hit['id']}"}
    hits = client.search(filled, QUERIES[:1], limit=3, output_fields=["*"])[0]
    for hit in hits:
        assert set(hit["entity"]) == {"id", "n", "s", "vector"}
        assert np.array_equal(np.asarray(hit["entity"]["vector"], np.float32), VECTORS[hit["id"]])


def test_wire_form(server, client, filled):
    """The key is in ids alone unless asked for; counts, scores and columns are flat over the queries."""
    group = common_pb2.PlaceholderGroup(
        placeholders=[common_pb2.PlaceholderValue(tag="$0", type=101, values=[query.tobytes() for query in QUERIES])]
    )
    params = {"anns_field": "vector", "topk": "4", "params": "{}", "metric_type": "", "round_decimal": "-1", "ignore_growing": "False"}
    request = milvus_pb2.SearchRequest(
        collection_name=filled,
        placeholder_group=group.SerializeToString(),
        search_params=[common_pb2.KeyValuePair(key=key, value=value) for key, value in params.items()],
        output_fields=["n"],
        dsl_type=common_pb2.BoolExprV1,
    )
    reply = send(server, "Search", request, milvus_pb2.SearchResults)
    assert (reply.status.code, reply.collection_name) == (0, filled)
    assert reply.session_ts > 0
    results = reply.results
    assert (results.num_queries, results.top_k, list(results.topks)) == (5, 4, [4] * 5)
    assert len(results.scores) == len(results.ids.int_id.data) == 20
    assert [column.field_name for column in results.fields_data] == ["n"]
    assert list(results.fields_data[0].scalars.long_data.data) == [i % 10 for i in results.ids.int_id.data]
    assert list(results.output_fields) == ["n"]
    assert results.primary_field_name == "id"


def test_ignore_growing(client, filled):
    hits = client.search(filled, QUERIES[:1], limit=ROWS, ignore_growing=True)[0]
    assert sorted(hit["id"] for hit in hits) == list(range(ROWS // 2))


def test_equal_scores_come_by_key(client, name):
    create(client, name)
    client.insert(name, [{"id": i, "vector": [1.0, 2, 3, 4]} for i in (5, 3, 9, 1)])
    client.flush(name)
    client.insert(name, [{"id": i, "vector": [1.0, 2, 3, 4]} for i in (8, 2)])
    assert [hit["id"] for hit in client.search(name, [[1.0, 2, 3, 4]], limit=6)[0]] == [1, 2, 3, 5, 8, 9]
    some = [hit["id"] for hit in client.search(name, [[1.0, 2, 3, 4]], limit=4)[0]]
    assert len(some) == 4 and some == sorted(some)


def test_zero_vectors(client, name):
    create(client, name, metric="COSINE")
    client.insert(name, [{"id": 1, "vector": [0.0] * 4}, {"id": 2, "vector": [1.0, 0, 0, 0]}])
    hits = client.search(name, [[1.0, 0, 0, 0]], limit=2)[0]
    assert [(hit["id"], hit["distance"]) for hit in hits] == [(2, 1.0), (1, 0.0)]
    assert all(hit["distance"] == 0.0 for hit in client.search(name, [[0.0] * 4], limit=2)[0])


def test_empty_collection(client, name):
    create(client, name)
    assert client.search(name, [vector_of(1), vector_of(2)], limit=5) == [[], []]


def test_thousand_queries_at_once(client, name):
    create(client, name)
    client.insert(name, rows_of(500))
    found = client.search(name, [vector_of(i % 500) for i in range(1000)], limit=1)
    assert [hits[0]["id"] for hits in found] == [i % 500 for i in range(1000)]


def test_largest_k(client, name):
    create(client, name)
    client.insert(name, rows_of(17_000))
    hits = client.search(name, [vector_of(0)], limit=16_384)[0]
    assert len({hit["id"] for hit in hits}) == 16_384


@pytest.fixture
def hnsw(client, name):
    create(client, name, index_type="HNSW")
    client.insert(name, rows_of(3))
    return name


BAD = {
    "ef < k": ({"limit": 20, "search_params": {"params": {"ef": 10}}}, ["ef(10) should be larger than k(20)"]),
    "ef < offset + k": ({"limit": 5, "search_params": {"offset": 10, "params": {"ef": 10}}}, ["ef(10)", "k(15)"]),
    "ef 0": ({"limit": 5, "search_params": {"params": {"ef": 0}}}, ["ef", "0"]),
    "topk 20000": ({"limit": 20_000}, ["topk", "20000", "16384"]),
    "offset + topk": ({"limit": 16_000, "search_params": {"offset": 1000}}, ["offset+limit", "17000", "16384"]),
    "wrong metric": ({"search_params": {"metric_type": "COSINE"}}, ["metric type not match", "expected=L2", "actual=COSINE"]),
    "unknown field": ({"anns_field": "nothing"}, ["nothing"]),
    "scalar field": ({"anns_field": "id"}, ["id", "not a vector field"]),
    "unknown output field": ({"output_fields": ["nothing"]}, ["field nothing not exist"]),
    "broken filter": ({"filter": "id =="}, ["failed to create query plan: cannot parse expression: id =="]),
    "unknown filter field": ({"filter": "nothing == 1"}, ["nothing", "not exist"]),
    "group by": ({"group_by_field": "id"}, ["group_by_field", "not supported"]),
    "range_filter alone": ({"search_params": {"params": {"range_filter": 1.0}}}, ["range_filter", "radius"]),
}


@pytest.mark.parametrize("fault", BAD)
def test_faults_are_named(client, hnsw, fault):
    options, fragments = BAD[fault]
    with refused(1100, *fragments):
        client.search(hnsw, [vector_of(1)], **options)


def raw_search(server, name, values, nq=0, params=None, type=101):
    group = common_pb2.PlaceholderGroup(placeholders=[common_pb2.PlaceholderValue(tag="$0", type=type, values=values)])
    pairs = {"topk": "3", "anns_field": "vector", "params": "{}"} | (params or {})
    request = milvus_pb2.SearchRequest(
        collection_name=name,
        nq=nq,
        placeholder_group=group.SerializeToString(),
        search_params=[common_pb2.KeyValuePair(key=key, value=value) for key, value in pairs.items() if value is not None],
    )
    return send(server, "Search", request, milvus_pb2.SearchResults)


def floats(*numbers):
    return np.array(numbers, np.float32).tobytes()


RAW_BAD = {
    "wrong dimension": (dict(values=[floats(1, 2, 3)]), ["vector", "16", "12"]),
    "bytes that are no floats": (dict(values=[b"12345"]), []),
    "vectors of two lengths": (dict(values=[floats(1, 2, 3, 4), floats(1, 2, 3)]), []),
    "NaN": (dict(values=[floats(1, 2, float("nan"), 4)]), ["NaN"]),
    "topk 0": (dict(values=[floats(1, 2, 3, 4)], params={"topk": "0"}), ["topk", "0", "16384"]),
    "topk -1": (dict(values=[floats(1, 2, 3, 4)], params={"topk": "-1"}), ["topk", "-1"]),
    "topk is no number": (dict(values=[floats(1, 2, 3, 4)], params={"topk": "ten"}), ["topk", "ten"]),
    "no topk": (dict(values=[floats(1, 2, 3, 4)], params={"topk": None}), ["topk"]),
    "no query": (dict(values=[]), ["no vectors"]),
    "too many queries": (dict(values=[floats(1, 2, 3, 4)] * 16_385), ["nq", "16385", "16384"]),
    "round_decimal 7": (dict(values=[floats(1, 2, 3, 4)], params={"round_decimal": "7"}), ["round_decimal", "7", "6"]),
    "params that are no JSON": (dict(values=[floats(1, 2, 3, 4)], params={"params": "{"}), ["params", "{"]),
    "binary vectors": (dict(values=[b"1234"], type=100), ["BinaryVector", "not supported"]),
}


@pytest.mark.parametrize("fault", RAW_BAD)
def test_faults_that_client_libraries_do_not_let_through(server, client, hnsw, fault):
    options, fragments = RAW_BAD[fault]
    status = raw_search(server, hnsw, **options).status
    assert (status.code, status.error_code) == (1100, 5), status
    for fragment in fragments:
        assert fragment in status.reason
    assert raw_search(server, hnsw, [floats(*vector_of(2))]).results.ids.int_id.data[0] == 2


def test_placeholder_group_that_is_no_message(server, client, hnsw):
    request = milvus_pb2.SearchRequest(
        collection_name=hnsw,
        placeholder_group=b"\xff\xff\xff\xff",
        search_params=[common_pb2.KeyValuePair(key="topk", value="3")],
    )
    status = send(server, "Search", request, milvus_pb2.SearchResults).status
    assert (status.code, status.error_code) == (1100, 5), status


def test_by_ids_that_are_not_there(client, hnsw):
    with refused(1100, "primary key", "exist"):
        client.search(hnsw, ids=[1, 77], limit=2)


def test_unknown_collection(client):
    with refused(100, "collection not found", "nowhere"):
        client.search("nowhere", [vector_of(1)])


def test_a_metric_in_lower_case(client, hnsw):
    assert client.search(hnsw, [vector_of(1)], limit=1, search_params={"metric_type": "l2"})[0][0]["id"] == 1
