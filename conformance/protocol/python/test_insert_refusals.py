"""Writes that break a rule: each is refused with a text that names field, value and limit, and leaves nothing behind."""

import math

import pytest
from columns import array_column, column, dynamic, keys, vectors, write
from pymilvus import DataType
from pymilvus.grpc_gen import schema_pb2
from refusals import refused
from small_collections import count_of, create, ids_of, rows_of, vector_of

FIELDS = [
    ("i8", DataType.INT8, {"nullable": True}),
    ("i16", DataType.INT16, {"nullable": True}),
    ("f", DataType.FLOAT, {"nullable": True}),
    ("d", DataType.DOUBLE, {"nullable": True}),
    ("s", DataType.VARCHAR, {"max_length": 5, "nullable": True}),
    ("doc", DataType.JSON, {"nullable": True}),
    ("arr", DataType.ARRAY, {"element_type": DataType.INT8, "max_capacity": 3, "nullable": True}),
    ("words", DataType.ARRAY, {"element_type": DataType.VARCHAR, "max_capacity": 3, "max_length": 4, "nullable": True}),
]
TWO = [keys([1, 2]), vectors([vector_of(1), vector_of(2)])]

FAULTS = {
    "wrong dimension": ([keys([1, 2]), vectors([[1, 2, 3], [4, 5, 6]])], ["vector", "3", "4"]),
    "values for another dimension": ([keys([1, 2]), vectors([[1, 2, 3], [4, 5, 6]], dim=4)], ["vector"]),
    "too few vectors": ([keys([1, 2]), vectors([vector_of(1)])], ["num_rows (1)", "vector", "(2)"]),
    "too many keys": ([keys([1, 2, 3]), TWO[1]], ["num_rows (3)", "id", "(2)"]),
    "no vector": ([keys([1, 2])], ["vector", "has no corresponding fieldData"]),
    "no key": ([TWO[1]], ["id", "has no corresponding fieldData"]),
    "unknown field": ([*TWO, column("color", DataType.INT64, [1, 2])], ["color", "not exist"]),
    "column twice": ([*TWO, TWO[0]], ["duplicated", "id"]),
    "wrong type": ([*TWO, column("f", DataType.INT64, [1, 2])], ["f", "Int64", "Float"]),
    "text for a number": ([column("id", DataType.VARCHAR, ["1", "2"]), TWO[1]], ["id", "VarChar", "Int64"]),
    "NaN in a vector": ([keys([1, 2]), vectors([vector_of(1), [0, 0, math.nan, 0]])], ["NaN", "vector", "1"]),
    "infinity in a vector": ([keys([1, 2]), vectors([[math.inf, 0, 0, 0], vector_of(1)])], ["Infinity", "vector", "0"]),
    "NaN": ([*TWO, column("f", DataType.FLOAT, [1, math.nan])], ["NaN", "f", "row number: 1"]),
    "infinity": ([*TWO, column("d", DataType.DOUBLE, [-math.inf, 1])], ["-Infinity", "d", "row number: 0"]),
    "Int8 overflow": ([*TWO, column("i8", DataType.INT8, [0, 128])], ["i8", "128", "127", "row number: 1"]),
    "Int8 underflow": ([*TWO, column("i8", DataType.INT8, [-129, 0])], ["i8", "-129", "-128", "row number: 0"]),
    "Int16 overflow": ([*TWO, column("i16", DataType.INT16, [0, 32768])], ["i16", "32768", "32767"]),
    "long text": ([*TWO, column("s", DataType.VARCHAR, ["12345", "123456"])], ["s", "row number: 1", "length: 6", "max length: 5"]),
    "long text in bytes": ([*TWO, column("s", DataType.VARCHAR, ["ääa", "äää"])], ["s", "row number: 1", "length: 6", "max length: 5"]),
    "full array": (
        [*TWO, array_column("arr", DataType.INT8, [[1, 2, 3], [1, 2, 3, 4]])],
        ["arr", "row number: 1", "length: 4", "max capacity: 3"],
    ),
    "array overflow": ([*TWO, array_column("arr", DataType.INT8, [[1], [1, 300]])], ["arr", "300", "127"]),
    "array of another type": ([*TWO, array_column("arr", DataType.VARCHAR, [["a"], ["b"]])], ["arr", "VarChar", "Int8"]),
    "long text in an array": ([*TWO, array_column("words", DataType.VARCHAR, [["1234"], ["12345"]])], ["words", "5", "4"]),
    "broken JSON": ([*TWO, column("doc", DataType.JSON, [b"{}", b'{"a":'])], ["JSON", "doc", "row number: 1"]),
    "long JSON": ([*TWO, column("doc", DataType.JSON, [b"{}", b'"' + b"x" * 65535 + b'"'])], ["doc", "65537", "65536"]),
    "JSON that is no UTF-8": ([*TWO, column("doc", DataType.JSON, [b"{}", b'"\xff"'])], ["doc", "row number: 1"]),
    "undeclared key without a dynamic field": ([*TWO, dynamic('{"a": 1}', "{}")], ["$meta", "not exist"]),
    "too few nulls": ([*TWO, column("f", DataType.FLOAT, [1.0], valid_data=[True])], ["f"]),
    "more values than valid rows": ([*TWO, column("f", DataType.FLOAT, [1.0, 2.0, 3.0], valid_data=[True, False])], ["f"]),
}


@pytest.mark.parametrize("rpc", ["Insert", "Upsert"])
@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_named_and_nothing_is_written(server, client, name, fault, rpc):
    create(client, name, *FIELDS)
    fields, fragments = FAULTS[fault]
    if fault == "no key" and rpc == "Upsert":
        fragments = ["must assign pk when upsert", "id"]
    with refused(1100, *fragments):
        write(server, name, 2, *fields, rpc=rpc)
    assert count_of(client, name) == 0
    assert client.get_collection_stats(name) == {"row_count": 0}
    client.insert(name, rows_of(2))
    assert ids_of(client, name) == [0, 1]


DYNAMIC_FAULTS = {
    "no object": (["[1]", "{}"], ["$meta", "object", "row number: 0"]),
    "key of a declared field": (["{}", '{"vector": 1}'], ["vector", "declared field", "row number: 1"]),
    "escaped key of a declared field": (["{}", '{"vect\\u006fr": 1}'], ["vector", "row number: 1"]),
    "key $meta": (['{"$meta": 1}', "{}"], ["$meta", "row number: 0"]),
    "broken": (["{", "{}"], ["$meta", "row number: 0"]),
}


@pytest.mark.parametrize("fault", DYNAMIC_FAULTS)
def test_faults_in_the_dynamic_field(server, client, name, fault):
    create(client, name, dynamic=True)
    texts, fragments = DYNAMIC_FAULTS[fault]
    with refused(1100, *fragments):
        write(server, name, 2, *TWO, dynamic(*texts))
    assert count_of(client, name) == 0


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_number_of_rows_that_is_not_that_of_the_columns(server, client, name, rows):
    create(client, name)
    with refused(1100, "num_rows", rows):
        write(server, name, rows, *TWO)
    assert count_of(client, name) == 0


def test_null_in_a_field_that_is_not_nullable(server, client, name):
    create(client, name, ("n", DataType.INT64, {}))
    with refused(1100, "n", "null"):
        write(server, name, 2, *TWO, column("n", DataType.INT64, [1], valid_data=[True, False]))
    assert count_of(client, name) == 0


def test_null_key(server, client, name):
    create(client, name)
    with refused(1100, "id"):
        write(server, name, 2, column("id", DataType.INT64, [1], valid_data=[True, False]), TWO[1])
    assert count_of(client, name) == 0


def test_a_fault_in_the_last_of_many_rows_spoils_the_whole_request(client, name):
    create(client, name, ("s", DataType.VARCHAR, {"max_length": 5}))
    rows = rows_of(5000, s=lambda i: "ok" if i < 4999 else "too long")
    with refused(1100, "s", "row number: 4999", "length: 8", "max length: 5"):
        client.insert(name, rows)
    assert count_of(client, name) == 0


def test_unknown_collection(server):
    with refused(100, "collection not found", "nowhere"):
        write(server, "nowhere", 2, *TWO)
    with refused(100, "nowhere"):
        write(server, "nowhere", 2, *TWO, rpc="Upsert")


def test_namespace_and_field_operators_are_refused_by_name(server, client, name):
    create(client, name)
    with refused(1100, "namespace"):
        write(server, name, 2, *TWO, namespace="other")
    append = schema_pb2.FieldPartialUpdateOp(field_name="arr", op=1)
    with refused(1100, "field_ops", "arr"):
        write(server, name, 2, *TWO, rpc="Upsert", field_ops=[append])
    assert count_of(client, name) == 0
