"""Insert: what was acknowledged is read back exactly, by every type, null, default and key."""

import json

import numpy as np
import pytest
from columns import column, keys, vectors, write
from pymilvus import DataType
from pymilvus.grpc_gen import milvus_pb2
from refusals import refused
from small_collections import DIM, STRONG, add_index, count_of, create, ids_of, rows_of, schema_of, vector_of
from wire import send, send_bytes

TYPES = [
    ("flag", DataType.BOOL, {}),
    ("i8", DataType.INT8, {}),
    ("i16", DataType.INT16, {}),
    ("i32", DataType.INT32, {}),
    ("i64", DataType.INT64, {}),
    ("f32", DataType.FLOAT, {}),
    ("f64", DataType.DOUBLE, {}),
    ("text", DataType.VARCHAR, {"max_length": 100}),
    ("doc", DataType.JSON, {}),
    ("flags", DataType.ARRAY, {"element_type": DataType.BOOL, "max_capacity": 4}),
    ("bytes", DataType.ARRAY, {"element_type": DataType.INT8, "max_capacity": 4}),
    ("longs", DataType.ARRAY, {"element_type": DataType.INT64, "max_capacity": 4}),
    ("reals", DataType.ARRAY, {"element_type": DataType.FLOAT, "max_capacity": 4}),
    ("doubles", DataType.ARRAY, {"element_type": DataType.DOUBLE, "max_capacity": 4}),
    ("words", DataType.ARRAY, {"element_type": DataType.VARCHAR, "max_capacity": 4, "max_length": 20}),
]

EXTREMES = [
    {
        "id": -(2**63),
        "flag": True,
        "i8": -128,
        "i16": -32768,
        "i32": -(2**31),
        "i64": -(2**63),
        "f32": -1.5,
        "f64": 5e-324,
        "text": "",
        "doc": {},
        "flags": [],
        "bytes": [-128, 127],
        "longs": [-(2**63), 2**63 - 1],
        "reals": [0.5],
        "doubles": [1.7976931348623157e308],
        "words": ["", "ä€🦅"],
        "vector": [0.0, -0.0, 1e-38, 3.4e38],
    },
    {
        "id": 2**63 - 1,
        "flag": False,
        "i8": 127,
        "i16": 32767,
        "i32": 2**31 - 1,
        "i64": 2**63 - 1,
        "f32": 3.4028234663852886e38,
        "f64": 0.1,
        "text": "ä€🦅\x00'\"\\",
        "doc": {"a": [1, 2.5, None, {"b": "ü"}], "big": 2**53 + 1},
        "flags": [True, False, True, True],
        "bytes": [],
        "longs": [],
        "reals": [],
        "doubles": [],
        "words": [],
        "vector": [1.0, 2.0, 3.0, 4.0],
    },
]


def approx(row):
    """A row with float32 numbers as they come back."""
    row = dict(row)
    row["vector"] = [float(np.float32(number)) for number in row["vector"]]
    return row


def read_all(client, name):
    found = client.query(name, filter="id <= 9223372036854775807", output_fields=["*"])
    return [{key: row[key] if key != "vector" else [float(x) for x in row[key]] for key in row} for row in found]


def test_every_type_comes_back_as_it_went_in(client, name):
    create(client, name, *TYPES)
    result = client.insert(name, EXTREMES)
    assert result["insert_count"] == 2
    assert list(result["ids"]) == [-(2**63), 2**63 - 1]
    expected = [approx(row) for row in EXTREMES]
    assert read_all(client, name) == expected
    client.flush(name)
    assert read_all(client, name) == expected
    client.release_collection(name)
    client.load_collection(name)
    assert read_all(client, name) == expected


NULLABLE = [(field, data_type, {**options, "nullable": True}) for field, data_type, options in TYPES]


def test_nulls_of_every_type(client, name):
    create(client, name, *NULLABLE)
    empty = {field: None for field, _, _ in TYPES}
    rows = [dict(EXTREMES[0]), {**empty, "id": 5, "vector": vector_of(5)}, {"id": 6, "vector": vector_of(6)}, dict(EXTREMES[1])]
    client.insert(name, rows)
    expected = [approx({**empty, **row}) for row in rows]
    for _ in range(2):
        assert read_all(client, name) == expected
        for field, _, _ in TYPES:
            assert ids_of(client, name, f"{field} is null") == [5, 6], field
            assert ids_of(client, name, f"{field} is not null") == [-(2**63), 2**63 - 1], field
        client.flush(name)


def test_defaults_of_every_scalar_type(client, name):
    defaults = {"flag": True, "i8": 3, "i16": 4, "i32": 5, "i64": 6, "f32": 0.5, "f64": 0.25, "text": "none"}
    fields = [(field, data_type, {**options, "default_value": defaults[field]}) for field, data_type, options in TYPES[:8]]
    create(client, name, *fields)
    client.insert(name, [{"id": 1, "vector": vector_of(1)}])
    client.insert(name, [{"id": 2, "vector": vector_of(2), **dict.fromkeys(defaults)}])
    given = {"flag": False, "i8": 1, "i16": 1, "i32": 1, "i64": 1, "f32": 1.0, "f64": 1.0, "text": "given"}
    client.insert(name, [{"id": 3, "vector": vector_of(3), **given}, {"id": 4, "vector": vector_of(4), **dict.fromkeys(defaults)}])
    expected = [{**row, "vector": vector_of(i), "id": i} for i, row in ((1, defaults), (2, defaults), (3, given), (4, defaults))]
    assert read_all(client, name) == expected


def test_a_default_comes_before_null(client, name):
    create(client, name, ("n", DataType.INT64, {"nullable": True, "default_value": 9}))
    client.insert(name, [{"id": 1, "vector": vector_of(1), "n": None}, {"id": 2, "vector": vector_of(2), "n": 1}])
    assert ids_of(client, name, "n == 9") == [1]
    assert ids_of(client, name, "n is null") == []


@pytest.mark.parametrize("data_type", [DataType.INT64, DataType.VARCHAR])
def test_auto_ids(client, name, data_type):
    key = ("id", data_type, {"is_primary": True, "auto_id": True, "max_length": 40})
    create(client, name, key, ("n", DataType.INT64, {}))
    first = list(client.insert(name, [{"vector": vector_of(i), "n": i} for i in range(100)])["ids"])
    second = list(client.insert(name, [{"vector": vector_of(i), "n": i} for i in range(100, 200)])["ids"])
    assert len(set(first + second)) == 200
    is_text = data_type == DataType.VARCHAR
    assert all(isinstance(one, str if is_text else int) for one in first)
    assert [int(one) for one in first] == sorted(int(one) for one in first)
    found = client.query(name, filter="n == 150", output_fields=["id"])
    assert [row["id"] for row in found] == [second[50]]
    assert client.get(name, [first[7]], output_fields=["n"])[0]["n"] == 7


def test_auto_id_keys_cannot_be_given_unless_that_is_allowed(server, client, name):
    key = ("id", DataType.INT64, {"is_primary": True, "auto_id": True})
    create(client, name, key)
    with refused(1100, "can not assign primary field data when auto id enabled", "id"):
        write(server, name, 1, keys([5]), vectors([vector_of(1)]))
    client.alter_collection_properties(name, {"allow_insert_auto_id": True})
    write(server, name, 1, keys([5]), vectors([vector_of(1)]))
    assert ids_of(client, name) == [5]


def test_text_keys(client, name):
    create(client, name, ("id", DataType.VARCHAR, {"is_primary": True, "max_length": 20}))
    keys = ["b", "a", "", "ä", "a b", "Z"]
    client.insert(name, [{"id": key, "vector": vector_of(i)} for i, key in enumerate(keys)])
    found = [row["id"] for row in client.query(name, filter='id >= ""', output_fields=["id"])]
    assert found == sorted(keys, key=lambda key: key.encode())
    assert [row["id"] for row in client.get(name, ["ä", "missing", "b"], output_fields=["id"])] == ["b", "ä"]
    client.delete(name, ids=["a b", ""])
    assert count_of(client, name) == 4


def test_dynamic_fields(client, name):
    create(client, name, dynamic=True)
    rows = rows_of(3)
    rows[0].update(color="red", size=3, nested={"a": [1, {"b": None}]})
    rows[1].update(color=None)
    client.insert(name, rows)
    found = client.query(name, filter="id >= 0", output_fields=["color", "nested"])
    assert [dict(row) for row in found] == [
        {"id": 0, "color": "red", "nested": {"a": [1, {"b": None}]}},
        {"id": 1, "color": None},
        {"id": 2},
    ]
    everything = client.query(name, filter="id == 0", output_fields=["*"])
    assert dict(everything[0]) == {"id": 0, "vector": vector_of(0), "color": "red", "size": 3, "nested": {"a": [1, {"b": None}]}}
    assert ids_of(client, name, 'nested["a"][0] == 1') == [0]


def test_numbers_in_documents_keep_their_digits(server, client, name):
    create(client, name, ("doc", DataType.JSON, {}))
    text = b'{"big": 9007199254740993, "real": 0.1, "exp": 1e3}'
    write(server, name, 1, keys([1]), vectors([vector_of(1)]), column("doc", DataType.JSON, [text]))
    client.flush(name)
    assert client.get(name, [1], output_fields=["doc"])[0]["doc"] == json.loads(text)
    assert ids_of(client, name, 'doc["big"] == 9007199254740993') == [1]
    assert ids_of(client, name, 'doc["big"] == 9007199254740992') == []


def test_timestamps_of_writes_rise(server, client, name):
    create(client, name)
    stamps = []
    for i in range(5):
        reply = write(server, name, 1, keys([i]), vectors([vector_of(i)]))
        assert (reply.insert_cnt, list(reply.succ_index), list(reply.IDs.int_id.data)) == (1, [0], [i])
        stamps.append(reply.timestamp)
    assert stamps == sorted(set(stamps))


def test_forms_of_packed_numbers(server, client, name):
    """One packed run, two runs, and one by one: all are the same column (protocol buffers allow each)."""
    create(client, name, ("f", DataType.FLOAT, {}))
    values = np.array([0.5, 1.5, 2.5], np.float32)

    def tagged(number, data):
        return bytes([number << 3 | 2, len(data)]) + data

    packed = tagged(1, values.tobytes())
    halves = tagged(1, values[:1].tobytes()) + tagged(1, values[1:].tobytes())
    single = b"".join(b"\x0d" + value.tobytes() for value in values)
    for i, data in enumerate((packed, halves, single)):
        scalars = tagged(4, data)
        column = b"\x08\x0a" + tagged(2, b"f") + tagged(3, scalars)
        message = milvus_pb2.InsertRequest(
            collection_name=name,
            num_rows=3,
            fields_data=[keys(range(3 * i, 3 * i + 3)), vectors([vector_of(j) for j in range(3)])],
        ).SerializeToString() + tagged(5, column)
        request = milvus_pb2.InsertRequest.FromString(message)
        assert list(request.fields_data[2].scalars.float_data.data) == values.tolist()
        reply = milvus_pb2.MutationResult.FromString(send_bytes(server, "Insert", message))
        assert (reply.status.code, reply.status.reason) == (0, "")
    found = client.query(name, filter="id >= 0", output_fields=["f"])
    assert [row["f"] for row in found] == values.tolist() * 3


def test_several_vector_fields(client, name):
    create(client, name, ("a", DataType.FLOAT_VECTOR, {"dim": 2}), ("b", DataType.FLOAT_VECTOR, {"dim": 3}))
    client.insert(name, [{"id": i, "a": [i, 0], "b": [0, 0, -i]} for i in range(5)])
    assert client.search(name, [[4, 0]], anns_field="a", limit=1)[0][0]["id"] == 4
    assert client.search(name, [[0, 0, -2]], anns_field="b", limit=1)[0][0]["id"] == 2
    with refused(1100, "anns_field"):
        client.search(name, [[0, 0]], limit=1)


def test_sixteen_shards(client, name):
    client.create_collection(name, schema=schema_of(), num_shards=16, **STRONG)
    add_index(client, name)
    client.load_collection(name)
    client.insert(name, rows_of(1000))
    assert count_of(client, name) == 1000
    assert ids_of(client, name) == list(range(1000))
    assert [hit["id"] for hit in client.search(name, [vector_of(500)], limit=3)[0]][0] == 500
    client.flush(name)
    assert client.delete(name, filter="id % 2 == 0")["delete_count"] == 500
    assert ids_of(client, name) == list(range(1, 1000, 2))


def test_the_schema_timestamp_is_compared(server, client, name):
    create(client, name)
    columns = [keys([1]), vectors([vector_of(1)])]
    stamp = client.describe_collection(name)["update_timestamp"]
    for given, code, legacy in ((stamp, 0, 0), (0, 0, 0), (stamp - 1, 109, 62)):
        request = milvus_pb2.InsertRequest(collection_name=name, num_rows=1, fields_data=columns, schema_timestamp=given)
        status = send(server, "Insert", request, milvus_pb2.MutationResult).status
        assert (status.code, status.error_code) == (code, legacy), status


def test_dimension_is_part_of_a_row(client, name):
    create(client, name)
    assert DIM == 4
    client.insert(name, [{"id": 1, "vector": np.array([1, 2, 3, 4], np.float32)}])
    assert [float(x) for x in client.get(name, [1])[0]["vector"]] == [1, 2, 3, 4]
