"""Calls below the client library: messages and bytes as they are on the wire."""

from contextlib import contextmanager

import grpc

SERVICE = "/milvus.proto.milvus.MilvusService/"
UNLIMITED = [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)]


def _same(message):
    return message


@contextmanager
def channel_to(server):
    channel = grpc.insecure_channel(server.address, options=UNLIMITED)
    try:
        yield channel
    finally:
        channel.close()


def send_bytes(server, rpc, request, timeout=60):
    """The reply's bytes to a request of any bytes. Raises grpc.RpcError."""
    with channel_to(server) as channel:
        return channel.unary_unary(SERVICE + rpc, _same, _same)(request, timeout=timeout)


def send(server, rpc, request, reply_type, metadata=(), timeout=60):
    """The reply to a message. Raises grpc.RpcError."""
    with channel_to(server) as channel:
        method = channel.unary_unary(SERVICE + rpc, type(request).SerializeToString, reply_type.FromString)
        return method(request, metadata=list(metadata), timeout=timeout)
