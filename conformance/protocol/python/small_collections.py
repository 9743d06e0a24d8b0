"""Collections of a few rows that cases work on."""

import numpy as np
from pymilvus import DataType, MilvusClient

DIM = 4
STRONG = {"consistency_level": "Strong"}


def schema_of(*fields, dynamic=False, **options):
    """A schema of an Int64 key `id`, a vector `vector` of DIM numbers, and `fields`: (name, type, options)."""
    schema = MilvusClient.create_schema(enable_dynamic_field=dynamic, **options)
    names = {name for name, _, _ in fields}
    if "id" not in names:
        schema.add_field("id", DataType.INT64, is_primary=True)
    for name, data_type, field_options in fields:
        schema.add_field(name, data_type, **field_options)
    if not any(data_type == DataType.FLOAT_VECTOR for _, data_type, _ in fields):
        schema.add_field("vector", DataType.FLOAT_VECTOR, dim=DIM)
    return schema


def add_index(client, name, field="vector", index_type="FLAT", metric="L2", **params):
    """Without the half second that the client sleeps before it asks for the state; `metric` None: a scalar index."""
    index = MilvusClient.prepare_index_params()
    options = {} if metric is None else {"metric_type": metric}
    index.add_index(field, index_type=index_type, **options, **params)
    client.create_index(name, index, sync=False)


def create(client, name, *fields, dynamic=False, index_type="FLAT", metric="L2", load=True, **options):
    """A collection with Strong reads, each vector field indexed, loaded."""
    auto_id = {"auto_id": options.pop("auto_id")} if "auto_id" in options else {}
    schema = schema_of(*fields, dynamic=dynamic, **auto_id)
    client.create_collection(name, schema=schema, **{**STRONG, **options})
    for field in schema.fields:
        if field.dtype == DataType.FLOAT_VECTOR:
            add_index(client, name, field.name, index_type, metric)
    if load:
        client.load_collection(name)


def vector_of(number):
    """Four small numbers that differ from row to row."""
    return [float(number), 1.0, float(number % 7), -0.5]


def rows_of(count, start=0, **columns):
    """Rows with `id`, `vector` and a value of each column, a function of the id."""
    return [
        {"id": i, "vector": vector_of(i), **{key: value(i) for key, value in columns.items()}}
        for i in range(start, start + count)
    ]


def count_of(client, name, filter="", **options):
    return client.query(name, filter=filter, output_fields=["count(*)"], **options)[0]["count(*)"]


def ids_of(client, name, filter="id >= 0", **options):
    """Keys of the rows that match, ascending as they must come."""
    found = [row["id"] for row in client.query(name, filter=filter, output_fields=["id"], **options)]
    assert found == sorted(found)
    return found


def random_vectors(count, dim, seed):
    return np.random.default_rng(seed).standard_normal((count, dim)).astype(np.float32)
