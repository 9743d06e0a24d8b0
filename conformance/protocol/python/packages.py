"""The real data: 40,000 Debian packages with embeddings beside the repository (../shared/data), or the repository's own sample."""

import gzip
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[3]
FULL = ROOT.parent / "shared" / "data"
SAMPLE = ROOT / "examples" / "data"
METRICS = ["COSINE", "IP", "L2"]
TRUTH_K = 100
FILTERS = [
    'section == "python"',
    'section in ["games", "sound", "video"]',
    "installed_kb > 100000",
    "installed_kb >= 10 and installed_kb < 1000",
    'name like "lib%-dev"',
    'section == "no-such-section"',
    "id % 100 != 0",
]


@dataclass
class Packages:
    """`rows` without vectors; `truth[metric]`: ids, best first, a row a query; `filtered`: as truth-filtered.json.gz."""

    rows: list
    vectors: np.ndarray
    queries: np.ndarray
    truth: dict
    filtered: list

    def scores(self, metric, queries, ids):
        """Exact scores of `ids` (a row of them a query), in float64."""
        q = queries.astype(np.float64)[:, None, :]
        v = self.vectors[ids].astype(np.float64)
        if metric == "L2":
            return ((q - v) ** 2).sum(axis=2)
        dots = (q * v).sum(axis=2)
        if metric == "IP":
            return dots
        return dots / np.linalg.norm(q, axis=2) / np.linalg.norm(v, axis=2)


WHERE = {FULL: "the whole set of ../shared/data", SAMPLE: "the sample of examples/data"}


def where_packages():
    """Which set there is, in words; None when there is neither the full set nor a sample."""
    return next((name for folder, name in WHERE.items() if (folder / "packages.f16.npy").exists()), None)


def load_packages():
    """None where `where_packages` says so."""
    where = where_packages()
    if where is None:
        return None
    return full_set() if where == WHERE[FULL] else sample_set()


def read_rows(folder):
    packed = folder / "packages.jsonl.gz"
    opened = gzip.open(packed, "rt") if packed.exists() else open(folder / "packages.jsonl")
    with opened as lines:
        return [json.loads(line) for line in lines]


def read_vectors(path):
    return np.load(path).astype(np.float32)


def full_set():
    truth = {metric: np.load(FULL / f"truth-{metric.lower()}-ids.i32.npy") for metric in METRICS}
    with gzip.open(FULL / "truth-filtered.json.gz", "rt") as file:
        filtered = json.load(file)
    vectors, queries = read_vectors(FULL / "packages.f16.npy"), read_vectors(FULL / "queries.f16.npy")
    return Packages(read_rows(FULL), vectors, queries, truth, filtered)


def sample_set():
    """Truths of the sample are worked out here; without query vectors every 40th row asks for its neighbours."""
    vectors, rows = read_vectors(SAMPLE / "packages.f16.npy"), read_rows(SAMPLE)
    asked = SAMPLE / "queries.f16.npy"
    queries = read_vectors(asked) if asked.exists() else vectors[::40]
    sample = Packages(rows, vectors, queries, {}, [])
    sample.truth = {metric: exact(sample, metric, np.arange(len(vectors)), TRUTH_K) for metric in METRICS}
    sample.filtered = [filtered_truth(sample, filter) for filter in FILTERS]
    return sample


def exact(packages, metric, allowed, k):
    """The k best of the allowed row numbers for every query."""
    found = []
    for query in packages.queries:
        scores = packages.scores(metric, query[None], allowed[None])[0]
        found.append(allowed[np.argsort(scores if metric == "L2" else -scores, kind="stable")[:k]])
    return np.array(found).reshape(len(packages.queries), -1)


PREDICATES = {
    FILTERS[0]: lambda row: row["section"] == "python",
    FILTERS[1]: lambda row: row["section"] in ("games", "sound", "video"),
    FILTERS[2]: lambda row: row["installed_kb"] > 100_000,
    FILTERS[3]: lambda row: 10 <= row["installed_kb"] < 1_000,
    FILTERS[4]: lambda row: row["name"].startswith("lib") and row["name"].endswith("-dev"),
    FILTERS[5]: lambda row: False,
    FILTERS[6]: lambda row: row["id"] % 100 != 0,
}


def filtered_truth(packages, filter):
    allowed = np.array([i for i, row in enumerate(packages.rows) if PREDICATES[filter](row)], dtype=np.int64)
    ids = exact(packages, "COSINE", allowed, 10)[:50]
    return {"filter": filter, "count": len(allowed), "metric": "COSINE", "k": 10, "ids": ids.tolist()}
