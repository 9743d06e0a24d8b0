"""Loads 3,000 Debian packages into Elanus and asks for some that are alike: python examples/packages.py

Needs a running server (npm start) and pymilvus (pip install pymilvus numpy). MILVUS_URI names another address.
"""

import gzip
import json
import os
from pathlib import Path

import numpy as np
from pymilvus import DataType, MilvusClient

DATA = Path(__file__).parent / "data"
COLLECTION = "packages"
BATCH = 500

# What is asked for: packages that are not in the collection, with a filter, and what it means.
QUESTIONS = [
    ("inkscape", "", "Like inkscape"),
    ("supertux", 'section == "games" and installed_kb < 20000', "Games like supertux of less than 20 MB"),
    ("git", 'not (name like "git%")', "Like git, but called otherwise"),
    ("wireshark", 'array_contains(tags, "interface::commandline")', "Like wireshark, for the command line"),
    ("python3-numpy", 'section in ["gnu-r", "math"]', "Like numpy, but for R or mathematicians"),
    ("nethack-console", "1000 < size < 1000000 and array_length(tags) > 3", "Like nethack, small and well described"),
]


def load(client):
    rows = [json.loads(line) for line in gzip.open(DATA / "packages.jsonl.gz", "rt")]
    vectors = np.load(DATA / "packages.f16.npy").astype(np.float32)

    schema = MilvusClient.create_schema()
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("name", DataType.VARCHAR, max_length=100)
    schema.add_field("section", DataType.VARCHAR, max_length=50)
    schema.add_field("arch", DataType.VARCHAR, max_length=10)
    schema.add_field("priority", DataType.VARCHAR, max_length=20)
    schema.add_field("size", DataType.INT64)
    schema.add_field("installed_kb", DataType.INT64)
    schema.add_field("tags", DataType.ARRAY, element_type=DataType.VARCHAR, max_capacity=100, max_length=100)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=vectors.shape[1])
    index = MilvusClient.prepare_index_params()
    index.add_index("vector", index_type="HNSW", metric_type="COSINE", M=16, efConstruction=200)

    client.drop_collection(COLLECTION)
    client.create_collection(COLLECTION, schema=schema, index_params=index, consistency_level="Strong")
    for first in range(0, len(rows), BATCH):
        batch = [{**row, "vector": vectors[row["id"]]} for row in rows[first : first + BATCH]]
        client.insert(COLLECTION, batch)
    client.flush(COLLECTION)


def ask(client, vector, filter):
    fields = ["name", "section", "installed_kb"]
    return client.search(
        COLLECTION, [vector], filter=filter, limit=5, output_fields=fields, search_params={"params": {"ef": 64}}
    )[0]


def main():
    client = MilvusClient(uri=os.environ.get("MILVUS_URI", "http://127.0.0.1:19530"))
    load(client)
    count = client.query(COLLECTION, output_fields=["count(*)"])[0]["count(*)"]
    print(f"{count} packages loaded")

    names = [query["name"] for query in json.loads((DATA / "queries.json").read_text())]
    vectors = np.load(DATA / "queries.f16.npy").astype(np.float32)
    for name, filter, title in QUESTIONS:
        print(f"\n{title}:  {filter}".rstrip())
        for hit in ask(client, vectors[names.index(name)], filter):
            row = hit["entity"]
            print(f"  {hit['distance']:.3f}  {row['name']:<34}{row['section']:<12}{row['installed_kb']:>7} kB")

    big = client.query(COLLECTION, filter="installed_kb > 400000", output_fields=["name", "installed_kb"])
    print("\nThe largest:")
    for row in sorted(big, key=lambda row: -row["installed_kb"])[:3]:
        print(f"  {row['name']:<41}{row['installed_kb']:>12} kB")
    client.close()


if __name__ == "__main__":
    main()
