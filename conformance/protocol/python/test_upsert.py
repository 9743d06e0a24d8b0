"""Upsert: replaces whole rows, or the columns that were sent."""

import pytest
from columns import column, keys, vectors, write
from pymilvus import DataType
from refusals import refused
from small_collections import count_of, create, ids_of, rows_of, vector_of

FIELDS = [
    ("n", DataType.INT64, {"nullable": True}),
    ("s", DataType.VARCHAR, {"max_length": 20, "default_value": "none"}),
]


def rows_in(client, name, filter="id >= 0", fields=("n", "s")):
    return [dict(row) for row in client.query(name, filter=filter, output_fields=list(fields))]


def test_replaces_and_adds(client, name):
    create(client, name, *FIELDS)
    client.insert(name, rows_of(3, n=lambda i: i, s=lambda i: "old"))
    result = client.upsert(name, rows_of(3, start=2, n=lambda i: -i))
    assert result["upsert_count"] == 3
    assert list(result["ids"]) == [2, 3, 4]
    assert rows_in(client, name) == [
        {"id": 0, "n": 0, "s": "old"},
        {"id": 1, "n": 1, "s": "old"},
        {"id": 2, "n": -2, "s": "none"},
        {"id": 3, "n": -3, "s": "none"},
        {"id": 4, "n": -4, "s": "none"},
    ]
    assert count_of(client, name) == 5


def test_counts_of_the_reply(server, client, name):
    create(client, name)
    client.insert(name, rows_of(1))
    reply = write(server, name, 2, keys([0, 9]), vectors([vector_of(0), vector_of(9)]), rpc="Upsert")
    assert (reply.upsert_cnt, reply.insert_cnt, reply.delete_cnt) == (2, 2, 2)
    assert list(reply.IDs.int_id.data) == [0, 9]
    assert list(reply.succ_index) == [0, 1] and list(reply.err_index) == []


def test_the_new_vector_is_found_and_the_old_one_is_not(client, name):
    create(client, name)
    client.insert(name, rows_of(10))
    client.flush(name)
    client.upsert(name, [{"id": 3, "vector": [100.0, 0, 0, 0]}])
    hits = client.search(name, [[100.0, 0, 0, 0]], limit=1)[0]
    assert (hits[0]["id"], hits[0]["distance"]) == (3, 0.0)
    assert [hit["id"] for hit in client.search(name, [vector_of(3)], limit=10)[0]].count(3) == 1


def test_within_one_request_the_last_duplicate_wins(client, name):
    create(client, name, *FIELDS)
    rows = [{"id": 1, "vector": vector_of(i), "n": i} for i in range(5)] + [{"id": 2, "vector": vector_of(9), "n": 9}]
    client.upsert(name, rows)
    assert rows_in(client, name, fields=("n",)) == [{"id": 1, "n": 4}, {"id": 2, "n": 9}]
    assert count_of(client, name) == 2


def test_a_thousand_upserts_of_one_key(client, name):
    create(client, name, *FIELDS)
    for i in range(1000):
        client.upsert(name, [{"id": 1, "vector": vector_of(i), "n": i}])
    assert rows_in(client, name, fields=("n",)) == [{"id": 1, "n": 999}]
    assert count_of(client, name) == 1
    client.flush(name)
    assert rows_in(client, name, fields=("n",)) == [{"id": 1, "n": 999}]


def test_auto_id_rows_get_new_keys(client, name):
    create(client, name, ("id", DataType.INT64, {"is_primary": True, "auto_id": True}), *FIELDS)
    old = list(client.insert(name, [{"vector": vector_of(i), "n": i} for i in range(3)])["ids"])
    new = list(client.upsert(name, [{"id": old[1], "vector": vector_of(9), "n": 9}])["ids"])
    assert len(new) == 1 and new[0] not in old
    assert rows_in(client, name, "n >= 0", ("n",)) == [
        {"id": old[0], "n": 0},
        {"id": old[2], "n": 2},
        {"id": new[0], "n": 9},
    ]


def test_into_another_partition_moves_the_row(client, name):
    create(client, name)
    client.create_partition(name, "p")
    client.insert(name, rows_of(3))
    client.flush(name)
    client.upsert(name, rows_of(1, start=1), partition_name="p")
    assert ids_of(client, name) == [0, 1, 2]
    assert ids_of(client, name, partition_names=["p"]) == [1]


class TestPartialUpdate:
    FIELDS = [*FIELDS, ("doc", DataType.JSON, {"nullable": True})]

    def test_what_was_not_sent_stays(self, client, name):
        create(client, name, *self.FIELDS)
        client.insert(name, rows_of(4, n=lambda i: i, s=lambda i: f"s{i}", doc=lambda i: {"k": i}))
        client.flush(name)
        client.upsert(name, [{"id": 1, "n": 100}, {"id": 2, "n": None}], partial_update=True)
        assert rows_in(client, name, fields=("n", "s", "doc")) == [
            {"id": 0, "n": 0, "s": "s0", "doc": {"k": 0}},
            {"id": 1, "n": 100, "s": "s1", "doc": {"k": 1}},
            {"id": 2, "n": None, "s": "s2", "doc": {"k": 2}},
            {"id": 3, "n": 3, "s": "s3", "doc": {"k": 3}},
        ]
        assert [float(x) for x in client.get(name, [1], output_fields=["vector"])[0]["vector"]] == vector_of(1)
        assert count_of(client, name) == 4

    def test_vectors_too(self, client, name):
        create(client, name, *self.FIELDS)
        client.insert(name, rows_of(3, n=lambda i: i, s=lambda i: f"s{i}"))
        client.upsert(name, [{"id": 1, "vector": [50.0, 0, 0, 0]}], partial_update=True)
        hits = client.search(name, [[50.0, 0, 0, 0]], limit=1, output_fields=["n", "s"])[0]
        assert (hits[0]["id"], dict(hits[0]["entity"])) == (1, {"n": 1, "s": "s1"})

    def test_keys_of_the_dynamic_field_are_merged(self, client, name):
        create(client, name, dynamic=True)
        client.insert(name, [{"id": 1, "vector": vector_of(1), "a": 1, "b": 2}])
        client.upsert(name, [{"id": 1, "b": 3, "c": 4}], partial_update=True)
        assert rows_in(client, name, fields=("a", "b", "c")) == [{"id": 1, "a": 1, "b": 3, "c": 4}]

    def test_a_new_key_needs_the_whole_row(self, client, name):
        create(client, name, *FIELDS)
        client.insert(name, rows_of(1))
        with refused(1100, "vector"):
            client.upsert(name, [{"id": 0, "n": 1}, {"id": 7, "n": 1}], partial_update=True)
        assert rows_in(client, name, fields=("n",)) == [{"id": 0, "n": None}]
        client.upsert(name, [{"id": 7, "vector": vector_of(7)}], partial_update=True)
        assert rows_in(client, name, "id == 7") == [{"id": 7, "n": None, "s": "none"}]

    def test_sees_a_write_of_the_moment_before(self, client, name):
        create(client, name, *FIELDS, consistency_level="Eventually")
        for i in range(20):
            client.insert(name, rows_of(1, start=i, n=lambda i: i))
            client.upsert(name, [{"id": i, "s": "seen"}], partial_update=True)
        assert rows_in(client, name) == [{"id": i, "n": i, "s": "seen"} for i in range(20)]


def test_without_a_key(server, client, name):
    create(client, name, ("id", DataType.INT64, {"is_primary": True, "auto_id": True}))
    with refused(1100, "must assign pk when upsert", "id"):
        write(server, name, 1, vectors([vector_of(1)]), rpc="Upsert")


@pytest.mark.parametrize("partial_update", [False, True])
def test_faults_leave_the_old_rows(server, client, name, partial_update):
    create(client, name, *FIELDS)
    client.insert(name, rows_of(2, n=lambda i: i))
    with refused(1100, "s", "row number: 1", "length: 21", "max length: 20"):
        texts = column("s", DataType.VARCHAR, ["ok", "x" * 21])
        options = {"partial_update": partial_update}
        write(server, name, 2, keys([0, 1]), vectors([vector_of(5), vector_of(6)]), texts, rpc="Upsert", **options)
    assert rows_in(client, name) == [{"id": 0, "n": 0, "s": "none"}, {"id": 1, "n": 1, "s": "none"}]
