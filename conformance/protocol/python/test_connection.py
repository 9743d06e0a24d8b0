"""Connecting, versions, health, credentials while authentication is off, RPCs that are not built."""

import base64

import grpc
import pytest
from pymilvus import MilvusClient
from pymilvus.grpc_gen import common_pb2, milvus_pb2
from wire import SERVICE, channel_to, send, send_bytes


def test_connect_tells_server_and_identifier(server):
    request = milvus_pb2.ConnectRequest(client_info=common_pb2.ClientInfo(sdk_type="Python", sdk_version="3.0.2"))
    reply = send(server, "Connect", request, milvus_pb2.ConnectResponse)
    assert (reply.status.code, reply.status.error_code) == (0, 0)
    assert reply.identifier > 0
    assert reply.server_info.deploy_mode == "STANDALONE"
    assert reply.server_info.build_tags


def test_version_and_health(server, client):
    assert client.get_server_version()
    reply = send(server, "CheckHealth", milvus_pb2.CheckHealthRequest(), milvus_pb2.CheckHealthResponse)
    assert reply.isHealthy and list(reply.reasons) == []


def test_grpc_health_service(server):
    with channel_to(server) as channel:
        check = channel.unary_unary("/grpc.health.v1.Health/Check", lambda sent: sent, lambda got: got)
        serving = b"\x08\x01"
        assert check(b"", timeout=5) == serving


@pytest.mark.parametrize("credentials", [{"user": "root", "password": "Milvus"}, {"token": "root:Milvus"}, {"token": "x"}])
def test_credentials_are_accepted_while_authentication_is_off(server, credentials):
    connected = MilvusClient(uri=server.uri, **credentials)
    assert "default" in connected.list_databases()
    connected.close()


def test_header_that_is_no_base64_is_ignored_while_authentication_is_off(server):
    metadata = [("authorization", "%%%"), ("dbname", "default")]
    reply = send(server, "ShowCollections", milvus_pb2.ShowCollectionsRequest(), milvus_pb2.ShowCollectionsResponse, metadata)
    assert reply.status.code == 0
    metadata = [("authorization", base64.b64encode(b"root:wrong").decode())]
    reply = send(server, "ShowCollections", milvus_pb2.ShowCollectionsRequest(), milvus_pb2.ShowCollectionsResponse, metadata)
    assert reply.status.code == 0


def test_timestamps_rise(server):
    stamps = [
        send(server, "AllocTimestamp", milvus_pb2.AllocTimestampRequest(), milvus_pb2.AllocTimestampResponse).timestamp
        for _ in range(5)
    ]
    assert stamps == sorted(set(stamps)) and stamps[0] > 0


@pytest.mark.parametrize(
    "rpc",
    ["CreateCredential", "CreateRole", "Import", "CreateSnapshot", "RunAnalyzer", "CreateResourceGroup", "AlterCollectionSchema"],
)
def test_what_is_not_built_answers_unimplemented(server, rpc):
    with pytest.raises(grpc.RpcError) as caught:
        send_bytes(server, rpc, b"")
    assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_unknown_rpc_answers_unimplemented(server):
    with channel_to(server) as channel, pytest.raises(grpc.RpcError) as caught:
        channel.unary_unary(SERVICE + "NoSuchCall", lambda sent: sent, lambda got: got)(b"", timeout=5)
    assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_twenty_clients_at_once(server):
    clients = [MilvusClient(uri=server.uri, dedicated=True) for _ in range(20)]
    assert all("default" in one.list_databases() for one in clients)
    for one in clients:
        one.close()
