"""Delete by keys and by any expression."""

import pytest
from pymilvus import DataType
from pymilvus.grpc_gen import milvus_pb2
from refusals import refused
from small_collections import count_of, create, ids_of, rows_of, vector_of
from wire import send


@pytest.fixture
def ten(client, name):
    create(client, name, ("n", DataType.INT64, {}), dynamic=True)
    client.insert(name, rows_of(10, n=lambda i: i % 3, tag=lambda i: f"t{i % 2}"))
    return name


def test_by_keys_counts_the_keys_given(client, ten):
    assert client.delete(ten, ids=[1, 2])["delete_count"] == 2
    assert client.delete(ten, ids=[1000])["delete_count"] == 1
    assert client.delete(ten, ids=[1, 3])["delete_count"] == 2
    assert ids_of(client, ten) == [0, 4, 5, 6, 7, 8, 9]


def test_by_filter_counts_the_rows(client, ten):
    assert client.delete(ten, filter="n == 1")["delete_count"] == 3
    assert client.delete(ten, filter='tag == "t1" and id > 4')["delete_count"] == 2
    assert client.delete(ten, filter="n == 1").get("delete_count", 0) == 0
    assert ids_of(client, ten) == [0, 2, 3, 6, 8]


def test_by_filter_with_templates(client, ten):
    assert client.delete(ten, filter="id in {ids}", filter_params={"ids": [1, 2, 3]})["delete_count"] == 3
    assert client.delete(ten, filter="n == {n}", filter_params={"n": 0})["delete_count"] == 3
    assert ids_of(client, ten) == [4, 5, 7, 8]


def test_in_sealed_rows_and_growing_rows(client, ten):
    client.flush(ten)
    client.insert(ten, rows_of(10, start=10, n=lambda i: i % 3))
    assert client.delete(ten, filter="n == 0")["delete_count"] == 7
    expected = [i for i in range(20) if i % 3]
    assert ids_of(client, ten) == expected
    client.flush(ten)
    assert ids_of(client, ten) == expected
    assert [hit["id"] for hit in client.search(ten, [vector_of(9)], limit=20)[0]].count(9) == 0


def test_a_deleted_key_can_be_inserted_again(client, ten):
    client.delete(ten, ids=[5])
    client.insert(ten, rows_of(1, start=5, n=lambda i: 77))
    assert [row["n"] for row in client.get(ten, [5], output_fields=["n"])] == [77]
    client.flush(ten)
    client.delete(ten, ids=[5])
    assert client.get(ten, [5]) == []
    assert count_of(client, ten) == 9


def test_everything(client, ten):
    assert client.delete(ten, filter="id >= 0")["delete_count"] == 10
    assert count_of(client, ten) == 0
    assert client.search(ten, [vector_of(1)], limit=5) == [[]]


def test_text_keys(client, name):
    create(client, name, ("id", DataType.VARCHAR, {"is_primary": True, "max_length": 20}))
    client.insert(name, [{"id": f"k{i}", "vector": vector_of(i)} for i in range(5)])
    assert client.delete(name, ids=["k1", "k3"])["delete_count"] == 2
    assert client.delete(name, filter='id like "k%" and id != "k0"')["delete_count"] == 2
    assert [row["id"] for row in client.query(name, filter='id != ""', output_fields=["id"])] == ["k0"]


def test_ten_thousand_keys_at_once(client, name):
    create(client, name)
    client.insert(name, rows_of(20_000))
    assert client.delete(name, ids=list(range(0, 20_000, 2)))["delete_count"] == 10_000
    assert count_of(client, name) == 10_000
    assert count_of(client, name, "id % 2 == 0") == 0


def test_the_reply_has_no_ids(server, client, ten):
    request = milvus_pb2.DeleteRequest(collection_name=ten, expr="id in [1, 2]")
    reply = send(server, "Delete", request, milvus_pb2.MutationResult)
    assert reply.status.code == 0 and reply.delete_cnt == 2
    assert not reply.IDs.WhichOneof("id_field")
    assert reply.timestamp > 0


def test_unloaded(client, name):
    create(client, name)
    client.insert(name, rows_of(3))
    client.release_collection(name)
    assert client.delete(name, ids=[1])["delete_count"] == 1
    with refused(101, "collection not loaded", name):
        client.delete(name, filter="id > 1")
    client.load_collection(name)
    assert ids_of(client, name) == [0, 2]


@pytest.mark.parametrize("bad", ["", "  ", "n ==", "nothing[", "n == 'x'"])
def test_broken_filters(server, client, name, bad):
    create(client, name, ("n", DataType.INT64, {}))
    client.insert(name, rows_of(2, n=lambda i: i))
    request = milvus_pb2.DeleteRequest(collection_name=name, expr=bad)
    status = send(server, "Delete", request, milvus_pb2.MutationResult).status
    assert (status.code, status.error_code) == (1100, 5)
    assert ("failed to create delete plan: cannot parse expression" if bad.strip() else "empty") in status.reason
    assert count_of(client, name) == 2


def test_unknown_collection(client):
    with refused(100, "nowhere"):
        client.delete("nowhere", filter="id > 1")
