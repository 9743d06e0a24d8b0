"""Flush and its states, compaction, segment information: true at once, and rows do not change by them."""

import time

from pymilvus.client.types import SegmentState
from pymilvus.grpc_gen import common_pb2, milvus_pb2
from refusals import refused
from small_collections import count_of, create, ids_of, rows_of, vector_of
from wire import send


def flush(server, *names):
    return send(server, "Flush", milvus_pb2.FlushRequest(collection_names=names), milvus_pb2.FlushResponse)


def eventually(holds, seconds=20):
    """Polls for what happens in the background; the last value is returned."""
    deadline = time.monotonic() + seconds
    while not (value := holds()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return value


def test_flush_state_is_true_at_the_first_poll(server, client, name):
    create(client, name)
    for round in range(5):
        client.insert(name, rows_of(100, start=round * 100))
        reply = flush(server, name)
        assert (reply.status.code, reply.status.error_code) == (0, 0)
        assert len(reply.coll_segIDs[name].data) == 1
        request = milvus_pb2.GetFlushStateRequest(
            collection_name=name, segmentIDs=reply.coll_segIDs[name].data, flush_ts=reply.coll_flush_ts[name]
        )
        state = send(server, "GetFlushState", request, milvus_pb2.GetFlushStateResponse)
        assert (state.status.code, state.flushed) == (0, True)
    assert count_of(client, name) == 500


def test_flush_state_by_segments_alone(server, client, name):
    create(client, name)
    client.insert(name, rows_of(1))
    request = milvus_pb2.GetFlushStateRequest(segmentIDs=flush(server, name).coll_segIDs[name].data)
    assert send(server, "GetFlushState", request, milvus_pb2.GetFlushStateResponse).flushed


def test_flush_of_nothing(server, client, name):
    create(client, name)
    reply = flush(server, name)
    assert reply.status.code == 0 and list(reply.coll_segIDs[name].data) == []
    client.flush(name)
    client.insert(name, rows_of(3))
    client.flush(name)
    assert list(flush(server, name).coll_segIDs[name].data) == []


def test_flush_of_two_collections_and_of_a_missing_one(server, client, name):
    create(client, name)
    create(client, f"{name}_b")
    client.insert(name, rows_of(1))
    client.insert(f"{name}_b", rows_of(1))
    reply = flush(server, name, f"{name}_b")
    assert sorted(reply.coll_segIDs) == [name, f"{name}_b"]
    status = flush(server, name, "nowhere").status
    assert (status.code, status.error_code) == (100, 4) and "nowhere" in status.reason
    assert flush(server).status.code == 1100


def test_flush_is_never_throttled(client, name):
    create(client, name)
    for i in range(30):
        client.insert(name, rows_of(1, start=i))
        client.flush(name)
    assert ids_of(client, name) == list(range(30))


def test_flush_all(server, client, name):
    create(client, name)
    client.insert(name, rows_of(3))
    reply = send(server, "FlushAll", milvus_pb2.FlushAllRequest(), milvus_pb2.FlushAllResponse)
    assert reply.status.code == 0 and reply.flush_all_ts > 0
    request = milvus_pb2.GetFlushAllStateRequest(flush_all_ts=reply.flush_all_ts)
    state = send(server, "GetFlushAllState", request, milvus_pb2.GetFlushAllStateResponse)
    assert (state.status.code, state.flushed) == (0, True)
    client.flush_all()


def test_segments_are_sealed_and_then_flushed(client, name):
    create(client, name)
    client.insert(name, rows_of(50))
    growing = client.list_loaded_segments(name)
    assert [(segment.num_rows, segment.state) for segment in growing] == [(50, SegmentState.Growing)]
    client.flush(name)
    sealed = client.list_persistent_segments(name)
    assert [segment.num_rows for segment in sealed] == [50]
    assert sealed[0].state in (SegmentState.Sealed, SegmentState.Flushing, SegmentState.Flushed)
    assert eventually(lambda: client.list_persistent_segments(name)[0].state == SegmentState.Flushed)
    flushed = client.list_persistent_segments(name)[0]
    assert flushed.is_sorted
    assert flushed.collection_id == client.describe_collection(name)["collection_id"]
    client.release_collection(name)
    assert client.list_loaded_segments(name) == []


def test_compaction_merges_and_keeps_the_rows(client, name):
    create(client, name)
    for start in range(0, 500, 100):
        client.insert(name, rows_of(100, start=start))
        client.flush(name)
    client.delete(name, filter="id % 5 == 0")
    client.upsert(name, [{"id": 1, "vector": [500.0, 0, 0, 0]}])
    expected = [i for i in range(500) if i % 5]
    job = client.compact(name)
    assert job > 0
    assert eventually(lambda: client.get_compaction_state(job) == "Completed")
    assert ids_of(client, name) == expected
    assert count_of(client, name) == 400
    assert client.search(name, [[500.0, 0, 0, 0]], limit=1)[0][0]["distance"] == 0.0
    assert eventually(lambda: len(client.list_persistent_segments(name)) <= 2)
    assert client.get_collection_stats(name)["row_count"] == 400


def test_compaction_while_rows_are_written_and_read(client, name):
    create(client, name)
    for round in range(10):
        client.insert(name, rows_of(50, start=round * 50))
        client.flush(name)
        client.compact(name)
        client.delete(name, ids=[round * 50])
        assert count_of(client, name) == (round + 1) * 49
        hits = client.search(name, [vector_of(round * 50 + 1)], limit=1)[0]
        assert hits[0]["id"] == round * 50 + 1
    assert ids_of(client, name) == [i for i in range(500) if i % 50]


def test_a_compaction_nobody_knows_counts_as_completed_as_in_milvus(server):
    request = milvus_pb2.GetCompactionStateRequest(compactionID=123_456_789)
    reply = send(server, "GetCompactionState", request, milvus_pb2.GetCompactionStateResponse)
    assert (reply.status.code, reply.state) == (0, common_pb2.Completed)


def test_compaction_plans(client, name):
    create(client, name)
    client.insert(name, rows_of(5))
    client.flush(name)
    job = client.compact(name)
    assert client.get_compaction_plans(job).plans is not None


def test_missing_collection(client):
    for call in (client.compact, client.list_persistent_segments, client.list_loaded_segments):
        with refused(100, "nowhere"):
            call("nowhere")


def test_what_a_benchmark_waits_for(client, name):
    """As VectorDBBench does: flush, segments sorted, no pending rows, compaction completed, refresh, search."""
    create(client, name, index_type="HNSW", metric="COSINE")
    client.insert(name, rows_of(2_000))
    client.flush(name)
    assert eventually(lambda: all(segment.is_sorted for segment in client.list_persistent_segments(name)))
    assert eventually(lambda: client.describe_index(name, "vector")["pending_index_rows"] == 0)
    job = client.compact(name)
    assert eventually(lambda: client.get_compaction_state(job) == "Completed")
    client.refresh_load(name)
    assert client.get_collection_stats(name)["row_count"] == 2_000
    found = client.search(name, [vector_of(7)], filter="id >= 1000", limit=10, search_params={"params": {"ef": 64}})
    assert len(found[0]) == 10 and all(hit["id"] >= 1000 for hit in found[0])
