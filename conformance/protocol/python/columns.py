"""Columns as they are on the wire, for writes that client libraries do not let through."""

from pymilvus import DataType
from pymilvus.client.utils import check_status
from pymilvus.grpc_gen import milvus_pb2, schema_pb2
from wire import send

# Where the values of a type lie: field of ScalarField, its message.
SLOTS = {
    DataType.BOOL: ("bool_data", schema_pb2.BoolArray),
    DataType.INT8: ("int_data", schema_pb2.IntArray),
    DataType.INT16: ("int_data", schema_pb2.IntArray),
    DataType.INT32: ("int_data", schema_pb2.IntArray),
    DataType.INT64: ("long_data", schema_pb2.LongArray),
    DataType.FLOAT: ("float_data", schema_pb2.FloatArray),
    DataType.DOUBLE: ("double_data", schema_pb2.DoubleArray),
    DataType.VARCHAR: ("string_data", schema_pb2.StringArray),
    DataType.JSON: ("json_data", schema_pb2.JSONArray),
}


def scalars(data_type, values):
    slot, message = SLOTS[data_type]
    return schema_pb2.ScalarField(**{slot: message(data=values)})


def column(name, data_type, values, **options):
    return schema_pb2.FieldData(type=data_type, field_name=name, scalars=scalars(data_type, values), **options)


def array_column(name, element_type, rows):
    data = schema_pb2.ArrayArray(data=[scalars(element_type, row) for row in rows], element_type=element_type)
    return schema_pb2.FieldData(type=DataType.ARRAY, field_name=name, scalars=schema_pb2.ScalarField(array_data=data))


def vectors(rows, name="vector", dim=None):
    flat = schema_pb2.FloatArray(data=[number for row in rows for number in row])
    data = schema_pb2.VectorField(dim=dim or len(rows[0]), float_vector=flat)
    return schema_pb2.FieldData(type=DataType.FLOAT_VECTOR, field_name=name, vectors=data)


def keys(values):
    return column("id", DataType.INT64, values)


def dynamic(*texts):
    """The column of undeclared keys: one JSON text a row."""
    return column("$meta", DataType.JSON, [text.encode() for text in texts], is_dynamic=True)


def write(server, name, rows, *fields, rpc="Insert", **options):
    """Raises MilvusException with the reply's status, or returns the reply."""
    kind = milvus_pb2.UpsertRequest if rpc == "Upsert" else milvus_pb2.InsertRequest
    request = kind(collection_name=name, fields_data=fields, num_rows=rows, **options)
    reply = send(server, rpc, request, milvus_pb2.MutationResult)
    check_status(reply.status)
    return reply
