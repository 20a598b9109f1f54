"""A light LSTM: one layer of eight cells and a linear head, on one thread."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from twin.core.geometry import FloatArray

_CELLS = 8
_EPOCHS = 300
_PATIENCE = 40


def fit_lstm(
    x: FloatArray, y: FloatArray, x_choose: FloatArray, y_choose: FloatArray, *, seed: int
) -> Callable[[FloatArray], FloatArray]:
    """Fit to scaled windows (n, lags, features) and targets (n,); stops by the error of the choosing block.

    Adam (Kingma and Ba 2015), all windows at once, weights of the best epoch. The answer takes windows to
    targets. Repeatable for a seed.
    """
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            layer = torch.nn.LSTM(x.shape[2], _CELLS, batch_first=True).double()
            head = torch.nn.Linear(_CELLS, 1).double()
        weights = [*layer.parameters(), *head.parameters()]
        wanted, chosen = torch.from_numpy(y.copy()), torch.from_numpy(y_choose.copy())
        seen, unseen = torch.from_numpy(x), torch.from_numpy(x_choose)
        steps = torch.optim.Adam(weights, lr=0.02, weight_decay=1e-4)
        best, kept, waited = float("inf"), [row.detach().clone() for row in weights], 0
        for _ in range(_EPOCHS):
            steps.zero_grad()
            loss = ((head(layer(seen)[0][:, -1])[:, 0] - wanted) ** 2).mean()
            loss.backward()
            steps.step()
            with torch.no_grad():
                now = float(((head(layer(unseen)[0][:, -1])[:, 0] - chosen) ** 2).mean())
            waited += 1
            if now < best - 1e-6:
                best, kept, waited = now, [row.detach().clone() for row in weights], 0
            if waited > _PATIENCE:
                break
        with torch.no_grad():
            for row, value in zip(weights, kept, strict=True):
                row.copy_(value)
    finally:
        torch.set_num_threads(threads)

    def predict(some: FloatArray) -> FloatArray:
        with torch.no_grad():
            said = head(layer(torch.from_numpy(np.ascontiguousarray(some)))[0][:, -1])[:, 0]
        return np.asarray(said.numpy(), dtype=np.float64)

    return predict
