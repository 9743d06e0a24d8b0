"""Loading and release: states, progress, partitions, and what a read of an unloaded collection answers."""

import os
from concurrent.futures import ThreadPoolExecutor

from pymilvus.grpc_gen import common_pb2, milvus_pb2
from refusals import refused
from small_collections import add_index, count_of, create, ids_of, rows_of, schema_of, vector_of
from wire import send

LOADS_ON_FIRST_USE = os.environ.get("ELANUS_LOAD_ON_FIRST_USE", "true").lower() != "false"


def state_of(client, name, **options):
    return str(client.get_load_state(name, **options)["state"])


def test_states(client, name):
    assert state_of(client, "nowhere") == "NotExist"
    create(client, name, load=False)
    assert state_of(client, name) == "NotLoad"
    client.load_collection(name)
    assert state_of(client, name) == "Loaded"
    client.load_collection(name)
    client.release_collection(name)
    assert state_of(client, name) == "NotLoad"
    client.release_collection(name)


def test_progress(server, client, name):
    create(client, name, load=False)
    client.insert(name, rows_of(10))
    request = milvus_pb2.GetLoadingProgressRequest(collection_name=name)
    reply = send(server, "GetLoadingProgress", request, milvus_pb2.GetLoadingProgressResponse)
    assert (reply.status.code, reply.status.error_code) == (101, 1)
    client.load_collection(name)
    reply = send(server, "GetLoadingProgress", request, milvus_pb2.GetLoadingProgressResponse)
    assert (reply.status.code, reply.progress, reply.refresh_progress) == (0, 100, 100)


def test_after_release_reads_are_refused_and_writes_are_not(client, name):
    create(client, name)
    client.insert(name, rows_of(3))
    client.release_collection(name)
    with refused(101, "collection not loaded", name):
        ids_of(client, name)
    with refused(101, name):
        client.search(name, [vector_of(1)])
    with refused(101, name):
        client.delete(name, filter="vector is null or id > 1")
    client.insert(name, rows_of(2, start=3))
    client.delete(name, ids=[0])
    client.upsert(name, rows_of(1, start=4))
    client.load_collection(name)
    assert ids_of(client, name) == [1, 2, 3, 4]
    assert client.search(name, [vector_of(4)], limit=1)[0][0]["id"] == 4


def test_first_use_loads_if_it_is_configured(client, name):
    create(client, name, load=False)
    client.insert(name, rows_of(3))
    if LOADS_ON_FIRST_USE:
        assert client.search(name, [vector_of(2)], limit=1)[0][0]["id"] == 2
        create(client, f"{name}_b", load=False)
        assert ids_of(client, f"{name}_b") == []
        assert state_of(client, f"{name}_b") == "Loaded"
    else:
        with refused(101, "collection not loaded", name):
            client.search(name, [vector_of(2)], limit=1)
        with refused(101, name):
            ids_of(client, name)
    assert state_of(client, name) == ("Loaded" if LOADS_ON_FIRST_USE else "NotLoad")


def test_load_and_search_need_a_vector_index(client, name):
    client.create_collection(name, schema=schema_of())
    with refused(700, "vector", name):
        client.load_collection(name)
    with refused(700 if LOADS_ON_FIRST_USE else 101, name):
        client.search(name, [vector_of(1)])
    client.release_collection(name)
    with refused(101, name):
        client.search(name, [vector_of(1)])
    add_index(client, name)
    client.load_collection(name)
    assert client.search(name, [vector_of(1)]) == [[]]


def test_partitions_are_loaded_and_released_one_by_one(client, name):
    create(client, name, load=False)
    for part, start in (("p1", 10), ("p2", 20)):
        client.create_partition(name, part)
        client.insert(name, rows_of(2, start=start), partition_name=part)
    client.insert(name, rows_of(2))
    client.load_partitions(name, ["p1"])
    assert state_of(client, name, partition_name="p1") == "Loaded"
    assert state_of(client, name, partition_name="p2") == "NotLoad"
    assert ids_of(client, name) == [10, 11]
    with refused(201, "partition not loaded", "p2"):
        ids_of(client, name, partition_names=["p2"])
    client.load_partitions(name, ["p2"])
    assert ids_of(client, name) == [10, 11, 20, 21]
    client.release_partitions(name, ["p1"])
    assert ids_of(client, name) == [20, 21]
    hits = client.search(name, [vector_of(10)], limit=5)[0]
    assert [hit["id"] for hit in hits] == [20, 21]
    client.load_collection(name)
    assert ids_of(client, name) == [0, 1, 10, 11, 20, 21]


def test_refresh(client, name):
    create(client, name)
    client.insert(name, rows_of(3))
    client.refresh_load(name)
    assert count_of(client, name) == 3
    client.release_collection(name)
    with refused(101, name):
        client.refresh_load(name)


def test_more_replicas_than_nodes_are_refused(client, name):
    create(client, name, load=False)
    with refused(12, "replica", "2", "1"):
        client.load_collection(name, replica_number=2)
    assert state_of(client, name) == "NotLoad"


def test_unknown_resource_group(client, name):
    create(client, name, load=False)
    with refused(1100, "no_such_group"):
        client.load_collection(name, resource_groups=["no_such_group"])


def test_in_memory_collections_are_listed_with_progress(server, client, name):
    create(client, name)
    create(client, f"{name}_b", load=False)
    request = milvus_pb2.ShowCollectionsRequest(type=milvus_pb2.InMemory)
    reply = send(server, "ShowCollections", request, milvus_pb2.ShowCollectionsResponse)
    shown = dict(zip(reply.collection_names, reply.inMemory_percentages))
    assert shown[name] == 100 and f"{name}_b" not in shown


def test_loaded_twice_at_once_by_twenty_clients(client, name):
    create(client, name, load=False)
    client.insert(name, rows_of(10))
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(lambda _: client.load_collection(name), range(20)))
    assert count_of(client, name) == 10


def test_load_and_release_fifty_times(client, name):
    create(client, name, index_type="HNSW")
    client.insert(name, rows_of(100))
    client.flush(name)
    for _ in range(50):
        client.release_collection(name)
        client.load_collection(name)
    assert client.search(name, [vector_of(42)], limit=1)[0][0]["id"] == 42


def test_replicas(server, client, name):
    create(client, name)
    found = client.describe_collection(name)["collection_id"]
    reply = send(server, "GetReplicas", milvus_pb2.GetReplicasRequest(collectionID=found), milvus_pb2.GetReplicasResponse)
    assert reply.status.error_code == common_pb2.Success
    assert [replica.collectionID for replica in reply.replicas] == [found]
