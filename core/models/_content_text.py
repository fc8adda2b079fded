"""Words of titles and texts as numbers: TF-IDF, and its few strongest directions by a truncated SVD.

The SVD is linear, so that whatever a model learns about its directions is a weight for every single word: words are
never lost. What the other features of an item are is left to core.models._content_features.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
from scipy import sparse

from core.graph import FloatArray

N_DIRECTIONS = 48
MIN_ITEMS, MAX_SHARE = 2, 0.25  # a word says something where at least two items and at most a quarter of them have it
MAX_WORDS = 20_000
DENSE_BELOW = 128
_WORD = re.compile(r"[^\W\d_]{2,}(?:['’][^\W\d_]+)?")
_COMMONEST = (
    "a about after all also an and any are as at be been before but by can could did do does for from "
    "had has have he her "
    "here his how if in into is it its may more most near no not now of off on one only or other our out over own said "
    "say says she should so some such than that the their them then there these they this those to too under up was we "
    "were what when where which while who why will with would you your"
)
STOP_WORDS = frozenset(_COMMONEST.split())


def words_of(text: str) -> list[str]:
    """The words of a text, case folded: letters only, at least two, without the commonest English ones."""
    return [word for word in _WORD.findall(text.casefold()) if word not in STOP_WORDS]


def tf_idf(texts: Sequence[str]) -> tuple[sparse.csr_matrix, tuple[str, ...]]:
    """TF-IDF of all texts: CSR float64 [n_texts, n_words] with rows of length 1 (or 0), and the words in ascending
    order.

    (1 + ln tf) · (1 + ln((1 + n) / (1 + df))), the smooth form of Salton & Buckley (1988); words outside
    MIN_ITEMS..MAX_SHARE are left out, and of more than MAX_WORDS the rarest.
    """
    counts = [Counter(words_of(text)) for text in texts]
    frequency = Counter(word for count in counts for word in count)
    most = max(MIN_ITEMS, int(MAX_SHARE * len(texts)))
    vocabulary = [word for word, n in frequency.items() if MIN_ITEMS <= n <= most]
    vocabulary = sorted(sorted(vocabulary, key=lambda word: (-frequency[word], word))[:MAX_WORDS])
    place = {word: column for column, word in enumerate(vocabulary)}
    cells = [(row, place[word], n) for row, count in enumerate(counts) for word, n in count.items() if word in place]
    rows, columns, n_times = np.array(cells, dtype=np.int64).reshape(-1, 3).T
    idf = 1.0 + np.log(
        (1.0 + len(texts)) / (1.0 + np.array([frequency[word] for word in vocabulary], dtype=np.float64))
    )
    values = (1.0 + np.log(n_times)) * idf[columns]
    matrix = sparse.csr_matrix((values, (rows, columns)), shape=(len(texts), len(vocabulary)), dtype=np.float64)
    matrix.sort_indices()
    return unit_rows(matrix), tuple(vocabulary)


def directions(matrix: sparse.csr_matrix) -> FloatArray:
    """Right singular vectors V of a TF-IDF matrix, float64 [n_words, n ≤ N_DIRECTIONS], strongest first.

    Scaled by one number, so that the rows of `matrix @ V` have mean squared length 1; each vector's largest entry is
    positive. Latent semantic analysis, Deerwester et al. 1990. The start vector is fixed: same matrix, same vectors.
    """
    smallest = min(matrix.shape)
    if not matrix.nnz:
        return np.zeros((matrix.shape[1], 0))
    if smallest <= DENSE_BELOW:
        _, strengths, right = np.linalg.svd(matrix.toarray(), full_matrices=False)
    else:
        from scipy.sparse.linalg import svds  # slow to import

        _, strengths, right = svds(matrix, k=N_DIRECTIONS, v0=np.ones(smallest), solver="arpack")
    order = np.argsort(-strengths, kind="stable")[:N_DIRECTIONS]
    order = order[strengths[order] > 1e-10 * strengths.max()]
    vectors = right[order].T
    vectors = vectors * np.sign(vectors[np.abs(vectors).argmax(axis=0), np.arange(vectors.shape[1])])
    length = np.sqrt(np.square(strengths[order]).sum() / matrix.shape[0])
    return np.ascontiguousarray(vectors / length)


def unit_rows(matrix: sparse.csr_matrix) -> sparse.csr_matrix:
    """The matrix with every row divided by its Euclidean length; empty rows stay."""
    length = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    return sparse.csr_matrix(sparse.diags(1.0 / np.where(length > 0, length, 1.0)) @ matrix)
