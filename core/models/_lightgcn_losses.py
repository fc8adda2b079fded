"""What LightGCN can be trained for. Each objective brings its own learning rate and L2, picked on validation cuts.

bpr       pairwise: a person's item above a random other one (Rendle et al. 2009), as LightGCN was published
softmax   listwise: a person's item among the whole catalogue, sampled where it is large (Wu et al. 2022)
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch

MAX_CANDIDATES = 4096


@dataclass(frozen=True)
class Objective:
    """Settings of one objective; decay is L2 on the layer-0 rows of a batch.

    whole_people  a batch is all pairs of some people, so that a listwise loss meets each of them once an epoch
    """

    name: Literal["bpr", "softmax"]
    learning_rate: float
    decay: float
    whole_people: bool = False


BPR = Objective("bpr", learning_rate=0.01, decay=1e-3)
SOFTMAX = Objective("softmax", learning_rate=0.02, decay=0.01)
OBJECTIVES = {"bpr": BPR, "softmax": SOFTMAX}


def loss_of(
    objective: Objective,
    final: torch.Tensor,
    n_users: int,
    users: torch.Tensor,
    items: torch.Tensor,
    rng: np.random.Generator,
) -> torch.Tensor:
    """Mean loss of a batch of pairs.

    final  float32 [n_users + n_items, dim], users before items        users, items  int64 [batch]
    Rows are taken by `embedding`, whose gradient sums in a fixed order.
    """
    if objective.name == "bpr":
        return _bpr(final, n_users, users, items, rng)
    return _softmax(final, n_users, users, items, rng)


def _bpr(
    final: torch.Tensor, n_users: int, users: torch.Tensor, items: torch.Tensor, rng: np.random.Generator
) -> torch.Tensor:
    rows = torch.nn.functional.embedding
    catalogue = final[n_users:]
    others = torch.from_numpy(rng.integers(0, len(catalogue), len(items)))
    people = rows(users, final)
    positive = (people * rows(items, catalogue)).sum(dim=1)
    negative = (people * rows(others, catalogue)).sum(dim=1)
    return torch.nn.functional.softplus(negative - positive).mean()


def _softmax(
    final: torch.Tensor, n_users: int, users: torch.Tensor, items: torch.Tensor, rng: np.random.Generator
) -> torch.Tensor:
    rows = torch.nn.functional.embedding
    catalogue = final[n_users:]
    n_items = len(catalogue)
    people, position = torch.unique(users, return_inverse=True)
    chosen, own = rows(people, final), rows(items, catalogue)
    positive = (rows(position, chosen) * own).sum(dim=1)
    if n_items <= MAX_CANDIDATES:
        return rows(position, torch.logsumexp(chosen @ catalogue.T, dim=1, keepdim=True))[:, 0].sub(positive).mean()
    drawn = torch.from_numpy(rng.choice(n_items, MAX_CANDIDATES, replace=False))
    others = torch.logsumexp(chosen @ rows(drawn, catalogue).T, dim=1, keepdim=True)
    others = others + math.log(n_items / MAX_CANDIDATES)
    return torch.logaddexp(rows(position, others)[:, 0], positive).sub(positive).mean()
