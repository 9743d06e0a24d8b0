"""Hybrid search against a model: reciprocal ranks and weighted scores."""

import numpy as np
import pytest
from pymilvus import AnnSearchRequest, DataType, MilvusClient, RRFRanker, WeightedRanker
from pymilvus.grpc_gen import common_pb2, milvus_pb2
from refusals import refused
from small_collections import STRONG, add_index, random_vectors, schema_of
from wire import send

ROWS, DIM = 200, 8
VECTORS = {"l2": random_vectors(ROWS, DIM, 1), "ip": random_vectors(ROWS, DIM, 2), "cos": random_vectors(ROWS, DIM, 3)}
QUERIES = {"l2": random_vectors(2, DIM, 4), "ip": random_vectors(2, DIM, 5), "cos": random_vectors(2, DIM, 6)}
METRICS = {"l2": "L2", "ip": "IP", "cos": "COSINE"}
LIMIT = 30


@pytest.fixture(scope="module")
def filled(server):
    client = MilvusClient(uri=server.uri, dedicated=True)
    fields = [(field, DataType.FLOAT_VECTOR, {"dim": DIM}) for field in METRICS]
    client.create_collection("hybrid", schema=schema_of(*fields, ("n", DataType.INT64, {})), **STRONG)
    for field, metric in METRICS.items():
        add_index(client, "hybrid", field, "FLAT", metric)
    client.load_collection("hybrid")
    rows = [{"id": i, "n": i % 5, **{field: VECTORS[field][i] for field in METRICS}} for i in range(ROWS)]
    client.insert("hybrid", rows[:100])
    client.flush("hybrid")
    client.insert("hybrid", rows[100:])
    yield "hybrid"
    client.drop_collection("hybrid")
    client.close()


def scores_of(field, query):
    q, v = QUERIES[field][query].astype(np.float64), VECTORS[field].astype(np.float64)
    if field == "l2":
        return ((v - q) ** 2).sum(axis=1)
    if field == "ip":
        return v @ q
    return (v @ q) / np.linalg.norm(v, axis=1) / np.linalg.norm(q)


def best(field, query, limit=LIMIT, allowed=lambda i: True):
    values = scores_of(field, query)
    order = np.argsort(values if field == "l2" else -values, kind="stable")
    return [(int(i), float(values[i])) for i in order if allowed(i)][:limit]


def normalised(field, score):
    if field == "l2":
        return 1 - 2 * np.arctan(score) / np.pi
    return 0.5 + np.arctan(score) / np.pi if field == "ip" else (1 + score) / 2


def fused(fields, query, contribution, allowed=lambda i: True):
    sums = {}
    for leg, field in enumerate(fields):
        for rank, (row, score) in enumerate(best(field, query, allowed=allowed), 1):
            sums[row] = sums.get(row, 0.0) + contribution(leg, field, rank, score)
    return sorted(sums.items(), key=lambda pair: (-pair[1], pair[0]))


def legs(fields, filter=""):
    return [AnnSearchRequest(QUERIES[field], field, {"metric_type": METRICS[field]}, LIMIT, expr=filter) for field in fields]


def check(found, expected):
    assert [hit["id"] for hit in found] == [row for row, _ in expected]
    assert np.allclose([hit["distance"] for hit in found], [score for _, score in expected], atol=1e-5)


@pytest.mark.parametrize("k", [60, 1])
def test_reciprocal_ranks(client, filled, k):
    fields = ["l2", "ip", "cos"]
    found = client.hybrid_search(filled, legs(fields), RRFRanker(k), limit=15)
    for query in range(2):
        check(found[query], fused(fields, query, lambda leg, field, rank, score: 1 / (k + rank))[:15])


def test_weighted_and_normalised(client, filled):
    fields, weights = ["l2", "ip", "cos"], [0.2, 0.5, 1.0]
    found = client.hybrid_search(filled, legs(fields), WeightedRanker(*weights), limit=15)
    for query in range(2):
        check(found[query], fused(fields, query, lambda leg, field, rank, score: weights[leg] * normalised(field, score))[:15])


def test_weighted_without_normalisation(client, filled):
    fields, weights = ["ip", "cos"], [0.7, 0.4]
    found = client.hybrid_search(filled, legs(fields), WeightedRanker(*weights, norm_score=False), limit=15)
    for query in range(2):
        check(found[query], fused(fields, query, lambda leg, field, rank, score: weights[leg] * score)[:15])


def test_weighted_without_normalisation_of_mixed_metrics(client, filled):
    fields, weights = ["l2", "cos"], [0.7, 0.4]
    found = client.hybrid_search(filled, legs(fields), WeightedRanker(*weights, norm_score=False), limit=15)

    def part(leg, field, rank, score):
        return weights[leg] * (normalised(field, score) if field == "l2" else score)

    for query in range(2):
        check(found[query], fused(fields, query, part)[:15])


def test_offset_filter_and_output_fields(client, filled):
    fields = ["l2", "cos"]
    found = client.hybrid_search(filled, legs(fields, "n == 2"), RRFRanker(), limit=10, offset=5, output_fields=["n"])
    for query in range(2):
        expected = fused(fields, query, lambda leg, field, rank, score: 1 / (60 + rank), lambda i: i % 5 == 2)
        check(found[query], expected[5:15])
        assert all(dict(hit["entity"]) == {"n": 2} for hit in found[query])


def test_round_decimal(client, filled):
    found = client.hybrid_search(filled, legs(["l2", "cos"]), RRFRanker(), limit=10, round_decimal=3)
    assert all(abs(hit["distance"] * 1000 - round(hit["distance"] * 1000)) < 1e-3 for hit in found[0])


def test_wrong_weights(client, filled):
    with refused(1100, "the length of weights param mismatch with ann search requests"):
        client.hybrid_search(filled, legs(["l2", "cos"]), WeightedRanker(0.5), limit=5)


def raw(server, filled, requests, rank_params):
    pairs = [common_pb2.KeyValuePair(key=key, value=value) for key, value in rank_params.items()]
    request = milvus_pb2.HybridSearchRequest(collection_name=filled, requests=requests, rank_params=pairs)
    return send(server, "HybridSearch", request, milvus_pb2.SearchResults)


def leg(field="l2", queries=1):
    values = [query.tobytes() for query in QUERIES[field][:queries]]
    group = common_pb2.PlaceholderGroup(placeholders=[common_pb2.PlaceholderValue(tag="$0", type=101, values=values)])
    pairs = {"anns_field": field, "topk": "5", "params": "{}"}
    params = [common_pb2.KeyValuePair(key=key, value=value) for key, value in pairs.items()]
    return milvus_pb2.SearchRequest(placeholder_group=group.SerializeToString(), search_params=params)


RAW_BAD = {
    "no requests": ([], {"strategy": "rrf", "limit": "5"}, ["1", "1024", "0"]),
    "no limit": ([leg()], {"strategy": "rrf"}, ["limit"]),
    "limit 20000": ([leg()], {"strategy": "rrf", "limit": "20000"}, ["limit", "20000", "16384"]),
    "unknown strategy": ([leg()], {"strategy": "best", "limit": "5"}, ["best"]),
    "k 0": ([leg()], {"strategy": "rrf", "limit": "5", "params": '{"k": 0}'}, ["k", "0", "16384"]),
    "weight 2": ([leg()], {"strategy": "weighted", "limit": "5", "params": '{"weights": [2]}'}, ["weight", "2", "[0, 1]"]),
    "no weights": ([leg()], {"strategy": "weighted", "limit": "5"}, ["weights"]),
    "different nq": ([leg(queries=1), leg("cos", 2)], {"strategy": "rrf", "limit": "5"}, ["nq"]),
    "group by": ([leg()], {"strategy": "rrf", "limit": "5", "group_by_field": "n"}, ["group_by_field"]),
}


@pytest.mark.parametrize("fault", RAW_BAD)
def test_faults_are_named(server, client, filled, fault):
    requests, rank_params, fragments = RAW_BAD[fault]
    status = raw(server, filled, requests, rank_params).status
    assert (status.code, status.error_code) == (1100, 5), status
    for fragment in fragments:
        assert fragment in status.reason


def test_weights_alone_are_not_normalised(server, client, filled):
    """The Node SDK sends weights only; without norm_score the scores are taken as they are."""
    reply = raw(server, filled, [leg("cos")], {"strategy": "weighted", "limit": "3", "params": '{"weights": [0.5]}'})
    expected = [0.5 * score for _, score in best("cos", 0, 3)]
    assert np.allclose(list(reply.results.scores), expected, atol=1e-5)
