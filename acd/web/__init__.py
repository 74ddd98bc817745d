"""HTTP API, OpenAPI and health pages over the runtime's read-only views."""
