"""What was heard in place of missing prompts, as a metric.

Translates figures; counts nothing. Labels are prompts' names; a text that a flow made is ``(text)``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from prometheus_client.core import CounterMetricFamily, Metric


def metrics(fallbacks: Mapping[tuple[str, str], int]) -> Iterator[Metric]:
    """Prompts replaced, by prompt and by what callers heard instead."""
    family = CounterMetricFamily(
        "acd_prompt_fallbacks",
        "Prompts whose sound was missing, by what callers heard: from the cache, synthesised, another language,"
        " the fallback prompt, left out among others, a tone.",
        labels=["prompt", "how"],
    )
    for (prompt, how), count in sorted(fallbacks.items()):
        family.add_metric([prompt, how], count)
    yield family
