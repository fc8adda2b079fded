"""Sentences about tried-out changes: only ranks that re-propagation gave, and predictions named as such."""

from __future__ import annotations

from explain.counterfactual.changes import Flip
from explain.format.names import Names
from explain.format.numbers import plural


def flip(names: Names, item: int, result: Flip, k: int, listed: bool) -> str:
    """What the smallest change is, or that there is none within what was tried."""
    title = names.quoted(item)
    if not result.found:
        if listed:
            return (
                f"No removal was found that drops {title} out of the first {k}, within the "
                f"{plural(result.rivals, 'rival')} tested."
            )
        return f"No addition was found that brings {title} (now rank {result.rank}) into the first {k}."
    listed_titles = [names.quoted(i) for i in result.changed[:5]]
    if len(result.changed) > 5:
        listed_titles.append(f"{len(result.changed) - 5} more")
    titles = listed_titles[0] if len(listed_titles) == 1 else f"{', '.join(listed_titles[:-1])} and {listed_titles[-1]}"
    least = ""
    if result.minimal and len(result.changed) > 1:
        stays = f"stays {'in' if listed else 'outside'} the first {k}"
        least = (
            f". It is a smallest set of its kind: with any one of the {len(result.changed)} left out of it, "
            f"{title} {stays}"
        )
    if listed:
        return f"Without {titles} this falls from rank {result.rank} to {result.new_rank}, out of the first {k}{least}."
    return f"With {titles} this rises from rank {result.rank} to {result.new_rank}, into the first {k}{least}."


def verified(names: Names, reason: int, rank: int, predicted: int, true_rank: int) -> str:
    """The top reason put to the test."""
    title = names.quoted(reason)
    if true_rank == rank:
        moved = f"Without {title} this stays at rank {rank}"
    else:
        moved = f"Without {title} this {'falls' if true_rank > rank else 'rises'} from rank {rank} to {true_rank}"
    agrees = "as its parts predicted" if predicted == true_rank else f"its parts predicted rank {predicted}"
    return f"{moved} ({agrees}; computed by leaving it out)."
