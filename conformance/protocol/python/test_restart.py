"""What was acknowledged is there after SIGTERM and after kill -9, and loaded collections answer at once."""

import threading
import time

import pytest
from pymilvus import DataType, MilvusClient, MilvusException
from refusals import refused
from small_collections import add_index, count_of, create, ids_of, rows_of, schema_of, vector_of

FIELDS = [
    ("n", DataType.INT64, {"nullable": True}),
    ("s", DataType.VARCHAR, {"max_length": 20, "default_value": "none"}),
    ("arr", DataType.ARRAY, {"element_type": DataType.VARCHAR, "max_capacity": 4, "max_length": 9}),
]


def connected(server):
    return MilvusClient(uri=server.uri, dedicated=True)


def restarted(server, kill):
    if kill:
        server.restart(kill=True)
    else:
        assert server.stop() == 0
        server.start()
    return connected(server)


@pytest.mark.parametrize("kill", [False, True], ids=["SIGTERM", "kill -9"])
def test_everything_is_kept(own_server, kill):
    client = connected(own_server)
    client.create_database("other", properties={"database.replica.number": 1})
    create(client, "rows", *FIELDS, dynamic=True, index_type="HNSW", metric="COSINE", properties={"mmap.enabled": "true"})
    add_index(client, "rows", "n", "STL_SORT", None)
    client.create_alias("rows", "alias")
    client.create_partition("rows", "p")
    columns = dict(n=lambda i: i if i % 2 else None, arr=lambda i: [f"a{i}"], color=lambda i: f"c{i % 3}")
    client.insert("rows", rows_of(100, **columns))
    client.flush("rows")
    client.insert("rows", rows_of(50, start=100, **columns), partition_name="p")
    client.upsert("rows", rows_of(10, start=5, arr=lambda i: ["new"]))
    client.delete("rows", ids=[0, 1, 149])
    client.delete("rows", filter='color == "c1" and id < 60 and id > 20')
    client.add_collection_field("rows", "late", DataType.INT64, nullable=True, default_value=3)
    create(client, "released")
    client.insert("released", rows_of(5))
    client.release_collection("released")
    client.use_database("other")
    create(client, "rows")
    client.insert("rows", rows_of(2))
    client.use_database("default")

    def facts(client):
        client.use_database("default")
        rows = client.query("rows", filter="id >= 0", output_fields=["*"])
        described = {key: value for key, value in client.describe_collection("rows").items()}
        found = {
            "rows": [dict(row) for row in rows],
            "described": described,
            "partitions": client.list_partitions("rows"),
            "in p": ids_of(client, "alias", partition_names=["p"]),
            "indexes": sorted(client.list_indexes("rows")),
            "index": {key: client.describe_index("rows", "vector")[key] for key in ("index_type", "metric_type", "state")},
            "count": count_of(client, "rows"),
            "stats": client.get_collection_stats("rows"),
            "late": count_of(client, "rows", "late == 3"),
            "hits": [(hit["id"], hit["distance"]) for hit in client.search("rows", [vector_of(77)], limit=10)[0]],
            "states": [str(client.get_load_state(one)["state"]) for one in ("rows", "released")],
            "databases": sorted(client.list_databases()),
            "database": client.describe_database("other"),
        }
        client.use_database("other")
        found["other"] = ids_of(client, "rows")
        client.use_database("default")
        return found

    before = facts(client)
    assert before["count"] == len(before["rows"]) > 100
    assert before["states"] == ["Loaded", "NotLoad"]
    client.close()
    for _ in range(2):
        client = restarted(own_server, kill)
        assert facts(client) == before
        with refused(101, "released"):
            ids_of(client, "released")
        client.close()


def test_the_first_answer_after_kill_comes_at_once(own_server):
    client = connected(own_server)
    create(client, "rows", index_type="HNSW")
    client.insert("rows", rows_of(5_000))
    client.flush("rows")
    client.insert("rows", rows_of(5_000, start=5_000))
    started = time.monotonic()
    client = restarted(own_server, kill=True)
    assert client.search("rows", [vector_of(9_999)], limit=1)[0][0]["id"] == 9_999
    assert client.search("rows", [vector_of(4_999)], limit=1)[0][0]["id"] == 4_999
    assert time.monotonic() - started < 5
    assert count_of(client, "rows") == 10_000


def test_ids_are_never_used_again(own_server):
    """Keys, collections and timestamps go on from where they were."""
    client = connected(own_server)
    key = ("id", DataType.INT64, {"is_primary": True, "auto_id": True})
    create(client, "auto", key)
    seen, collections = [], [client.describe_collection("auto")["collection_id"]]
    for round in range(3):
        seen += client.insert("auto", [{"vector": vector_of(i)} for i in range(10)])["ids"]
        client = restarted(own_server, kill=True)
        create(client, f"c{round}")
        collections.append(client.describe_collection(f"c{round}")["collection_id"])
        client.drop_collection(f"c{round}")
    seen += client.insert("auto", [{"vector": vector_of(i)} for i in range(10)])["ids"]
    assert len(set(seen)) == 40 and seen == sorted(seen)
    assert collections == sorted(set(collections))
    assert count_of(client, "auto") == 40


def test_what_was_dropped_stays_dropped(own_server):
    client = connected(own_server)
    create(client, "gone")
    client.insert("gone", rows_of(10))
    create(client, "kept")
    client.create_partition("kept", "p")
    client.insert("kept", rows_of(5), partition_name="p")
    client.insert("kept", rows_of(5, start=10))
    client.release_partitions("kept", ["p"])
    client.drop_partition("kept", "p")
    client.drop_collection("gone")
    create(client, "truncated")
    client.insert("truncated", rows_of(10))
    client.truncate_collection("truncated")
    client.insert("truncated", rows_of(1, start=100))
    client = restarted(own_server, kill=True)
    assert sorted(client.list_collections()) == ["kept", "truncated"]
    client.load_collection("kept")
    assert ids_of(client, "kept") == list(range(10, 15))
    assert ids_of(client, "truncated") == [100]
    create(client, "gone")
    assert ids_of(client, "gone") == []


def test_killed_while_writing(own_server):
    """Ten rounds of kill -9 under load: every acknowledged insert is there, every acknowledged delete holds."""
    client = connected(own_server)
    client.create_collection("rows", schema=schema_of(("n", DataType.INT64, {})), num_shards=2, consistency_level="Strong")
    add_index(client, "rows")
    client.load_collection("rows")
    acknowledged, deleted, maybe_deleted = set(), set(), set()
    next_key = 0
    for round in range(10):
        own = connected(own_server)
        killer = threading.Timer(0.15 + 0.05 * (round % 4), own_server.kill)
        killer.start()
        try:
            while True:
                keys = list(range(next_key, next_key + 20))
                next_key += 20
                own.insert("rows", rows_of(20, start=keys[0], n=lambda i: round), timeout=2)
                acknowledged.update(keys)
                gone = keys[:3]
                maybe_deleted.update(gone)
                own.delete("rows", ids=gone, timeout=2)
                deleted.update(gone)
                if keys[0] % 200 == 0:
                    own.flush("rows", timeout=2)
        except MilvusException:
            pass
        killer.join()
        own.close()
        own_server.start()
    client = connected(own_server)
    found = set(ids_of(client, "rows"))
    assert acknowledged - maybe_deleted <= found
    assert not deleted & found
    assert len(found) == count_of(client, "rows")
    assert acknowledged and found <= set(range(next_key))


def test_sigterm_lets_calls_in_flight_end(own_server):
    client = connected(own_server)
    create(client, "rows")
    acknowledged = []

    def write():
        own = connected(own_server)
        try:
            for start in range(0, 100_000, 10):
                own.insert("rows", rows_of(10, start=start), timeout=5)
                acknowledged.append(start)
        except MilvusException:
            own.close()

    writer = threading.Thread(target=write)
    writer.start()
    while len(acknowledged) < 20:
        time.sleep(0.01)
    assert own_server.stop() == 0
    writer.join()
    own_server.start()
    client = connected(own_server)
    found = set(ids_of(client, "rows"))
    assert {start + i for start in acknowledged for i in range(10)} <= found
    assert len(found) % 10 == 0
