"""Extracts the facts of Milvus's wire that our proto files are compared with.

    pip download --no-deps --only-binary :all: --dest . pymilvus
    python3 scripts/wireFacts.py pymilvus-*.whl > test/unit/gen/wireFacts.json

The Python client carries serialized descriptors of every message in its generated modules. Only numbers, names and types
are taken from them. Needs nothing but Python.

Output: messages: name -> field -> "<number> [repeated |optional |oneof:<name> ]<type>", a map being a repeated entry
message; enums: name -> value -> number; rpcs: "service/name" -> "[stream ]<request> -> [stream ]<reply>". All names are
without the "milvus.proto." that they begin with.
"""

import ast
import json
import re
import sys
import zipfile

SCALARS = {
    **{1: "double", 2: "float", 3: "int64", 4: "uint64", 5: "int32", 6: "fixed64", 7: "fixed32", 8: "bool"},
    **{9: "string", 12: "bytes", 13: "uint32", 15: "sfixed32", 16: "sfixed64", 17: "sint32", 18: "sint64"},
}
REPEATED = 3
PREFIX = "milvus.proto."


def parse(data):
    """Field number -> list of values of one serialized message: ints, and bytes for what is length-delimited."""
    fields, at = {}, 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(data):
        tag = varint()
        if tag & 7 == 0:
            value = varint()
        elif tag & 7 == 2:
            size = varint()
            value = data[at : at + size]
            at += size
        else:
            raise ValueError(f"wire type {tag & 7} in a descriptor")
        fields.setdefault(tag >> 3, []).append(value)
    return fields


def name_of(message):
    return message[1][0].decode()


def short(type_name):
    return type_name[0].decode().removeprefix("." + PREFIX)


def add_enum(enum, scope, facts):
    values = [parse(value) for value in enum.get(2, [])]
    facts["enums"][f"{scope}.{name_of(enum)}"] = {name_of(value): value.get(2, [0])[0] for value in values}


def add_message(message, scope, facts):
    full_name = f"{scope}.{name_of(message)}"
    oneofs = [name_of(parse(oneof)) for oneof in message.get(8, [])]
    facts["messages"][full_name] = {
        name_of(field): field_facts(field, oneofs) for field in map(parse, message.get(2, []))
    }
    for nested in message.get(3, []):
        add_message(parse(nested), full_name, facts)
    for enum in message.get(4, []):
        add_enum(parse(enum), full_name, facts)


def field_facts(field, oneofs):
    kind = short(field[6]) if 6 in field else SCALARS[field[5][0]]
    label = "repeated " if field[4][0] == REPEATED else ""
    if 17 in field:
        label = "optional "
    elif 9 in field:
        label = f"oneof:{oneofs[field[9][0]]} "
    return f"{field[3][0]} {label}{kind}"


def add_service(service, package, facts):
    for rpc in map(parse, service.get(2, [])):
        request = ("stream " if 5 in rpc else "") + short(rpc[2])
        reply = ("stream " if 6 in rpc else "") + short(rpc[3])
        facts["rpcs"][f"{package}.{name_of(service)}/{name_of(rpc)}"] = f"{request} -> {reply}"


def add_file(descriptor, facts):
    file = parse(descriptor)
    package = file[2][0].decode().removeprefix(PREFIX)
    for message in file.get(4, []):
        add_message(parse(message), package, facts)
    for enum in file.get(5, []):
        add_enum(parse(enum), package, facts)
    for service in file.get(6, []):
        add_service(parse(service), package, facts)


def descriptors(wheel):
    """The serialized files among the arguments of AddSerializedFile(...) in the wheel's modules."""
    for path in sorted(wheel.namelist()):
        if not path.endswith("_pb2.py"):
            continue
        for node in ast.walk(ast.parse(wheel.read(path))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "AddSerializedFile":
                yield ast.literal_eval(node.args[0])


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: wireFacts.py <wheel of pymilvus>")
    version = re.search(r"pymilvus-([^-]+)-", sys.argv[1])
    facts = {"source": f"pymilvus {version.group(1) if version else '?'}", "messages": {}, "enums": {}, "rpcs": {}}
    with zipfile.ZipFile(sys.argv[1]) as wheel:
        for descriptor in descriptors(wheel):
            add_file(descriptor, facts)
    for table in ("messages", "enums", "rpcs"):
        if not facts[table]:
            sys.exit(f"no {table} in {sys.argv[1]}")
        facts[table] = dict(sorted(facts[table].items()))
    print(json.dumps(facts, indent=2))


main()
