"""Messages that callers left, as metrics."""

from __future__ import annotations

from prometheus_client.core import GaugeMetricFamily

from acd.engine.view_shapes import EngineView


def voicemails(view: EngineView) -> GaugeMetricFamily:
    """Messages by queue and state; those that are done since the counters began."""
    family = GaugeMetricFamily(
        "acd_voicemails", "Messages callers left for the queue, by how far they have come.", labels=["queue", "state"]
    )
    for queue in view.voicemails:
        family.add_metric([queue.queue, "new"], queue.new)
        family.add_metric([queue.queue, "heard"], queue.heard)
        family.add_metric([queue.queue, "done"], queue.done)
    return family
