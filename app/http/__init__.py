"""HTTP apart from the routes: strict parsing, problem documents, headers, metrics, OpenAPI."""
