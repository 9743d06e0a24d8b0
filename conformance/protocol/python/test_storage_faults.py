"""Disks that are full, folders that are taken, bytes that are damaged: refused by name, nothing half-written, the rest served."""

import glob
import os
import subprocess
import tempfile
from contextlib import contextmanager

import pytest
from elanus_server import ElanusServer
from pymilvus import DataType, MilvusClient, MilvusException
from pymilvus.grpc_gen import milvus_pb2
from refusals import refused
from small_collections import count_of, create, ids_of, random_vectors, rows_of, vector_of
from wire import send

DIM = 256
VECTORS = random_vectors(500, DIM, 1)


def connected(server):
    return MilvusClient(uri=server.uri, dedicated=True)


def test_a_second_process_on_the_same_folder_does_not_start(own_server):
    client = connected(own_server)
    create(client, "rows")
    client.insert("rows", rows_of(3))
    second = ElanusServer(data_dir=own_server.data_dir)
    with pytest.raises(RuntimeError) as caught:
        second.start()
    text = str(caught.value)
    assert own_server.data_dir in text and str(own_server.process.pid) in text
    assert ids_of(client, "rows") == [0, 1, 2]
    own_server.kill()
    second.start()
    assert ids_of(connected(second), "rows") == [0, 1, 2]
    second.kill()


@contextmanager
def small_disk(megabytes):
    """A file system of its own; yields its folder, or None (and says why) where this user cannot mount one."""
    folder = tempfile.mkdtemp(prefix="elanus-disk-")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", folder], capture_output=True, text=True
    )
    if mounted.returncode != 0:
        os.rmdir(folder)
        print(f"not run: no small disk, since mount failed: {mounted.stderr.strip()}")
        yield None
        return
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)
        os.rmdir(folder)


def batch(number):
    return [{"id": number * 500 + i, "vector": VECTORS[i]} for i in range(500)]


def fill(client, name):
    """Inserts until it is refused; returns the rows that were acknowledged and the error."""
    for number in range(10_000):
        try:
            client.insert(name, batch(number))
        except MilvusException as error:
            return number * 500, error
    raise AssertionError("the disk never filled up")


def test_a_full_disk(capsys):
    with small_disk(40) as folder, capsys.disabled():
        if folder is None:
            return
        ballast = os.path.join(folder, "ballast")
        with open(ballast, "wb") as file:
            file.write(bytes(10_000_000))
        server = ElanusServer(data_dir=os.path.join(folder, "data")).start()
        try:
            check_full_disk(server, ballast)
        finally:
            server.kill()


def check_full_disk(server, ballast):
    client = connected(server)
    create(client, "rows", ("vector", DataType.FLOAT_VECTOR, {"dim": DIM}))
    rows, error = fill(client, "rows")
    assert (error.code, error.compatible_code) == (7, 54), error
    assert "ENOSPC" in error.message and "wal" in error.message
    assert count_of(client, "rows") == rows
    assert client.search("rows", VECTORS[7:8], limit=1)[0][0]["id"] % 500 == 7
    with refused(7, "ENOSPC"):
        client.insert("rows", batch(9_999))
    assert count_of(client, "rows") == rows
    os.remove(ballast)
    client.insert("rows", batch(5_000))
    client.delete("rows", ids=[0])
    assert count_of(client, "rows") == rows + 499
    server.restart(kill=True)
    client = connected(server)
    assert count_of(client, "rows") == rows + 499
    assert client.get("rows", [0]) == []
    assert count_of(client, "rows", "id >= 2500000") == 500


def test_memory_that_is_used_up():
    server = ElanusServer(env={"ELANUS_MEMORY_BYTES_MAX": "64MiB"}).start()
    try:
        client = connected(server)
        create(client, "rows", ("vector", DataType.FLOAT_VECTOR, {"dim": DIM}))
        create(client, "other")
        client.insert("other", rows_of(3))
        rows, error = fill(client, "rows")
        assert (error.code, error.compatible_code) == (3, 52), error
        assert rows > 10_000
        assert count_of(client, "rows") == rows
        assert ids_of(client, "other") == [0, 1, 2]
        client.drop_collection("rows")
        create(client, "rows", ("vector", DataType.FLOAT_VECTOR, {"dim": DIM}))
        for number in range(rows // 500 - 1):
            client.insert("rows", batch(number))
        assert count_of(client, "rows") == rows - 500
    finally:
        server.remove()


def flip(path, at):
    with open(path, "r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ 0xFF]))


def files_below(*folders):
    return [path for path in glob.glob(os.path.join(*folders, "**"), recursive=True) if os.path.isfile(path)]


@contextmanager
def touched_and_untouched(server):
    """Two collections with sealed and growing rows; kills the server; starts it after the block."""
    client = connected(server)
    for name in ("touched", "untouched"):
        create(client, name, ("n", DataType.INT64, {}))
        client.insert(name, rows_of(100, n=lambda i: i))
        client.flush(name)
        while str(client.list_persistent_segments(name)[0].state) != "Flushed":
            pass
        client.insert(name, rows_of(300, start=100, n=lambda i: i))
        client.insert(name, rows_of(300, start=400, n=lambda i: i))
    yield client
    server.start()


def all_calls_are_refused(client, code, *fragments):
    """Reads and writes of the touched collection answer the damage; nothing is answered from what is left."""
    calls = [
        lambda: count_of(client, "touched"),
        lambda: ids_of(client, "touched", "n > 5"),
        lambda: client.get("touched", [1]),
        lambda: client.search("touched", [vector_of(1)]),
        lambda: client.insert("touched", rows_of(1, start=9_000, n=lambda i: i)),
        lambda: client.upsert("touched", rows_of(1, start=9_000, n=lambda i: i)),
        lambda: client.delete("touched", ids=[1]),
        lambda: client.delete("touched", filter="n > 5"),
        lambda: client.flush("touched"),
    ]
    for call in calls:
        with refused(code, *fragments):
            call()
    for call in (client.get_load_state, client.get_collection_stats, client.compact, client.list_persistent_segments):
        with refused(2, "load failed", *fragments):
            call("touched")


def the_other_is_served(client):
    assert count_of(client, "untouched") == 700
    client.insert("untouched", rows_of(1, start=9_000, n=lambda i: i))
    client.delete("untouched", ids=[0])
    client.flush("untouched")
    assert ids_of(client, "untouched") == [*range(1, 700), 9_000]
    assert client.search("untouched", [vector_of(650)], limit=1)[0][0]["id"] == 650
    assert sorted(client.list_collections()) == ["touched", "untouched"]


def test_a_damaged_segment(own_server):
    with touched_and_untouched(own_server) as client:
        found = client.list_persistent_segments("touched")[0]
        own_server.kill()
        folder = os.path.join(own_server.data_dir, "objects", "segments", str(found.collection_id), str(found.segment_id))
        path = max(files_below(folder), key=os.path.getsize)
        flip(path, os.path.getsize(path) // 2)
    client = connected(own_server)
    all_calls_are_refused(client, 1009, os.path.basename(path), "offset=")
    the_other_is_served(client)
    client.drop_collection("touched")
    create(client, "touched")
    assert count_of(client, "touched") == 0


def test_a_damaged_middle_of_the_log(own_server):
    with touched_and_untouched(own_server):
        request = milvus_pb2.DescribeCollectionRequest(collection_name="touched")
        reply = send(own_server, "DescribeCollection", request, milvus_pb2.DescribeCollectionResponse)
        own_server.kill()
        path = max(files_below(own_server.data_dir, "wal", reply.physical_channel_names[0]), key=os.path.getsize)
        with open(path, "rb") as file:
            flip(path, file.read().index((250).to_bytes(8, "little") + (251).to_bytes(8, "little")))
    client = connected(own_server)
    all_calls_are_refused(client, 1009, path, "offset=")
    the_other_is_served(client)
    own_server.restart(kill=False)
    all_calls_are_refused(connected(own_server), 1009, path, "offset=")


def test_a_torn_tail_of_the_log_is_cut(own_server):
    """Half a record at the end was never acknowledged: it goes, and all that was acknowledged stays."""
    with touched_and_untouched(own_server):
        request = milvus_pb2.DescribeCollectionRequest(collection_name="touched")
        reply = send(own_server, "DescribeCollection", request, milvus_pb2.DescribeCollectionResponse)
        own_server.kill()
        path = max(files_below(own_server.data_dir, "wal", reply.physical_channel_names[0]), key=os.path.getsize)
        with open(path, "ab") as file:
            file.write(os.urandom(1_000))
    client = connected(own_server)
    assert ids_of(client, "touched") == list(range(700))
    client.insert("touched", rows_of(1, start=9_000, n=lambda i: i))
    own_server.restart(kill=True)
    assert ids_of(connected(own_server), "touched") == [*range(700), 9_000]


def test_a_catalogue_that_is_no_catalogue(own_server):
    own_server.kill()
    path = os.path.join(own_server.data_dir, "meta", "data.mdb")
    with open(path, "wb") as file:
        file.write(b"not a catalogue" * 1_000)
    with pytest.raises(RuntimeError) as caught:
        own_server.start()
    assert "meta" in str(caught.value)
    own_server.process = None
