"""The figures of flows at /metrics."""

from __future__ import annotations

from acd.engine.view_shapes import IvrView
from acd.observability.ivr import ivr_metrics
from tests.unit.observability.sample import a_view, busy_figures


def samples(view: IvrView) -> dict[str, dict[tuple[str, ...], float]]:
    return {
        metric.name: {tuple(sample.labels.values()): sample.value for sample in metric.samples}
        for metric in ivr_metrics(view)
    }


def test_every_figure_of_a_flow_is_there_by_flow_and_node() -> None:
    given = samples(a_view(busy_figures()).ivr)
    assert given == {
        "acd_ivr_node_visits": {("169", "utama"): 7, ("169", "nib"): 2},
        "acd_ivr_misdials": {("169", "utama"): 3},
        "acd_ivr_no_input": {("169", "utama"): 1},
        "acd_ivr_expression_errors": {("169", "cabang"): 1},
        "acd_ivr_refused": {("169", "gerbang", "rate"): 4},
        "acd_ivr_consents": {("169", "pemberitahuan", "given"): 6},
        "acd_survey_answers": {("169", "survei", "csat", "5"): 2},
        "acd_ivr_exits": {
            ("169", "utama", "ivr_exit"): 2,
            ("169", "selesai", "self_service"): 3,
            ("169", "q_umum", "answered"): 5,
        },
        "acd_ivr_containment_ratio": {("169",): 0.3},
    }


def test_a_flow_nobody_called_has_no_containment() -> None:
    assert samples(IvrView())["acd_ivr_containment_ratio"] == {}
