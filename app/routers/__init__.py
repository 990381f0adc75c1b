"""HTTP, one module per resource: parse, authorise, call one service, respond."""
