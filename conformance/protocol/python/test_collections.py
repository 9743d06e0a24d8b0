"""Collections: made with every type and option, described, listed, renamed, truncated, dropped."""

import pytest
from pymilvus import DataType, MilvusClient
from pymilvus.grpc_gen import common_pb2, milvus_pb2, schema_pb2
from refusals import refused
from small_collections import DIM, create, ids_of, rows_of, schema_of
from wire import send

EVERY_TYPE = [
    ("flag", DataType.BOOL, {}),
    ("i8", DataType.INT8, {"nullable": True}),
    ("i16", DataType.INT16, {"default_value": 7}),
    ("i32", DataType.INT32, {}),
    ("i64", DataType.INT64, {"default_value": 2**60}),
    ("f32", DataType.FLOAT, {"default_value": 0.5}),
    ("f64", DataType.DOUBLE, {"nullable": True}),
    ("text", DataType.VARCHAR, {"max_length": 100, "default_value": "none"}),
    ("doc", DataType.JSON, {"nullable": True}),
    ("numbers", DataType.ARRAY, {"element_type": DataType.INT64, "max_capacity": 8}),
    ("words", DataType.ARRAY, {"element_type": DataType.VARCHAR, "max_capacity": 4, "max_length": 20, "nullable": True}),
    ("near", DataType.FLOAT_VECTOR, {"dim": 2}),
    ("far", DataType.FLOAT_VECTOR, {"dim": 32768}),
]


def raw_description(server, name):
    request = milvus_pb2.DescribeCollectionRequest(collection_name=name)
    return send(server, "DescribeCollection", request, milvus_pb2.DescribeCollectionResponse)


def test_every_type_is_described_as_it_was_given(client, name):
    schema = schema_of(*EVERY_TYPE, dynamic=True, description="all of them")
    client.create_collection(name, schema=schema, num_shards=3, consistency_level="Session")
    described = client.describe_collection(name)
    assert described["collection_name"] == name
    assert described["description"] == "all of them"
    assert described["enable_dynamic_field"] is True
    assert described["num_shards"] == 3
    assert (described["consistency_level"], described["consistency_level_name"]) == (1, "Session")
    assert described["num_partitions"] == 1
    assert described["auto_id"] is False
    fields = {field["name"]: field for field in described["fields"]}
    assert list(fields) == ["id"] + [field for field, _, _ in EVERY_TYPE]
    assert [field["field_id"] for field in described["fields"]] == list(range(100, 100 + len(fields)))
    for field, data_type, options in EVERY_TYPE:
        assert fields[field]["type"] == data_type, field
        assert fields[field].get("nullable", False) == options.get("nullable", False), field
        for param in ("dim", "max_length", "max_capacity"):
            assert fields[field]["params"].get(param) == options.get(param), (field, param)
        assert fields[field].get("element_type", DataType.NONE) == options.get("element_type", DataType.NONE), field
    assert fields["id"]["is_primary"] is True


def test_default_values_are_described(server, client, name):
    client.create_collection(name, schema=schema_of(*EVERY_TYPE))
    defaults = {
        field.name: field.default_value.WhichOneof("data") and getattr(field.default_value, field.default_value.WhichOneof("data"))
        for field in raw_description(server, name).schema.fields
        if field.HasField("default_value")
    }
    assert defaults == {"i16": 7, "i64": 2**60, "f32": 0.5, "text": "none"}


def test_description_has_every_field_that_clients_read(server, client, name):
    create(client, name, dynamic=True, properties={"mmap.enabled": "true"})
    client.create_alias(name, f"{name}_alias")
    reply = raw_description(server, name)
    assert (reply.status.code, reply.status.error_code, reply.status.reason) == (0, 0, "")
    assert (reply.schema.name, reply.collection_name, reply.db_name) == (name, name, "default")
    assert reply.collectionID > 0
    assert (reply.shards_num, reply.num_partitions, reply.consistency_level) == (1, 1, 0)
    assert len(reply.virtual_channel_names) == len(reply.physical_channel_names) == 1
    assert [(pair.key, pair.value) for pair in reply.properties] == [("mmap.enabled", "true")]
    assert list(reply.aliases) == [f"{name}_alias"]
    assert reply.created_timestamp >> 18 == reply.created_utc_timestamp
    assert reply.update_timestamp >= reply.created_timestamp
    assert reply.update_timestamp_str == str(reply.update_timestamp)
    assert [(field.name, field.fieldID) for field in reply.schema.fields] == [("id", 100), ("vector", 101)]
    assert reply.schema.enable_dynamic_field


def test_describe_by_id(server, client, name):
    create(client, name)
    found = raw_description(server, name).collectionID
    request = milvus_pb2.DescribeCollectionRequest(collectionID=found)
    reply = send(server, "DescribeCollection", request, milvus_pb2.DescribeCollectionResponse)
    assert reply.schema.name == name


def test_quick_form(client, name):
    client.create_collection(name, dimension=DIM)
    described = client.describe_collection(name)
    assert [(field["name"], field["type"]) for field in described["fields"]] == [
        ("id", DataType.INT64),
        ("vector", DataType.FLOAT_VECTOR),
    ]
    assert described["enable_dynamic_field"] is True
    assert described["consistency_level_name"] == "Bounded"
    index = client.describe_index(name, "vector")
    assert (index["index_type"], index["metric_type"]) == ("AUTOINDEX", "COSINE")
    assert str(client.get_load_state(name)["state"]) == "Loaded"


def test_quick_form_with_text_keys_and_auto_ids(client, name):
    client.create_collection(name, dimension=DIM, id_type="string", max_length=64, auto_id=True)
    field = client.describe_collection(name)["fields"][0]
    assert (field["type"], field["params"], field["auto_id"]) == (DataType.VARCHAR, {"max_length": 64}, True)


def test_missing_collection(client, server):
    assert client.has_collection("nowhere") is False
    with refused(100, "collection not found", "[database=default]", "[collection=nowhere]"):
        client.describe_collection("nowhere")
    for call in (client.load_collection, client.release_collection, client.get_collection_stats, client.flush):
        with refused(100, "nowhere"):
            call("nowhere")


def test_has_collection_the_old_way(server, client, name):
    create(client, name)
    for collection, expected in ((name, True), ("nowhere", False)):
        request = milvus_pb2.HasCollectionRequest(collection_name=collection)
        assert send(server, "HasCollection", request, milvus_pb2.BoolResponse).value is expected


def test_list_and_drop(client, name):
    create(client, name)
    assert client.has_collection(name)
    assert name in client.list_collections()
    client.drop_collection(name)
    assert not client.has_collection(name)
    assert name not in client.list_collections()
    client.drop_collection(name)


def test_a_dropped_name_can_be_used_again_and_is_empty(client, name):
    create(client, name)
    client.insert(name, rows_of(5))
    client.drop_collection(name)
    create(client, name, ("price", DataType.INT64, {}))
    assert ids_of(client, name) == []
    client.insert(name, rows_of(2, start=50, price=lambda i: i))
    assert ids_of(client, name) == [50, 51]


def test_the_same_collection_again_succeeds_and_another_is_refused(client, name):
    create(client, name)
    client.insert(name, rows_of(3))
    client.create_collection(name, schema=schema_of(), consistency_level="Strong")
    assert ids_of(client, name) == [0, 1, 2]
    with refused(65535, "create duplicate collection with different parameters", name):
        client.create_collection(name, schema=schema_of(("price", DataType.INT64, {})), consistency_level="Strong")


def test_rename(client, name):
    create(client, name)
    client.insert(name, rows_of(2))
    client.rename_collection(name, f"{name}_new")
    assert not client.has_collection(name)
    assert client.describe_collection(f"{name}_new")["collection_name"] == f"{name}_new"
    assert ids_of(client, f"{name}_new") == [0, 1]


def test_rename_to_a_taken_name_and_of_a_missing_one(client, name):
    create(client, name)
    create(client, f"{name}_b")
    with refused(65535, f"{name}_b", "duplicated new collection name"):
        client.rename_collection(name, f"{name}_b")
    with refused(100, "nowhere"):
        client.rename_collection("nowhere", f"{name}_c")


def test_rename_into_another_database(client, name):
    client.create_database(f"db_{name}")
    create(client, name)
    client.insert(name, rows_of(2))
    client.rename_collection(name, f"{name}_moved", target_db=f"db_{name}")
    assert not client.has_collection(name)
    client.use_database(f"db_{name}")
    assert ids_of(client, f"{name}_moved") == [0, 1]


def test_truncate_keeps_all_but_the_rows(client, name):
    create(client, name, index_type="HNSW")
    client.create_alias(name, f"{name}_alias")
    client.insert(name, rows_of(10))
    client.flush(name)
    client.insert(name, rows_of(10, start=10))
    client.truncate_collection(name)
    assert ids_of(client, name) == []
    assert client.get_collection_stats(name)["row_count"] == 0
    assert client.describe_index(name, "vector")["index_type"] == "HNSW"
    assert client.describe_collection(name)["aliases"] == [f"{name}_alias"]
    client.insert(name, rows_of(3))
    assert ids_of(client, f"{name}_alias") == [0, 1, 2]


def test_statistics_count_visible_rows(client, name):
    create(client, name)
    client.insert(name, rows_of(10))
    client.delete(name, ids=[1, 2])
    client.upsert(name, rows_of(1, start=5))
    assert client.get_collection_stats(name) == {"row_count": 8}
    client.flush(name)
    assert client.get_collection_stats(name) == {"row_count": 8}


def test_collection_without_a_vector_field_of_a_type_that_is_not_built(client, name):
    schema = MilvusClient.create_schema()
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("words", DataType.SPARSE_FLOAT_VECTOR)
    with refused(1100, "SparseFloatVector", "words"):
        client.create_collection(name, schema=schema)
    assert not client.has_collection(name)


SCHEMA_FAULTS = {
    "dimension 1": ([("v", DataType.FLOAT_VECTOR, {"dim": 1})], ["v", "dim", "1", "32768"]),
    "dimension 32769": ([("v", DataType.FLOAT_VECTOR, {"dim": 32769})], ["v", "32769", "32768"]),
    "no max_length": ([("s", DataType.VARCHAR, {})], ["s", "max_length"]),
    "max_length 65536": ([("s", DataType.VARCHAR, {"max_length": 65536})], ["s", "65536", "65535"]),
    "max_length 0": ([("s", DataType.VARCHAR, {"max_length": 0})], ["s", "max_length"]),
    "max_capacity 4097": (
        [("a", DataType.ARRAY, {"element_type": DataType.INT64, "max_capacity": 4097})],
        ["a", "4097", "4096"],
    ),
    "array of JSON": ([("a", DataType.ARRAY, {"element_type": DataType.JSON, "max_capacity": 4})], ["a", "element type"]),
    "array of texts without max_length": (
        [("a", DataType.ARRAY, {"element_type": DataType.VARCHAR, "max_capacity": 4})],
        ["a", "max_length"],
    ),
    "5 vector fields": ([(f"v{i}", DataType.FLOAT_VECTOR, {"dim": 4}) for i in range(5)], ["vector fields", "5", "4"]),
    "65 fields": ([(f"n{i}", DataType.INT64, {}) for i in range(63)], ["too many fields", "65", "64"]),
    "name with a dash": ([("a-b", DataType.INT64, {})], ["a-b"]),
    "name of 256 letters": ([("n" * 256, DataType.INT64, {})], ["255"]),
    "system name": ([("RowID", DataType.INT64, {})], ["RowID"]),
    "default of another type": ([("s", DataType.VARCHAR, {"max_length": 2, "default_value": "long"})], ["s", "max_length"]),
    "default out of range": ([("n", DataType.INT8, {"default_value": 200})], ["n", "default value", "200"]),
    "nullable vector": ([("v", DataType.FLOAT_VECTOR, {"dim": 4, "nullable": True})], ["v", "nullable"]),
    "analyzer": ([("s", DataType.VARCHAR, {"max_length": 9, "enable_analyzer": True})], ["s", "enable_analyzer"]),
}


@pytest.mark.parametrize("fault", SCHEMA_FAULTS)
def test_schema_faults_are_named(client, name, fault):
    fields, fragments = SCHEMA_FAULTS[fault]
    with refused(1100, *fragments):
        client.create_collection(name, schema=schema_of(*fields))
    assert not client.has_collection(name)


def raw_create(server, name, *fields, **options):
    schema = schema_pb2.CollectionSchema(name=name, fields=fields)
    request = milvus_pb2.CreateCollectionRequest(collection_name=name, schema=schema.SerializeToString(), **options)
    return send(server, "CreateCollection", request, common_pb2.Status)


def field(name, data_type, **options):
    params = [{"key": key, "value": str(value)} for key, value in options.pop("params", {}).items()]
    return schema_pb2.FieldSchema(name=name, data_type=data_type, type_params=params, **options)


KEY = field("id", DataType.INT64, is_primary_key=True)
VECTOR = field("vector", DataType.FLOAT_VECTOR, params={"dim": 4})

RAW_FAULTS = {
    "no primary key": ([field("id", DataType.INT64), VECTOR], "primary key is not specified"),
    "two primary keys": ([KEY, field("b", DataType.INT64, is_primary_key=True), VECTOR], "more than one primary key"),
    "Float primary key": ([field("id", DataType.FLOAT, is_primary_key=True), VECTOR], "primary key must be Int64 or VarChar"),
    "nullable primary key": ([field("id", DataType.INT64, is_primary_key=True, nullable=True), VECTOR], "nullable"),
    "no vector field": ([KEY], "vector field"),
    "duplicate field": ([KEY, VECTOR, field("id", DataType.INT64)], "duplicated field name"),
    "no dimension": ([KEY, field("vector", DataType.FLOAT_VECTOR)], "dim"),
    "unknown type": ([KEY, VECTOR, field("x", 99)], "99"),
    "nullable partition key": ([KEY, VECTOR, field("p", DataType.INT64, is_partition_key=True, nullable=True)], "nullable"),
    "unknown type param": ([KEY, VECTOR, field("n", DataType.INT64, params={"shoe_size": 43})], "shoe_size"),
    "Bool partition key": ([KEY, VECTOR, field("p", DataType.BOOL, is_partition_key=True)], "partition key"),
}


@pytest.mark.parametrize("fault", RAW_FAULTS)
def test_schemas_that_client_libraries_do_not_let_through(server, client, name, fault):
    fields, fragment = RAW_FAULTS[fault]
    status = raw_create(server, name, *fields)
    assert (status.code, status.error_code) == (1100, 5), status
    assert fragment in status.reason
    assert not client.has_collection(name)


@pytest.mark.parametrize("shards", [-1, 17])
def test_shards_out_of_range(server, name, shards):
    status = raw_create(server, name, KEY, VECTOR, shards_num=shards)
    assert status.code == 1100 and "16" in status.reason and str(shards) in status.reason


@pytest.mark.parametrize("bad", ["", "1abc", "a b", "ä", "a" * 256])
def test_collection_names(server, bad):
    status = raw_create(server, bad, KEY, VECTOR)
    assert (status.code, status.error_code) == (1100, 5)
    assert "Invalid collection name" in status.reason


def test_schema_bytes_that_are_no_schema(server, name):
    request = milvus_pb2.CreateCollectionRequest(collection_name=name, schema=b"\xff\xff\xff")
    status = send(server, "CreateCollection", request, common_pb2.Status)
    assert (status.code, status.error_code) == (1100, 5) and "schema" in status.reason
