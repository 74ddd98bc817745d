from __future__ import annotations

from acd.observability.metrics import MetricsExporter


def test_replaced_prompts_are_told_by_prompt_and_how() -> None:
    figures = {("welcome", "cache"): 2, ("(text)", "tone"): 1}
    text = MetricsExporter(lambda: None, fallbacks=lambda: figures).render("")[0].decode()
    assert 'acd_prompt_fallbacks_total{how="cache",prompt="welcome"} 2.0' in text
    assert 'acd_prompt_fallbacks_total{how="tone",prompt="(text)"} 1.0' in text
