"""HTTP beyond routes: strict parsing, problem documents, headers, metrics, OpenAPI."""
