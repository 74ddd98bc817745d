"""What new calls may cost, as an operator writes it in ``acd.yaml``."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from acd.domain.overload import OverloadPlan
from acd.settings.fields import Number, Positive, PositiveDuration, Strict


class OverloadSection(Strict):
    """When new call attempts are refused (Q.850 cause 42, SIP 503) so that calls in progress go on undisturbed."""

    calls_per_second: Annotated[Number, Field(gt=0)] | None = None
    """Call attempts let in over time; by default a fifth of all trunks' SST, and five at least."""
    burst: Positive | None = None
    """Attempts that may come at once; by default twice all trunks' SST, and fifty at least."""
    loop_delay: PositiveDuration = 0.02
    """Refused while the event loop is later than this in the mean of the last third of a second."""
    commands: Positive = 250
    """Refused while Asterisk has left so many commands unanswered."""

    def plan(self, sst: int) -> OverloadPlan:
        """The plan of a deployment with so many SST."""
        return OverloadPlan(
            calls_per_second=max(5.0, sst / 5) if self.calls_per_second is None else self.calls_per_second,
            burst=max(50, 2 * sst) if self.burst is None else self.burst,
            delay_s=self.loop_delay,
            commands=self.commands,
        )
