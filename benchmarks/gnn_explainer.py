"""PyG's GNNExplainer (Ying et al. 2019) on our LightGCN: one score of one person and item, masks over all edges.

The layers are the same LGConv steps over the same normalised edges and the same embeddings, so that it explains the
very score that the product explains; its own settings are left at their defaults.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import torch
from scipy import sparse
from scipy.stats import spearmanr

from benchmarks.measure import clock
from core.graph import FloatArray
from core.models.lightgcn import LightGCN

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from torch_geometric.explain import Explainer, GNNExplainer
    from torch_geometric.nn import LGConv


class PairScores(torch.nn.Module):
    """LightGCN on an edge list: layer-0 embeddings and edges in, inner products of the asked pairs out."""

    def __init__(self, n_layers: int) -> None:
        super().__init__()
        self.layers = torch.nn.ModuleList(LGConv(normalize=False) for _ in range(n_layers))

    def forward(
        self, x: torch.Tensor, edge_index: torch.Tensor, edge_weight: torch.Tensor, edge_label_index: torch.Tensor
    ) -> torch.Tensor:
        """float32 [B] for pairs int64 [2, B] of node positions, people before items."""
        total = x
        for layer in self.layers:
            x = layer(x, edge_index, edge_weight)
            total = total + x
        final = total / (len(self.layers) + 1)
        return (final[edge_label_index[0]] * final[edge_label_index[1]]).sum(dim=1)


@dataclass(frozen=True)
class MaskedEdges:
    """What GNNExplainer said of one pair.

    seconds           wall time of the one call             score            what the wrapped model gave
    rank_correlation  Spearman's ρ between its mask on the person's history edges and the exact parts
    history           its mask on those edges, float64 [h], items ascending
    """

    seconds: float
    score: float
    rank_correlation: float
    history: FloatArray


class LightGCNExplainer:
    """GNNExplainer ready for many pairs of one model."""

    def __init__(self, model: LightGCN, seed: int) -> None:
        self.model, self.seed = model, seed
        self.n_users = model.adjacency.n_users
        self.edge_index, self.edge_weight = normalised_edges(model)
        self.x = torch.from_numpy(model.e0.astype(np.float32))
        self.wrapped = PairScores(model.n_layers).eval()
        self.explainer = Explainer(
            self.wrapped,
            GNNExplainer(),
            explanation_type="model",
            edge_mask_type="object",
            model_config={"mode": "regression", "task_level": "edge", "return_type": "raw"},
        )

    def score(self, user: int, item: int) -> float:
        with torch.no_grad():
            return float(self.wrapped(self.x, self.edge_index, self.edge_weight, self._pair(user, item))[0])

    def explain(self, user: int, item: int) -> MaskedEdges:
        torch.manual_seed(self.seed)
        with clock() as taken:
            explanation = self.explainer(
                self.x, self.edge_index, edge_weight=self.edge_weight, edge_label_index=self._pair(user, item)
            )
        mask = explanation.edge_mask.numpy()
        own = (self.edge_index[1] == user).numpy()
        items = self.edge_index[0].numpy()[own] - self.n_users
        parts = self.model.parts(user, item)
        exact = parts.history[np.searchsorted(parts.items, items)]
        rho = float(spearmanr(mask[own], exact).statistic)
        return MaskedEdges(taken.wall_s, self.score(user, item), rho, mask[own][np.argsort(items)].astype(np.float64))

    def _pair(self, user: int, item: int) -> torch.Tensor:
        return torch.tensor([[user], [self.n_users + item]])


def normalised_edges(model: LightGCN) -> tuple[torch.Tensor, torch.Tensor]:
    """Both directions of every edge and its weight in Â: int64 [2, 2·n_edges], float32 [2·n_edges]."""
    pairs = sparse.coo_matrix(model.adjacency.by_user)
    weights: FloatArray = pairs.data * model.half_user[pairs.row] * model.half_item[pairs.col]
    people, items = pairs.row.astype(np.int64), pairs.col.astype(np.int64) + model.adjacency.n_users
    edges = np.stack([np.concatenate([people, items]), np.concatenate([items, people])])
    return torch.from_numpy(edges), torch.from_numpy(np.concatenate([weights, weights]).astype(np.float32))
