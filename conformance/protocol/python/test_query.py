"""Query and get: filters, pages, counts, output fields, keys."""

import pytest
from pymilvus import DataType, MilvusClient
from pymilvus.grpc_gen import common_pb2, milvus_pb2
from refusals import refused
from small_collections import count_of, create, ids_of, rows_of, vector_of
from wire import send


@pytest.fixture(scope="module")
def twenty(server):
    """Keys 0..19, half of them sealed; n = key % 4, s = "s<key>", dynamic key tag."""
    client = MilvusClient(uri=server.uri, dedicated=True)
    create(client, "query_twenty", ("n", DataType.INT64, {}), ("s", DataType.VARCHAR, {"max_length": 9}), dynamic=True)
    rows = rows_of(20, n=lambda i: i % 4, s=lambda i: f"s{i}", tag=lambda i: i * 10)
    client.insert("query_twenty", rows[10:])
    client.flush("query_twenty")
    client.insert("query_twenty", rows[:10])
    yield "query_twenty"
    client.drop_collection("query_twenty")
    client.close()


def test_rows_come_in_key_order(client, twenty):
    assert ids_of(client, twenty) == list(range(20))
    assert ids_of(client, twenty, "n == 1") == [1, 5, 9, 13, 17]


def test_limit_and_offset(client, twenty):
    assert ids_of(client, twenty, limit=3) == [0, 1, 2]
    assert ids_of(client, twenty, limit=4, offset=8) == [8, 9, 10, 11]
    assert ids_of(client, twenty, "n == 1", limit=2, offset=3) == [13, 17]
    assert ids_of(client, twenty, limit=10, offset=15) == [15, 16, 17, 18, 19]
    assert ids_of(client, twenty, limit=10, offset=50) == []
    assert ids_of(client, twenty, "", limit=5) == [0, 1, 2, 3, 4]


def test_count(client, twenty):
    assert count_of(client, twenty) == 20
    assert count_of(client, twenty, "n == 1") == 5
    assert count_of(client, twenty, "n == 9") == 0
    assert client.query(twenty, filter="", output_fields=["COUNT(*)"])[0] == {"count(*)": 20}


def test_get(client, twenty):
    assert [row["id"] for row in client.get(twenty, [3, 15, 99, 3], output_fields=["id"])] == [3, 15]
    assert client.get(twenty, [99]) == []
    assert client.query(twenty, ids=[7], output_fields=["s"])[0] == {"id": 7, "s": "s7"}


def test_output_fields(client, twenty):
    row = client.query(twenty, filter="id == 4", output_fields=["*"])[0]
    assert dict(row) == {"id": 4, "n": 0, "s": "s4", "vector": vector_of(4), "tag": 40}
    assert dict(client.query(twenty, filter="id == 4", output_fields=["s"])[0]) == {"id": 4, "s": "s4"}
    assert dict(client.query(twenty, filter="id == 4", output_fields=["tag", "n"])[0]) == {"id": 4, "n": 0, "tag": 40}
    assert dict(client.query(twenty, filter="id == 4", output_fields=["vector"])[0]) == {"id": 4, "vector": vector_of(4)}
    assert dict(client.query(twenty, filter="id == 4", output_fields=["nothing"])[0]) == {"id": 4}


def test_no_output_fields_on_the_wire_is_the_key_alone(server, client, twenty):
    request = milvus_pb2.QueryRequest(collection_name=twenty, expr="id < 3")
    reply = send(server, "Query", request, milvus_pb2.QueryResults)
    assert reply.status.code == 0
    assert [column.field_name for column in reply.fields_data] == ["id"]
    assert list(reply.fields_data[0].scalars.long_data.data) == [0, 1, 2]
    assert (reply.primary_field_name, reply.collection_name) == ("id", twenty)
    assert reply.session_ts > 0


def test_no_rows_still_have_columns(server, client, twenty):
    request = milvus_pb2.QueryRequest(collection_name=twenty, expr="id < 0", output_fields=["s", "vector"])
    reply = send(server, "Query", request, milvus_pb2.QueryResults)
    assert reply.status.code == 0
    assert sorted(column.field_name for column in reply.fields_data) == ["id", "s", "vector"]


def test_results_name_their_types(server, client, name):
    array = {"element_type": DataType.INT8, "max_capacity": 3}
    create(client, name, ("arr", DataType.ARRAY, array), ("n", DataType.INT16, {"nullable": True}), dynamic=True)
    client.insert(name, [{"id": 1, "vector": vector_of(1), "arr": [1, 2], "n": None, "k": 1}])
    request = milvus_pb2.QueryRequest(collection_name=name, expr="id == 1", output_fields=["arr", "n", "k"])
    reply = send(server, "Query", request, milvus_pb2.QueryResults)
    columns = {column.field_name: column for column in reply.fields_data}
    assert columns["arr"].type == DataType.ARRAY
    assert columns["arr"].scalars.array_data.element_type == DataType.INT8
    assert list(columns["arr"].scalars.array_data.data[0].int_data.data) == [1, 2]
    assert columns["n"].type == DataType.INT16
    assert list(columns["n"].valid_data) == [False]
    assert len(columns["n"].scalars.int_data.data) == 1
    assert columns["$meta"].is_dynamic and columns["$meta"].type == DataType.JSON
    assert "k" in reply.output_fields


BAD = {
    "no filter and no limit": (dict(filter="", output_fields=["id"]), ["empty expression should be used with limit"]),
    "limit 0": (dict(filter="id > 0", limit=0), ["limit", "0", "16384"]),
    "limit -1": (dict(filter="id > 0", limit=-1), ["limit", "-1"]),
    "limit 20000": (dict(filter="id > 0", limit=20_000), ["limit", "20000", "16384"]),
    "offset + limit": (dict(filter="id > 0", limit=16_000, offset=1_000), ["offset+limit", "17000", "16384"]),
    "count with limit": (dict(filter="", output_fields=["count(*)"], limit=1), ["count entities with pagination is not allowed"]),
    "count beside a field": (dict(filter="", output_fields=["count(*)", "id"]), ["count(*)"]),
    "sum": (dict(filter="id > 0", output_fields=["sum(n)"]), ["sum(n)", "not supported"]),
    "order by": (dict(filter="id > 0", limit=5, order_by_fields="n:asc"), ["order_by_fields", "not supported"]),
    "broken filter": (dict(filter="id >"), ["failed to create query plan: cannot parse expression: id >"]),
}


@pytest.mark.parametrize("fault", BAD)
def test_faults_are_named(client, twenty, fault):
    options, fragments = BAD[fault]
    with refused(1100, *fragments):
        client.query(twenty, **options)


def test_unknown_field_without_a_dynamic_field(client, name):
    create(client, name)
    with refused(1100, "field nothing not exist"):
        client.query(name, filter="id > 0", output_fields=["nothing"])
    with refused(1100, "nothing", "not exist"):
        client.query(name, filter="nothing > 0")


def test_unknown_collection(client):
    with refused(100, "collection not found", "nowhere"):
        client.query("nowhere", filter="id > 0")


def test_templates(client, twenty):
    assert ids_of(client, twenty, "n == {n} and s in {texts}", filter_params={"n": 1, "texts": ["s1", "s2", "s9"]}) == [1, 9]
    assert ids_of(client, twenty, "tag > {least}", filter_params={"least": 174.5}) == [18, 19]
    assert ids_of(client, twenty, "s like {pattern}", filter_params={"pattern": "s1_"}) == list(range(10, 20))
    with refused(1100, "missing"):
        ids_of(client, twenty, "n == {missing}", filter_params={"other": 1})


def test_template_of_ten_thousand_keys(client, twenty):
    assert ids_of(client, twenty, "id in {ids}", filter_params={"ids": list(range(5, 10_005))}) == list(range(5, 20))


def test_as_many_rows_as_fit(client, name):
    create(client, name)
    client.insert(name, rows_of(20_000))
    assert len(client.query(name, filter="id >= 0", output_fields=["id"])) == 20_000
    assert len(client.query(name, filter="id >= 0", output_fields=["id"], limit=16_384)) == 16_384


def test_raw_consistency_values_do_not_matter_to_the_rows(server, client, twenty):
    for level in range(5):
        request = milvus_pb2.QueryRequest(
            collection_name=twenty, expr="id < 2", consistency_level=level, guarantee_timestamp=1 if level else 0
        )
        reply = send(server, "Query", request, milvus_pb2.QueryResults)
        assert reply.status.error_code == common_pb2.Success
        assert list(reply.fields_data[0].scalars.long_data.data) == [0, 1]
