"""Properties, field properties and fields added to a collection that has rows."""

import pytest
from pymilvus import DataType, MilvusClient
from refusals import refused
from small_collections import count_of, create, ids_of, rows_of


def update_timestamp(client, name):
    return client.describe_collection(name)["update_timestamp"]


def test_collection_properties_are_set_and_dropped(client, name):
    create(client, name, properties={"mmap.enabled": "true"})
    client.alter_collection_properties(name, {"collection.autocompaction.enabled": True, "mmap.enabled": False})
    assert client.describe_collection(name)["properties"] == {
        "mmap.enabled": "False",
        "collection.autocompaction.enabled": "True",
    }
    client.drop_collection_properties(name, ["mmap.enabled"])
    assert client.describe_collection(name)["properties"] == {"collection.autocompaction.enabled": "True"}


@pytest.mark.parametrize(
    ("key", "value"), [("no.such.property", 1), ("collection.ttl.seconds", 60), ("mmap.enabled", "maybe")]
)
def test_properties_that_are_refused(client, name, key, value):
    create(client, name)
    with refused(1100, key, value):
        client.alter_collection_properties(name, {key: value})
    assert client.describe_collection(name)["properties"] == {}


def test_an_added_field_is_null_or_default_in_older_rows(client, name):
    create(client, name)
    client.insert(name, rows_of(3))
    client.flush(name)
    client.insert(name, rows_of(3, start=3))
    before = update_timestamp(client, name)
    client.add_collection_field(name, "note", DataType.VARCHAR, max_length=20, nullable=True)
    client.add_collection_field(name, "size", DataType.INT64, nullable=True, default_value=5)
    assert update_timestamp(client, name) > before
    fields = client.describe_collection(name)["fields"]
    assert [(field["name"], field["field_id"]) for field in fields[2:]] == [("note", 102), ("size", 103)]
    client.insert(name, rows_of(2, start=6, note=lambda i: f"n{i}", size=lambda i: i))
    assert ids_of(client, name, "note is null") == [0, 1, 2, 3, 4, 5]
    assert ids_of(client, name, "size == 5") == [0, 1, 2, 3, 4, 5]
    assert ids_of(client, name, 'note == "n7"') == [7]
    found = client.query(name, filter="id in [0, 4, 7]", output_fields=["note", "size"])
    assert found == [
        {"id": 0, "note": None, "size": 5},
        {"id": 4, "note": None, "size": 5},
        {"id": 7, "note": "n7", "size": 7},
    ]
    client.flush(name)
    assert ids_of(client, name, "note is null and size == 5") == [0, 1, 2, 3, 4, 5]


def test_another_client_notices_an_added_field(server, client, name):
    other = MilvusClient(uri=server.uri, dedicated=True)
    create(client, name)
    other.insert(name, rows_of(1))
    client.add_collection_field(name, "note", DataType.VARCHAR, max_length=20, nullable=True)
    other.insert(name, rows_of(1, start=1, note=lambda i: "new"))
    assert ids_of(other, name, 'note == "new"') == [1]
    other.close()


@pytest.mark.parametrize(
    ("field", "data_type", "options", "fragment"),
    [
        ("a", DataType.INT64, {"nullable": False}, "nullable or have a default value"),
        ("v", DataType.FLOAT_VECTOR, {"nullable": True, "dim": 4}, "vector"),
        ("vector", DataType.INT64, {"nullable": True}, "duplicated field name"),
        ("s", DataType.VARCHAR, {"nullable": True}, "max_length"),
        ("1s", DataType.INT64, {"nullable": True}, "1s"),
    ],
)
def test_fields_that_cannot_be_added(client, name, field, data_type, options, fragment):
    create(client, name)
    with refused(1100, field, fragment):
        client.add_collection_field(name, field, data_type, **options)
    assert len(client.describe_collection(name)["fields"]) == 2


def test_lengths_can_be_raised(client, name):
    create(client, name, ("s", DataType.VARCHAR, {"max_length": 4}))
    row = rows_of(1, s=lambda i: "longer")
    with refused(1100, "s", "6", "4"):
        client.insert(name, row)
    client.alter_collection_field(name, "s", {"max_length": 6})
    client.insert(name, row)
    assert count_of(client, name) == 1
    assert client.describe_collection(name)["fields"][1]["params"]["max_length"] == 6
    with refused(1100, "max_length", "5", "6", "s"):
        client.alter_collection_field(name, "s", {"max_length": 5})


def test_field_properties_that_cannot_change(client, name):
    create(client, name)
    with refused(1100, "dim"):
        client.alter_collection_field(name, "vector", {"dim": 8})
    with refused(1700, "nothing"):
        client.alter_collection_field(name, "nothing", {"mmap.enabled": True})


def test_the_dynamic_field_can_come_later(client, name):
    create(client, name)
    client.insert(name, rows_of(2))
    client.flush(name)
    with refused(1100, "color"):
        client.query(name, filter='color == "red"', output_fields=["id"])
    client.alter_collection_properties(name, {"dynamicfield.enabled": True})
    assert client.describe_collection(name)["enable_dynamic_field"] is True
    client.insert(name, rows_of(2, start=2, color=lambda i: "red"))
    assert ids_of(client, name, 'color == "red"') == [2, 3]
    found = client.query(name, filter="id >= 1 and id <= 2", output_fields=["color"])
    assert [dict(row) for row in found] == [{"id": 1}, {"id": 2, "color": "red"}]
