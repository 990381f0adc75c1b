"""HTML pages for people, beside the API for programs."""
