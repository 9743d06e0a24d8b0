"""Bytes that are no message, and messages that are too large: refused at once, and the process stays up."""

import os
import random
import socket

import grpc
import numpy as np
import pytest
from columns import keys, vectors
from pymilvus import MilvusClient
from pymilvus.grpc_gen import milvus_pb2
from small_collections import count_of, create, ids_of, rows_of, vector_of
from wire import channel_to, send_bytes

RPCS = ["Connect", "CreateCollection", "DescribeCollection", "Insert", "Upsert", "Delete", "Search", "HybridSearch", "Query", "Flush"]


def still_serves(server):
    client = MilvusClient(uri=server.uri, dedicated=True)
    assert "default" in client.list_databases()
    client.close()


def code_of(call):
    with pytest.raises(grpc.RpcError) as caught:
        call()
    return caught.value.code(), caught.value.details()


BROKEN = {
    "tag without a value": b"\x0a",
    "length beyond the end": b"\x12\xff\xff\xff\x7fabc",
    "wire type 7": b"\x0f\x00",
    "endless varint": b"\x08" + b"\xff" * 20,
    "group that never ends": b"\x0b" * 50,
}


@pytest.mark.parametrize("rpc", RPCS)
@pytest.mark.parametrize("form", BROKEN)
def test_broken_protobuf_is_an_invalid_argument(server, rpc, form):
    code, details = code_of(lambda: send_bytes(server, rpc, BROKEN[form]))
    assert code == grpc.StatusCode.INVALID_ARGUMENT
    assert rpc in details
    still_serves(server)


def test_broken_bytes_inside_a_column(server, client, name):
    """The columns of an insert are read late: a fault inside them is an error of the reply."""
    create(client, name)
    request = milvus_pb2.InsertRequest(collection_name=name, num_rows=1, fields_data=[keys([1])]).SerializeToString()
    for column in (b"\xff\xff\xff", b"\x08\x65\x22\x05\x08\x04\x12\xff\xff", b"\x08\x65\x22\x07\x08\x04\x12\x03\x0a\x01\x00"):
        message = request + b"\x2a" + bytes([len(column)]) + column
        try:
            reply = milvus_pb2.MutationResult.FromString(send_bytes(server, "Insert", message))
            assert (reply.status.code, reply.status.error_code) == (1100, 5), reply
        except grpc.RpcError as error:
            assert error.code() == grpc.StatusCode.INVALID_ARGUMENT
        assert count_of(client, name) == 0


def test_a_thousand_mutated_messages(server, client, name):
    """Bytes of good requests with a few changed: whatever they mean now, nothing but an answer comes back."""
    create(client, name)
    client.insert(name, rows_of(5))
    good = {
        "Insert": milvus_pb2.InsertRequest(
            collection_name=name, num_rows=2, fields_data=[keys([1, 2]), vectors([vector_of(1), vector_of(2)])]
        ),
        "Query": milvus_pb2.QueryRequest(collection_name=name, expr="id > 1", output_fields=["*"]),
        "Delete": milvus_pb2.DeleteRequest(collection_name=name, expr="id in [77]"),
        "DescribeCollection": milvus_pb2.DescribeCollectionRequest(collection_name=name),
    }
    chance = random.Random(4)
    allowed = {grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.UNIMPLEMENTED}
    with channel_to(server) as channel:
        for number in range(1000):
            rpc = chance.choice(list(good))
            message = bytearray(good[rpc].SerializeToString())
            for _ in range(chance.randint(1, 4)):
                message[chance.randrange(len(message))] = chance.randrange(256)
            call = channel.unary_unary(f"/milvus.proto.milvus.MilvusService/{rpc}")
            try:
                call(bytes(message), timeout=20)
            except grpc.RpcError as error:
                assert error.code() in allowed, (number, rpc, bytes(message), error)
    still_serves(server)


@pytest.mark.parametrize("megabytes", [70, 600])
def test_a_message_that_is_too_large(server, client, name, megabytes):
    create(client, name)
    client.insert(name, rows_of(3))
    with channel_to(server) as channel:
        call = channel.unary_unary("/milvus.proto.milvus.MilvusService/Insert")
        size = megabytes * 1_000_000
        head = b"\x1a" + bytes([len(name)]) + name.encode()
        code, details = code_of(lambda: call(head + b"\x7a" + varint(size) + bytes(size), timeout=120))
        assert code == grpc.StatusCode.RESOURCE_EXHAUSTED
        assert str(64 * 1024 * 1024) in details
    assert ids_of(client, name) == [0, 1, 2]
    still_serves(server)


def varint(number):
    digits = []
    while number > 127:
        digits.append(number & 127 | 128)
        number >>= 7
    return bytes([*digits, number])


def test_many_rows_just_below_the_limit(client, name):
    """60 MB of vectors in one insert are taken, and found."""
    dim = 1024
    client.create_collection(name, dimension=dim, metric_type="L2", consistency_level="Strong")
    matrix = np.random.default_rng(1).standard_normal((15_000, dim)).astype(np.float32)
    client.insert(name, [{"id": i, "vector": matrix[i]} for i in range(15_000)])
    assert count_of(client, name) == 15_000
    assert [hit["id"] for hit in client.search(name, matrix[[7, 14_999]], limit=1)[1]] == [14_999]


def test_too_many_rows_in_one_insert(client, name):
    """A request over the limit is refused whole, and the client does not repeat it."""
    dim = 1024
    client.create_collection(name, dimension=dim, metric_type="L2", consistency_level="Strong")
    row = np.zeros(dim, np.float32)
    with pytest.raises(Exception) as caught:
        client.insert(name, [{"id": i, "vector": row} for i in range(20_000)])
    assert "RESOURCE_EXHAUSTED" in repr(caught.value) or "larger than max" in str(caught.value)
    assert count_of(client, name) == 0


def test_other_protocols_on_the_port(server):
    host, port = server.address.rsplit(":", 1)
    for hello in (b"", b"\x16\x03\x01\x02\x00", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", os.urandom(64), b"PRI * HTTP/2.0\r\n\r\nSM"):
        with socket.create_connection((host, int(port)), timeout=5) as raw:
            raw.sendall(hello)
    still_serves(server)


def test_unknown_fields_are_ignored(server):
    reply = milvus_pb2.ListDatabasesResponse.FromString(send_bytes(server, "ListDatabases", b"\xfa\x7f\x03abc\xf0\x7f\x01"))
    assert "default" in reply.db_names


REPLIES = {
    "Insert": milvus_pb2.MutationResult,
    "Delete": milvus_pb2.MutationResult,
    "Search": milvus_pb2.SearchResults,
    "Query": milvus_pb2.QueryResults,
    "DescribeCollection": milvus_pb2.DescribeCollectionResponse,
}


@pytest.mark.parametrize("rpc", REPLIES)
def test_empty_messages(server, rpc):
    status = REPLIES[rpc].FromString(send_bytes(server, rpc, b"")).status
    assert (status.code, status.error_code) in ((100, 4), (1100, 5)), status


def test_a_client_that_goes_away_in_the_middle(server, client, name):
    create(client, name)
    client.insert(name, rows_of(5_000))
    for _ in range(20):
        channel = grpc.insecure_channel(server.address)
        query = channel.unary_unary("/milvus.proto.milvus.MilvusService/Query")
        query.future(milvus_pb2.QueryRequest(collection_name=name, expr="id >= 0", output_fields=["*"]).SerializeToString())
        channel.close()
    assert count_of(client, name) == 5_000
    still_serves(server)
