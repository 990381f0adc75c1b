"""HTTP, a noun a file: parse, authorise, call one service, answer."""
