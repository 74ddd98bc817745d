"""Pure decisions: call, IVR, agent, matching, trunks, KPI. No clock, no I/O, no chance; knows only the domain."""
