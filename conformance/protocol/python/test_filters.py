"""The filter language through the client, on growing and on sealed rows; three-valued logic against a model."""

import itertools

import pytest
from filter_table import ALL, ANSWERS, REFUSALS, rows
from pymilvus import DataType, MilvusClient
from refusals import refused
from small_collections import count_of, create, ids_of, vector_of

FIELDS = [
    ("a", DataType.INT64, {}),
    ("b", DataType.INT64, {}),
    ("flag", DataType.BOOL, {}),
    ("s", DataType.VARCHAR, {"max_length": 20}),
    ("f", DataType.FLOAT, {}),
    ("arr", DataType.ARRAY, {"element_type": DataType.INT64, "max_capacity": 8}),
    ("j", DataType.JSON, {}),
]


@pytest.fixture(scope="module", params=["growing", "sealed"])
def ten(request, server):
    client = MilvusClient(uri=server.uri, dedicated=True)
    name = f"filters_{request.param}"
    create(client, name, *FIELDS, dynamic=True)
    client.insert(name, rows())
    if request.param == "sealed":
        client.flush(name)
        client.release_collection(name)
        client.load_collection(name)
    yield name
    client.drop_collection(name)
    client.close()


@pytest.mark.parametrize("filter", ANSWERS)
def test_answers(client, ten, filter):
    expected = ANSWERS[filter]
    assert ids_of(client, ten, filter) == expected
    assert count_of(client, ten, filter) == len(expected)
    hits = client.search(ten, [vector_of(0)], filter=filter, limit=10)[0]
    assert sorted(hit["id"] for hit in hits) == expected


@pytest.mark.parametrize("filter", REFUSALS)
def test_refusals(client, ten, filter):
    frame = f"failed to create query plan: cannot parse expression: {filter}, error: "
    with refused(1100, frame, REFUSALS[filter]):
        ids_of(client, ten, filter)
    with refused(1100, frame, REFUSALS[filter]):
        client.search(ten, [vector_of(0)], filter=filter)
    with refused(1100, frame.replace("query plan", "delete plan"), REFUSALS[filter]):
        client.delete(ten, filter=filter)
    assert count_of(client, ten) == 10


def test_blank_is_everything(client, ten):
    assert ids_of(client, ten, " ", limit=20) == ALL


NOT_BUILT = {
    'text_match(s, "x1")': "text_match",
    'phrase_match(s, "x1")': "phrase_match",
    "random_sample(0.5)": "random_sample",
    "element_filter(arr, $ > 1)": "element_filter",
    "st_within(s, 'POINT(1 1)')": "st_within",
    "s > ISO '2025-01-01T00:00:00Z'": "ISO",
}


@pytest.mark.parametrize("filter", NOT_BUILT)
def test_families_that_are_not_built_are_refused_by_name(client, ten, filter):
    with refused(1100, f"cannot parse expression: {filter}, error: ", NOT_BUILT[filter], "not supported"):
        ids_of(client, ten, filter)


NESTED = {
    "parentheses": "(" * 10_000 + "a == 1" + ")" * 10_000,
    "not": "not " * 10_000 + "flag",
    "exclamation": "!" * 10_000 + "flag",
    "minus": "a == " + "-" * 10_000 + "1",
    "arrays": "a in " + "[" * 10_000 + "]" * 10_000,
    "sums": "a == " + "(1+" * 10_000 + "1" + ")" * 10_000,
    "functions": "array_contains(arr, " * 10_000 + ")" * 10_000,
    "paths": "j" + '["k"]' * 10_000 + " == 1",
}


@pytest.mark.parametrize("form", NESTED)
def test_ten_thousand_levels_do_no_harm(client, ten, form):
    with refused(1100, "cannot parse expression"):
        ids_of(client, ten, NESTED[form])
    assert count_of(client, ten) == 10


def test_long_chains_are_not_deep(client, ten):
    assert ids_of(client, ten, " or ".join(f"a == {i}" for i in range(10_000))) == ALL
    assert ids_of(client, ten, " and ".join(f"a != {i}" for i in range(2, 10_000))) == [0, 1]
    assert ids_of(client, ten, f"a in {list(range(5, 50_000))}") == [5, 6, 7, 8, 9]


# Three-valued logic: a value of None makes a test unknown, and only what is true passes.


def truth(value, test):
    return None if value is None else test(value)


def negated(value):
    return None if value is None else not value


def conjunction(left, right):
    if left is False or right is False:
        return False
    return None if left is None or right is None else True


def disjunction(left, right):
    return negated(conjunction(negated(left), negated(right)))


PAIRS = list(itertools.product([None, 0, 1, 2], [None, "a", "b"]))
TESTS = {
    "n == 1": lambda n, s: truth(n, lambda v: v == 1),
    "n != 1": lambda n, s: truth(n, lambda v: v != 1),
    "n > 0": lambda n, s: truth(n, lambda v: v > 0),
    "n in [0, 2]": lambda n, s: truth(n, lambda v: v in (0, 2)),
    "n not in [0]": lambda n, s: truth(n, lambda v: v != 0),
    "n + 1 == 2": lambda n, s: truth(n, lambda v: v == 1),
    "0 < n <= 2": lambda n, s: truth(n, lambda v: 0 < v <= 2),
    's == "a"': lambda n, s: truth(s, lambda v: v == "a"),
    's like "b%"': lambda n, s: truth(s, lambda v: v == "b"),
    "n is null": lambda n, s: n is None,
    "s is not null": lambda n, s: s is not None,
}


@pytest.fixture(scope="module", params=["growing", "sealed"])
def pairs(request, server):
    client = MilvusClient(uri=server.uri, dedicated=True)
    name = f"null_logic_{request.param}"
    fields = [("n", DataType.INT64, {"nullable": True}), ("s", DataType.VARCHAR, {"max_length": 5, "nullable": True})]
    create(client, name, *fields)
    client.insert(name, [{"id": i, "vector": vector_of(i), "n": n, "s": s} for i, (n, s) in enumerate(PAIRS)])
    if request.param == "sealed":
        client.flush(name)
    yield name
    client.drop_collection(name)
    client.close()


def expected_of(holds):
    return [i for i, (n, s) in enumerate(PAIRS) if holds(n, s) is True]


@pytest.mark.parametrize("left", TESTS)
def test_null_is_neither_true_nor_false(client, pairs, left):
    first = TESTS[left]
    assert ids_of(client, pairs, left) == expected_of(first)
    assert ids_of(client, pairs, f"not ({left})") == expected_of(lambda n, s: negated(first(n, s)))
    for right, second in TESTS.items():
        both = expected_of(lambda n, s: conjunction(first(n, s), second(n, s)))
        either = expected_of(lambda n, s: disjunction(first(n, s), second(n, s)))
        neither = expected_of(lambda n, s: negated(disjunction(first(n, s), second(n, s))))
        assert ids_of(client, pairs, f"({left}) and ({right})") == both, right
        assert ids_of(client, pairs, f"({left}) or ({right})") == either, right
        assert ids_of(client, pairs, f"not (({left}) or ({right}))") == neither, right
